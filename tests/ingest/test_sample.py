"""Which frames and tiles stand for a scene."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config import MAX_CANDIDATES, Config, SampleConfig, ScenesConfig, TilesConfig
from pipeline.data import Frame, Sample, Scene, UInt8Array
from pipeline.ingest.sample import HELD_BYTES, HELD_BYTES_IN_ALL, Sampler, evenly, tile_boxes

FPS = 25


def shown(pts_s: float, picture: UInt8Array) -> Frame:
    return Frame(pts_s, picture, pts_s + 1 / FPS)


def frames(count: int, width: int = 16, height: int = 12) -> list[Frame]:
    return [
        shown(index / FPS, np.full((height, width, 3), index % 256, dtype=np.uint8))
        for index in range(count)
    ]


def sample(config: SampleConfig, count: int, *cuts_s: float) -> list[tuple[Sample, ...]]:
    """The samples of each scene of a clip, taken once all frames of the scene went by."""
    sampler = Sampler(config, input_size=224)
    edges = [0.0, *cuts_s, count / FPS]
    scenes = [Scene(i, a, b, "detected") for i, (a, b) in enumerate(itertools.pairwise(edges))]
    taken = []
    for frame in sampler.watch(frames(count)):
        while scenes and frame.pts_s >= scenes[0].end_s:
            taken.append(sampler.take(scenes.pop(0)))
    return [*taken, *(sampler.take(scene) for scene in scenes)]


def times(samples: tuple[Sample, ...]) -> list[float]:
    return [s.pts_s for s in samples]


def test_three_of_a_short_scene_are_evenly_spaced() -> None:
    (samples,) = sample(SampleConfig(per_scene=3), 30)
    assert times(samples) == pytest.approx([0.2, 0.6, 1.0], abs=0.5 / FPS + 1e-9)


def test_a_scene_of_one_frame_gives_that_one() -> None:
    scenes = sample(SampleConfig(per_scene=3), 26, 1.0)
    assert times(scenes[1]) == [1.0]


@given(count=st.integers(1, 3000), per_scene=st.integers(1, MAX_CANDIDATES))
def test_samples_are_distinct_ordered_and_near_their_places(count: int, per_scene: int) -> None:
    (samples,) = sample(SampleConfig(per_scene=per_scene), count)
    found = times(samples)
    assert found == sorted(set(found))
    length_s = count / FPS
    # Thinning to 32..64 candidates moves a sample by at most half a stride.
    slack_s = max(1 / FPS, length_s / (MAX_CANDIDATES / 2)) + length_s / per_scene
    if count >= per_scene and per_scene <= MAX_CANDIDATES / 2:
        assert len(found) == per_scene
    for part, at_s in enumerate(found if len(found) == per_scene else []):
        assert abs(at_s - (part + 0.5) * length_s / per_scene) <= slack_s


@given(st.lists(st.floats(0.05, 30), max_size=6, unique=True), st.integers(1, 800))
def test_every_sample_lies_in_its_scene(cuts: list[float], count: int) -> None:
    inside = sorted(cut for cut in cuts if cut < count / FPS)
    edges = [0.0, *inside, count / FPS]
    for index, samples in enumerate(sample(SampleConfig(), count, *inside)):
        assert all(edges[index] <= at_s < edges[index + 1] for at_s in times(samples))


@pytest.mark.parametrize("count", [100, 5_000, 50_000])
def test_memory_is_bounded_whatever_the_length(count: int) -> None:
    sampler = Sampler(SampleConfig(), input_size=224)
    for _ in sampler.watch(frames(count, 4, 4)):
        assert len(sampler._held._frames) <= MAX_CANDIDATES


def test_fps_at_its_limit_is_not_thinned() -> None:
    fps, min_length_s = 5.0, 0.6
    most_s = (MAX_CANDIDATES - 1) / fps - min_length_s
    Config(sample=SampleConfig(fps=fps), scenes=ScenesConfig(max_length_s=most_s))
    sampler = Sampler(SampleConfig(fps=fps), input_size=224)
    # A scene is taken min_length_s after its end.
    late = int((most_s + min_length_s) * FPS)
    list(sampler.watch(frames(late + 1)))
    assert len(sampler.take(Scene(0, 0.0, most_s, "start"))) == round(most_s * fps)


@pytest.mark.parametrize(("width", "height", "input_size"), [(1920, 1080, 336), (2048, 858, 224)])
def test_frames_that_cannot_be_reduced_are_fewer(width: int, height: int, input_size: int) -> None:
    sampler = Sampler(SampleConfig(), input_size=input_size)
    picture = np.zeros((height, width, 3), dtype=np.uint8)
    for frame in sampler.watch(shown(i / FPS, picture) for i in range(200)):
        assert sampler._held._bytes() <= HELD_BYTES_IN_ALL, frame.pts_s
    assert len(sampler.take(Scene(0, 0.0, 8.0, "start"))) == 3


def test_fps_takes_the_first_frame_at_or_after_each_tick() -> None:
    scenes = sample(SampleConfig(fps=2.0), 100, 1.7)
    assert times(scenes[0]) == pytest.approx([0, 0.52, 1.0, 1.52], abs=1e-9)
    assert times(scenes[1]) == pytest.approx([2.0, 2.52, 3.0, 3.52], abs=1e-9)


def test_a_scene_between_two_ticks_still_gets_a_sample() -> None:
    scenes = sample(SampleConfig(fps=1.0), 50, 1.2, 1.8)
    assert len(scenes[1]) == 1
    assert times(scenes[1])[0] == pytest.approx(1.5, abs=2 / FPS)


def test_pixels_are_rgb() -> None:
    sampler = Sampler(SampleConfig(per_scene=1), input_size=224)
    bgr = np.zeros((8, 8, 3), dtype=np.uint8)
    bgr[..., 0] = 200
    list(sampler.watch([shown(0.0, bgr)]))
    (found,) = sampler.take(Scene(0, 0.0, 1.0, "start"))
    assert tuple(found.pixels[0, 0]) == (0, 0, 200)


def test_a_large_frame_is_reduced_a_small_one_is_kept() -> None:
    for width, height, kept in ((1280, 720, True), (1920, 1080, False), (3840, 2160, False)):
        sampler = Sampler(SampleConfig(per_scene=1), input_size=224)
        picture = np.zeros((height, width, 3), dtype=np.uint8)
        list(sampler.watch([shown(0.0, picture)]))
        (found,) = sampler.take(Scene(0, 0.0, 1.0, "start"))
        assert (found.pixels.shape == picture.shape) == kept
        assert found.pixels.nbytes <= HELD_BYTES
        assert min(found.pixels.shape[:2]) >= 2 * 224


def test_small_tiles_of_a_large_frame_keep_the_models_resolution() -> None:
    config = SampleConfig(per_scene=1, tiles=TilesConfig(size=0.25, overlap=0.0))
    sampler = Sampler(config, input_size=224)
    list(sampler.watch([shown(0.0, np.zeros((2160, 3840, 3), dtype=np.uint8))]))
    tiles = [s for s in sampler.take(Scene(0, 0.0, 1.0, "start")) if s.kind == "tile"]
    assert all(min(tile.pixels.shape[:2]) >= 224 for tile in tiles)


def test_tiles_stand_beside_the_whole_frame() -> None:
    (samples,) = sample(SampleConfig(per_scene=2, tiles=TilesConfig(size=0.5, overlap=0.25)), 20)
    per_frame = 1 + len(tile_boxes(16, 12, TilesConfig()))
    assert [s.kind for s in samples] == (["frame"] + ["tile"] * (per_frame - 1)) * 2
    assert all(s.pixels.shape[0] == s.pixels.shape[1] == 6 for s in samples if s.kind == "tile")


@given(
    width=st.integers(1, 4000),
    height=st.integers(1, 4000),
    size=st.floats(0.1, 1),
    overlap=st.floats(0, 0.9),
)
def test_tiles_cover_the_frame_and_overlap(
    width: int, height: int, size: float, overlap: float
) -> None:
    tiles = TilesConfig.model_construct(size=size, overlap=overlap)
    boxes = tile_boxes(width, height, tiles)
    side = max(1, round(size * min(width, height)))
    for low, high, length in (("x0", "x1", width), ("y0", "y1", height)):
        spans = sorted({(getattr(b, low) * length, getattr(b, high) * length) for b in boxes})
        assert spans[0][0] == 0
        assert spans[-1][1] == pytest.approx(length)
        for (_, end), (start, _) in itertools.pairwise(spans):
            assert end - start >= overlap * side - 1 - 1e-6
    assert len(boxes) == len(set(boxes))


@given(st.lists(st.floats(0, 10), min_size=1, max_size=64, unique=True), st.integers(1, 64))
def test_evenly_takes_each_candidate_at_most_once(at: list[float], count: int) -> None:
    pixel = np.zeros((1, 1, 3), dtype=np.uint8)
    candidates = [shown(t, pixel) for t in sorted(at)]
    chosen = evenly(candidates, Scene(0, 0.0, 10.5, "start"), count)
    assert len(chosen) == min(count, len(candidates))
    assert [f.pts_s for f in chosen] == sorted({f.pts_s for f in chosen})
