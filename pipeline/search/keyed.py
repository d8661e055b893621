"""Rows by key, of which most are read before it is known that they are wanted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

import numpy as np

from pipeline.data import ByKey, Float32Array, Hit, Place, Stretch
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
        self._whole: set[Stretch] = set()
        self._ahead: defaultdict[str, list[Hit]] = defaultdict(list)

    @property
    def stretch(self) -> int:
        """How many scenes a stretch has."""
        return self._store.identity.stretch

    def read_ahead(
        self, stretches: Collection[Stretch], places: Callable[[], Collection[str]]
    ) -> None:
        """Read what may be wanted, with the request that costs least, which may leave out some.

        Args:
            stretches: What holds the rows.
            places: Gives their keys, which are asked for where stretches cost no less.

        Raises:
            StoreError: The store failed.
        """
        found = self._store.stretches(stretches, self._vectors)
        if found is None:
            read = self._read(places())
        else:
            read, are_all = found
            self._known.add(read)
            self._whole.update(stretches if are_all else ())
        for hit in read.hits.values():
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
        if self._whole:
            left = {key for key in left if places[key].stretch(self.stretch) not in self._whole}
        if left:
            self._read(left)
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

    def _read(self, keys: Collection[str]) -> ByKey:
        read = self._store.keyed(keys, self._vectors)
        self._known.add(read)
        self._absent.update(key for key in keys if key not in read.hits)
        return read
