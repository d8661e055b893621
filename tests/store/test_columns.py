"""Milvus' messages -> rows: whatever they leave out, and each type that is read."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pymilvus import DataType
from pymilvus.grpc_gen import milvus_pb2, schema_pb2

from pipeline.data import WHOLE_FRAME, Box, ByKey, Hit, Stretch
from pipeline.store import columns
from pipeline.store.columns import Columns


def column(name: str, kind: DataType, part: str, values: list[Any]) -> schema_pb2.FieldData:
    made = schema_pb2.FieldData(field_name=name, type=kind)
    getattr(made.scalars, part).data.extend(values)
    return made


def texts(values: list[str]) -> schema_pb2.ScalarField:
    return schema_pb2.ScalarField(string_data=schema_pb2.StringArray(data=values))


def doubles(name: str, values: list[float]) -> schema_pb2.FieldData:
    return column(name, DataType.DOUBLE, "double_data", values)


def times(values: list[float]) -> list[schema_pb2.FieldData]:
    return [
        doubles(name, [value + n for value in values])
        for n, name in enumerate(("start_s", "end_s", "pts_s"))
    ]


def search_result(
    keys: list[str], scores: list[float], topks: list[int], fields: list[schema_pb2.FieldData]
) -> schema_pb2.SearchResultData:
    ids = schema_pb2.IDs(str_id=schema_pb2.StringArray(data=keys))
    return schema_pb2.SearchResultData(ids=ids, scores=scores, topks=topks, fields_data=fields)


def test_rows_of_a_query_have_every_type() -> None:
    vectors = schema_pb2.VectorField(
        dim=2, float_vector=schema_pb2.FloatArray(data=[1.0, 0.0, 0.5, 0.25])
    )
    found = milvus_pb2.QueryResults(
        fields_data=[
            column("video_id", DataType.VARCHAR, "string_data", ["a", "b"]),
            column("rows", DataType.INT64, "long_data", [3, 2**40]),
            column("probe", DataType.JSON, "json_data", [b'{"duration_s":1.5}', b"{}"]),
            column("paths", DataType.ARRAY, "array_data", [texts(["x", "\u00e9"]), texts([])]),
            schema_pb2.FieldData(field_name="mean", type=DataType.FLOAT_VECTOR, vectors=vectors),
        ]
    )
    first, second = columns.rows(found)
    assert first.pop("mean").tolist() == [1.0, 0.0]
    mean = second.pop("mean")
    assert (mean.tolist(), mean.dtype) == ([0.5, 0.25], np.float32)
    assert first == {
        "video_id": "a", "rows": 3, "probe": {"duration_s": 1.5}, "paths": ["x", "\u00e9"],
    }  # fmt: skip
    assert second == {"video_id": "b", "rows": 2**40, "probe": {}, "paths": []}


def test_a_query_that_finds_nothing() -> None:
    empty = schema_pb2.FieldData(field_name="row_id", type=DataType.VARCHAR)
    assert columns.rows(milvus_pb2.QueryResults(fields_data=[empty])) == []


@pytest.mark.parametrize("topks", [[], [0, 0]])
def test_a_search_that_finds_nothing(topks: list[int]) -> None:
    nothing = list(Columns.each(search_result([], [], topks, []), 2))
    assert len(nothing) == 2
    assert columns.hits(nothing[0], "frame") == columns.cosines(nothing[0]) == []
    assert columns.means(nothing[0]) == []
    assert columns.by_key(nothing, "frame", {}) == ByKey({}, [{}])


def test_hits_have_what_was_read_or_what_is_known() -> None:
    place = [
        column("video_id", DataType.VARCHAR, "string_data", ["v", "w"]),
        column("revision", DataType.INT64, "long_data", [1, 2]),
        column("scene_index", DataType.INT64, "long_data", [3, 4]),
    ]
    boxes = [
        schema_pb2.ScalarField(double_data=schema_pb2.DoubleArray(data=values))
        for values in ([0, 0, 1, 1], [0, 0, 0.5, 0.5])
    ]
    shape = [
        column("kind", DataType.VARCHAR, "string_data", ["frame", "tile"]),
        column("box", DataType.ARRAY, "array_data", boxes),
    ]
    fields = [*place, *times([0.0, 10.0]), *shape]
    [found] = Columns.each(search_result(["k", "l"], [0.5, 0.25], [2], fields), 1)
    assert columns.hits(found, None) == [
        Hit("k", "v", 1, 3, 0.0, 1.0, 2.0, "frame", WHOLE_FRAME, 0.5),
        Hit("l", "w", 2, 4, 10.0, 11.0, 12.0, "tile", Box(0, 0, 0.5, 0.5), 0.25),
    ]
    [known] = Columns.each(search_result(["k", "l"], [0.5, 0.25], [2], fields[:-2]), 1)
    assert {(hit.kind, hit.box) for hit in columns.hits(known, "scene")} == {("scene", WHOLE_FRAME)}


def test_rows_by_key_are_those_found_for_each_vector() -> None:
    """Each vector has its own order, and an index may leave out another row for each."""
    keys, scores = ["a", "b", "c", "c", "a"], [0.75, 0.5, 0.25, 0.125, 0.0]
    place = [
        column("stretch_key", DataType.INT64, "long_data", [7, 7, 8, 8, 7]),
        column("scene_index", DataType.INT64, "long_data", [0, 1, 3, 3, 0]),
    ]
    fields = [*place, *times([1.0, 2.0, 3.0, 3.0, 1.0])]
    found = search_result(keys, scores, [3, 2], fields)
    stretches = {7: Stretch("v", 1, 0), 8: Stretch("w", 2, 0), 9: Stretch("w", 2, 1)}
    read = columns.by_key(list(Columns.each(found, 2)), "frame", stretches)
    assert read.hits == {
        "a": Hit("a", "v", 1, 0, 1.0, 2.0, 3.0, "frame", WHOLE_FRAME, 0.75),
        "c": Hit("c", "w", 2, 3, 3.0, 4.0, 5.0, "frame", WHOLE_FRAME, 0.25),
    }
    assert read.others == [{"a": 0.0, "c": 0.125}]
