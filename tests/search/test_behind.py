"""Rows behind moments: of long videos what is around the best row is enough."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import astuple, replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.config import IndexConfig, StoreConfig
from pipeline.data import (
    WHOLE_FRAME,
    Embedding,
    Float32Array,
    Hit,
    Moment,
    Scene,
    Stretch,
    row_ids,
)
from pipeline.search.behind import read_ahead, rows_behind
from pipeline.search.keyed import KeyedRows
from pipeline.search.moments import Sampling, moments_of
from pipeline.search.score import Scored, best_videos
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
    rows = rows_behind(store, QUERY, Scored(records, {}), SAMPLING, gap_s=1.0, every=every)
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


@pytest.mark.parametrize(
    "sampling", [Sampling(3, None, 3), Sampling(3, None), Sampling(1, None), Sampling(1, 2.0)]
)
@pytest.mark.parametrize("scenes", [20, 400])
def test_what_the_search_met_and_what_was_read_ahead_give_what_all_rows_give(
    store: VideoStore, sampling: Sampling, scenes: int
) -> None:
    """Whatever the rows of a scene are thought to be, and wherever those lie that were met."""
    random = np.random.default_rng(scenes)
    for name in ("a", "b", "c"):
        # Some scenes have one row, some three, and what is high comes in stretches.
        high = np.convolve(random.normal(size=scenes), np.ones(5) / 5, mode="same")
        put_scenes(store, name, [[0.5 + 0.2 * x] * random.choice([1, 3]) for x in high], random)
    keyed = KeyedRows(store, QUERY)

    def met(rows: Sequence[Sequence[Hit]]) -> None:
        read_ahead(keyed, rows, sampling, gap_s=1.0)

    scored = best_videos(store, QUERY, "max", top_k=3, met=met)
    some = rows_behind(store, QUERY, scored, sampling, gap_s=1.0, ahead=keyed)
    every = rows_behind(store, QUERY, scored, sampling, gap_s=1.0, every=True)
    assert len(scored.records) == 3
    for key, each in scored.records.items():
        average = float(np.dot(each.mean, QUERY))
        found, right = (
            moments_of(rows[key], sampling, gap_s=1.0, average=average)[0] for rows in (some, every)
        )
        assert astuple(found)[:3] == astuple(right)[:3]


class Noted:
    """What was to be read ahead."""

    stretch = 8

    def read_ahead(
        self, stretches: Collection[Stretch], places: Callable[[], Collection[str]]
    ) -> None:
        self.stretches, self.keys = stretches, places()


@pytest.mark.parametrize(
    ("scene", "numbers"),
    [(0, {0, 1}), (7, {0, 1}), (8, {0, 1, 2}), (15, {0, 1, 2}), (16, {1, 2, 3})],
)
def test_the_stretches_of_all_scenes_that_may_be_wanted_are_read_ahead(
    scene: int, numbers: set[int]
) -> None:
    """Eight scenes on both sides, where each has a row."""
    hit = Hit(
        "k", video_id("a"), 3, scene, float(scene), scene + 1.0, scene + 0.5,
        "frame", WHOLE_FRAME, 0.5,
    )  # fmt: skip
    noted = Noted()
    read_ahead(noted, [[hit]], Sampling(1, None, 1), gap_s=1.0)  # type: ignore[arg-type]
    assert noted.stretches == {Stretch(video_id("a"), 3, number) for number in numbers}
    around = [each for each in range(max(0, scene - 8), scene + 9) if each != scene]
    assert noted.keys == {"k", *row_ids(video_id("a"), 3, around, [0])}


def test_what_was_read_ahead_of_another_revision_counts_for_nothing(store: VideoStore) -> None:
    """What was met first of a video are rows that a run left behind, better than all of its own."""
    random = np.random.default_rng(7)
    rows = put_scenes(store, "a", [[0.6 if 45 < n < 55 else 0.3] for n in range(400)], random)
    store.upsert_segments([replace(row, vector=QUERY) for row in rows[:60]], 2)
    keyed = KeyedRows(store, QUERY)
    told: list[list[Hit]] = []

    def met(rows: Sequence[Sequence[Hit]]) -> None:
        told.extend(map(list, rows))
        read_ahead(keyed, rows, SAMPLING, gap_s=1.0)

    scored = best_videos(store, QUERY, "max", top_k=1, met=met)
    assert told[0][0].revision == 2
    found = rows_behind(store, QUERY, scored, SAMPLING, gap_s=1.0, ahead=keyed)
    every = rows_behind(store, QUERY, scored, SAMPLING, gap_s=1.0, every=True)
    [(key, record)] = scored.records.items()
    assert {hit.revision for hit in found[key]} == {1}
    average = float(np.dot(record.mean, QUERY))
    moment, right = (
        moments_of(rows[key], SAMPLING, gap_s=1.0, average=average)[0] for rows in (found, every)
    )
    assert astuple(moment)[:3] == astuple(right)[:3]


def put_scenes(
    store: VideoStore, name: str, scenes: list[list[float]], random: np.random.Generator
) -> list[Embedding]:
    """A video with scenes of a second, and the cosines of the rows of each; its rows."""
    rows = []
    for index, cosines in enumerate(scenes):
        scene = Scene(index, float(index), index + 1.0, "detected")
        for place, at in enumerate(cosines):
            side = random.normal(size=DIM)
            side[0] = 0
            noisy = float(np.clip(at + random.normal() / 50, -0.99, 0.99))
            vector = noisy * QUERY + np.sqrt(1 - noisy**2) * side / np.linalg.norm(side)
            pts_s = index + (place + 0.5) / len(cosines)
            rows.append(
                Embedding(
                    video_id(name), scene, place, pts_s, "frame", WHOLE_FRAME,
                    vector.astype(np.float32),
                )
            )  # fmt: skip
    store.upsert_segments(rows, 1)
    made = record(name, count=len(rows))
    mean = np.mean([row.vector for row in rows], axis=0, dtype=np.float64).astype(np.float32)
    store.commit([replace(made, mean=mean, scenes=len(scenes))])
    return rows
