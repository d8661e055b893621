"""The best videos by an aggregation are those that comparing every row by hand finds."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.config import IndexConfig, StoreConfig
from pipeline.data import Aggregate, Float32Array
from pipeline.filters import ALL_ROWS, ALWAYS, EVERY_ROW, NO_ROWS, RowMask, Selection, Span
from pipeline.search import retrieve, rows, score
from pipeline.search.aggregate import AGGREGATIONS
from pipeline.search.score import Scored, best_videos
from pipeline.store import VideoStore
from tests.search.archives import ROWS_A_TIME, Made, archive, cosines, direction, fill, made, scored
from tests.store.conftest import drop_archive
from tests.store.samples import DIM, TILED, mean, record, video_id

NAMES = tuple(AGGREGATIONS)


@dataclass(frozen=True, eq=False, repr=False)
class Filled:
    """An archive, and what is in it."""

    store: VideoStore
    videos: list[Made]


@pytest.fixture(scope="module", params=range(2))
def filled(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Filled]:
    uri = str(tmp_path_factory.mktemp("score") / "archive.db")
    videos = archive(request.param)
    with VideoStore.connect(StoreConfig(uri=uri)) as store:
        store.open_for_writing(TILED, IndexConfig(type="FLAT"))
        fill(store, videos)
        yield Filled(store, videos)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[VideoStore]:
    with VideoStore.connect(StoreConfig(uri=str(tmp_path / "archive.db"))) as opened:
        opened.open_for_writing(TILED, IndexConfig(type="FLAT"))
        yield opened


@contextmanager
def limits(
    *, window: int = 5, widest: int = 10, ids: int = 2000, most_rows: int = 500_000
) -> Iterator[None]:
    """Archives of a few hundred rows, searched as those of millions are."""
    with ExitStack() as patched:
        for module in (score, rows, retrieve):
            patched.enter_context(mock.patch.object(module, "MAX_LIMIT", widest))
        patched.enter_context(mock.patch.object(score, "FIRST_WINDOW", window))
        patched.enter_context(mock.patch.object(score, "MOST_ROWS", most_rows))
        patched.enter_context(mock.patch.object(retrieve, "MAX_IDS", ids))
        yield


MASKS = st.one_of(
    st.sampled_from([ALL_ROWS, NO_ROWS, RowMask(frame=ALWAYS), RowMask(tile=ALWAYS)]),
    st.tuples(st.integers(0, 4), st.integers(1, 4)).map(
        lambda span: RowMask(*3 * ((Span(span[0], span[0] + span[1]),),))
    ),
)
MANY = st.one_of(st.none(), st.dictionaries(st.integers(0, 17), MASKS, max_size=18))


def selected(videos: list[Made], masks: dict[int, RowMask] | None, rest: RowMask) -> Selection:
    if masks is None:
        return EVERY_ROW
    ids = {videos[n].record.video.video_id: mask for n, mask in masks.items()}
    return Selection(ids, rest)


def assert_exhaustive(
    found: Scored, videos: list[Made], vector: np.ndarray, aggregate: Aggregate, top_k: int,
    selection: Selection = EVERY_ROW,
) -> None:  # fmt: skip
    expected = scored(aggregate, cosines(videos, vector, selection))
    best = list(expected)[:top_k]
    assert list(found.records) == list(found.scores) == best
    assert list(found.scores.values()) == pytest.approx([expected[key] for key in best], abs=1e-5)
    assert found.bound is None


@pytest.mark.parametrize("aggregate", NAMES)
@given(
    st.integers(0, 2**32), st.integers(1, 50), MANY, MASKS,
    st.integers(1, 30), st.integers(ROWS_A_TIME + 1, 60), st.sampled_from([1, 4, 2000]),
)  # fmt: skip
@settings(max_examples=15)
def test_the_best_are_those_of_all_rows(
    filled: Filled, aggregate: Aggregate, seed: int, top_k: int,
    masks: dict[int, RowMask] | None, rest: RowMask, window: int, widest: int, ids: int,
) -> None:  # fmt: skip
    store, videos = filled.store, filled.videos
    vector = direction(np.random.default_rng(seed))
    selection = selected(videos, masks, rest)
    with limits(window=window, widest=widest, ids=ids):
        found = best_videos(store, vector, aggregate, top_k=top_k, selection=selection)
    assert_exhaustive(found, videos, vector, aggregate, top_k, selection)


@pytest.mark.parametrize("aggregate", NAMES)
def test_with_the_limits_that_it_has(filled: Filled, aggregate: Aggregate) -> None:
    store, videos = filled.store, filled.videos
    for seed in range(5):
        vector = direction(np.random.default_rng(seed))
        found = best_videos(store, vector, aggregate, top_k=5)
        assert_exhaustive(found, videos, vector, aggregate, 5)


@pytest.mark.parametrize("aggregate", ["top_mean", "softmax"])
@given(
    st.integers(0, 2**32), st.integers(1, 20), MANY, MASKS,
    st.integers(1, 30), st.integers(1, 120),
)  # fmt: skip
@settings(max_examples=15)
def test_a_search_that_stops_early_says_what_others_may_score(
    filled: Filled, aggregate: Aggregate, seed: int, top_k: int,
    masks: dict[int, RowMask] | None, rest: RowMask, window: int, most_rows: int,
) -> None:  # fmt: skip
    store, videos = filled.store, filled.videos
    vector = direction(np.random.default_rng(seed))
    selection = selected(videos, masks, rest)
    with limits(window=window, most_rows=most_rows):
        found = best_videos(store, vector, aggregate, top_k=top_k, selection=selection)
    if found.bound is None:
        assert_exhaustive(found, videos, vector, aggregate, top_k, selection)
        return
    assert found.bound <= 1 + 1e-5
    truth = scored(aggregate, cosines(videos, vector, selection))
    assert dict(found.scores) == pytest.approx({key: truth[key] for key in found.scores}, abs=1e-5)
    assert len(found.scores) <= top_k
    for key in truth.keys() - found.scores.keys():
        assert truth[key] <= found.bound + 1e-5


@pytest.mark.parametrize("aggregate", ["top_mean", "softmax"])
def test_little_may_be_read(store: VideoStore, aggregate: Aggregate) -> None:
    """Videos of which one row is very near: nothing but reading them tells them apart."""
    random = np.random.default_rng(3)
    vector = direction(random)
    videos = []
    for n in range(10):
        one = made(f"v{n}", 30, random)
        best = replace(one.rows[4], vector=vector)
        videos.append(replace(one, rows=(*one.rows[:4], best, *one.rows[5:])))
    fill(store, videos)
    with limits(window=10, widest=1000, most_rows=1):
        found = best_videos(store, vector, aggregate, top_k=2)
    truth = scored(aggregate, cosines(videos, vector))
    assert len(found.scores) == 2
    assert found.bound is not None
    assert max(truth[key] for key in truth.keys() - found.scores.keys()) <= found.bound


@pytest.mark.parametrize("aggregate", NAMES)
def test_of_two_with_one_score_the_smaller_id_is_first(
    store: VideoStore, aggregate: Aggregate
) -> None:
    # Halves of which four make a unit vector: their sums are exact in whatever order they are
    # added up, which differs between rows of one product.
    random = np.random.default_rng(1)
    shown = made("v0", 4, random).rows
    halves = tuple(replace(row, vector=_halves(random)) for row in shown)
    videos = [
        Made(
            replace(record(name, count=4), mean=mean(halves)),
            tuple(replace(row, video_id=video_id(name)) for row in halves),
        )
        for name in ("v0", "v1", "v2", "v3", "v4")
    ]
    fill(store, videos)
    vector = _halves(random)
    with limits(widest=1000):
        found = best_videos(store, vector, aggregate, top_k=5)
        assert_exhaustive(found, videos, vector, aggregate, 5)
        # Which of them come is decided by their ids too, where rows are compared until it is.
        if aggregate in ("top_mean", "softmax"):
            found = best_videos(store, vector, aggregate, top_k=2)
            assert_exhaustive(found, videos, vector, aggregate, 2)


def _halves(random: np.random.Generator) -> Float32Array:
    """A unit vector with four halves, float32 (DIM,)."""
    vector = np.zeros(DIM, dtype=np.float32)
    vector[random.permutation(DIM)[:4]] = random.choice([-0.5, 0.5], size=4)
    return vector


@pytest.mark.parametrize("aggregate", NAMES)
def test_of_nothing_nothing_is_best(store: VideoStore, aggregate: Aggregate) -> None:
    vector = direction(np.random.default_rng(0))
    assert best_videos(store, vector, aggregate, top_k=3) == Scored({}, {})
    fill(store, archive(9, videos=3))
    nothing = Selection(rest=NO_ROWS)
    assert best_videos(store, vector, aggregate, top_k=3, selection=nothing) == Scored({}, {})


def test_on_a_server(milvus_server: str) -> None:
    videos = archive(4)
    config = StoreConfig(
        uri=milvus_server, collection=f"s{uuid.uuid4().hex[:12]}", consistency="Strong"
    )
    some = Selection({videos[0].record.video.video_id: NO_ROWS}, RowMask(*3 * ((Span(0, 3),),)))
    with VideoStore.connect(config) as store:
        store.open_for_writing(TILED, IndexConfig(type="FLAT"))
        fill(store, videos)
        for aggregate in NAMES:
            for seed, selection in enumerate((EVERY_ROW, some)):
                vector = direction(np.random.default_rng(seed))
                with limits(window=8, widest=40):
                    found = best_videos(store, vector, aggregate, top_k=4, selection=selection)
                assert_exhaustive(found, videos, vector, aggregate, 4, selection)
    drop_archive(config)
