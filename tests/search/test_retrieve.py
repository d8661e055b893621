"""Distinct videos, proven on a real store."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest

from pipeline.config import IndexConfig, StoreConfig
from pipeline.data import Embedding, Float32Array, Hit, Scene, VideoRecord
from pipeline.filters import NO_ROWS, RowMask, Selection, Span
from pipeline.search.retrieve import retrieve
from pipeline.search.retrieved import Retrieved
from pipeline.store import VideoStore
from tests.store.samples import DIM, IDENTITY, embeddings, record, video_id

QUERY = np.eye(DIM, dtype=np.float32)[0]


@pytest.fixture(params=["lite", "server"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> StoreConfig:
    if request.param == "lite":
        return StoreConfig(uri=str(tmp_path / "archive.db"))
    uri = request.getfixturevalue("milvus_server")
    return StoreConfig(uri=uri, collection=f"r{uuid.uuid4().hex[:12]}", consistency="Strong")


@pytest.fixture
def store(place: StoreConfig) -> Iterator[VideoStore]:
    with VideoStore.connect(place) as opened:
        opened.open_for_writing(IDENTITY, IndexConfig())
        yield opened


def near(name: str, count: int, cosine: float) -> list[Embedding]:
    """Rows of one video, all at about one cosine from the query."""
    rng = np.random.default_rng([count, *name.encode()])
    rows = []
    for index in range(count):
        side = rng.normal(size=DIM)
        side[0] = 0
        side /= np.linalg.norm(side)
        at = cosine - 1e-4 * index / count
        vector: Float32Array = (at * QUERY + np.sqrt(1 - at**2) * side).astype(np.float32)
        scene = Scene(index, float(index), index + 1.0, "detected")
        rows.append(
            Embedding(
                video_id(name), scene, 0, index + 0.5, "frame", embeddings(name, 1)[0].box, vector
            )
        )
    return rows


def put(store: VideoStore, name: str, count: int, cosine: float) -> None:
    store.upsert_segments(near(name, count, cosine), 1)
    store.commit([record(name, count=count)])


def names(found: Retrieved, top_k: int, *known: str) -> list[str]:
    by_id = {video_id(name): name for name in known}
    firsts = [hits[0] for hits in found.rows().values()]
    best = sorted(firsts, key=lambda hit: (-hit.score, hit.video_id))
    return [by_id[hit.video_id] for hit in best[:top_k]]


def test_a_video_that_owns_the_first_thousand_rows_hides_no_other(store: VideoStore) -> None:
    put(store, "owner", 2000, 0.9)
    others = [f"v{index}" for index in range(12)]
    for index, name in enumerate(others):
        put(store, name, 3, 0.8 - index / 100)
    found = retrieve(store, QUERY, top_k=10)
    assert names(found, 10, "owner", *others) == ["owner", *others[:9]]


def test_several_dominant_videos(store: VideoStore) -> None:
    for index in range(4):
        put(store, f"big{index}", 300, 0.9 - index / 100)
    put(store, "small", 1, 0.2)
    found = retrieve(store, QUERY, top_k=5)
    expected = ["big0", "big1", "big2", "big3", "small"]
    assert names(found, 5, *expected) == expected


def test_fewer_videos_than_wanted_are_all_given(store: VideoStore) -> None:
    put(store, "a", 2, 0.5)
    put(store, "b", 2, 0.4)
    assert names(retrieve(store, QUERY, top_k=10), 10, "a", "b") == ["a", "b"]


def test_an_empty_archive_gives_nothing(store: VideoStore) -> None:
    assert retrieve(store, QUERY, top_k=10) == Retrieved()


def test_rows_of_a_video_that_is_not_committed_do_not_count(store: VideoStore) -> None:
    store.upsert_segments(near("half-written", 500, 0.95), 1)
    put(store, "a", 2, 0.5)
    found = retrieve(store, QUERY, top_k=3)
    assert names(found, 3, "a") == ["a"]
    assert {hit.video_id for hit in found.hits} == {video_id("a")}


def test_rows_of_other_revisions_do_not_count_and_hide_nothing(store: VideoStore) -> None:
    store.upsert_segments(near("a", 500, 0.95), 7)
    put(store, "a", 2, 0.5)
    put(store, "b", 2, 0.6)
    found = retrieve(store, QUERY, top_k=3)
    assert names(found, 3, "a", "b") == ["b", "a"]
    assert {hit.revision for hit in found.hits} == {1}


def test_a_video_left_out_for_rows_that_do_not_count_may_still_be_the_best(
    store: VideoStore,
) -> None:
    """The first window is its old rows; of the next it is left out, and that one has enough."""
    store.upsert_segments(near("a", 500, 0.95), 7)
    put(store, "a", 2, 0.7)
    put(store, "b", 2, 0.6)
    put(store, "c", 2, 0.5)
    found = retrieve(store, QUERY, top_k=2)
    assert names(found, 2, "a", "b", "c") == ["a", "b"]


def test_several_such_videos(store: VideoStore) -> None:
    """One of them fills the window in which both are searched on."""
    for name, count, cosine in (("a", 300, 0.8), ("b", 1, 0.7)):
        store.upsert_segments(near(name, 60, 0.95), 7)
        put(store, name, count, cosine)
    put(store, "c", 1, 0.1)
    put(store, "d", 1, 0.05)
    found = retrieve(store, QUERY, top_k=3)
    assert names(found, 3, "a", "b", "c", "d") == ["a", "b", "c"]


def test_what_is_found_is_what_comparing_all_rows_finds(store: VideoStore) -> None:
    rng = np.random.default_rng(5)
    best: dict[str, float] = {}
    for index in range(30):
        name = f"v{index}"
        rows = embeddings(name, int(rng.integers(1, 60)))
        store.upsert_segments(rows, 1)
        store.commit([record(name, count=len(rows))])
        best[name] = max(float(row.vector @ QUERY) for row in rows)
    expected = sorted(best, key=lambda name: -best[name])[:10]
    assert names(retrieve(store, QUERY, top_k=10), 10, *best) == expected


def test_scores_are_cosines(store: VideoStore) -> None:
    put(store, "a", 1, 0.5)
    hit: Hit = retrieve(store, QUERY, top_k=1).hits[0]
    assert hit.score == pytest.approx(0.5, abs=1e-4)


def test_videos_are_looked_up_in_the_order_of_the_rows_that_count(store: VideoStore) -> None:
    """A filter that goes down as one for all videos lets rows through that count of none."""
    early, late = (RowMask(*3 * ((span,),)) for span in (Span(0, 10), Span(10, 20)))
    poor = [f"v{index}" for index in range(10)]
    for index, name in enumerate(poor):
        put_at(store, name, {5: 0.5 - index / 1000, 15: 0.9 - index / 1000})
    # Met before the best one, and worse than what was found by then.
    put_at(store, "decoy", {5: 0.1, 15: 0.85})
    put_at(store, "best", {15: 0.8})
    masks = {video_id(name): early for name in (*poor, "decoy")} | {video_id("best"): late}
    with patch("pipeline.search.retrieve.MAX_IDS", 4):
        found = retrieve(store, QUERY, top_k=2, selection=Selection(masks, NO_ROWS))
    assert names(found, 2, "best", *poor) == ["best", "v0"]
    assert found.cutoff is None or found.cutoff <= 0.5


def put_at(store: VideoStore, name: str, cosines: dict[int, float]) -> None:
    """A video with a row at each of some seconds, as near to the query as is said."""
    rows = []
    for second, cosine in cosines.items():
        (row,) = near(f"{name} {second}", 1, cosine)
        scene = Scene(second, float(second), second + 1.0, "detected")
        rows.append(replace(row, video_id=video_id(name), scene=scene, pts_s=second + 0.5))
    store.upsert_segments(rows, 1)
    store.commit([record(name, count=len(rows))])


def test_videos_are_looked_up_while_who_asked_is_told_of_them(store: VideoStore) -> None:
    """Neither could end if it had to wait for the other."""
    for index in range(3):
        put(store, f"v{index}", 2, 0.8 - index / 100)
    told, begun = threading.Event(), threading.Event()
    met: list[str] = []
    real = store.videos

    def videos(ids: Iterable[str]) -> dict[str, VideoRecord]:
        begun.set()
        assert told.wait(timeout=60)
        return real(ids)

    def meet(rows: Sequence[Sequence[Hit]]) -> None:
        assert begun.wait(timeout=60)
        met.extend(hits[0].video_id for hits in rows)
        told.set()

    with patch.object(store, "videos", side_effect=videos):
        found = retrieve(store, QUERY, top_k=2, met=meet)
    # All three were looked up at once, but no more are told of than are wanted.
    assert met == [video_id("v0"), video_id("v1")]
    assert names(found, 3, "v0", "v1", "v2") == ["v0", "v1", "v2"]


@pytest.mark.parametrize("who", ["told", "look-up"])
def test_a_failure_of_either_is_that_of_the_search(store: VideoStore, who: str) -> None:
    put(store, "a", 2, 0.8)
    lost = ConnectionError(who)

    def meet(rows: Sequence[Sequence[Hit]]) -> None:
        if who == "told":
            raise lost

    side = lost if who == "look-up" else store.videos
    with patch.object(store, "videos", side_effect=side), pytest.raises(ConnectionError, match=who):
        retrieve(store, QUERY, top_k=1, met=meet)
