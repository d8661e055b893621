"""Rows by key, of which some are read before it is known that they are wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from typing import Generic, TypeVar

from pipeline.data import Float32Array, Hit, Place
from pipeline.store import VideoStore

K = TypeVar("K")
T = TypeVar("T")

_Ask = Callable[[Iterable[K]], dict[K, T]]


class Keyed(Generic[K, T]):
    """Reads something by key, part of it ahead; not for several threads.

    Args:
        store: Open for reading.
        quick: Reads ahead; it may leave out keys that are there.
        sure: Reads what is wanted and not there by then; None if `quick` leaves out nothing.
    """

    def __init__(self, store: VideoStore, quick: _Ask[K, T], sure: _Ask[K, T] | None) -> None:
        self._store = store
        self._quick = quick
        self._sure = sure
        self._ahead: list[tuple[frozenset[K], Future[dict[K, T]]]] = []

    def begin(self, keys: Iterable[K]) -> None:
        """Read what may be wanted, beside other work."""
        begun = frozenset(keys)
        self._ahead.append((begun, self._store.beside(lambda: self._quick(begun))))

    def read(self, keys: Iterable[K]) -> Mapping[K, T]:
        """What belongs to these keys, in no order; keys that are not there are left out.

        Raises:
            StoreError: The store failed, now or at what was begun.
        """
        left = set(keys)
        found: dict[K, T] = {}
        for begun, ahead in self._ahead:
            if not left.isdisjoint(begun):
                there = {key: each for key, each in ahead.result().items() if key in left}
                found |= there
                left -= begun if self._sure is None else there.keys()
        read = self._sure or self._quick
        return found | read(left) if left else found


class KeyedRows:
    """What can be read by key of the rows of `segments`.

    Args:
        store: Open for reading.
        vector: Unit query vector, float32 (dim,), with which the scores are cosines.
    """

    def __init__(self, store: VideoStore, vector: Float32Array) -> None:
        self.hits: Keyed[Place, Hit] = Keyed(
            store,
            lambda places: store.scored(places, vector),
            (lambda places: store.scored(places, vector, exact=True)) if store.misses else None,
        )
        self.vectors: Keyed[str, Float32Array] = Keyed(store, store.vectors, None)
