"""Opening a container safely, and its presented timeline; what `probe` and `reader` share."""

from __future__ import annotations

import ctypes
from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from pipeline.data import Float64Array
from pipeline.errors import Code, MediaError
from pipeline.media.look import look_at

# FFmpeg follows what a file's content says, whatever its name: playlists and concat lists open
# other files and hosts. Only containers that hold their own frames, and only local files.
_FORMATS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,flv,asf,ogg,mxf,gif,"
    "m4v,h264,hevc,ivf,wtv,dv,rm,nut,obu,av1,mpegvideo"
)
_OPTIONS = {"protocol_whitelist": "file", "format_whitelist": _FORMATS}

# glibc's; other C libraries give memory back by themselves.
_malloc_trim = getattr(ctypes.CDLL(None), "malloc_trim", lambda _: None)


@dataclass(frozen=True, slots=True, eq=False)
class Timeline:
    """The presented frames of a stream, read from its packets without decoding.

    Args:
        pts_s: Presentation times, float64 (n,), ascending, the first is 0.
        end_s: End of the last presented frame.
        frame_bytes: Size of a decoded BGR frame.
    """

    pts_s: Float64Array
    end_s: float
    frame_bytes: int


@contextmanager
def open_container(path: Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    """Open a local file and its best video stream.

    Raises:
        MediaError: NOT_FOUND, UNREADABLE, EMPTY_FILE, NOT_A_VIDEO or NO_VIDEO_STREAM.
    """
    look_at(path)
    # Absolute, so that no name is taken for an option or a URL.
    location = str(path.absolute())
    try:
        container = av.open(location, options=dict(_OPTIONS))
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


def read_timeline(path: Path, *, beat: Callable[[], None] = lambda: None) -> Timeline:
    """The presented timeline by the container's packets.

    Packets that the container says to discard (lead-in before an edit list's start) are decoded by
    a player but not shown; they are not counted.

    Args:
        path: The file, which is read once from end to end.
        beat: Called with each packet, to show that work goes on.

    Raises:
        MediaError: As `open_container`, NO_FRAMES, and DECODE_ERROR for a damaged container.
    """
    # Compact, and made into arrays after the container is closed: a long file has 100,000s of them.
    ticks = array("q")
    end = 0
    with open_container(path) as (container, stream):
        for packet in _packets(path, container, stream):
            beat()
            if packet.size == 0 or packet.is_discard:
                continue
            time = packet.pts if packet.pts is not None else packet.dts
            if time is not None:
                ticks.append(time)
                end = max(end, time + (packet.duration or 0))
        tick, rate = stream.time_base, stream.average_rate
        frame_bytes = stream.codec_context.width * stream.codec_context.height * 3
    if not ticks or tick is None:
        raise MediaError("has no frames", code=Code.NO_FRAMES, uri=str(path))
    times = np.unique(np.asarray(ticks))
    # One division rounds once: 8.008 stays 8.008.
    seconds = (times - times[0]) * tick.numerator / tick.denominator
    end_s = float((end - int(times[0])) * tick)
    return Timeline(seconds, max(end_s, float(seconds[-1]) + _frame_s(seconds, rate)), frame_bytes)


def _packets(
    path: Path, container: InputContainer, stream: VideoStream
) -> Iterator[av.Packet[VideoStream]]:
    try:
        yield from container.demux(stream)
    except (av.FFmpegError, IndexError) as error:
        # PyAV looks a packet's stream up by number; a damaged file may name one that is not there.
        raise MediaError(
            f"its container is damaged ({' '.join(str(error).split())})",
            code=Code.DECODE_ERROR,
            uri=str(path),
        ) from None


def _frame_s(seconds: Float64Array, rate: Fraction | None) -> float:
    # Some containers give packets no duration: then the last frame lasts as long as the usual one.
    if len(seconds) > 1:
        return float(np.median(np.diff(seconds)))
    return float(1 / rate) if rate else 0.04


def _not_a_video(path: Path, detail: str) -> MediaError:
    return MediaError(
        f"is not a video that FFmpeg can open ({' '.join(detail.split())})",
        code=Code.NOT_A_VIDEO,
        uri=str(path),
    )
