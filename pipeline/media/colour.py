"""Decoded frames of any format -> 8-bit BGR as a screen of standard range shows it.

What is plain goes through one swscale context, as FFmpeg's own conversion does it: 8 to 16 bits,
any subsampling, limited or full range, the matrix that the frame names (BT.601 where it names
none). High dynamic range (PQ, HLG) and wide gamuts are brought to it (`tones.py`). What is
transparent shows white, as in pictures for queries.
"""

from __future__ import annotations

from functools import lru_cache

import av
import numpy as np
from av.video.format import VideoFormat
from av.video.reformatter import ColorPrimaries, ColorTrc, Interpolation, VideoReformatter

from pipeline.data import UInt8Array
from pipeline.media.filtering import Chain
from pipeline.media.tones import Curve, Tones, steps

_CURVES: dict[int, Curve] = {ColorTrc.SMPTE2084: "pq", ColorTrc.ARIB_STD_B67: "hlg"}
_GAMUTS = {int(ColorPrimaries.BT2020): "bt2020", int(ColorPrimaries.SMPTE432): "p3"}


@lru_cache(maxsize=64)
def tones_of(transfer: int, primaries: int) -> Tones | None:
    """What a frame's colours mean; None where a standard screen shows them as they are.

    Args:
        transfer: ITU-T H.273's TransferCharacteristics of the frame.
        primaries: Its ColourPrimaries. BT.2020 is taken for high dynamic range that names none;
            those of standard screens all count as BT.709, as FFmpeg's own conversion has it.
    """
    curve = _CURVES.get(transfer, "standard")
    unnamed = "bt709" if curve == "standard" else "bt2020"
    usual = unnamed if primaries == ColorPrimaries.UNSPECIFIED else "bt709"
    tones = Tones(curve, _GAMUTS.get(primaries, usual))
    return None if tones == Tones("standard", "bt709") else tones


@lru_cache(maxsize=64)
def has_alpha(pixel_format: str) -> bool:
    """Whether pixels of a format may be transparent."""
    form = VideoFormat(pixel_format)
    return form.has_palette or any(component.is_alpha for component in form.components)


class Colours:
    """Frames of one stream -> BGR pictures of one size.

    Args:
        width: Of all pictures, in pixels as they are stored.
        height: The same.
    """

    def __init__(self, width: int, height: int) -> None:
        self._width, self._height = width, height
        # One context for all frames and no threads in it: setting either up for each frame costs
        # more than the conversion.
        self._converter = VideoReformatter()
        self._chains: dict[Tones, Chain] = {}

    def picture(self, frame: av.VideoFrame) -> UInt8Array:
        """A frame's pixels, uint8 (height, width, 3).

        Raises:
            av.FFmpegError: The frame is of a kind that cannot be converted.
        """
        alpha = has_alpha(frame.format.name)
        form = "bgra" if alpha else "bgr24"
        tones = tones_of(int(frame.color_trc), int(frame.color_primaries))
        if tones is not None:
            frame = self._mapped(tones, alpha).frame(frame)
        # As FFmpeg's programs and OpenCV do it: chroma of more than 8 bits is interpolated.
        converted = self._converter.reformat(
            frame,
            width=self._width,
            height=self._height,
            format=form,
            interpolation=Interpolation.BICUBIC,
            threads=1,
        )
        picture = np.asarray(converted.to_ndarray(), dtype=np.uint8)
        return over_white(picture) if alpha else picture

    def _mapped(self, tones: Tones, alpha: bool) -> Chain:
        if tones not in self._chains:
            form = "gbrapf32le" if alpha else "gbrpf32le"
            self._chains[tones] = Chain(f"format={form}", *steps(tones))
        return self._chains[tones]


def over_white(picture: UInt8Array) -> UInt8Array:
    """Straight BGRA, uint8 (height, width, 4) -> BGR before white, (height, width, 3)."""
    opaque = picture[:, :, 3:]
    if opaque.min() == 255:
        return np.ascontiguousarray(picture[:, :, :3])
    share = opaque.astype(np.uint16)
    mixed = picture[:, :, :3] * share + 255 * (255 - share) + 127
    return (mixed // 255).astype(np.uint8)
