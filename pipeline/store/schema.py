"""The two collections and their indexes, in Milvus' terms.

`segments` holds only facts that follow from a video's content: its rows never change. What can
change without the content changing, such as paths and tags, lives in `videos`.
"""

from __future__ import annotations

from typing import Any

from pymilvus import CollectionSchema, DataType, FieldSchema
from pymilvus.milvus_client import IndexParams

from pipeline.config import AnnConfig
from pipeline.filters import Kind
from pipeline.store.rows import MAX_PATHS
from pipeline.store.versions import ArchiveIndex

SETTINGS_PROPERTY = "vsearch.settings"
"""The collection property with the record of settings. Milvus Lite keeps no description."""

COSINE_FIELDS = ("video_id", "revision")
_TIME_FIELDS = ("scene_index", "start_s", "end_s", "pts_s")
_SHAPE_FIELDS = ("kind", "box")
VIDEO_FIELDS = (
    "video_id", "revision", "probe", "paths", "tags", "recorded_at", "indexed_at", "rows", "scenes",
    "mean",
)  # fmt: skip
MEAN_FIELDS = ("revision", "rows")
ENTRY_FIELDS = ("video_id", "revision", "probe", "rows", "paths", "tags", "recorded_at")
TOTAL_FIELDS = ("video_id", "probe", "indexed_at", "rows")
FACT_FIELDS = ("video_id", "probe", "paths", "tags", "recorded_at")
MEAN_INDEX = ArchiveIndex("FLAT", {})
MEAN_METRIC = "IP"
_MAX_EF = 32768
_MAX_TEXT_BYTES = 65535


def hit_fields(kind: Kind | None) -> tuple[str, ...]:
    """What of a row of `segments` is to be read, where the kind of all may be known."""
    return (*COSINE_FIELDS, *_inner_fields(kind))


def stretch_fields(kind: Kind | None) -> tuple[str, ...]:
    """The same where it is known which stretches are read: one number for a long text."""
    return ("stretch_key", *_inner_fields(kind))


def _inner_fields(kind: Kind | None) -> tuple[str, ...]:
    return _TIME_FIELDS if kind else (*_TIME_FIELDS, *_SHAPE_FIELDS)


def segments_schema(dim: int) -> CollectionSchema:
    """One row a vector."""
    return _schema(
        _text("row_id", 32, is_primary=True),
        _text("video_id", 64),
        FieldSchema("revision", DataType.INT64),
        FieldSchema("scene_index", DataType.INT64),
        FieldSchema("video_key", DataType.INT64),
        FieldSchema("stretch_key", DataType.INT64),
        FieldSchema("start_s", DataType.DOUBLE),
        FieldSchema("end_s", DataType.DOUBLE),
        FieldSchema("pts_s", DataType.DOUBLE),
        _text("kind", 16),
        FieldSchema("box", DataType.ARRAY, element_type=DataType.DOUBLE, max_capacity=4),
        FieldSchema("vector", DataType.FLOAT_VECTOR, dim=dim),
    )


def videos_schema(dim: int) -> CollectionSchema:
    """One row a committed video."""
    return _schema(
        _text("video_id", 64, is_primary=True),
        FieldSchema("revision", DataType.INT64),
        FieldSchema("probe", DataType.JSON),
        _texts("paths"),
        _texts("tags"),
        _text("recorded_at", 64),
        _text("indexed_at", 64),
        FieldSchema("rows", DataType.INT64),
        FieldSchema("scenes", DataType.INT64),
        FieldSchema("mean", DataType.FLOAT_VECTOR, dim=dim),
    )


def index_params(field: str, index: ArchiveIndex, metric: str) -> IndexParams:
    """One index, as pymilvus takes it."""
    params = IndexParams()
    params.add_index(field, index_type=index.type, metric_type=metric, params=dict(index.params))
    return params


def search_params(index: ArchiveIndex, ann: AnnConfig, *, limit: int, wide: bool) -> dict[str, Any]:
    """How to search `index` for `limit` rows; `wide`: as far as the index goes."""
    params: dict[str, int] = {}
    if index.type == "HNSW":
        # Milvus refuses an ef below the limit.
        params = {"ef": _MAX_EF if wide else max(ann.ef, limit)}
    elif index.type.startswith("IVF"):
        nlist = index.params["nlist"]
        params = {"nprobe": nlist if wide else min(ann.nprobe, nlist)}
    return {"metric_type": "COSINE", "params": params}


def _schema(*fields: FieldSchema) -> CollectionSchema:
    return CollectionSchema(list(fields), enable_dynamic_field=False)


def _text(name: str, max_bytes: int, *, is_primary: bool = False) -> FieldSchema:
    return FieldSchema(name, DataType.VARCHAR, max_length=max_bytes, is_primary=is_primary)


def _texts(name: str) -> FieldSchema:
    return FieldSchema(
        name,
        DataType.ARRAY,
        element_type=DataType.VARCHAR,
        max_capacity=MAX_PATHS,
        max_length=_MAX_TEXT_BYTES,
    )
