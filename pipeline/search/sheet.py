"""An answer -> a contact sheet: the best moment of each video, or its steps, to look at."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from PIL.Image import Image

from pipeline.data import (
    Answer,
    SequenceAnswer,
    SequenceHit,
    UInt8Array,
    VideoHit,
    VideoRecord,
)
from pipeline.errors import Code, ConfigError, MediaError
from pipeline.media.container import stamp_of
from pipeline.media.sheet import SheetRow, SheetTile, contact_sheet
from pipeline.media.thumbnail import frame_at
from pipeline.text import clock

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
MOST_TILES = 100
"""More would take long to draw, and make a page that some formats cannot hold."""


def check_sheet_path(path: Path) -> None:
    """Refuse a file that cannot be written, before a model is loaded.

    Raises:
        ConfigError: Another suffix than `SUFFIXES`, or a folder or file that is not there to be
            written.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise _refused(path, f"a contact sheet is a picture: name it {', '.join(SUFFIXES)}")
    try:
        if not path.parent.is_dir():
            raise _refused(path, "its folder does not exist: make it first")
        if not path.exists():
            tempfile.TemporaryFile(dir=path.parent).close()
        elif path.is_file():
            path.open("ab").close()
        else:
            raise _refused(path, "is there and is no file: take another name")
    except OSError as error:
        raise _refused(path, f"cannot be written: {error.strerror}") from None


def write_contact_sheet(path: Path, answers: Mapping[str, Answer]) -> None:
    """Draw the best moments of the best videos of some answers, a row each, into a file.

    A video that cannot be shown costs its picture, not the sheet.

    Args:
        path: As `check_sheet_path` allows; what is there is replaced.
        answers: By what was asked; at most `MOST_TILES` of each are drawn.

    Raises:
        MediaError: UNWRITABLE.
    """
    page = contact_sheet([sheet_row(asked, answer) for asked, answer in answers.items()])
    _save(page, path)


def write_sequence_sheet(path: Path, answer: SequenceAnswer, *, heading: str) -> None:
    """Draw a row for each moment, a picture for each of its steps, at most `MOST_TILES`.

    A video that cannot be shown costs its pictures, not the sheet.

    Args:
        path: As `check_sheet_path` allows; what is there is replaced.
        answer: What was found.
        heading: What was asked; shown where nothing was found.

    Raises:
        MediaError: UNWRITABLE.
    """
    _save(contact_sheet(sequence_rows(answer) or [SheetRow(heading, ())]), path)


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


def _save(page: Image, path: Path) -> None:
    try:
        page.save(path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise MediaError(
            f"cannot be written: {reason}", code=Code.UNWRITABLE, uri=str(path)
        ) from None


def _picture(record: VideoRecord, seconds: float) -> tuple[UInt8Array | None, str]:
    """The frame, from the first of the video's files that has it; or why none has."""
    reason = ""
    for path in _places(record):
        try:
            if stamp_of(path).size_bytes != record.video.stamp.size_bytes:
                reason = reason or "is another file than was indexed"
                continue
            return frame_at(path, seconds), ""
        except MediaError as error:
            reason = reason or error.message
    return None, reason


def _places(record: VideoRecord) -> Iterator[Path]:
    yield Path(record.video.path)
    for path in record.paths:
        if path != record.video.path:
            yield Path(path)


def _refused(path: Path, message: str) -> ConfigError:
    return ConfigError(message, code=Code.CONFIG_INVALID, uri=str(path))
