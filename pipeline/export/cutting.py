"""What the export process does with one moment or one video."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pipeline.data import VideoRecord
from pipeline.export.picks import Pick
from pipeline.export.source import Source, look_at
from pipeline.media.clip import Clip, write_clip
from pipeline.media.source import find_source

Watch = Callable[[float], None]


def look(record: VideoRecord, *, watch: Watch) -> Source:
    """Find a video's file and look into it.

    Raises:
        MediaError: As `look_at`.
    """
    return look_at(record, beat=lambda: watch(0.0))


def cut(pick: Pick, target: Path, *, watch: Watch) -> Clip:
    """Write a moment of a video as a file.

    Raises:
        MediaError: As `find_source` and `write_clip`.
    """
    source = find_source(pick.record, beat=lambda: watch(0.0))
    moment = pick.moment
    whole = not pick.record.video.covered
    return write_clip(source, target, moment.start_s, moment.end_s, whole=whole, watch=watch)
