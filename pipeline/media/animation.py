"""Animated WebP, which FFmpeg does not decode -> Matroska in memory, which it does.

Pillow draws the pictures, whole and in order; they are coded again without loss, each with its time
and how long it is shown. So that every reader of videos reads these files, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from io import BytesIO
from pathlib import Path

import av

from pipeline.data import UInt8Array
from pipeline.errors import Code, MediaError
from pipeline.files import open_regular
from pipeline.media.image import pictures_of

MOST_PIXELS = 4_000_000_000
"""Of all pictures of an animation together: 20 minutes at 480 x 270 and 25 a second."""

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


def as_matroska(path: Path) -> BytesIO:
    """An animated WebP as FFV1 in Matroska, with its transparency.

    Raises:
        MediaError: UNREADABLE; NOT_A_VIDEO, it is damaged, which the decoder of this format does
            not read over; FILE_TOO_LARGE.
    """
    memory = BytesIO()
    with av.open(memory, "w", format="matroska") as output:
        stream = output.add_stream("ffv1", rate=25, options={"slices": "4"})
        at_ms = 0
        for rgba, shown_ms in _bounded(path):
            if not at_ms:
                stream.height, stream.width = rgba.shape[:2]
                stream.pix_fmt = "bgra"
                stream.codec_context.time_base = _MILLISECOND
            frame = av.VideoFrame.from_ndarray(rgba[:, :, (2, 1, 0, 3)], format="bgra")
            frame.pts, frame.time_base = at_ms, _MILLISECOND
            for packet in stream.encode(frame):
                packet.duration = shown_ms
                output.mux(packet)
            at_ms += shown_ms
        output.mux(stream.encode(None))
    memory.seek(0)
    return memory


def _bounded(path: Path) -> Iterator[tuple[UInt8Array, int]]:
    pixels = 0
    try:
        for rgba, shown_ms in pictures_of(path):
            pixels += rgba.shape[0] * rgba.shape[1]
            if pixels > MOST_PIXELS:
                raise MediaError(
                    f"has more than {MOST_PIXELS:,} pixels in all its pictures: make a video of it",
                    code=Code.FILE_TOO_LARGE,
                    uri=str(path),
                )
            yield rgba, shown_ms
    except MediaError as error:
        if error.code != Code.IMAGE_INVALID:
            raise
        raise MediaError(error.message, code=Code.NOT_A_VIDEO, uri=str(path)) from None
