"""Rows by key, of which some are read before it is known that they are wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from typing import Generic, TypeVar

import numpy as np

from pipeline.data import Float32Array, Hit, KeyedRow, Place
from pipeline.store import VideoStore

T = TypeVar("T")

_Ask = Callable[[Iterable[str]], dict[str, T]]


class Keyed(Generic[T]):
    """Reads something by key, part of it ahead; not for several threads.

    Args:
        store: Open for reading.
        quick: Reads ahead; it may leave out keys that are there.
        sure: Reads what is wanted and not there by then; None if `quick` leaves out nothing.
    """

    def __init__(self, store: VideoStore, quick: _Ask[T], sure: _Ask[T] | None) -> None:
        self._store = store
        self._quick = quick
        self._sure = sure
        self._read: dict[str, T] = {}
        self._ahead: list[tuple[frozenset[str], Future[dict[str, T]]]] = []

    def begin(self, keys: Iterable[str]) -> None:
        """Read what may be wanted, beside other work."""
        begun = frozenset(keys)
        self._ahead.append((begun, self._store.beside(lambda: self._quick(begun))))

    def read(self, keys: Iterable[str]) -> Mapping[str, T]:
        """What belongs to these keys, in no order; keys that are not there are left out.

        Raises:
            StoreError: The store failed, now or at what was begun.
        """
        left = set(keys)
        found = {key: self._read[key] for key in left & self._read.keys()}
        left -= found.keys()
        for begun, ahead in self._ahead:
            if not left.isdisjoint(begun):
                there = {key: each for key, each in ahead.result().items() if key in left}
                found |= there
                left -= begun if self._sure is None else there.keys()
        if left:
            read = (self._sure or self._quick)(left)
            self._read |= read
            found |= read
        return found


class KeyedRows:
    """What is read by key of the rows of `segments`, most of it with the one request that is begun.

    Args:
        store: Open for reading.
        vector: Unit query vector, float32 (dim,), with which the scores are cosines.
        axes: Unit vectors, float32 (n, dim), whose cosines with rows are wanted too.
    """

    def __init__(
        self, store: VideoStore, vector: Float32Array, axes: Float32Array | None = None
    ) -> None:
        vectors = vector[None] if axes is None else np.vstack([vector, axes])
        self._rows: Keyed[KeyedRow] = Keyed(
            store,
            lambda keys: store.keyed(keys, vectors),
            (lambda keys: store.keyed(keys, vectors, exact=True)) if store.misses else None,
        )
        self._keys: dict[Place, str] = {}

    def begin(self, places: Iterable[Place], others: Iterable[str]) -> None:
        """Read what may be wanted, beside other work: rows at some places, and of some keys."""
        self._rows.begin([*map(self._key, places), *others])

    def hits(self, places: Iterable[Place]) -> list[Hit]:
        """The rows at some places, in no order; places where there is none are left out."""
        at = {self._key(place): place for place in places}
        return [Hit.at(key, at[key], row) for key, row in self._rows.read(at).items()]

    def cosines(self, row_ids: Iterable[str]) -> dict[str, tuple[float, ...]]:
        """Those with the vector and the axes, by key; keys that are not there are left out."""
        return {key: row.cosines for key, row in self._rows.read(row_ids).items()}

    def _key(self, place: Place) -> str:
        key = self._keys.get(place)
        if key is None:
            key = self._keys[place] = place.row_id()
        return key
