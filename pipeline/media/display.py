"""How a stream's stored pictures are turned and stretched when they are shown; no colours here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import cast

import av
import cv2
import numpy as np
from av.buffer import Buffer
from av.sidedata.sidedata import Type

from pipeline.data import UInt8Array

WIDEST_PIXEL = 4
"""Pixels in use are up to twice as wide as high; a file that claims more is not believed."""

# By (across, mirrored, flipped): what OpenCV does in one pass over the pixels.
_TURNS = {
    (False, True, True): cv2.ROTATE_180,
    (True, True, False): cv2.ROTATE_90_CLOCKWISE,
    (True, False, True): cv2.ROTATE_90_COUNTERCLOCKWISE,
}


@dataclass(frozen=True, slots=True)
class Orientation:
    """One of the eight ways in which a stored picture can be shown: transposed, then mirrored.

    Args:
        across: Rows become columns.
        mirrored: Left and right change places, after that.
        flipped: Top and bottom change places, after that.
    """

    across: bool = False
    mirrored: bool = False
    flipped: bool = False

    @property
    def reflects(self) -> bool:
        """No turn alone makes it: writing in it would read backwards."""
        return self.across ^ self.mirrored ^ self.flipped

    @property
    def rotation(self) -> int:
        """The counter-clockwise turn in it, in degrees; left and right change places after it."""
        if self.across:
            return 90 if self.flipped else 270
        return 180 if self.flipped else 0


def orientation_of(frame: av.VideoFrame) -> Orientation:
    """What a frame's display matrix says; a turn by no right angle counts as the nearest one."""
    # PyAV's stub calls it a dictionary of other things.
    sides = cast("Mapping[Type, Buffer]", frame.side_data)
    if Type.DISPLAYMATRIX not in sides:
        return Orientation()
    stored = memoryview(sides[Type.DISPLAYMATRIX])
    return from_matrix(np.frombuffer(stored, np.int32, count=9).tolist())


def from_matrix(matrix: list[int]) -> Orientation:
    """A display matrix as FFmpeg has it, `a b u c d v x y w`.

    A stored point (x, y), y downwards, is shown at (a x + c y, b x + d y).
    """
    a, b, _, c, d = matrix[:5]
    if abs(b) + abs(c) > abs(a) + abs(d):
        return Orientation(across=True, mirrored=c < 0, flipped=b < 0)
    return Orientation(across=False, mirrored=a < 0, flipped=d < 0)


def pixel_shape(ratio: Fraction | None) -> Fraction:
    """Width of a stored pixel by its height; 1 where a stream says nothing, or nonsense."""
    if not ratio or not Fraction(1, WIDEST_PIXEL) <= ratio <= WIDEST_PIXEL:
        return Fraction(1)
    return Fraction(ratio)


def square_width(width: int, shape: Fraction) -> int:
    """How many square pixels are as wide as `width` of a shape; the height stays."""
    return max(1, round(width * shape))


def shown_size(
    width: int, height: int, shape: Fraction, orientation: Orientation
) -> tuple[int, int]:
    """Width and height, in square pixels, of stored pictures as they are shown."""
    wide = square_width(width, shape)
    return (height, wide) if orientation.across else (wide, height)


def shown(picture: UInt8Array, shape: Fraction, orientation: Orientation) -> UInt8Array:
    """A stored picture, uint8 (height, width, 3) -> as it is shown."""
    height, width = picture.shape[:2]
    wide = square_width(width, shape)
    if wide != width:
        # OpenCV and not swscale, whose scaling makes false cuts of fades.
        how = cv2.INTER_LINEAR if wide > width else cv2.INTER_AREA
        picture = np.asarray(cv2.resize(picture, (wide, height), interpolation=how), np.uint8)
    turn = (orientation.across, orientation.mirrored, orientation.flipped)
    if turn == (False, False, False):
        return picture
    if turn in _TURNS:
        return np.asarray(cv2.rotate(picture, _TURNS[turn]), np.uint8)
    turned = picture.transpose(1, 0, 2) if orientation.across else picture
    turned = turned[:, ::-1] if orientation.mirrored else turned
    return np.ascontiguousarray(turned[::-1] if orientation.flipped else turned)
