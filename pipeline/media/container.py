"""Opening a container safely, and its packets; what every reader of files shares."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import av
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from pipeline.errors import Code, MediaError
from pipeline.media.animation import as_matroska, is_animation
from pipeline.media.look import look_at
from pipeline.media.restart import until_restart

# FFmpeg follows what a file's content says, whatever its name: playlists and concat lists open
# other files and hosts. Only containers that hold their own frames, and only local files.
_FORMATS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,flv,asf,ogg,mxf,gif,"
    "m4v,h264,hevc,ivf,wtv,dv,rm,nut,obu,av1,mpegvideo"
)
_OPTIONS = {"protocol_whitelist": "file", "format_whitelist": _FORMATS}
_UNPARSED = {"fflags": "+noparse"}

_RESTARTING = frozenset({"mpegts", "mpeg"})
"""Formats of which pieces can be joined as they are."""

_TRIES = 3
"""How often in a row reading may fail before the rest of a file is given up."""

# glibc's; other C libraries give memory back by themselves.
_malloc_trim = getattr(ctypes.CDLL(None), "malloc_trim", lambda _: None)


@contextmanager
def open_container(
    path: Path, *, parse: bool = True, beat: Callable[[], None] = lambda: None
) -> Iterator[tuple[InputContainer, VideoStream]]:
    """Open a local file and its best video stream.

    Args:
        path: The file.
        parse: FFmpeg looks into packets; without, they are what the container says of them.
        beat: Called often while an animated WebP is made readable, to show that work goes on.

    Raises:
        MediaError: NOT_FOUND, UNREADABLE, EMPTY_FILE, NOT_A_VIDEO or NO_VIDEO_STREAM; for an
            animated WebP also FILE_TOO_LARGE.
    """
    look_at(path)
    # Absolute, so that no name is taken for an option or a URL.
    place = as_matroska(path, beat=beat) if is_animation(path) else str(path.absolute())
    try:
        container = av.open(place, "r", options=_OPTIONS if parse else _OPTIONS | _UNPARSED)
    except (av.FFmpegError, OSError, ValueError) as error:
        # Not every FFmpegError is an OSError; the file itself was readable a moment ago.
        raise _not_a_video(path, getattr(error, "strerror", None) or str(error)) from None
    # Building the index of a long file takes three times what is kept, and glibc holds on to it.
    _malloc_trim(0)
    with container:
        stream = container.streams.best("video")
        cover = isinstance(stream, VideoStream) and stream.disposition & Disposition.attached_pic
        if not isinstance(stream, VideoStream) or cover or stream.codec_context is None:
            raise MediaError(
                "has no video stream that can be decoded", code=Code.NO_VIDEO_STREAM, uri=str(path)
            )
        yield container, stream


def format_of(path: Path, container: InputContainer) -> str:
    """FFmpeg's names of a file's format, with commas; that of the file, not of what it became."""
    return "webp" if is_animation(path) else container.format.name


def packets_of(
    container: InputContainer, stream: VideoStream, *, restarts: Callable[[], None] = lambda: None
) -> Iterator[av.Packet[VideoStream] | None]:
    """The packets of a stream in order; None where something could not be read.

    Empty packets, which stand for the frame before them, are left out. They end with the file, or
    where the clock starts again (`until_restart`).

    Args:
        container: Of the stream.
        stream: The stream.
        restarts: Called in the second case.
    """
    packets = _to_the_end(container, stream)
    if container.format.name not in _RESTARTING or stream.time_base is None:
        return packets
    return until_restart(packets, stream.time_base, restarts)


def _to_the_end(
    container: InputContainer, stream: VideoStream
) -> Iterator[av.Packet[VideoStream] | None]:
    failed = 0
    while failed < _TRIES:
        try:
            for packet in container.demux(stream):
                failed = 0
                if packet.size:
                    yield packet
            return
        except (av.FFmpegError, IndexError):
            # PyAV looks a packet's stream up by number; a damaged file may name one that is not
            # there. What is behind the damage is read by asking again.
            failed += 1
            yield None


def _not_a_video(path: Path, detail: str) -> MediaError:
    return MediaError(
        f"is not a video that FFmpeg can open ({' '.join(detail.split())})",
        code=Code.NOT_A_VIDEO,
        uri=str(path),
    )
