"""PyAV's frames -> upright pictures: what `reader` and `thumbnail` share."""

from __future__ import annotations

from pathlib import Path

import av
import cv2
import numpy as np
from av.video.reformatter import VideoReformatter

from pipeline.data import UInt8Array
from pipeline.errors import Code, MediaError

_TURNS = {
    90: cv2.ROTATE_90_COUNTERCLOCKWISE,
    180: cv2.ROTATE_180,
    270: cv2.ROTATE_90_CLOCKWISE,
}


class Upright:
    """Frames of one stream -> pictures of one size, turned as a player turns them.

    Args:
        path: The file, for errors.
        first: The stream's first presented frame. A stream may change its size on the way; scenes
            and samples need one.
    """

    def __init__(self, path: Path, first: av.VideoFrame) -> None:
        self._path = path
        self._width, self._height = first.width, first.height
        # One context for all frames and no threads in it: setting either up for each frame costs
        # more than the conversion.
        self._converter = VideoReformatter()

    def picture(self, frame: av.VideoFrame) -> UInt8Array:
        """A frame's pixels, BGR, uint8 (height, width, 3).

        Raises:
            MediaError: DECODE_ERROR, the frame is of a kind that cannot be converted.
        """
        try:
            bgr = self._converter.reformat(
                frame, width=self._width, height=self._height, format="bgr24", threads=1
            )
        except av.FFmpegError as error:
            raise MediaError(
                f"a frame cannot be converted from {frame.format.name} ({error})",
                code=Code.DECODE_ERROR,
                uri=str(self._path),
            ) from None
        picture = bgr.to_ndarray()
        turn = _TURNS.get(frame.rotation % 360)
        turned = picture if turn is None else cv2.rotate(picture, turn)
        return np.asarray(turned, dtype=np.uint8)
