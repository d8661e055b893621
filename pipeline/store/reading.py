"""Reading `segments`: by its index, and by comparing every row where an index falls short."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from pipeline.config import StoreConfig
from pipeline.data import ByKey, Float32Array, Hit, RowCosine, Scope, Stretch
from pipeline.store import columns, rows, schema
from pipeline.store.archive import Archive
from pipeline.store.columns import Columns
from pipeline.store.connection import is_lite
from pipeline.store.expressions import EVERYTHING, after, among
from pipeline.store.requests import Requests
from pipeline.store.scopes import BY_KEY, within

MAX_LIMIT = 16384
"""Most hits that one search can ask for."""

T = TypeVar("T")

_KEYS = 16**8
"""As many keys as their first eight digits tell apart."""

_LIKELY_ROWS = 64
"""Of a scene, where the settings do not say how many it has at most."""


@dataclass(frozen=True, slots=True)
class _Form(Generic[T]):
    """How much of each row is read."""

    fields: Sequence[str]
    found: Callable[[Columns], list[T]]
    of: Callable[[Hit], T]


_COSINES = _Form(
    schema.COSINE_FIELDS,
    columns.cosines,
    lambda hit: RowCosine(hit.video_id, hit.revision, hit.score),
)


@dataclass(frozen=True, slots=True)
class SegmentReader:
    """How one archive is read: over which connection, with which config and consistency."""

    requests: Requests
    config: StoreConfig
    archive: Archive
    consistency: str

    def search(self, vector: Float32Array, limit: int, scope: Scope, *, exact: bool) -> list[Hit]:
        """See `VideoStore.search`."""
        kind = self.archive.settings.identity.kind
        fields = schema.hit_fields(kind)
        form = _Form(fields, lambda found: columns.hits(found, kind), lambda hit: hit)
        return self._search(form, vector, limit, scope, exact=exact)

    def cosines(
        self, vector: Float32Array, limit: int, scope: Scope, *, exact: bool
    ) -> list[RowCosine]:
        """See `VideoStore.cosines`."""
        return self._search(_COSINES, vector, limit, scope, exact=exact)

    def _search(
        self, form: _Form[T], vector: Float32Array, limit: int, scope: Scope, *, exact: bool
    ) -> list[T]:
        if not 1 <= limit <= MAX_LIMIT:
            raise ValueError(f"limit must be 1 to {MAX_LIMIT}, not {limit}")
        if exact and not self._index_is_exact():
            return [form.of(hit) for hit in self._compared(vector, limit, scope)]
        hits = self._found(form, vector, limit, scope, wide=exact)
        if exact or len(hits) == limit or self.archive.settings.index.type == "FLAT":
            return hits
        hits = self._found(form, vector, limit, scope, wide=True)
        # Milvus Lite's IVF gives too few whatever it is asked; its archives are small.
        if self._is_lite_ivf() and self._misses(len(hits), limit, scope):
            return [form.of(hit) for hit in self._compared(vector, limit, scope)]
        return hits

    def scan(self, scope: Scope) -> Iterator[tuple[Hit, Float32Array]]:
        """See `VideoStore.scan`."""
        fields = ["row_id", *schema.hit_fields(None), "vector"]
        name = self.archive.names.segments
        for row in self.requests.iterate(name, "row_id", within(scope), fields):
            yield rows.hit(row, math.nan), rows.as_vector(row["vector"])

    def stretches(
        self, wanted: Collection[Stretch], vectors: Float32Array
    ) -> tuple[ByKey, bool] | None:
        """See `VideoStore.stretches`."""
        if is_lite(self.config.uri) or not (self._is_graph or self._index_is_exact()):
            # Milvus Lite's index misses most, and a quantized one errs.
            return None
        identity, found = self.archive.settings.identity, ByKey.none(len(vectors))
        by_number = {stretch.key: stretch for stretch in wanted}
        fields = schema.stretch_fields(identity.kind)
        most = (identity.most_rows or _LIKELY_ROWS) * identity.stretch
        # Of a graph, not each node is reached under a filter.
        are_all = not self._is_graph
        for keys in rows.chunks(list(by_number)):
            # One more than there can be, where that is known, tells that none was cut off.
            limit = min(MAX_LIMIT, most * len(keys) + 1)
            condition = among("stretch_key", keys)
            answers = self._nearest(vectors, limit, condition, fields, wide=True)
            are_all = are_all and len(answers[0].keys) < limit
            found.add(columns.by_key(answers, identity.kind, by_number))
        return found, are_all

    def keyed(self, row_ids: Iterable[str], vectors: Float32Array) -> ByKey:
        """See `VideoStore.keyed`."""
        found = ByKey.none(len(vectors))
        for row, vector in self._fetch(row_ids, schema.hit_fields(None)):
            key = row["row_id"]
            score, *further = map(float, vectors @ vector)
            found.hits[key] = rows.hit(row, score)
            for cosines, cosine in zip(found.others, further, strict=True):
                cosines[key] = cosine
        return found

    def vectors(self, row_ids: Iterable[str]) -> dict[str, Float32Array]:
        """See `VideoStore.vectors`."""
        return {row["row_id"]: vector for row, vector in self._fetch(row_ids, ())}

    def _fetch(
        self, row_ids: Iterable[str], fields: Iterable[str]
    ) -> Iterator[tuple[rows.Row, Float32Array]]:
        every = ["row_id", *fields, "vector"]
        name = self.archive.names.segments
        for row in self.requests.fetch(name, "row_id", row_ids, every, self.consistency):
            yield row, rows.as_vector(row["vector"])

    def sample(self, count: int, *, of: int) -> Float32Array:
        """See `VideoStore.sample`."""
        # Keys are hashes: those behind a place are as good as drawn by lot.
        least = max(0, _KEYS - math.ceil(_KEYS * count / max(of, 1)))
        condition = after("row_id", f"{least:08x}") if count < of else EVERYTHING
        found = self.requests.iterate(
            self.archive.names.segments, "row_id", condition, ["row_id", "vector"]
        )
        vectors = [rows.as_vector(row["vector"]) for row in found]
        return np.array(vectors, dtype=np.float32).reshape(-1, self.archive.settings.identity.dim)

    @property
    def _is_graph(self) -> bool:
        return self.archive.settings.index.type == "HNSW"

    def _index_is_exact(self) -> bool:
        index = self.archive.settings.index.type
        return index == "FLAT" or (index == "IVF_FLAT" and not is_lite(self.config.uri))

    def _is_lite_ivf(self) -> bool:
        index = self.archive.settings.index.type
        return index.startswith("IVF") and is_lite(self.config.uri)

    def _found(
        self, form: _Form[T], vector: Float32Array, limit: int, scope: Scope, *, wide: bool
    ) -> list[T]:
        condition = within(scope, BY_KEY)
        [found] = self._nearest(vector[None], limit, condition, form.fields, wide=wide)
        return form.found(found)

    def _nearest(
        self,
        vectors: Float32Array,
        limit: int,
        condition: str,
        fields: Sequence[str],
        *,
        wide: bool,
    ) -> list[Columns]:
        index = self.archive.settings.index
        return self.requests.nearest(
            self.archive.names.segments,
            "vector",
            vectors,
            limit,
            condition,
            schema.search_params(index, self.config.search, limit=limit, wide=wide),
            fields,
            self.consistency,
        )

    def _misses(self, count: int, limit: int, scope: Scope) -> bool:
        if count == limit:
            return False
        name = self.archive.names.segments
        return self.requests.count(name, within(scope, BY_KEY), self.consistency) > count

    def _compared(self, vector: Float32Array, limit: int, scope: Scope) -> list[Hit]:
        unit = vector / np.linalg.norm(vector)
        scored = (
            hit._replace(score=float(row_vector @ unit)) for hit, row_vector in self.scan(scope)
        )
        return heapq.nlargest(limit, scored, key=lambda hit: hit.score)
