"""What Milvus answers, column by column -> Hits, cosines, means, rows. Pure functions.

Of what has many rows no dict is made for each of them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import repeat
from typing import Any, NamedTuple

import numpy as np

from pipeline.data import WHOLE_FRAME, Box, Float32Array, Hit, MeanCosine, Place, RowCosine
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
    def of(cls, found: Any) -> Columns:
        """Out of a `schema_pb2.SearchResultData` of one vector."""
        return cls(found.ids.str_id.data, found.scores, _fields(found))


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


def hits_at(found: Columns, places: Mapping[str, Place], kind: Kind | None) -> dict[Place, Hit]:
    """As `hits`, of rows whose place is known by their key and need not have been read either."""
    keys, scores, fields = found
    if not keys:
        return {}
    at = [places[key] for key in keys]
    video_ids, revisions, scenes, _ = zip(*at, strict=True)
    shapes = _shapes(fields, kind)
    made = map(Hit, keys, video_ids, revisions, scenes, *_times(fields), *shapes, scores)
    return dict(zip(at, made, strict=True))


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
