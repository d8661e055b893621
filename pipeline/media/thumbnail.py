"""(path, seconds) -> the one picture that a player shows then."""

from __future__ import annotations

import math
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from pipeline.data import UInt8Array
from pipeline.errors import Code, MediaError
from pipeline.media.container import open_container
from pipeline.media.decoded import Upright
from pipeline.media.origin import start_of
from pipeline.media.presented import presented
from pipeline.media.shown import shown_from


def frame_at(path: Path, seconds: float, *, whole: bool = False) -> UInt8Array:
    """The picture that a player shows at a presentation time.

    It is the last presented frame whose time is no later, to half a tick of the stream's clock:
    the first frame before the start, the last one behind the end. `open_frames` gives the same.

    Args:
        path: A local video file.
        seconds: Presentation time, 0 at the first presented frame.
        whole: As for `shown_from`.

    Returns:
        Upright RGB, uint8 (height, width, 3).

    Raises:
        ValueError: The time is not finite.
        MediaError: As `open_container`, NO_FRAMES, or DECODE_ERROR when no frame can be decoded.
    """
    if not math.isfinite(seconds):
        raise ValueError(f"a time must be finite, not {seconds}")
    with open_container(path) as (container, stream):
        _, first = next(presented(path, container, stream), (0, None))
        if first is None or first.time_base is None:
            raise MediaError("has no frames", code=Code.NO_FRAMES, uri=str(path))
        ratio = stream.sample_aspect_ratio
    start = start_of(path)
    wanted = start + math.floor(Fraction(seconds) / first.time_base + Fraction(1, 2))
    found = first
    if wanted > start:
        _, found = next(shown_from(path, wanted, origin=start, whole=whole))
    bgr = Upright(path, first, ratio).picture(found)
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), dtype=np.uint8)
