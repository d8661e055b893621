"""Rows that were read ahead, and what is asked for again."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest

from pipeline.config import IndexConfig, StoreConfig
from pipeline.data import Place
from pipeline.search.keyed import Keyed, KeyedRows
from pipeline.store import VideoStore
from tests.store.samples import IDENTITY, embeddings, video_id

THERE = {"a": 1, "b": 2, "c": 3}


class Asked:
    """Gives what is there, but for some keys, and remembers what it was asked."""

    def __init__(self, *, misses: str = "") -> None:
        self.misses = misses
        self.calls: list[set[str]] = []

    def __call__(self, keys: Iterable[str]) -> dict[str, int]:
        self.calls.append(set(keys))
        return {key: THERE[key] for key in self.calls[-1] & THERE.keys() - set(self.misses)}


@pytest.fixture
def store() -> Iterator[VideoStore]:
    """What lends threads; nothing is asked of it."""
    with VideoStore(StoreConfig(uri="unused.db")) as lending:
        yield lending


def test_what_was_read_ahead_is_not_read_again(store: VideoStore) -> None:
    quick, sure = Asked(), Asked()
    keyed = Keyed(store, quick, sure)
    keyed.begin("ab")
    assert keyed.read("a") == {"a": 1}
    assert keyed.read("ab") == {"a": 1, "b": 2}
    assert quick.calls == [{"a", "b"}]
    assert sure.calls == []


def test_what_is_missing_is_asked_for_surely(store: VideoStore) -> None:
    """What was not begun, what was left out, and what is not there at all."""
    quick, sure = Asked(misses="b"), Asked()
    keyed = Keyed(store, quick, sure)
    keyed.begin("abx")
    assert keyed.read("abcx") == THERE
    assert sure.calls == [{"b", "c", "x"}]


def test_nothing_begun_nothing_wanted(store: VideoStore) -> None:
    quick, sure = Asked(), Asked()
    keyed = Keyed(store, quick, sure)
    assert keyed.read("c") == keyed.read("c") == {"c": 3}
    assert keyed.read("") == {}
    assert (quick.calls, sure.calls) == ([], [{"c"}])


def test_a_failure_ahead_is_told_to_who_wants_it(store: VideoStore) -> None:
    def fails(keys: Iterable[str]) -> dict[str, int]:
        raise ConnectionError("gone")

    keyed = Keyed(store, fails, Asked())
    keyed.begin("a")
    assert keyed.read("b") == {"b": 2}
    with pytest.raises(ConnectionError, match="gone"):
        keyed.read("a")


def test_who_leaves_out_nothing_is_not_asked_twice(store: VideoStore) -> None:
    quick = Asked()
    keyed = Keyed(store, quick, None)
    keyed.begin("ax")
    assert keyed.read("abx") == {"a": 1, "b": 2}
    assert quick.calls == [{"a", "x"}, {"b"}]


@pytest.mark.parametrize("count", [0, 2])
def test_places_and_keys_are_one_request(tmp_path: Path, count: int) -> None:
    """Rows at places give hits, and rows by key the cosines with the axes, if there are any."""
    rows, (vector, *axes) = embeddings("a", 6), [row.vector for row in embeddings("query", 3)]
    places = [Place(row.video_id, 1, row.scene.index, row.sample_index) for row in rows[:4]]
    nowhere = Place(video_id("b"), 1, 0, 0)
    with VideoStore.connect(StoreConfig(uri=str(tmp_path / "archive.db"))) as store:
        store.open_for_writing(IDENTITY, IndexConfig())
        store.upsert_segments(rows, 1)
        keyed = KeyedRows(store, vector, np.array(axes) if count else None)
        with patch.object(store, "keyed", side_effect=store.keyed) as asked:
            keyed.begin([*places, nowhere], [rows[5].row_id(1)])
            hits = {hit.row_id: hit for hit in keyed.hits([*places[:3], nowhere])}
            cosines = keyed.cosines(row.row_id(1) for row in rows[3:])
        # The fifth was not begun, and is asked for by itself.
        assert [len(call.args[0]) for call in asked.mock_calls] == [6, 1]
    assert hits.keys() == {place.row_id() for place in places[:3]}
    for row, place in zip(rows, places[:3], strict=False):
        hit = hits[place.row_id()]
        assert hit[:8] == (
            row.row_id(1), row.video_id, 1, row.scene.index,
            row.scene.start_s, row.scene.end_s, row.pts_s, row.kind,
        )  # fmt: skip
        assert hit.score == pytest.approx(float(row.vector @ vector), abs=1e-6)
    assert cosines.keys() == {row.row_id(1) for row in rows[3:]}
    for row in rows[3:]:
        right = [float(row.vector @ other) for other in (vector, *axes[:count])]
        assert cosines[row.row_id(1)] == pytest.approx(right, abs=1e-6)


def test_what_is_under_way_ends_before_a_store_is_closed(store: VideoStore) -> None:
    running, go_on = threading.Event(), threading.Event()

    def request() -> str:
        running.set()
        go_on.wait()
        return "done"

    begun = store.beside(request)
    running.wait()
    with ThreadPoolExecutor(1) as other:
        closing = other.submit(store.close)
        with pytest.raises(TimeoutError):
            closing.result(timeout=0.05)
        go_on.set()
        closing.result()
    assert begun.result() == "done"
    with pytest.raises(RuntimeError):
        store.beside(lambda: None)
