"""Scenes and frames -> Samples: which frames, and which parts of them, stand for a scene.

Where a scene ends is known only after its frames went by, so candidates are held until then: at
most `MAX_CANDIDATES`, thinned by doubling their stride. Holding a frame of up to `HELD_BYTES` is
free, since the detector's full-size picture is kept as it is; a larger one is reduced first by a
whole factor, where that leaves what the model and its tiles need. Tiles are therefore cut from held
frames, and nothing is decoded twice.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import replace

import cv2
import numpy as np

from pipeline.config import MAX_CANDIDATES, SampleConfig, TilesConfig
from pipeline.data import WHOLE_FRAME, Box, Frame, Sample, Scene, UInt8Array

SAMPLE_VERSION = 1
"""Counts changes of which frames are chosen and how; part of an archive's identity."""

HELD_BYTES = 3 << 20
"""Largest frame that is held as it is: 1280 x 720 x 3 fits."""

HELD_BYTES_IN_ALL = 192 << 20
"""Most bytes of candidates: 64 frames of 1280 x 720, or 32 of 1920 x 1080 for a large model."""

FALLBACK_CANDIDATES = 8
"""With `fps`, how many other frames a scene keeps in case none falls on the grid."""

_GRID_SLACK_S = 1e-6


class Sampler:
    """Sees every frame of one video; on each scene, gives its samples and forgets its frames.

    Args:
        config: How many samples, and their tiles.
        input_size: Side in pixels of what the model sees.
    """

    def __init__(self, config: SampleConfig, input_size: int) -> None:
        self._config = config
        finest = config.tiles.size if config.tiles else 1.0
        # Twice the model's size keeps its own bicubic reduction exact to the eye of the model.
        self._short_side = max(2 * input_size, math.ceil(input_size / finest))
        self._grid = _Grid(config.fps) if config.fps else None
        most = FALLBACK_CANDIDATES if config.fps else MAX_CANDIDATES
        self._held = _Candidates(most, fewest=min(most, 2 * config.per_scene))
        # Every frame on the grid is a sample; the settings see to it that they are not too many.
        self._on_grid = _Candidates(MAX_CANDIDATES, fewest=MAX_CANDIDATES)

    def watch(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        """Pass frames on, remembering candidates on the way."""
        for frame in frames:
            if self._grid and self._grid.takes(frame.pts_s):
                self._on_grid.add(frame, self._short_side)
            else:
                self._held.add(frame, self._short_side)
            yield frame

    def take(self, scene: Scene) -> tuple[Sample, ...]:
        """The samples of a scene whose frames all went by; empty if it has no frame of its own."""
        held = self._held.take(scene.end_s)
        on_grid = self._on_grid.take(scene.end_s)
        if self._grid is None:
            chosen = evenly(held, scene, self._config.per_scene)
        else:
            chosen = on_grid or evenly(held, scene, 1)
        return tuple(sample for frame in chosen for sample in _pictures(frame, self._config.tiles))


class _Grid:
    """The times `k / fps` of a video: the first frame at or after each is taken."""

    def __init__(self, fps: float) -> None:
        self._fps = fps
        self._next = 0

    def takes(self, pts_s: float) -> bool:
        reached = math.floor((pts_s + _GRID_SLACK_S) * self._fps)
        if reached < self._next:
            return False
        self._next = reached + 1
        return True


class _Candidates:
    """Frames of the open scene, evenly thinned.

    At most `most`, and fewer if they are so large that all would pass `HELD_BYTES_IN_ALL`, but no
    fewer than `fewest` for that.
    """

    def __init__(self, most: int, fewest: int) -> None:
        self._most = most
        self._fewest = fewest
        self._frames: list[Frame] = []
        self._stride = 1
        self._seen = 0

    def add(self, frame: Frame, short_side: int) -> None:
        if self._seen % self._stride == 0:
            self._frames.append(replace(frame, picture=_reduced(frame.picture, short_side)))
        self._seen += 1
        if len(self._frames) > self._most or (
            len(self._frames) > self._fewest and self._bytes() > HELD_BYTES_IN_ALL
        ):
            self._frames = self._frames[::2]
            self._stride *= 2

    def _bytes(self) -> int:
        return len(self._frames) * self._frames[-1].picture.nbytes

    def take(self, end_s: float) -> list[Frame]:
        taken = [frame for frame in self._frames if frame.pts_s < end_s]
        self._frames = self._frames[len(taken) :]
        # What is left belongs to the next scene, which starts dense again.
        self._stride, self._seen = 1, 0
        return taken


def evenly(candidates: list[Frame], scene: Scene, count: int) -> list[Frame]:
    """The candidates nearest to the middles of `count` equal parts of a scene, each once.

    Args:
        candidates: In order of time.
        scene: Their scene.
        count: How many are wanted; fewer come where there are fewer candidates.
    """
    if len(candidates) <= count:
        return candidates
    times = np.asarray([frame.pts_s for frame in candidates])
    part_s = (scene.end_s - scene.start_s) / count
    chosen: list[int] = []
    for part in range(count):
        nearest = int(np.abs(times - (scene.start_s + (part + 0.5) * part_s)).argmin())
        first_free = chosen[-1] + 1 if chosen else 0
        # Leave enough candidates for the parts to come.
        chosen.append(min(max(nearest, first_free), len(times) - (count - part)))
    return [candidates[index] for index in chosen]


def tile_boxes(width: int, height: int, tiles: TilesConfig) -> tuple[Box, ...]:
    """Overlapping squares that cover a frame, row by row.

    Args:
        width: Of the upright frame, pixels.
        height: Of the upright frame, pixels.
        tiles: Side as a fraction of the shorter side, and the least overlap of neighbours.
    """
    side = max(1, round(tiles.size * min(width, height)))
    return tuple(
        Box(left / width, top / height, (left + side) / width, (top + side) / height)
        for top in _starts(height, side, tiles.overlap)
        for left in _starts(width, side, tiles.overlap)
    )


def _starts(length: int, side: int, overlap: float) -> list[int]:
    step = max(1.0, side * (1 - overlap))
    count = 1 + math.ceil((length - side) / step - 1e-9)
    return [round(at) for at in np.linspace(0, length - side, count)]


def _pictures(frame: Frame, tiles: TilesConfig | None) -> Iterator[Sample]:
    rgb = np.asarray(cv2.cvtColor(frame.picture, cv2.COLOR_BGR2RGB), dtype=np.uint8)
    yield Sample(frame.pts_s, "frame", WHOLE_FRAME, rgb)
    if tiles is None:
        return
    height, width = rgb.shape[:2]
    for box in tile_boxes(width, height, tiles):
        top, bottom = round(box.y0 * height), round(box.y1 * height)
        left, right = round(box.x0 * width), round(box.x1 * width)
        yield Sample(frame.pts_s, "tile", box, np.ascontiguousarray(rgb[top:bottom, left:right]))


def _reduced(picture: UInt8Array, short_side: int) -> UInt8Array:
    """A large picture made smaller by a whole factor, to no less than `short_side`.

    INTER_AREA by a whole factor is a mean of whole pixels, eight times as fast as by another; for
    it, a last row or column that fills no block is left out.
    """
    height, width = picture.shape[:2]
    factor = min(height, width) // short_side
    if picture.nbytes <= HELD_BYTES or factor < 2:
        return picture
    size = (width // factor, height // factor)
    blocks = picture[: size[1] * factor, : size[0] * factor]
    return np.asarray(cv2.resize(blocks, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
