"""Animated WebP, which FFmpeg does not decode -> Matroska in memory, which it does.

Pillow draws the pictures, whole and in order; they are coded again without loss, each with its time
and how long it is shown. So that every reader of videos reads these files, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from io import BytesIO
from pathlib import Path

import av
import cv2
import numpy as np
from av.container import OutputContainer
from av.video.stream import VideoStream

from pipeline.data import FileStamp, UInt8Array
from pipeline.errors import Code, MediaError
from pipeline.files import open_regular
from pipeline.media.image import pictures_of
from pipeline.media.look import stamp_of

MOST_PIXELS = 400_000_000
"""Of all pictures of an animation together: 2 minutes at 480 x 270 and 25 a second.

Noise, the hardest to code, goes at 6 million a second and more: that is a minute.
"""

MOST_BYTES = 512 << 20
"""Of what it becomes, which is in memory as a whole; noise has 3 bytes a pixel."""

_KEPT_BYTES = 64 << 20
_kept: dict[tuple[Path, FileStamp], bytes] = {}
"""What the last file became: it is opened several times for one ingest, picture or clip."""

_HEAD_BYTES = 21
_IS_ANIMATED = 0x02
"""A flag of the chunk VP8X: https://developers.google.com/speed/webp/docs/riff_container"""

_MILLISECOND = Fraction(1, 1000)


def is_animation(path: Path) -> bool:
    """Whether a file is an animated WebP, by its first bytes.

    Raises:
        OSError: It cannot be read.
    """
    with open_regular(path) as file:
        head = file.read(_HEAD_BYTES)
    is_webp = head[:4] == b"RIFF" and head[8:16] == b"WEBPVP8X"
    return is_webp and len(head) == _HEAD_BYTES and bool(head[-1] & _IS_ANIMATED)


def as_matroska(path: Path, *, beat: Callable[[], None] = lambda: None) -> BytesIO:
    """An animated WebP as FFV1 in Matroska, with its transparency.

    Args:
        path: The file, which `is_animation`.
        beat: Called with each picture, to show that work goes on.

    Raises:
        MediaError: NOT_FOUND, UNREADABLE or EMPTY_FILE; NOT_A_VIDEO, it is damaged, which the
            decoder of this format does not read over; FILE_TOO_LARGE, it has more than
            `MOST_PIXELS`, or would have more than `MOST_BYTES`.
    """
    # The stamp is taken first: what changes meanwhile is read again.
    name = path.absolute(), stamp_of(path)
    if (content := _kept.get(name)) is None:
        content = _coded(path, beat)
        _kept.clear()
        if len(content) <= _KEPT_BYTES:
            _kept[name] = content
    return BytesIO(content)


def _coded(path: Path, beat: Callable[[], None]) -> bytes:
    memory = BytesIO()
    size = 0
    try:
        with av.open(memory, "w", format="matroska") as output:
            for packet in _packets(output, _pictures(path), beat):
                size += packet.size
                if size > MOST_BYTES:
                    raise _too_large(path)
                output.mux(packet)
    except MemoryError:  # PyAV's, too: the file may be sound
        raise
    except av.FFmpegError as error:
        raise MediaError(
            f"its pictures cannot be made a video ({error.strerror or error})",
            code=Code.NOT_A_VIDEO,
            uri=str(path),
        ) from None
    return memory.getvalue()


def _packets(
    output: OutputContainer, pictures: Iterable[tuple[UInt8Array, int]], beat: Callable[[], None]
) -> Iterator[av.Packet[VideoStream]]:
    """Pictures coded one by one, each with how long it is shown."""
    stream: VideoStream | None = None
    at_ms = 0
    for rgba, shown_ms in pictures:
        beat()
        stream = stream or _stream(output, *rgba.shape[:2])
        bgra = np.asarray(cv2.cvtColor(rgba, cv2.COLOR_RGBA2BGRA), dtype=np.uint8)
        frame = av.VideoFrame.from_ndarray(bgra, format="bgra")
        frame.pts, frame.time_base = at_ms, _MILLISECOND
        for packet in stream.encode(frame):
            packet.duration = shown_ms
            yield packet
        at_ms += shown_ms
    if stream is not None:
        yield from stream.encode(None)


def _stream(output: OutputContainer, height: int, width: int) -> VideoStream:
    # Slices are coded side by side; one pixel is not cut in two, and level 1 has no slices.
    options = {"slices": "4"} if min(height, width) > 1 else {"level": "1"}
    stream = output.add_stream("ffv1", rate=25, options=options)
    stream.height, stream.width, stream.pix_fmt = height, width, "bgra"
    stream.codec_context.time_base = _MILLISECOND
    return stream


def _pictures(path: Path) -> Iterator[tuple[UInt8Array, int]]:
    try:
        yield from pictures_of(path, most_pixels=MOST_PIXELS)
    except MediaError as error:
        if error.code != Code.IMAGE_INVALID:
            raise
        raise MediaError(error.message, code=Code.NOT_A_VIDEO, uri=str(path)) from None


def _too_large(path: Path) -> MediaError:
    return MediaError(
        f"takes more than {MOST_BYTES >> 20} MB of memory as pictures: make a video of it",
        code=Code.FILE_TOO_LARGE,
        uri=str(path),
    )
