"""Rows by key, of which most are read before it is known that they are wanted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from pipeline.data import ByKey, Float32Array, Hit, Place
from pipeline.store import VideoStore


class KeyedRows:
    """Reads rows of `segments` by key, and keeps what was read; not for several threads.

    Args:
        store: Open for reading.
        vector: Unit query vector, float32 (dim,), with which the scores are cosines.
        axes: Unit vectors, float32 (n, dim), whose cosines with rows are wanted too.
    """

    def __init__(
        self, store: VideoStore, vector: Float32Array, axes: Float32Array | None = None
    ) -> None:
        self._store = store
        self._vectors = vector[None] if axes is None else np.vstack([vector, axes])
        self._known = ByKey.none(len(self._vectors))
        self._absent: set[str] = set()
        self._ahead: defaultdict[str, list[Hit]] = defaultdict(list)

    def read_ahead(self, places: Mapping[str, Place]) -> None:
        """Read what may be wanted, with the request that costs least, which may leave out some.

        Args:
            places: Where the rows stand, by key.

        Raises:
            StoreError: The store failed.
        """
        for hit in self._read(places, exact=False).hits.values():
            self._ahead[hit.video_id].append(hit)

    def ahead(self, video_id: str) -> Sequence[Hit]:
        """What of a video was read ahead, in no order."""
        return self._ahead.get(video_id, ())

    def hits(self, places: Mapping[str, Place]) -> list[Hit]:
        """The rows that stand there, in that order; keys that are not there are left out.

        Raises:
            StoreError: The store failed.
        """
        known = self._known.hits
        left = places.keys() - known.keys() - self._absent
        if left:
            self._read({key: places[key] for key in left}, exact=self._store.misses)
        return [known[key] for key in places if key in known]

    def cosines(self, hits: Iterable[Hit]) -> dict[str, tuple[float, ...]]:
        """Those with the vector and the axes, by key; rows that are not there are left out.

        Raises:
            StoreError: The store failed.
        """
        return {
            hit.row_id: (hit.score, *(cosines[hit.row_id] for cosines in self._known.others))
            for hit in self.hits({hit.row_id: hit.place for hit in hits})
        }

    def _read(self, places: Mapping[str, Place], *, exact: bool) -> ByKey:
        read = self._store.keyed(places, self._vectors, exact=exact)
        self._known.add(read)
        if exact or not self._store.misses:
            self._absent |= places.keys() - read.hits.keys()
        return read
