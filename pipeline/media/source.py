"""A video of the archive -> its file as it is now."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pipeline.data import VideoRecord
from pipeline.errors import Code, MediaError
from pipeline.media.look import stamp_of
from pipeline.media.probe import content_id


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
    # The place that was indexed first, then its copies.
    for name in dict.fromkeys((record.video.path, *record.paths)):
        try:
            _check(Path(name), record, beat)
            return Path(name)
        except MediaError as error:
            first = first or error
    assert first is not None, "a video has a place"
    raise first


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
