"""Rows that were read ahead, and what is asked for again."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from pipeline.config import StoreConfig
from pipeline.search.keyed import Keyed
from pipeline.store import VideoStore

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
    assert keyed.read("c") == {"c": 3}
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
