"""PyAV's frames -> upright pictures: what `reader` and `thumbnail` share."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from pipeline.data import UInt8Array
from pipeline.errors import Code, MediaError
from pipeline.media.colour import Colours
from pipeline.media.display import Orientation, orientation_of, pixel_shape, shown
from pipeline.media.filtering import Chain


class Upright:
    """Frames of one stream -> pictures of one size, as a player shows them.

    They are deinterlaced where they say that they are interlaced, 8-bit BT.709 whatever they were,
    of square pixels, turned and mirrored as the first frame says.

    Args:
        path: The file, for errors.
        first: The stream's first presented frame. A stream may change its size on the way; scenes
            and samples need one.
        ratio: The stream's sample aspect ratio, as the container or the codec has it.
    """

    def __init__(self, path: Path, first: av.VideoFrame, ratio: Fraction | None) -> None:
        self._path = path
        self._height = first.height
        self._shape = pixel_shape(ratio)
        self._orientation = orientation_of(first)
        self._as_stored = self._shape == 1 and self._orientation == Orientation()
        self._whole = Colours(first.width, first.height)
        self._half = Colours(first.width, (first.height + 1) // 2)
        self._field = Chain("field=type=top")

    def picture(self, frame: av.VideoFrame) -> UInt8Array:
        """A frame's pixels, BGR, uint8 (height, width, 3).

        Raises:
            MediaError: DECODE_ERROR, the frame is of a kind that cannot be converted.
        """
        try:
            if frame.interlaced_frame:
                half = self._half.picture(self._field.frame(frame))
                stored = interpolated(half, self._height)
            else:
                stored = self._whole.picture(frame)
        except av.FFmpegError as error:
            raise MediaError(
                f"a frame cannot be converted from {frame.format.name} ({error})",
                code=Code.DECODE_ERROR,
                uri=str(self._path),
            ) from None
        return stored if self._as_stored else shown(stored, self._shape, self._orientation)


def interpolated(field: UInt8Array, height: int) -> UInt8Array:
    """The upper of a frame's two fields -> a whole frame of `height` lines.

    The two were taken one after the other: a frame that holds both is a comb wherever something
    moves. A filter that looks at its neighbours (yadif, bwdif) keeps more of what stands still, and
    cannot tell a single frame, as a thumbnail is, from a standing one.
    """
    whole = np.empty((height, *field.shape[1:]), np.uint8)
    whole[0::2] = field
    if len(field) > 1:
        whole[1:-1:2] = cv2.addWeighted(field[:-1], 0.5, field[1:], 0.5, 0)
    if height % 2 == 0:
        whole[-1] = field[-1]
    return whole
