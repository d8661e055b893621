"""An answer -> a contact sheet: the best moment of each video, or its steps, to look at."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pipeline.data import (
    Answer,
    SequenceAnswer,
    SequenceHit,
    UInt8Array,
    VideoHit,
    VideoRecord,
)
from pipeline.errors import MediaError
from pipeline.media.picture import save_picture
from pipeline.media.sheet import SheetRow, SheetTile, contact_sheet
from pipeline.media.source import find_source
from pipeline.media.thumbnail import frame_at
from pipeline.text import clock

MOST_TILES = 100
"""More would take long to draw, and make a page that some formats cannot hold."""


def write_contact_sheet(path: Path, answers: Mapping[str, Answer]) -> None:
    """Draw the best moments of the best videos of some answers, a row each, into a file.

    A video that cannot be shown costs its picture, not the sheet.

    Args:
        path: As `check_picture_path` allows; what is there is replaced.
        answers: By what was asked; at most `MOST_TILES` of each are drawn.

    Raises:
        MediaError: UNWRITABLE.
    """
    page = contact_sheet([sheet_row(asked, answer) for asked, answer in answers.items()])
    save_picture(page, path)


def write_sequence_sheet(path: Path, answer: SequenceAnswer, *, heading: str) -> None:
    """Draw a row for each moment, a picture for each of its steps, at most `MOST_TILES`.

    A video that cannot be shown costs its pictures, not the sheet.

    Args:
        path: As `check_picture_path` allows; what is there is replaced.
        answer: What was found.
        heading: What was asked; shown where nothing was found.

    Raises:
        MediaError: UNWRITABLE.
    """
    save_picture(contact_sheet(sequence_rows(answer) or [SheetRow(heading, ())]), path)


def sequence_rows(answer: SequenceAnswer) -> list[SheetRow]:
    """The best moments as rows of a sheet, their steps in order of time, at most `MOST_TILES`."""
    steps = len(answer.results[0].steps) if answer.results else 1
    shown = answer.results[: MOST_TILES // steps]
    return [_sequence_row(place, hit) for place, hit in enumerate(shown, start=1)]


def sheet_row(asked: str, answer: Answer) -> SheetRow:
    """The best moments of an answer's best videos, at most `MOST_TILES`, under what was asked."""
    return SheetRow(asked, tuple(_tile(found) for found in answer.results[:MOST_TILES]))


def _tile(found: VideoHit) -> SheetTile:
    best = found.moments[0]
    caption = (Path(found.record.video.path).name, clock(best.best_s))
    picture, reason = _picture(found.record, best.best_s)
    return SheetTile(picture, caption, best.score, reason)


def _sequence_row(place: int, hit: SequenceHit) -> SheetRow:
    name, span = Path(hit.record.video.path).name, f"{clock(hit.start_s)}-{clock(hit.end_s)}"
    tiles = []
    for step in sorted(hit.steps, key=lambda step: step.start_s):
        picture, reason = _picture(hit.record, step.best_s)
        tiles.append(SheetTile(picture, (step.text, clock(step.best_s)), step.score, reason))
    return SheetRow(f"{place}. {name}, {span}, {hit.score:.3f}", tuple(tiles))


def _picture(record: VideoRecord, seconds: float) -> tuple[UInt8Array | None, str]:
    """The frame, or why there is none."""
    try:
        whole = not record.video.covered
        return frame_at(find_source(record), seconds, whole=whole), ""
    except MediaError as error:
        return None, error.message
