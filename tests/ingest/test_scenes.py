"""Scenes: PySceneDetect's own cuts, and the properties that hold for every setting."""

from __future__ import annotations

from itertools import pairwise, product
from pathlib import Path

import numpy as np
import pytest
from scenedetect import (
    AdaptiveDetector,
    ContentDetector,
    HashDetector,
    HistogramDetector,
    SceneManager,
    open_video,
)

from pipeline.config import ScenesConfig
from pipeline.data import Frame, Scene
from pipeline.ingest.scenes import split
from pipeline.media.probe import probe
from pipeline.media.reader import open_frames
from tests.media_factory import RECIPES, MediaFactory, Recipe, ffmpeg

DETECTORS = {
    "adaptive": AdaptiveDetector,
    "content": ContentDetector,
    "hash": HashDetector,
    "histogram": HistogramDetector,
}

COMPARED = [recipe for recipe in RECIPES.values() if recipe.constant_rate]

FEW = ("reel.mp4", "fast_cuts.mp4", "variable.mkv", "one_take.mp4", "one_frame.mp4", "fades.mp4")


def detect(path: Path, config: ScenesConfig, *, backend="auto") -> list[Scene]:
    """Our scenes of a file."""
    video = probe(path)
    frames = (
        Frame(float(pts_s), picture, float(end_s))
        for batch in open_frames(path, backend=backend)
        for pts_s, picture, end_s in zip(batch.pts_s, batch.frames, batch.ends_s, strict=True)
    )
    return list(split(frames, config, frame_rate=video.frame_rate))


def opencv_can_read(media: MediaFactory, recipe: Recipe) -> Path:
    """The file, or a lossless copy in another codec where OpenCV has no decoder."""
    path = media[recipe.name]
    if recipe.codec != "libdav1d":
        return path
    copy = path.with_name(f"{recipe.name}.copy.mkv")
    if not copy.exists():
        lossless = ("-c:v", "libx264", "-preset", "ultrafast", "-qp", "0")
        ffmpeg("-i", str(path), *lossless, "-fps_mode", "passthrough", str(copy))
    return copy


def reference(path: Path, detector: str, min_length_s: float) -> list[float]:
    """PySceneDetect's cuts, by its SceneManager on its OpenCV backend."""
    manager = SceneManager()
    manager.add_detector(DETECTORS[detector](min_scene_len=min_length_s))
    manager.detect_scenes(open_video(str(path), backend="opencv"))
    return [start.seconds for start, _ in manager.get_scene_list()][1:]


@pytest.mark.parametrize("detector", DETECTORS)
@pytest.mark.parametrize("recipe", COMPARED, ids=lambda recipe: recipe.name)
def test_cuts_are_those_of_pyscenedetect(media: MediaFactory, recipe: Recipe, detector) -> None:
    path = media[recipe.name]
    config = ScenesConfig(detector=detector, max_length_s=None)
    cuts = [scene.start_s for scene in detect(path, config)[1:]]
    expected = reference(opencv_can_read(media, recipe), detector, config.min_length_s)
    assert len(cuts) == len(expected), (cuts, expected)
    assert cuts == pytest.approx(expected, abs=0.4 / float(recipe.rate))


@pytest.mark.parametrize("min_length_s", [0.0, 0.2, 1.0, 2.5])
@pytest.mark.parametrize("detector", DETECTORS)
@pytest.mark.parametrize("name", ["reel.mp4", "fast_cuts.mp4", "h264.mov"])
def test_cuts_agree_at_other_minimum_lengths(
    media: MediaFactory, name: str, detector, min_length_s: float
) -> None:
    config = ScenesConfig(detector=detector, min_length_s=min_length_s, max_length_s=None)
    cuts = [scene.start_s for scene in detect(media[name], config)[1:]]
    expected = reference(media[name], detector, min_length_s)
    assert cuts == pytest.approx(expected, abs=0.4 / float(RECIPES[name].rate))


@pytest.mark.parametrize("detector", ["adaptive", "content"])
def test_decoders_give_the_same_scenes(media: MediaFactory, detector) -> None:
    config = ScenesConfig(detector=detector)
    for name in ("reel.mp4", "hevc.mkv", "h264_10bit.mp4"):
        assert detect(media[name], config, backend="pyav") == detect(
            media[name], config, backend="decord"
        )


def test_hard_cuts_are_found(media: MediaFactory) -> None:
    """The comparison would be empty if nobody found any."""
    scenes = detect(media["reel.mp4"], ScenesConfig(detector="content"))
    assert [scene.start_s for scene in scenes[1:]] == pytest.approx(RECIPES["reel.mp4"].cut_times)
    assert {scene.boundary for scene in scenes[1:]} == {"detected"}


@pytest.mark.parametrize(
    ("detector", "max_length_s"),
    [
        *product([*DETECTORS, "threshold", "fixed"], [0.9, 1.0, 2.5]),
        *product([*DETECTORS, "threshold"], [None]),
    ],
)
@pytest.mark.parametrize("name", FEW)
def test_scenes_tile_the_video(media: MediaFactory, name: str, detector, max_length_s) -> None:
    video = probe(media[name])
    scenes = detect(media[name], ScenesConfig(detector=detector, max_length_s=max_length_s))
    assert [scene.index for scene in scenes] == list(range(len(scenes)))
    assert scenes[0].start_s == 0.0
    assert scenes[-1].end_s == video.duration_s
    assert all(before.end_s == after.start_s for before, after in pairwise(scenes))
    assert scenes[0].boundary == "start"
    assert all(scene.boundary in ("detected", "max_length") for scene in scenes[1:])
    if max_length_s is None:
        assert all(scene.boundary == "detected" for scene in scenes[1:])
    else:
        assert all(scene.end_s - scene.start_s <= max_length_s + 1e-6 for scene in scenes)


@pytest.mark.parametrize("detector", DETECTORS)
def test_detected_scenes_keep_the_minimum_length(media: MediaFactory, detector) -> None:
    config = ScenesConfig(detector=detector, min_length_s=1.0, max_length_s=None)
    scenes = detect(media["fast_cuts.mp4"], config)
    assert all(scene.end_s - scene.start_s >= 1.0 - 1e-6 for scene in scenes[:-1])


def test_max_length_cuts_one_take(media: MediaFactory) -> None:
    scenes = detect(media["one_take.mp4"], ScenesConfig(max_length_s=5.0))
    assert [(scene.start_s, scene.boundary) for scene in scenes] == [
        (0.0, "start"),
        (5.0, "max_length"),
        (10.0, "max_length"),
    ]


def test_max_length_leaves_the_cuts(media: MediaFactory) -> None:
    path = media["reel.mp4"]
    free = detect(path, ScenesConfig(detector="content", max_length_s=None))
    bound = detect(path, ScenesConfig(detector="content", max_length_s=1.5))
    detected = {round(scene.start_s, 6) for scene in bound if scene.boundary == "detected"}
    assert {round(scene.start_s, 6) for scene in free[1:]} == detected


@pytest.mark.parametrize("window_s", [0.1, 0.5, 1.0])
def test_fixed_windows(media: MediaFactory, window_s: float) -> None:
    video = probe(media["variable.mkv"])
    config = ScenesConfig(detector="fixed", max_length_s=window_s)
    scenes = detect(media["variable.mkv"], config)
    starts = [scene.start_s for scene in scenes]
    assert starts == pytest.approx([n * window_s for n in range(len(starts))], abs=1e-9)
    assert scenes[-1].end_s == video.duration_s
    assert scenes[-1].end_s - scenes[-1].start_s <= window_s + 1e-6
    assert {scene.boundary for scene in scenes[1:]} == {"max_length"}


def test_a_video_without_a_cut_is_one_scene(media: MediaFactory) -> None:
    for name in ("still.mp4", "short.mp4", "one_frame.mp4", "one_take.mp4"):
        (scene,) = detect(media[name], ScenesConfig())
        assert (scene.index, scene.start_s, scene.boundary) == (0, 0.0, "start")


def test_threshold_finds_the_fade(media: MediaFactory) -> None:
    scenes = detect(media["fades.mp4"], ScenesConfig(detector="threshold"))
    assert len(scenes) == 2
    assert 1.2 < scenes[1].start_s < 2.4  # dark from about 1.5 s to 2.1 s


def test_no_frames_no_scenes() -> None:
    assert list(split([], ScenesConfig(), frame_rate=25.0)) == []


def test_scenes_leave_out_what_is_missing() -> None:
    """Frames from 2 s to 5 s are lost: no scene says that it was seen, and numbers go on."""
    picture = np.zeros((12, 16, 3), dtype=np.uint8)
    numbers = (*range(20), *range(50, 80))
    frames = [Frame(n / 10, picture, (n + 1) / 10) for n in numbers]
    for detector in ("adaptive", "content", "threshold", "fixed"):
        config = ScenesConfig(detector=detector, max_length_s=1.5)
        scenes = list(split(frames, config, frame_rate=10.0))
        assert [scene.index for scene in scenes] == list(range(len(scenes)))
        spans = [(scene.start_s, scene.end_s) for scene in scenes]
        assert spans[0][0] == 0.0
        assert (5.0, 6.5) in spans
        assert not [span for span in spans if span[0] < 5.0 and span[1] > 2.01]
        assert scenes[-1].end_s == pytest.approx(8.0)
        assert [scene.boundary for scene in scenes if scene.start_s in (0.0, 5.0)] == ["start"] * 2
