"""A video of the archive -> its file as it is now, and what a list says of it."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pipeline.data import VideoRecord
from pipeline.errors import Code, MediaError
from pipeline.export.picks import places_of
from pipeline.media.container import stamp_of
from pipeline.media.probe import content_id
from pipeline.media.sound import Sound, sound_of


@dataclass(frozen=True, slots=True)
class Source:
    """A file that has what was indexed.

    Args:
        path: Absolute.
        sound: Its best audio stream, or None.
    """

    path: Path
    sound: Sound | None


def find_source(record: VideoRecord, *, beat: Callable[[], None] = lambda: None) -> Path:
    """The first of a video's files that still has its content.

    The size and the time of the last change say so; where only the time is another, the file is
    read.

    Args:
        record: The video.
        beat: Called often while a large file is read.

    Raises:
        MediaError: Why the first place has it no more: as `stamp_of`, or FILE_CHANGED.
    """
    first: MediaError | None = None
    for path in places_of(record):
        try:
            _check(path, record, beat)
            return path
        except MediaError as error:
            first = first or error
    assert first is not None, "a video has a place"
    raise first


def look_at(record: VideoRecord, *, beat: Callable[[], None] = lambda: None) -> Source:
    """Find a video's file and look into it.

    Raises:
        MediaError: As `find_source` and `open_container`.
    """
    path = find_source(record, beat=beat)
    return Source(Path(os.path.abspath(path)), sound_of(path))


def _check(path: Path, record: VideoRecord, beat: Callable[[], None]) -> None:
    indexed = record.video.stamp
    stamp = stamp_of(path)
    if stamp == indexed:
        return
    same = stamp.size_bytes == indexed.size_bytes
    if not same or content_id(path, beat=beat) != record.video.video_id:
        raise MediaError(
            "is another file than was indexed: ingest it again",
            code=Code.FILE_CHANGED,
            uri=str(path),
        )
