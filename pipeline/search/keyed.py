"""Rows by key, of which some are read before it is known that they are wanted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import Executor, Future

from pipeline.data import Float32Array, Hit
from pipeline.store import VideoStore

KeyedRow = tuple[Hit, Float32Array]


class KeyedRows:
    """Reads rows of `segments` by key; not for several threads.

    Args:
        store: Open for reading.
        vector: Unit query vector, float32 (dim,), with which the scores are cosines.
    """

    def __init__(self, store: VideoStore, vector: Float32Array) -> None:
        self._store = store
        self._vector = vector
        self._ahead: list[tuple[frozenset[str], Future[dict[str, KeyedRow]]]] = []

    def begin(self, keys: Iterable[str], other: Executor) -> None:
        """Read rows of which some may be wanted, beside other work."""
        begun = frozenset(keys)
        self._ahead.append((begun, other.submit(lambda: dict(self._by_key(begun)))))

    def read(self, keys: Iterable[str]) -> Iterator[KeyedRow]:
        """Rows with their vectors, in no order; keys that are not there are left out.

        Raises:
            StoreError: The store failed, now or at what was begun.
        """
        wanted = set(keys)
        for begun, ahead in self._ahead:
            if not wanted.isdisjoint(begun):
                yield from (row for key, row in ahead.result().items() if key in wanted)
                wanted -= begun
        if wanted:
            yield from (row for _, row in self._by_key(wanted))

    def _by_key(self, keys: Iterable[str]) -> Iterator[tuple[str, KeyedRow]]:
        return ((row[0].row_id, row) for row in self._store.rows(keys, self._vector))
