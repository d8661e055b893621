"""What Milvus answers, column by column -> Hits, cosines, means, rows. Pure functions.

Of what has many rows no dict is made for each of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate, pairwise
from typing import Any, NamedTuple

import numpy as np

from pipeline.data import (
    WHOLE_FRAME,
    Box,
    ByKey,
    Float32Array,
    Hit,
    MeanCosine,
    RowCosine,
    Stretch,
)
from pipeline.filters import Kind
from pipeline.store.rows import Row


class Columns(NamedTuple):
    """The rows that a search found, best first.

    Args:
        keys: Of each row.
        scores: Of each row.
        fields: By name, of each row that was found for any vector.
        part: Which of these are its own.
    """

    keys: Sequence[str]
    scores: Sequence[float]
    fields: Mapping[str, Sequence[Any]]
    part: slice

    @classmethod
    def each(cls, found: Any, count: int) -> Iterator[Columns]:
        """What was found for each of so many vectors, out of a `schema_pb2.SearchResultData`."""
        keys, fields = found.ids.str_id.data, _fields(found)
        # Where nothing was found at all, how many for each may be left out.
        ends = list(accumulate(found.topks)) or [0] * count
        for start, end in pairwise([0, *ends]):
            part = slice(start, end)
            yield cls(keys[part], found.scores[part], fields, part)

    def field(self, name: str) -> Sequence[Any]:
        """Of each row."""
        return self.fields[name][self.part]


def rows(found: Any) -> list[Row]:
    """The rows of a `milvus_pb2.QueryResults`, in its order. Vectors are float32 (dim,)."""
    fields = _fields(found)
    return [dict(zip(fields, row, strict=True)) for row in zip(*fields.values(), strict=True)]


def hits(found: Columns, kind: Kind | None) -> list[Hit]:
    """Rows of `segments`; where the kind of all of them is known, it need not have been read."""
    if not found.keys:
        return []
    return list(_hits(found, found.field("video_id"), found.field("revision"), kind))


def by_key(each: Sequence[Columns], kind: Kind | None, stretches: Mapping[int, Stretch]) -> ByKey:
    """Rows of some stretches, which are given by key, found for each of some vectors."""
    first, *rest = each
    if not first.keys:
        return ByKey.none(len(each))
    of = [stretches[key] for key in first.field("stretch_key")]
    ids, revisions, _ = zip(*of, strict=True)
    found = {hit.row_id: hit for hit in _hits(first, ids, revisions, kind)}
    others = [dict(zip(other.keys, other.scores, strict=True)) for other in rest]
    # An index may leave out another row for each.
    for cosines in others:
        if not found.keys() <= cosines.keys():
            found = {key: hit for key, hit in found.items() if key in cosines}
    return ByKey(found, others)


def _hits(
    found: Columns, ids: Sequence[str], revisions: Sequence[int], kind: Kind | None
) -> Iterator[Hit]:
    inner = map(found.field, ("scene_index", "start_s", "end_s", "pts_s"))
    count = len(found.keys)
    kinds = [kind] * count if kind else found.field("kind")
    boxes = [WHOLE_FRAME] * count if kind else [Box(*box) for box in found.field("box")]
    # `_make` takes two thirds of the time of a call.
    every = zip(found.keys, ids, revisions, *inner, kinds, boxes, found.scores, strict=True)
    return map(Hit._make, every)


def cosines(found: Columns) -> list[RowCosine]:
    """Rows of which no more was asked than COSINE_FIELDS."""
    if not found.keys:
        return []
    every = zip(found.field("video_id"), found.field("revision"), found.scores, strict=True)
    return list(map(RowCosine._make, every))


def means(found: Columns) -> list[MeanCosine]:
    """Rows of `videos` by their mean, read with MEAN_FIELDS."""
    if not found.keys:
        return []
    counts = found.field("revision"), found.field("rows")
    return list(map(MeanCosine._make, zip(found.keys, *counts, found.scores, strict=True)))


def _fields(found: Any) -> dict[str, Sequence[Any]]:
    return {
        column.field_name: _vectors(column.vectors)
        if column.HasField("vectors")
        else _values(column.scalars)
        for column in found.fields_data
    }


def _vectors(column: Any) -> list[Float32Array]:
    values = np.array(column.float_vector.data, dtype=np.float32)
    return list(values.reshape(-1, column.dim))


def _values(column: Any) -> Sequence[Any]:
    # Of no values the type is not told.
    kind = column.WhichOneof("data")
    values: Sequence[Any] = getattr(column, kind).data if kind else ()
    if kind == "json_data":
        return list(map(json.loads, values))
    if kind == "array_data":
        return [list(_values(each)) for each in values]
    return values
