"""Rows behind moments: of long videos what is around the best row is enough."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import astuple, replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.config import IndexConfig, StoreConfig
from pipeline.data import Embedding, Float32Array, Moment, Scene
from pipeline.search.behind import rows_behind
from pipeline.search.moments import Sampling, moments_of
from pipeline.search.score import Scored
from pipeline.store import VideoStore
from tests.store.samples import DIM, IDENTITY, embeddings, record, video_id

QUERY = np.eye(DIM, dtype=np.float32)[0]
SAMPLING = Sampling(1, None)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[VideoStore]:
    with VideoStore.connect(StoreConfig(uri=str(tmp_path / "archive.db"))) as opened:
        opened.open_for_writing(IDENTITY, IndexConfig())
        yield opened


def put(store: VideoStore, name: str, cosines: list[float]) -> None:
    """A video with a row a second, each at a given cosine from the query."""
    rng = np.random.default_rng([*name.encode()])
    rows, vectors = [], []
    box = embeddings(name, 1)[0].box
    for index, at in enumerate(cosines):
        side = rng.normal(size=DIM)
        side[0] = 0
        vector: Float32Array = (
            at * QUERY + np.sqrt(1 - at**2) * side / np.linalg.norm(side)
        ).astype(np.float32)
        scene = Scene(index, float(index), index + 1.0, "detected")
        rows.append(Embedding(video_id(name), scene, 0, index + 0.5, "frame", box, vector))
        vectors.append(vector)
    store.upsert_segments(rows, 1)
    made = record(name, count=len(rows))
    video = replace(made.video, duration_s=float(len(rows)))
    mean = np.mean(vectors, axis=0, dtype=np.float64).astype(np.float32)
    store.commit([replace(made, video=video, mean=mean, scenes=len(rows))])


def best_moments(store: VideoStore, *names: str, every: bool) -> list[Moment]:
    records = store.videos(map(video_id, names))
    rows = rows_behind(store, QUERY, Scored(records, {}), SAMPLING, gap_s=1.0, every=every).rows
    return [
        moments_of(rows[key], SAMPLING, gap_s=1.0, average=float(np.dot(each.mean, QUERY)))[0]
        for key, each in records.items()
    ]


@pytest.mark.parametrize("length", [5, 150, 700])
def test_the_best_moment_of_a_long_video_is_that_of_all_its_rows(
    store: VideoStore, length: int
) -> None:
    """One moment fits the first window around its best row, the others need wider ones."""
    rows = 1000
    # It falls slowly on both sides, so that the best row is in its middle.
    plateau = [0.6 - 0.05 * abs(n - length // 2) / length for n in range(length)]
    put(store, "long", [0.1] * 200 + plateau + [0.1] * (rows - 200 - length))
    put(store, "crowd", [0.7] * 300)
    found = best_moments(store, "long", "crowd", every=False)
    for moment, right in zip(found, best_moments(store, "long", "crowd", every=True), strict=True):
        # Scores are computed here or by Milvus, and may differ in the last digits.
        assert astuple(moment)[:3] == astuple(right)[:3]
        assert moment.score == pytest.approx(right.score, abs=1e-6)
    long = min(found, key=lambda moment: moment.score)
    assert (long.start_s, long.end_s) == (200.0, 200.0 + length)
