"""Answers about videos that need not exist."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from pipeline.data import WHOLE_FRAME, Answer, Moment, VideoHit, VideoRecord
from pipeline.export.edl import Found
from pipeline.export.picks import Pick, picks_of
from pipeline.export.source import Source
from pipeline.media.sound import Sound
from tests.store.samples import record

SOUND = Sound(48000, 2)


def moment(start_s: float, end_s: float, score: float = 0.3) -> Moment:
    return Moment(start_s, end_s, (start_s + end_s) / 2, score, WHOLE_FRAME)


def video(
    path: str, *, frame_rate: float = 25.0, duration_s: float = 7200.0, width: int = 1280
) -> VideoRecord:
    made = record(ascii(path), paths=(path,))
    facts = replace(
        made.video, frame_rate=frame_rate, duration_s=duration_s, width=width, height=720
    )
    return replace(made, video=facts)


def hit(found: VideoRecord, *moments: Moment) -> VideoHit:
    return VideoHit(found, moments[0].score, None, moments)


def answer(*results: VideoHit) -> Answer:
    return Answer(results, not results, 0.01)


def about(path: Path, *moments: Moment) -> VideoHit:
    """A result about a file that is there."""
    from pipeline.media.probe import probe

    made = VideoRecord(probe(path), 1, (str(path),), 3, 1, np.zeros(4, np.float32), "2025-01-01")
    return hit(made, *moments)


def found(picks: tuple[Pick, ...], sound: Sound | None = None) -> list[Found]:
    """Picks with files that look as if they were there."""
    return [(pick, Source(Path(pick.record.video.path), sound)) for pick in picks]


def found_in(*results: VideoHit, every: bool = False, sound: Sound | None = None) -> list[Found]:
    return found(picks_of(answer(*results), every=every), sound)
