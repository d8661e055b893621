"""(path, seconds) -> the one picture that a player shows then.

Seeking is what containers and decoders get wrong. A seek is believed only where decoding then came
upon a key frame no later than the time that is wanted, and went on from there; where no seek does,
the file is read from its start.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from av.container import InputContainer
from av.video.stream import VideoStream

from pipeline.data import UInt8Array
from pipeline.errors import Code, MediaError
from pipeline.media.container import open_container
from pipeline.media.decoded import Upright
from pipeline.media.presented import presented, start_of, times_are_guesses

# How long before the wanted time a seek aims, one after the other. MP4 is sought by decoding time
# and MPEG-TS by bytes: both may arrive behind the key frame that is needed.
_BACK_S = (0, 1, 4, 16, 64)


def frame_at(path: Path, seconds: float) -> UInt8Array:
    """The picture that a player shows at a presentation time.

    It is the last presented frame whose time is no later, to half a tick of the stream's clock:
    the first frame before the start, the last one behind the end. `open_frames` gives the same.

    Args:
        path: A local video file.
        seconds: Presentation time, 0 at the first presented frame.

    Returns:
        Upright RGB, uint8 (height, width, 3).

    Raises:
        ValueError: The time is not finite.
        MediaError: As `open_container`, NO_FRAMES, or DECODE_ERROR when decoding ends before it.
    """
    if not math.isfinite(seconds):
        raise ValueError(f"a time must be finite, not {seconds}")
    with open_container(path) as (container, stream):
        stream.thread_type = "AUTO"
        _, first = next(presented(path, container, stream), (0, None))
        if first is None or first.time_base is None:
            raise MediaError("has no frames", code=Code.NO_FRAMES, uri=str(path))
        start = start_of(path)
        wanted = start + math.floor(Fraction(seconds) / first.time_base + Fraction(1, 2))
        ratio = stream.sample_aspect_ratio
        sought = wanted > start and not times_are_guesses(container, stream)
        found = _seek(container, stream, start, wanted) if sought else None
    found = found or _read_on(path, wanted) or first
    bgr = Upright(path, first, ratio).picture(found)
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), dtype=np.uint8)


def _seek(
    container: InputContainer, stream: VideoStream, start: int, wanted: int
) -> av.VideoFrame | None:
    """The frame at `wanted`, in ticks, or None where no seek proves it."""
    for back_s in _BACK_S:
        aim = wanted - math.ceil(back_s / (stream.time_base or 1))
        if aim <= start:
            return None
        try:
            container.seek(aim, stream=stream)
            found = _proven(container.decode(stream), wanted)
        except (av.FFmpegError, IndexError, OverflowError):
            return None
        if found is not None:
            return found
    return None


def _proven(frames: Iterable[av.VideoFrame], wanted: int) -> av.VideoFrame | None:
    """The last frame up to `wanted` of those that stand on a key frame."""
    found: av.VideoFrame | None = None
    newest = 0
    for frame in frames:
        if frame.pts is None:
            return None  # then a time is a guess that depends on where decoding began
        if frame.pts > wanted:
            break
        # What comes before the key frame may lean on frames that were not decoded.
        if frame.key_frame if found is None else frame.pts > newest:
            found, newest = frame, frame.pts
    return found


def _read_on(path: Path, wanted: int) -> av.VideoFrame | None:
    """The frame at `wanted`, in ticks, by reading the file from its start."""
    found: av.VideoFrame | None = None
    with open_container(path) as (container, stream):
        stream.thread_type = "AUTO"
        for tick, frame in presented(path, container, stream):
            if tick > wanted:
                break
            found = frame
    return found
