"""A span of a video -> the same compressed pictures in a file of their own, where that is exact.

Exact is a span that starts at a key frame and ends where decoding order and order of presentation
agree. Matroska does not say when reordered frames are decoded: there, they are not copied. What the
container says of key frames is not enough: a copy is compared with its source.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.container import InputContainer, OutputContainer
from av.video.stream import VideoStream

from pipeline.errors import MediaError
from pipeline.media.container import open_container
from pipeline.media.decoded import Upright
from pipeline.media.excerpt import Excerpt, frames_of
from pipeline.media.presented import Timed, Told, presented

# What mp4 holds, and from containers that keep the decoder's settings apart, as mp4 does.
_CODECS = frozenset({"h264", "hevc", "av1", "libdav1d"})
_CONTAINERS = frozenset({"mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm"})

_Packets = Iterator[Any]


def copy_video(
    excerpt: Excerpt,
    target: Path,
    *,
    mux: Callable[[OutputContainer, _Packets], None],
    beat: Told = lambda: None,
) -> int:
    """Copy a span's compressed pictures into an mp4.

    Args:
        excerpt: The span.
        target: Written only if the span looks as if it could be copied.
        mux: Writes packets to the file; may add other streams.
        beat: Called often, to show that work goes on.

    Returns:
        How many pictures were copied; 0 where a copy is not exact, and the file is worthless then.

    Raises:
        MediaError: The source cannot be read.
    """
    try:
        with open_container(excerpt.path, beat=beat) as (container, stream):
            if not _fits(container, stream):
                return 0
            count = _countable(excerpt, container, stream, beat)
            if not count:
                return 0
            options = {"movflags": "+faststart"}
            with av.open(str(target.absolute()), "w", format="mp4", options=options) as output:
                copied = output.add_stream_from_template(stream)
                _seek(excerpt, container, stream)
                mux(output, _taken(excerpt, container, stream, copied, count))
    except (av.FFmpegError, ValueError, IndexError):
        return 0  # no seek, or a muxer that will not have it
    return count if _same(excerpt, target, beat) else 0


def _fits(container: InputContainer, stream: VideoStream) -> bool:
    return stream.codec_context.name in _CODECS and container.format.name in _CONTAINERS


def _seek(excerpt: Excerpt, container: InputContainer, stream: VideoStream) -> None:
    container.seek(excerpt.start, stream=stream)


def _countable(excerpt: Excerpt, container: InputContainer, stream: VideoStream, beat: Told) -> int:
    """How many packets, from the key frame at the start on, are the span; 0 if none are just it."""
    _seek(excerpt, container, stream)
    inside = 0
    following: int | None = None
    for packet in _from_key(excerpt, container, stream):
        beat()
        if packet.pts is None or packet.dts is None or packet.is_discard:
            return 0
        if packet.dts >= excerpt.end:
            following = packet.pts if following is None else min(following, packet.pts)
            break
        if packet.pts >= excerpt.end:
            following = packet.pts if following is None else min(following, packet.pts)
        elif packet.pts < excerpt.start or following is not None:
            return 0  # it is decoded after what is shown later: the copy would show that too
        else:
            inside += 1
    # Half a frame can be shown, but not copied.
    return inside if following is None or following == excerpt.end else 0


def _from_key(excerpt: Excerpt, container: InputContainer, stream: VideoStream) -> _Packets:
    """Packets from the key frame that is shown just at the start; none if there is no such."""
    found = False
    for packet in container.demux(stream):
        if packet.size == 0:
            continue
        found = found or (packet.pts == excerpt.start and packet.is_keyframe)
        if found:
            yield packet
        elif packet.dts is not None and packet.dts > excerpt.start:
            return


def _taken(
    excerpt: Excerpt,
    container: InputContainer,
    stream: VideoStream,
    copied: VideoStream,
    count: int,
) -> _Packets:
    for taken, packet in enumerate(_from_key(excerpt, container, stream)):
        if taken == count:
            return
        assert packet.pts is not None, "counted packets have times"
        assert packet.dts is not None, "counted packets have times"
        packet.pts, packet.dts = packet.pts - excerpt.start, packet.dts - excerpt.start
        packet.stream = copied
        yield packet


def _same(excerpt: Excerpt, target: Path, beat: Told) -> bool:
    """Whether a copy shows the frames of the span, at the same times, first and last alike."""
    try:
        with open_container(target) as (container, stream):
            copies = presented(target, container, stream)
            return _alike(excerpt, zip_longest(frames_of(excerpt, beat=beat), copies))
    except MediaError:
        return False


def _alike(excerpt: Excerpt, pairs: Iterator[tuple[Timed | None, Timed | None]]) -> bool:
    origin: int | None = None
    last: tuple[av.VideoFrame, av.VideoFrame] | None = None
    for theirs, ours in pairs:
        if theirs is None or ours is None or ours[1].time_base is None:
            return False
        origin = ours[0] if origin is None else origin
        late = (ours[0] - origin) * ours[1].time_base
        if abs(late - (theirs[0] - excerpt.start) * excerpt.tick_s) > excerpt.tick_s / 2:
            return False
        if last is None and not _same_picture(excerpt, theirs[1], ours[1]):
            return False
        last = theirs[1], ours[1]
    return last is not None and _same_picture(excerpt, *last)


def _same_picture(excerpt: Excerpt, theirs: av.VideoFrame, ours: av.VideoFrame) -> bool:
    picture, copy = (
        Upright(excerpt.path, frame, excerpt.looks.shape).picture(frame) for frame in (theirs, ours)
    )
    return np.array_equal(picture, copy)
