"""Frames -> Scenes; the only importer of scenedetect.

PySceneDetect's detectors are fed frame by frame, without its SceneManager, so that one decode pass
serves both cuts and samples. Each frame is made small exactly as SceneManager does it (full-size
BGR, OpenCV INTER_LINEAR, its own factor), so that the cuts are PySceneDetect's.
"""

from __future__ import annotations

import bisect
from collections import deque
from collections.abc import Iterable, Iterator
from fractions import Fraction

import cv2
import numpy as np
from scenedetect import (
    AdaptiveDetector,
    ContentDetector,
    FrameTimecode,
    HashDetector,
    HistogramDetector,
    ThresholdDetector,
)
from scenedetect.common import Timecode
from scenedetect.detector import SceneDetector
from scenedetect.scene_manager import compute_downscale_factor

from pipeline.config import ScenesConfig
from pipeline.data import Boundary, Frame, Scene, UInt8Array

DETECTOR_FRAME_VERSION = 1
"""Counts changes of how frames are made small for the detector; part of an archive's identity."""

_MICROSECOND = Fraction(1, 1_000_000)

_TIMES_KEPT = 32_768
"""How many frames back a late cut may lie: a fade of 18 minutes at 30 frames a second."""

_DETECTORS: dict[str, tuple[type[SceneDetector], str]] = {
    "adaptive": (AdaptiveDetector, "adaptive_threshold"),
    "content": (ContentDetector, "threshold"),
    "hash": (HashDetector, "threshold"),
    "histogram": (HistogramDetector, "threshold"),
    "threshold": (ThresholdDetector, "threshold"),
}


def split(frames: Iterable[Frame], config: ScenesConfig, *, frame_rate: float) -> Iterator[Scene]:
    """Cut a video into scenes that cover its frames without a gap.

    A detector may report a cut late: the adaptive one two frames, the content one while fast cuts
    are merged, the threshold one a whole fade. A scene is given out once a later frame was seen; a
    cut that arrives for a time before the last `max_length` boundary is dropped.

    Where frames are missing, a scene ends with the last one before, and the next one starts with
    the first one behind: nobody knows what was in between.

    Args:
        frames: Presented frames in order of time.
        config: Detector and lengths. The last scene of a run may be shorter than `min_length_s`
            where `max_length_s`, missing frames or the end of the video cut it off.
        frame_rate: Frames a second on average; the threshold detector counts frames in a fade.

    Yields:
        Scenes in order; nothing if there are no frames.
    """
    part: _Part | None = None
    for frame in frames:
        if part is None:
            part = _Part(config, frame_rate, 0, frame)
        elif frame.pts_s > part.last.end_s:
            yield from part.finish()
            part = _Part(config, frame_rate, part.scenes.count, frame)
        yield from part.see(frame)
    if part is not None:
        yield from part.finish()


class _Part:
    """Frames without a gap, and the scenes that they make.

    Args:
        config: Detector and lengths.
        frame_rate: Frames a second on average.
        index: Of the first scene.
        first: The first frame.
    """

    def __init__(self, config: ScenesConfig, frame_rate: float, index: int, first: Frame) -> None:
        self._cuts = _CutFinder(config, frame_rate) if config.detector != "fixed" else None
        wait_s = 0.0 if self._cuts is None else config.min_length_s
        self.scenes = _SceneLine(config.max_length_s, wait_s, index, first.pts_s)
        self.last = first

    def see(self, frame: Frame) -> Iterator[Scene]:
        self.last = frame
        for cut_s in self._cuts.see(frame) if self._cuts else ():
            yield from self.scenes.cut(cut_s)
        yield from self.scenes.advance(frame.pts_s)

    def finish(self) -> Iterator[Scene]:
        last = self.last
        for cut_s in self._cuts.finish(last.pts_s) if self._cuts else ():
            yield from self.scenes.cut(cut_s)
        yield from self.scenes.finish(max(last.end_s, float(np.nextafter(last.pts_s, np.inf))))


class _SceneLine:
    """Turns cut times into scenes, and cuts those that grow too long.

    Args:
        max_length_s: Longest scene, or None.
        wait_s: How long after a `max_length` boundary a late cut before it is still waited for.
        index: Of the first scene.
        start_s: Where it starts.
    """

    def __init__(
        self, max_length_s: float | None, wait_s: float, index: int, start_s: float
    ) -> None:
        self._max_length_s = max_length_s
        self._wait_s = wait_s
        self.count = index
        self._start_s = start_s
        self._boundary: Boundary = "start"

    def cut(self, at_s: float) -> Iterator[Scene]:
        if at_s <= self._start_s:
            return
        yield from self._fill(at_s)
        if at_s > self._start_s:
            yield self._close(at_s, "detected")
        else:
            self._boundary = "detected"

    def advance(self, now_s: float) -> Iterator[Scene]:
        yield from self._fill(now_s - self._wait_s)

    def finish(self, end_s: float) -> Iterator[Scene]:
        yield from self._fill(end_s)
        if end_s > self._start_s:
            yield self._close(end_s, "start")

    def _fill(self, until_s: float) -> Iterator[Scene]:
        """Close scenes of `max_length_s` as long as they end at or before `until_s`."""
        if self._max_length_s is None:
            return
        # Multiples of the first start, not a running sum: windows of 0.1 s must not drift.
        first_s, windows = self._start_s, 1
        while (boundary_s := first_s + windows * self._max_length_s) <= until_s:
            yield self._close(boundary_s, "max_length")
            windows += 1

    def _close(self, at_s: float, next_boundary: Boundary) -> Scene:
        scene = Scene(self.count, self._start_s, at_s, self._boundary)
        self.count, self._start_s, self._boundary = self.count + 1, at_s, next_boundary
        return scene


class _CutFinder:
    """One of PySceneDetect's detectors, in seconds."""

    def __init__(self, config: ScenesConfig, frame_rate: float) -> None:
        kind, threshold = _DETECTORS[config.detector]
        options = {} if config.threshold is None else {threshold: config.threshold}
        self._detector = kind(min_scene_len=float(config.min_length_s), **options)
        self._rate = max(Fraction(frame_rate).limit_denominator(1001), Fraction(1, 1001))
        self._times: deque[float] = deque(maxlen=_TIMES_KEPT)

    def see(self, frame: Frame) -> list[float]:
        self._times.append(frame.pts_s)
        found = self._detector.process_frame(self._timecode(frame.pts_s), _small(frame.picture))
        return [self._time_of(cut) for cut in found]

    def finish(self, last_s: float) -> list[float]:
        return [self._time_of(cut) for cut in self._detector.post_process(self._timecode(last_s))]

    def _time_of(self, cut: FrameTimecode) -> float:
        """The presented time nearest to a cut: timecodes are rounded to microseconds, or to nominal
        frames where a detector puts the cut amid a fade.
        """
        at = bisect.bisect_left(self._times, cut.seconds)
        near = [self._times[i] for i in (at - 1, at) if 0 <= i < len(self._times)]
        return min(near, key=lambda time: abs(time - cut.seconds))

    def _timecode(self, pts_s: float) -> FrameTimecode:
        return FrameTimecode(Timecode(round(pts_s * 1_000_000), _MICROSECOND), fps=self._rate)


def _small(picture: UInt8Array) -> UInt8Array:
    height, width = picture.shape[:2]
    factor = compute_downscale_factor(max(width, height))
    if factor <= 1.0:
        return picture
    size = (max(1, round(width / factor)), max(1, round(height / factor)))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_LINEAR), dtype=np.uint8)
