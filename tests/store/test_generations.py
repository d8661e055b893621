"""Generations of an archive: made aside, switched to, gone back to, dropped.

The whole way runs on both; a server takes seconds for each collection, so the rest runs on a file.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pipeline.config import IndexConfig, StoreConfig
from pipeline.data import Scope
from pipeline.errors import Code, StoreError
from pipeline.store import Generations, VideoStore
from pipeline.store.client import Client
from pipeline.store.connection import dial
from pipeline.store.versions import Names
from tests.store.samples import IDENTITY, embeddings, record, video_id

OTHER = replace(IDENTITY, encoder={**IDENTITY.encoder, "model": "RN50x4"})
QUERY = embeddings("query", 1)[0].vector


def put(store: VideoStore, name: str, *, count: int = 5) -> None:
    store.upsert_segments(embeddings(name, count), 1)
    store.commit([record(name, 1, count=count)])


def make_two(config: StoreConfig) -> tuple[Names, Names]:
    """An archive that answers with one video, and another one aside with two."""
    with VideoStore.connect(config) as store:
        store.open_for_writing(IDENTITY, IndexConfig(type="FLAT"))
        put(store, "old")
        store.flush()
        old = store.names
        store.open_aside(OTHER, IndexConfig(type="FLAT"))
        put(store, "new a")
        put(store, "new b")
        store.flush()
        return old, store.names


@pytest.fixture
def two(lite: StoreConfig) -> tuple[Names, Names]:
    return make_two(lite)


def test_the_whole_way(config: StoreConfig) -> None:
    old, new = make_two(config)
    with VideoStore.connect(config) as reader, Generations(config) as generations:
        reader.open_for_reading()
        assert (reader.names, generations.current(), generations.previous()) == (old, old, None)
        listed = generations.all()
        assert [(each.names, each.role) for each in listed] == [(old, "current"), (new, "aside")]
        assert [(each.videos, each.rows) for each in listed] == [(1, 5), (2, 10)]
        assert listed[1].vector_bytes == 4 * IDENTITY.dim * 12
        before = reader.snapshot()
        generations.switch(new)
        assert (generations.current(), generations.previous()) == (new, old)
        # A question that began before goes on with what it began with.
        assert {hit.video_id for hit, _ in before.scan(Scope())} == {video_id("old")}
        assert reader.resolve() == new
        assert {hit.video_id for hit in reader.search(QUERY, limit=10, scope=Scope())} == {
            video_id("new a"),
            video_id("new b"),
        }
        assert generations.rollback() == old
        assert (generations.current(), generations.previous()) == (old, new)
        with pytest.raises(StoreError, match="what answers"):
            generations.drop(old)
        generations.drop(new)
        assert [each.role for each in generations.all()] == ["current"]
        assert generations.previous() is None
        generations.drop(new)
        with pytest.raises(StoreError, match="nothing to go back to"):
            generations.rollback()


def test_switching_twice_is_switching_once(lite: StoreConfig, two: tuple[Names, Names]) -> None:
    old, new = two
    with Generations(lite) as generations:
        generations.switch(new)
        generations.switch(new)
        assert generations.previous() == old


def test_begun_aside_it_is_found_again(lite: StoreConfig, two: tuple[Names, Names]) -> None:
    _, new = two
    with VideoStore.connect(lite) as store:
        store.open_aside(OTHER, IndexConfig(type="FLAT"))
        assert store.names == new
        assert store.count_videos() == 2
        store.open_aside(IDENTITY, IndexConfig(type="HNSW"))
        assert store.names.generation == 2  # the same vectors under another index


class Dying:
    """A client that is gone at its n-th change of an alias."""

    def __init__(self, client: Client, left: int) -> None:
        self._client = client
        self._left = left

    def __getattr__(self, name: str) -> object:
        if name in ("create_alias", "alter_alias"):
            self._left -= 1
            if self._left < 0:
                raise KeyboardInterrupt
        return getattr(self._client, name)


@pytest.mark.parametrize("changes", [0, 1])
def test_cut_short_nothing_is_lost(
    lite: StoreConfig, two: tuple[Names, Names], changes: int
) -> None:
    old, new = two
    dying = Generations(lite, dial=lambda config: Dying(dial(config), changes))  # type: ignore[arg-type,return-value]
    with dying, pytest.raises(KeyboardInterrupt):
        dying.switch(new)
    with Generations(lite) as generations:
        assert generations.current() == old
        generations.switch(new)
        assert (generations.current(), generations.previous()) == (new, old)


def test_rows_go_over_as_they_are(lite: StoreConfig, two: tuple[Names, Names]) -> None:
    old, _ = two
    with VideoStore.connect(lite) as source, VideoStore.connect(lite) as target:
        source.open_generation(old)
        target.open_aside(IDENTITY, IndexConfig(type="HNSW"))
        assert target.put_rows(source.scan(Scope())) == 5
        copied = {hit.row_id: vector for hit, vector in target.scan(Scope())}
        for hit, vector in source.scan(Scope()):
            np.testing.assert_array_equal(copied[hit.row_id], vector)


def test_entries_and_counts(lite: StoreConfig) -> None:
    with VideoStore.connect(lite) as store:
        store.open_for_writing(IDENTITY, IndexConfig())
        put(store, "a")
        store.upsert_segments(embeddings("b", 3), 7)
        (entry,) = store.entries()
        own = record("a", 1, count=5)
        assert (entry.video_id, entry.revision, entry.rows) == (video_id("a"), 1, 5)
        assert (entry.paths, entry.tags) == (own.paths, own.tags)
        assert store.count_by_revision() == {(video_id("a"), 1): 5, (video_id("b"), 7): 3}
        store.delete_rows(video_id("b"), 7)
        assert store.count_by_revision() == {(video_id("a"), 1): 5}


def test_opening_nothing(lite: StoreConfig) -> None:
    with VideoStore.connect(lite) as store:
        store.open_for_writing(IDENTITY, IndexConfig())
        missing = replace(store.names, generation=9)
        with pytest.raises(StoreError) as caught:
            store.open_generation(missing)
        assert caught.value.code == Code.STORE_FAILED
