"""Rows by key: what is read ahead, what is asked for again, and what is not."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest

from pipeline.config import IndexConfig, StoreConfig
from pipeline.data import WHOLE_FRAME, ByKey, Float32Array, Hit, Place, Stretch, row_ids
from pipeline.search.keyed import KeyedRows
from pipeline.store import VideoStore
from tests.store.samples import IDENTITY, embeddings, video_id

THERE = "abc"
VECTOR = np.ones(1, dtype=np.float32)


class Asked:
    """A store's rows, by stretch if it has those: `misses` says that rows may be left out.

    No server can be made to leave out a row at will: so this stands for one.
    """

    identity = IDENTITY

    def __init__(
        self, *, left_out: str = "", misses: bool = True, has_stretches: bool = True
    ) -> None:
        self.left_out = left_out
        self.misses = misses
        self.has_stretches = has_stretches
        self.calls: list[str] = []

    def stretches(
        self, wanted: Collection[Stretch], vectors: Float32Array
    ) -> tuple[ByKey, bool] | None:
        if not self.has_stretches:
            return None
        self.calls.append("stretches")
        there = {each.video_id.removeprefix("video ") for each in wanted} & set(THERE)
        return ByKey({key: hit(key) for key in there - set(self.left_out)}, []), not self.misses

    def keyed(self, row_ids: Collection[str], vectors: Float32Array) -> ByKey:
        self.calls.append("".join(sorted(row_ids)))
        return ByKey({key: hit(key) for key in {*row_ids} & set(THERE)}, [])


def hit(key: str) -> Hit:
    return Hit(key, f"video {key}", 1, 5, 0.0, 1.0, 0.5, "frame", WHOLE_FRAME, 0.0)


def at(keys: str) -> dict[str, Place]:
    return {key: hit(key).place for key in keys}


def keyed_rows(asked: Asked) -> KeyedRows:
    return KeyedRows(asked, VECTOR)  # type: ignore[arg-type]


def read_ahead(keyed: KeyedRows, keys: str) -> None:
    """All of the stretches that hold these."""
    stretches = {place.stretch(keyed.stretch) for place in at(keys).values()}
    keyed.read_ahead(stretches, lambda: set(keys))


def test_what_was_read_ahead_is_not_read_again() -> None:
    asked = Asked()
    keyed = keyed_rows(asked)
    read_ahead(keyed, "ab")
    assert keyed.hits(at("a")) == [hit("a")]
    assert keyed.hits(at("ab")) == [hit("a"), hit("b")]
    assert asked.calls == ["stretches"]


def test_a_store_without_stretches_is_asked_by_key() -> None:
    asked = Asked(has_stretches=False)
    keyed = keyed_rows(asked)
    read_ahead(keyed, "abx")
    assert keyed.hits(at("abx")) == [hit("a"), hit("b")]
    assert list(keyed.ahead("video a")) == [hit("a")]
    assert asked.calls == ["abx"]


def test_what_was_read_ahead_is_known_by_its_video() -> None:
    keyed = keyed_rows(Asked())
    read_ahead(keyed, "a")
    keyed.hits(at("b"))
    assert list(keyed.ahead("video a")) == [hit("a")]
    assert list(keyed.ahead("video b")) == []


def test_what_is_missing_is_asked_for_surely_and_once() -> None:
    """What was not read ahead, what was left out, and what is not there at all."""
    asked = Asked(left_out="b")
    keyed = keyed_rows(asked)
    read_ahead(keyed, "abx")
    for _ in range(2):
        assert keyed.hits(at("abcx")) == [hit("a"), hit("b"), hit("c")]
    assert asked.calls == ["stretches", "bcx"]


def test_what_was_read_ahead_first_is_known_after_more_was() -> None:
    asked = Asked(misses=False)
    keyed = keyed_rows(asked)
    read_ahead(keyed, "ax")
    read_ahead(keyed, "by")
    assert keyed.hits(at("abxy")) == [hit("a"), hit("b")]
    assert asked.calls == ["stretches", "stretches"]


def test_who_leaves_out_nothing_is_not_asked_twice() -> None:
    asked = Asked(misses=False)
    keyed = keyed_rows(asked)
    read_ahead(keyed, "ax")
    assert keyed.hits(at("abx")) == [hit("a"), hit("b")]
    assert asked.calls == ["stretches", "b"]


def test_nothing_wanted_nothing_asked() -> None:
    asked = Asked()
    assert keyed_rows(asked).hits(at("")) == []
    assert asked.calls == []


@pytest.mark.parametrize("count", [0, 2])
def test_what_is_read_ahead_gives_rows_and_their_cosines(tmp_path: Path, count: int) -> None:
    """Keys give rows with the cosine of the vector, and the cosines with the axes, if any."""
    rows, (vector, *axes) = embeddings("a", 6), [row.vector for row in embeddings("query", 3)]
    hits = [
        Hit(
            row.row_id(1), row.video_id, 1, row.scene.index, row.scene.start_s, row.scene.end_s,
            row.pts_s, row.kind, row.box, float(row.vector @ vector),
        )
        for row in rows
    ]  # fmt: skip
    places = {each.row_id: each.place for each in hits}
    nowhere = row_ids(video_id("b"), 1, [0], [0])
    with VideoStore.connect(StoreConfig(uri=str(tmp_path / "archive.db"))) as store:
        store.open_for_writing(IDENTITY, IndexConfig())
        store.upsert_segments(rows, 1)
        keyed = KeyedRows(store, vector, np.array(axes) if count else None)
        with patch.object(store, "keyed", side_effect=store.keyed) as asked:
            keyed.read_ahead((), lambda: places.keys() - {hits[4].row_id})
            found = keyed.hits({each.row_id: each.place for each in hits[:3]} | nowhere)
            cosines = keyed.cosines(hits[3:])
        # Neither one that is not there nor the fifth was read ahead.
        assert [len(call.args[0]) for call in asked.mock_calls] == [5, 1, 1]
    assert [each._replace(score=0.0) for each in found] == [
        each._replace(score=0.0) for each in hits[:3]
    ]
    assert [each.score for each in found] == pytest.approx([each.score for each in hits[:3]])
    for row, each in zip(rows[3:], hits[3:], strict=True):
        right = [float(row.vector @ other) for other in (vector, *axes[:count])]
        assert cosines.pop(each.row_id) == pytest.approx(right, abs=1e-6)
    assert cosines == {}


@pytest.fixture
def store() -> Iterator[VideoStore]:
    """What lends threads; nothing is asked of it."""
    with VideoStore(StoreConfig(uri="unused.db")) as lending:
        yield lending


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
