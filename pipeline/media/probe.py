"""path -> Video: who a file is and what a player would show of it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from pipeline.data import Video
from pipeline.errors import Code, MediaError
from pipeline.files import open_regular, told
from pipeline.media.appearance import looks_of, size_of
from pipeline.media.container import format_of, open_container
from pipeline.media.look import stamp_of
from pipeline.media.presented import presented
from pipeline.media.timeline import Timeline, read_timeline

_HASH_CHUNK_BYTES = 8 << 20
_COMMENT_LENGTH = 200


def probe(path: Path) -> Video:
    """What `examine` finds, without the timeline."""
    return examine(path)[0]


def examine(path: Path, *, beat: Callable[[], None] = lambda: None) -> tuple[Video, Timeline]:
    """Look at one file: hash it, read its packets, decode its first frame.

    Args:
        path: The file.
        beat: Called often while a large file is read, to show that work goes on.

    Returns:
        The video, and its timeline for who reads on.

    Raises:
        MediaError: NOT_FOUND, UNREADABLE, EMPTY_FILE, NOT_A_VIDEO, NO_VIDEO_STREAM, NO_FRAMES, or
            DECODE_ERROR when the first frame cannot be decoded.
    """
    stamp = stamp_of(path)
    timeline = read_timeline(path, beat=beat)
    with open_container(path, beat=beat) as (container, stream):
        first = next((frame for _, frame in presented(path, container, stream, beat=beat)), None)
        if first is None:
            raise MediaError("has no frames", code=Code.NO_FRAMES, uri=str(path))
        looks = looks_of(stream, first)
        width, height = size_of(looks, first)
        recorded_at = _capture_time(container.metadata)
        form = format_of(path, container)
        video = Video(
            video_id=content_id(path, beat=beat),
            path=os.path.abspath(path),
            stamp=stamp,
            codec="webp" if form == "webp" else stream.codec_context.name,
            container=form,
            width=width,
            height=height,
            rotation=looks.orientation.rotation,
            frames=len(timeline.ticks),
            duration_s=timeline.end_s,
            frame_rate=timeline.frame_rate,
            recorded_at=recorded_at,
            recorded_from="container" if recorded_at else None,
            comment=_comment(container.metadata),
            cut_short=timeline.cut_short,
        )
    return video, timeline


def content_id(path: Path, *, beat: Callable[[], None] = lambda: None) -> str:
    """SHA-256 of the file's bytes, 64 lower-case hex digits: the `video_id`.

    Raises:
        MediaError: NOT_FOUND or UNREADABLE.
    """
    digest = hashlib.sha256()
    try:
        with open_regular(path) as file:
            while chunk := file.read(_HASH_CHUNK_BYTES):
                digest.update(chunk)
                beat()
    except OSError as error:
        raise MediaError(told(error), code=Code.UNREADABLE, uri=str(path)) from None
    return digest.hexdigest()


def _capture_time(metadata: Mapping[str, str]) -> str | None:
    """When a container says that it was recorded, ISO 8601 with a time zone, or None.

    Cameras that know their zone write it as QuickTime's `creationdate`; `creation_time` is in UTC.
    """
    texts = (metadata.get(name) for name in ("com.apple.quicktime.creationdate", "creation_time"))
    return next((time for text in texts if text and (time := _as_time(text))), None)


def _as_time(text: str) -> str | None:
    """A time as ISO 8601; without a zone it is taken as UTC.

    Writers without a clock leave the epoch of the format (1904 or 1970): that is no capture time.
    """
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment.isoformat() if moment.year > 1970 else None


def _comment(metadata: Mapping[str, str]) -> str | None:
    # Matroska writes its names in capitals.
    texts = (text for name, text in metadata.items() if name.lower() == "comment")
    text = next(texts, "").encode("utf-8", "replace").decode()
    return text[:_COMMENT_LENGTH].strip() or None
