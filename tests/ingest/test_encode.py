"""Batches across videos, and what becomes of scenes on the way."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.data import (
    WHOLE_FRAME,
    Box,
    Failure,
    Float32Array,
    Sample,
    Scene,
    SceneEmbeddings,
    SceneSamples,
    UInt8Array,
)
from pipeline.ingest.encode import encode, pool


class Recorder:
    """Encodes a picture as a unit vector of its mean colour, and notes the sizes of batches.

    A stand-in for a model: what is tested is which pictures go into which batch and where the
    vectors end, which a real one would hide behind numbers.
    """

    def __init__(self) -> None:
        self.batches: list[int] = []

    def encode_images(self, images: Sequence[UInt8Array]) -> Float32Array:
        self.batches.append(len(images))
        means = np.stack([image.mean(axis=(0, 1)) + 1 for image in images])
        return (means / np.linalg.norm(means, axis=1, keepdims=True)).astype(np.float32)


def scene(video: str, index: int, count: int, tiles: int = 0) -> SceneSamples:
    rng = np.random.default_rng([index, count, *video.encode()])
    samples = []
    for at in range(count):
        pixels = rng.integers(0, 255, (2, 2, 3), dtype=np.uint8)
        samples.append(Sample(index + at / 100, "frame", WHOLE_FRAME, pixels))
        samples += [
            Sample(index + at / 100, "tile", Box(0, 0, 0.5, 0.5), pixels // 2) for _ in range(tiles)
        ]
    return SceneSamples(video, Scene(index, index, index + 1, "start"), tuple(samples))


def run(events: list, batch_size: int, pooling: str = "none") -> tuple[list, Recorder]:
    recorder = Recorder()
    return list(encode(events, recorder, batch_size=batch_size, pooling=pooling)), recorder  # type: ignore[arg-type]


@given(
    counts=st.lists(st.integers(0, 7), max_size=12),
    batch_size=st.integers(1, 9),
)
def test_all_batches_but_the_last_are_full_and_nothing_changes_its_place(
    counts: list[int], batch_size: int
) -> None:
    events: list = []
    for index, count in enumerate(counts):
        events += [scene("ab"[index % 2], index, count), Failure(str(index), "x", "y")]
    out, recorder = run(events, batch_size)
    assert [type(e).__name__ for e in out] == ["SceneEmbeddings", "Failure"] * len(counts)
    assert all(size == batch_size for size in recorder.batches[:-1])
    assert sum(recorder.batches) == sum(counts)
    for before, after in zip(events, out, strict=True):
        if isinstance(before, SceneSamples):
            assert isinstance(after, SceneEmbeddings)
            assert after.video_id == before.video_id
            assert [e.pts_s for e in after.embeddings] == [s.pts_s for s in before.samples]
            alone = Recorder()
            for sample, row in zip(before.samples, after.embeddings, strict=True):
                np.testing.assert_allclose(row.vector, alone.encode_images([sample.pixels])[0])


def test_a_scene_is_handed_on_as_soon_as_it_is_encoded() -> None:
    recorder = Recorder()
    taken: list[int] = []

    def source():  # type: ignore[no-untyped-def]
        for index in range(4):
            taken.append(index)
            yield scene("a", index, 2)

    stage = encode(source(), recorder, batch_size=2, pooling="none")  # type: ignore[arg-type]
    next(stage)
    assert taken == [0]


def test_mean_pooling_gives_one_row_a_scene_and_keeps_tiles() -> None:
    source = scene("a", 0, 3, tiles=2)
    (out,), _ = run([source], 64, "mean")
    rows = out.embeddings
    assert [row.kind for row in rows] == ["scene"] + ["tile"] * 6
    assert [row.sample_index for row in rows] == list(range(7))
    assert rows[0].pts_s == source.samples[3].pts_s
    frames = Recorder().encode_images([s.pixels for s in source.samples if s.kind == "frame"])
    mean = frames.mean(axis=0)
    np.testing.assert_allclose(rows[0].vector, mean / np.linalg.norm(mean), atol=1e-6)


def test_pooling_vectors_that_cancel_out_gives_a_unit_vector() -> None:
    one = np.array([1, 0], dtype=np.float32)
    assert np.linalg.norm(pool([one, -one])) == pytest.approx(1)


def test_row_ids_are_distinct_and_stable() -> None:
    (out,), _ = run([scene("a", 0, 3, tiles=1)], 64)
    ids = [row.row_id(1) for row in out.embeddings]
    assert len(set(ids)) == len(ids)
    assert ids == [row.row_id(1) for row in run([scene("a", 0, 3, tiles=1)], 1)[0][0].embeddings]
    assert not set(ids) & {row.row_id(2) for row in out.embeddings}
