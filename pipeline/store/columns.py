"""What Milvus answers, column by column -> Hits, cosines, means, rows. Pure functions.

Of what has many rows no dict is made for each of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate, pairwise, repeat
from typing import Any, NamedTuple

import numpy as np

from pipeline.data import WHOLE_FRAME, Box, Float32Array, Hit, KeyedRow, MeanCosine, RowCosine
from pipeline.filters import Kind
from pipeline.store.rows import Row


class Columns(NamedTuple):
    """The rows that a search found, best first.

    Args:
        keys: Of each row.
        scores: Of each row.
        fields: By name, of each row.
    """

    keys: Sequence[str]
    scores: Sequence[float]
    fields: Mapping[str, Sequence[Any]]

    @classmethod
    def each(cls, found: Any, count: int) -> Iterator[Columns]:
        """What was found for each of so many vectors, out of a `schema_pb2.SearchResultData`."""
        keys, fields = found.ids.str_id.data, _fields(found)
        # Where nothing was found at all, how many for each may be left out.
        ends = list(accumulate(found.topks)) or [0] * count
        for start, end in pairwise([0, *ends]):
            part = slice(start, end)
            yield cls(
                keys[part],
                found.scores[part],
                {name: values[part] for name, values in fields.items()},
            )


def rows(found: Any) -> list[Row]:
    """The rows of a `milvus_pb2.QueryResults`, in its order. Vectors are float32 (dim,)."""
    fields = _fields(found)
    return [dict(zip(fields, row, strict=True)) for row in zip(*fields.values(), strict=True)]


def hits(found: Columns, kind: Kind | None) -> list[Hit]:
    """Rows of `segments`; where the kind of all of them is known, it need not have been read."""
    keys, scores, fields = found
    if not keys:
        return []
    place = (fields["video_id"], fields["revision"], fields["scene_index"])
    return list(map(Hit, keys, *place, *_times(fields), *_shapes(fields, kind), scores))


def keyed(each: Sequence[Columns], kind: Kind | None) -> dict[str, KeyedRow]:
    """Rows of `segments` that were found for each of some vectors, by key."""
    keys, _, fields = each[0]
    if not keys:
        return {}
    cosines = [dict(zip(found.keys, found.scores, strict=True)) for found in each]
    together = zip(*(map(of.get, keys) for of in cosines), strict=True)
    made = map(KeyedRow, *_times(fields), *_shapes(fields, kind), together)
    return {key: row for key, row in zip(keys, made, strict=True) if None not in row.cosines}


def cosines(found: Columns) -> list[RowCosine]:
    """Rows of which no more was asked than COSINE_FIELDS."""
    keys, scores, fields = found
    if not keys:
        return []
    return list(map(RowCosine, fields["video_id"], fields["revision"], scores))


def means(found: Columns) -> list[MeanCosine]:
    """Rows of `videos` by their mean, read with MEAN_FIELDS."""
    keys, scores, fields = found
    if not keys:
        return []
    return list(map(MeanCosine, keys, fields["revision"], fields["rows"], scores))


def _times(fields: Mapping[str, Sequence[Any]]) -> tuple[Sequence[float], ...]:
    return fields["start_s"], fields["end_s"], fields["pts_s"]


def _shapes(fields: Mapping[str, Sequence[Any]], kind: Kind | None) -> tuple[Any, Any]:
    if kind:
        return repeat(kind), repeat(WHOLE_FRAME)
    return fields["kind"], (Box(*box) for box in fields["box"])


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
