"""What is asked for by stretch, and whether it is all there is.

No server can be filled in a test so that a search by stretch is cut off: so its answers are made.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from pipeline.config import IndexConfig, StoreConfig
from pipeline.data import Float32Array, Identity, Stretch
from pipeline.store import MAX_LIMIT
from pipeline.store.archive import Archive
from pipeline.store.columns import Columns
from pipeline.store.reading import SegmentReader
from pipeline.store.versions import Names, new_settings

VECTORS = np.eye(2, dtype=np.float32)


class Server:
    """One whose index finds all there is, in one stretch: in another order for each vector."""

    def __init__(self, rows: int) -> None:
        self.rows = rows
        self.limits: list[int] = []

    def nearest(
        self,
        collection: str,
        field: str,
        vectors: Float32Array,
        limit: int,
        *asked: Any,
    ) -> list[Columns]:
        self.limits.append(limit)
        keys = [str(n) for n in range(self.rows)]
        return [self._found(keys[:limit]), self._found(keys[::-1][:limit])]

    def _found(self, keys: list[str]) -> Columns:
        count = len(keys)
        numbers = {"stretch_key": [Stretch("a", 1, 0).key] * count, "scene_index": [0] * count}
        times = {name: [0.0] * count for name in ("start_s", "end_s", "pts_s")}
        shape = {"kind": ["frame"] * count, "box": [[0, 0, 1, 1]] * count}
        fields = {**numbers, **times, **shape}
        return Columns(keys, [0.0] * count, fields, slice(0, count))


def reader(server: Server, index: IndexConfig, sample: Mapping[str, Any]) -> SegmentReader:
    identity = Identity({}, {"sample": dict(sample)}, 2)
    archive = Archive(Names("archive", "0" * 12, 1), new_settings(identity, index))
    config = StoreConfig(uri="http://127.0.0.1:1")
    return SegmentReader(server, config, archive, "Strong")  # type: ignore[arg-type]


def stretches(count: int) -> list[Stretch]:
    return [Stretch("a", 1, number) for number in range(count)]


@pytest.mark.parametrize(("rows", "are_all"), [(0, True), (64, True), (65, False), (100, False)])
def test_what_was_cut_off_is_not_all(rows: int, are_all: bool) -> None:
    """Nor if, of rows that were cut off for each vector, fewer are in both."""
    sample = {"per_scene": 1, "fps": 5.0}
    found = reader(Server(rows), IndexConfig(type="FLAT"), sample).stretches(stretches(1), VECTORS)
    assert found is not None
    assert found[1] == are_all
    if are_all:
        assert len(found[0].hits) == rows


@pytest.mark.parametrize(("rows", "are_all"), [(MAX_LIMIT - 1, True), (20_000, False)])
def test_no_more_is_asked_for_than_a_search_gives(rows: int, are_all: bool) -> None:
    server = Server(rows)
    sample = {"per_scene": 20}
    found = reader(server, IndexConfig(type="FLAT"), sample).stretches(stretches(1000), VECTORS)
    assert found is not None
    assert (server.limits, found[1]) == ([MAX_LIMIT], are_all)


def test_many_stretches_are_several_requests() -> None:
    server = Server(16)
    sample = {"per_scene": 3}
    found = reader(server, IndexConfig(type="FLAT"), sample).stretches(stretches(1002), VECTORS)
    assert found is not None
    # Six rows a stretch; the second request, for two of them, finds more than there can be.
    assert (server.limits, found[1]) == ([6001, 13], False)


def test_a_graph_never_says_that_it_is_all() -> None:
    found = reader(Server(1), IndexConfig(), {"per_scene": 3}).stretches(stretches(9), VECTORS)
    assert found is not None
    assert not found[1]
