"""Renders the demo videos and a query picture: `python -m pipeline.demo.media DIR`.

Which scene shows when is written here, and is the truth that a search can be held to.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from pipeline.data import UInt8Array
from pipeline.demo import worlds
from pipeline.demo.worlds import Picture
from pipeline.media.writer import write_video

FPS = 25
_CLIPS_AT_ONCE = 3


@dataclass(frozen=True, slots=True)
class DemoScene:
    """A shot of a demo video, `[start_s, end_s)`, in words."""

    start_s: float
    end_s: float
    label: str


@dataclass(frozen=True, slots=True)
class DemoClip:
    """A demo video by its file name, with its scenes in order."""

    name: str
    scenes: tuple[DemoScene, ...]


@dataclass(frozen=True, slots=True)
class DemoQuery:
    """A picture to search with, and where it was taken from."""

    name: str
    video: str
    seconds: float


@dataclass(frozen=True, slots=True)
class _Shot:
    label: str
    seconds: float
    picture: Picture


QUERY = DemoQuery("query.png", "expedition.mp4", 4.0)

_RED, _BLUE, _GREEN, _YELLOW = (206, 48, 42), (46, 92, 190), (46, 140, 84), (240, 190, 56)
_WHITE, _TEAL = (244, 244, 240), (38, 142, 148)


def _script() -> dict[str, tuple[_Shot, ...]]:
    return {
        "road_trip.mp4": (
            _Shot("a red car on a road", 3.2, worlds.car_on_road(_RED)),
            _Shot("a cactus in the desert", 2.8, worlds.desert_cactus((236, 178, 112))),
            _Shot("a city at night", 3.0, worlds.city_at_night((255, 222, 130))),
        ),
        "coast.mp4": (
            _Shot("a boat with a yellow sail at sea", 3.0, worlds.boat_at_sea(_YELLOW)),
            _Shot("fish under water", 2.6, worlds.fish_under_water((244, 132, 58))),
            _Shot("a lighthouse at night", 3.4, worlds.lighthouse(_RED)),
        ),
        "expedition.mp4": (
            _Shot("a train on a bridge", 2.4, worlds.train_on_bridge(_GREEN)),
            _Shot("a red balloon over snow", 3.6, worlds.balloon_over_snow((_RED, _WHITE))),
            _Shot("a night sky with stars", 3.0, worlds.night_sky((44, 66, 110))),
        ),
        "patterns.mp4": (
            _Shot("a pattern of rings", 2.8, worlds.turning_rings(
                (_YELLOW, _RED, _TEAL), (34, 36, 58))),
            _Shot("a pattern of pale rings", 2.6, worlds.turning_rings(
                ((90, 120, 190), (214, 126, 150), (120, 170, 140)), (244, 238, 226))),
        ),
        "journeys.mp4": (
            _Shot("a blue car on a road", 2.8, worlds.car_on_road(_BLUE)),
            _Shot("a boat with a red sail at sunset", 3.2, worlds.boat_at_sea(_RED, dusk=True)),
            _Shot("a red train on a bridge", 3.4, worlds.train_on_bridge((168, 52, 60))),
            _Shot("a blue balloon over snow", 2.6, worlds.balloon_over_snow((_BLUE, _YELLOW))),
        ),
        "liftoff.mp4": (
            _Shot("a purple night sky with stars", 2.6, worlds.night_sky((96, 50, 104))),
            _Shot("a rocket launch", 3.6, worlds.rocket_launch(_RED)),
            _Shot("blue fish under water", 2.4, worlds.fish_under_water((92, 132, 226))),
        ),
    }  # fmt: skip


def render(directory: Path) -> tuple[DemoClip, ...]:
    """Write the demo videos and the query picture into a folder, which is made if it is missing.

    The same files come out each time.

    Returns:
        What the videos show, when.
    """
    directory.mkdir(parents=True, exist_ok=True)
    script = _script()
    # Threads: one draws while another encodes.
    with ThreadPoolExecutor(max_workers=_CLIPS_AT_ONCE) as pool:
        clips = list(pool.map(lambda name: _render_clip(directory, name, script[name]), script))
    _write_query(directory / QUERY.name, script[QUERY.video])
    return tuple(clips)


def _render_clip(directory: Path, name: str, shots: tuple[_Shot, ...]) -> DemoClip:
    write_video(directory / name, _pictures(shots), fps=FPS)
    return DemoClip(name, _scenes(shots))


def _pictures(shots: tuple[_Shot, ...]) -> Iterator[UInt8Array]:
    for shot in shots:
        for frame in range(round(shot.seconds * FPS)):
            yield shot.picture(frame / FPS)


def _scenes(shots: tuple[_Shot, ...]) -> tuple[DemoScene, ...]:
    ends = np.cumsum([round(shot.seconds * FPS) for shot in shots])
    starts = (0, *ends[:-1])
    return tuple(
        DemoScene(float(start) / FPS, float(end) / FPS, shot.label)
        for shot, start, end in zip(shots, starts, ends, strict=True)
    )


def _write_query(path: Path, shots: tuple[_Shot, ...]) -> None:
    """The frame as somebody might have it: smaller, and once saved as a JPEG."""
    scene, shot = next(
        (scene, shot)
        for scene, shot in zip(_scenes(shots), shots, strict=True)
        if scene.start_s <= QUERY.seconds < scene.end_s
    )
    frame = Image.fromarray(shot.picture(QUERY.seconds - scene.start_s))
    jpeg = io.BytesIO()
    frame.resize((480, 270), Image.Resampling.BICUBIC).save(jpeg, "JPEG", quality=80)
    Image.open(jpeg).save(path)


def main() -> None:
    """Render into the folder that the command line names."""
    if len(sys.argv) != 2:
        sys.exit("usage: python -m pipeline.demo.media DIR")
    for clip in render(Path(sys.argv[1])):
        print(clip.name)
        for scene in clip.scenes:
            print(f"  {scene.start_s:5.2f} - {scene.end_s:5.2f} s  {scene.label}")
    print(f"{QUERY.name}: {QUERY.video} at {QUERY.seconds:.2f} s")


if __name__ == "__main__":
    main()
