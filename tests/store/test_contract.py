"""What every Milvus must do for us. Each test runs on Milvus Lite and on a real server."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
import pytest

from pipeline.config import AnnConfig, IndexConfig, StoreConfig
from pipeline.data import (
    WHOLE_FRAME,
    Box,
    ByKey,
    Embedding,
    Float32Array,
    Hit,
    Identity,
    Place,
    Scope,
    Stretch,
    Totals,
    row_ids,
)
from pipeline.errors import Code, StoreError
from pipeline.filters import Kind
from pipeline.store import MAX_LIMIT, VideoStore
from pipeline.store.connection import is_lite
from pipeline.store.versions import differences, fingerprint
from tests.store.samples import IDENTITY, TILED, embeddings, record, video_id

AWKWARD = "ü \"quoted\" 'single' back\\slash\nnew\tline {x} % _ \u2028 \U0001f600"


def ingest(store: VideoStore, name: str, *, revision: int = 1, count: int = 5) -> None:
    store.upsert_segments(embeddings(name, count), revision)
    store.commit([record(name, revision, count=count)])


class TestOpening:
    def test_nothing_indexed(self, config: StoreConfig) -> None:
        with VideoStore.connect(config) as store, pytest.raises(StoreError) as caught:
            store.open_for_reading()
        assert caught.value.code == Code.NOT_INDEXED
        assert "vsearch ingest" in caught.value.message

    def test_made_then_found(self, config: StoreConfig) -> None:
        with VideoStore.connect(config) as store:
            store.open_for_writing(IDENTITY, IndexConfig())
            ingest(store, "a")
            made = store.names
            assert (made.collection, made.generation) == (config.collection, 1)
        with VideoStore.connect(config) as store:
            identity = store.open_for_reading()
            assert fingerprint(identity) == fingerprint(IDENTITY) == made.fingerprint
            assert differences(identity, IDENTITY) == []
            assert store.resolve() == store.names == made
            assert store.count_videos() == 1
        with VideoStore.connect(config) as store:
            store.open_for_writing(IDENTITY, IndexConfig())
            assert store.names == made
            assert store.count_rows() == 5

    def test_what_is_changed_is_read_as_it_is(self, config: StoreConfig) -> None:
        with VideoStore.connect(config) as writer, VideoStore.connect(config) as store:
            writer.open_for_writing(IDENTITY, IndexConfig())
            identity = store.open_for_changing()
            assert fingerprint(identity) == fingerprint(IDENTITY)
            for revision in range(1, 4):
                ingest(writer, "a", revision=revision)
                assert store.videos([video_id("a")])[video_id("a")].revision == revision

    def test_settings_that_differ(self, config: StoreConfig) -> None:
        with VideoStore.connect(config) as store:
            store.open_for_writing(IDENTITY, IndexConfig())
            other = replace(IDENTITY, encoder={**IDENTITY.encoder, "model": "RN50x4"})
            with pytest.raises(
                StoreError, match=r'encoder\.model is "ViT-B/32", not "RN50x4"'
            ) as e:
                store.open_for_writing(other, IndexConfig())
            assert e.value.code == Code.SETTINGS_MISMATCH
            assert "store.collection" in e.value.message
            with pytest.raises(StoreError, match=r"is HNSW \(M=16, .*not FLAT") as e:
                store.open_for_writing(IDENTITY, IndexConfig(type="FLAT"))
            assert e.value.code == Code.SETTINGS_MISMATCH
            with pytest.raises(StoreError, match="M=16"):
                store.open_for_writing(IDENTITY, IndexConfig(M=32))
            store.open_for_writing(IDENTITY, IndexConfig(nlist=7))

    def test_stats(self, config: StoreConfig) -> None:
        with VideoStore.connect(config) as store:
            store.open_for_writing(IDENTITY, IndexConfig(M=8))
            ingest(store, "a")
            stats = store.stats()
        assert (stats.videos, stats.rows) == (1, 5)
        assert stats.settings.index.type == "HNSW"
        assert stats.settings.index.params == {"M": 8, "efConstruction": 200}
        assert stats.settings.identity.dim == IDENTITY.dim
        assert "pymilvus" in stats.settings.versions
        assert stats.names.segments.startswith(config.collection)
        assert stats.server_version

    def test_totals_are_of_what_is_committed(self, config: StoreConfig) -> None:
        first, second = (
            replace(record(name, 1, count=count), indexed_at=f"2024-0{month}-01T00:00:00+00:00")
            for name, count, month in (("a", 5, 2), ("b", 2, 1))
        )
        with VideoStore.connect(config) as store:
            store.open_for_writing(IDENTITY, IndexConfig())
            assert store.totals() == Totals(0, 0, 0.0, None, None)
            store.upsert_segments(embeddings("c", 3), 1)
            store.commit([first, second])
            totals = store.totals()
        assert (totals.videos, totals.rows) == (2, 7)
        assert totals.video_s == first.video.duration_s + second.video.duration_s
        assert totals.oldest_indexed_at == second.indexed_at
        assert totals.newest_indexed_at == first.indexed_at

    def test_two_archives_do_not_meet(self, config: StoreConfig) -> None:
        second = config.model_copy(update={"collection": f"{config.collection}_2"})
        with VideoStore.connect(config) as one, VideoStore.connect(second) as two:
            one.open_for_writing(IDENTITY, IndexConfig())
            two.open_for_writing(replace(IDENTITY, dim=4), IndexConfig())
            ingest(one, "a")
            assert (one.count_rows(), two.count_rows()) == (5, 0)


class TestWriting:
    def test_rows_come_back_as_written(self, store: VideoStore) -> None:
        ingest(store, "a")
        written = embeddings("a")
        [hit] = store.search(written[2].vector, limit=1, scope=Scope())
        assert hit.row_id == written[2].row_id(1)
        assert hit.score == pytest.approx(1, abs=1e-5)
        assert (hit.video_id, hit.revision, hit.scene_index) == (video_id("a"), 1, 2)
        assert (hit.start_s, hit.end_s, hit.pts_s) == (2 / 3, 1.0, 2 / 3 + 0.1)
        assert (hit.kind, hit.box) == ("frame", Box(0.0, 0.1, 1 / 3, 1.0))

    def test_upsert_is_idempotent(self, store: VideoStore) -> None:
        assert store.upsert_segments(embeddings("a"), 1) == 5
        before = store.rows_of(video_id("a"))
        assert store.upsert_segments(embeddings("a"), 1) == 5
        assert store.rows_of(video_id("a")) == before
        assert before == sorted(row.row_id(1) for row in embeddings("a"))
        assert store.count_rows() == 5

    def test_a_key_twice_in_one_call(self, store: VideoStore) -> None:
        first, second = embeddings("a", 2)
        changed = replace(first, vector=-first.vector)
        assert store.upsert_segments([first, second, changed], 1) == 3
        assert store.count_rows() == 2
        [hit] = store.search(-first.vector, limit=1, scope=Scope())
        assert hit.row_id == first.row_id(1)

    def test_rows_are_put_back_as_they_were_read(self, store: VideoStore) -> None:
        ingest(store, "a", revision=3)
        store.upsert_segments(embeddings("b"), 2)
        before = list(store.scan(Scope()))
        store.delete_videos([video_id("a"), video_id("b")])
        assert store.count_rows() == 0
        assert store.put_rows(iter(before)) == store.put_rows(before) == 10
        after = list(store.scan(Scope()))
        # A score of NaN is equal to no other.
        assert [hit._replace(score=0) for hit, _ in after] == [
            hit._replace(score=0) for hit, _ in before
        ]
        for (_, there), (_, here) in zip(after, before, strict=True):
            np.testing.assert_array_equal(there, here)
        assert store.count_videos() == 0

    def test_nothing_to_write(self, store: VideoStore) -> None:
        assert store.upsert_segments([], 1) == 0
        assert store.put_rows([]) == 0
        store.commit([])
        assert store.videos([]) == {}
        assert store.delete_videos([]) == 0

    def test_flush_changes_nothing_seen(self, store: VideoStore) -> None:
        ingest(store, "a")
        before = store.search(embeddings("a")[0].vector, limit=5, scope=Scope())
        store.flush()
        after = store.search(embeddings("a")[0].vector, limit=5, scope=Scope())
        assert [hit.row_id for hit in after] == [hit.row_id for hit in before]

    def test_a_write_larger_than_a_request_is_split(self, config: StoreConfig) -> None:
        with VideoStore(config, request_bytes=2000) as store:
            store.open_for_writing(IDENTITY, IndexConfig())
            ingest(store, "a", count=50)
            assert store.rows_of(video_id("a"), 1) == sorted(
                row.row_id(1) for row in embeddings("a", 50)
            )


class TestCommitting:
    def test_only_a_commit_makes_a_video(self, store: VideoStore) -> None:
        store.upsert_segments(embeddings("a"), 1)
        assert store.videos([video_id("a")]) == {}
        assert list(store.iterate_videos()) == []
        store.commit([record("a")])
        assert set(store.videos([video_id("a"), video_id("b")])) == {video_id("a")}
        assert store.count_videos() == 1

    def test_records_come_back_as_committed(self, store: VideoStore) -> None:
        given = record(
            "a",
            1_790_000_000_123,
            paths=(f"/x/{AWKWARD}.mp4", "/not utf-8 \udcff\udc80.mp4", "/literal \\udcff"),
            tags=("night", AWKWARD),
            recorded_at="2020-01-02T03:04:05+00:00",
        )
        store.commit([given])
        found = store.videos([video_id("a")])[video_id("a")]
        np.testing.assert_array_equal(found.mean, given.mean)
        assert found.mean.dtype == np.float32
        assert replace(found, mean=given.mean).__repr__() == given.__repr__()

    def test_a_new_commit_replaces_the_old(self, store: VideoStore) -> None:
        ingest(store, "a", revision=1)
        ingest(store, "a", revision=2)
        assert store.videos([video_id("a")])[video_id("a")].revision == 2
        assert (store.count_videos(), store.count_rows()) == (1, 10)
        hits = store.search(embeddings("a")[0].vector, limit=10, scope=Scope())
        assert {hit.revision for hit in hits} == {1, 2}

    def test_sweep_leaves_the_committed_revision(self, store: VideoStore) -> None:
        ingest(store, "a", revision=1)
        ingest(store, "b", revision=1)
        ingest(store, "a", revision=2)
        store.sweep([video_id("a")], 2)
        assert store.rows_of(video_id("a"), 1) == []
        assert store.rows_of(video_id("a")) == store.rows_of(video_id("a"), 2)
        assert len(store.rows_of(video_id("a"))) == len(store.rows_of(video_id("b"))) == 5

    def test_many_videos(self, store: VideoStore) -> None:
        names = [f"video {number}" for number in range(1200)]
        store.commit([record(name) for name in names])
        ids = sorted(map(video_id, names))
        assert [found.video.video_id for found in store.iterate_videos()] == ids
        assert sorted(store.videos(ids)) == ids
        assert store.delete_videos(ids) == 1200
        assert store.count_videos() == 0


class TestDeleting:
    def test_delete(self, store: VideoStore) -> None:
        ingest(store, "a")
        ingest(store, "b")
        store.upsert_segments(embeddings("c"), 1)
        assert store.delete_videos([video_id("a"), video_id("c"), "unknown"]) == 1
        assert set(store.videos(map(video_id, "abc"))) == {video_id("b")}
        assert store.count_rows() == 5
        hits = store.search(embeddings("a")[0].vector, limit=10, scope=Scope())
        assert {hit.video_id for hit in hits} == {video_id("b")}


class TestSearching:
    @pytest.fixture
    def filled(self, store: VideoStore) -> VideoStore:
        for name in "abc":
            ingest(store, name)
        return store

    def found(self, store: VideoStore, scope: Scope) -> set[tuple[str, int]]:
        hits = store.search(embeddings("a")[0].vector, limit=100, scope=scope)
        assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
        exact = store.search(embeddings("a")[0].vector, limit=100, scope=scope, exact=True)
        assert [hit.row_id for hit in exact] == [hit.row_id for hit in hits]
        assert [hit.score for hit in exact] == pytest.approx([hit.score for hit in hits], abs=1e-5)
        assert {hit.row_id for hit, _ in store.scan(scope)} == {hit.row_id for hit in hits}
        return {(hit.video_id, hit.revision) for hit in hits}

    def test_scopes(self, filled: VideoStore) -> None:
        a, b, c = map(video_id, "abc")
        every = {(a, 1), (b, 1), (c, 1)}
        assert self.found(filled, Scope()) == every
        assert self.found(filled, Scope(only=frozenset({a, b}))) == {(a, 1), (b, 1)}
        assert self.found(filled, Scope(only=frozenset())) == set()
        assert self.found(filled, Scope(exclude=frozenset({a}))) == {(b, 1), (c, 1)}
        both = Scope(only=frozenset({a, b}), exclude=frozenset({a}))
        assert self.found(filled, both) == {(b, 1)}

    def test_revisions(self, filled: VideoStore) -> None:
        a, b, c = map(video_id, "abc")
        filled.upsert_segments(embeddings("a"), 2)
        assert self.found(filled, Scope(revisions={a: 2, b: 1})) == {(a, 2), (b, 1), (c, 1)}
        assert self.found(filled, Scope(revisions={a: 1, b: 9})) == {(a, 1), (c, 1)}
        narrow = Scope(only=frozenset({a}), revisions={a: 2})
        assert self.found(filled, narrow) == {(a, 2)}

    def test_ids_that_look_like_expressions(self, filled: VideoStore) -> None:
        for text in (AWKWARD, '"] or video_id != "', "x\\", '\\"', "a\nb"):
            assert self.found(filled, Scope(only=frozenset({text}))) == set()
            assert len(self.found(filled, Scope(exclude=frozenset({text})))) == 3

    def test_a_scope_of_thousands(self, filled: VideoStore) -> None:
        others = {video_id(str(number)): number for number in range(2000)}
        assert len(self.found(filled, Scope(exclude=frozenset(others)))) == 3
        assert len(self.found(filled, Scope(revisions=others))) == 3
        inside = frozenset({*others, video_id("a")})
        assert self.found(filled, Scope(only=inside)) == {(video_id("a"), 1)}

    def test_limits(self, filled: VideoStore) -> None:
        vector = embeddings("a")[0].vector
        assert len(filled.search(vector, limit=7, scope=Scope())) == 7
        assert len(filled.search(vector, limit=MAX_LIMIT, scope=Scope())) == 15
        for limit in (0, MAX_LIMIT + 1):
            with pytest.raises(ValueError, match=str(limit)):
                filled.search(vector, limit=limit, scope=Scope())

    def test_scan_gives_the_vectors(self, filled: VideoStore) -> None:
        scope = Scope(only=frozenset({video_id("b")}))
        vectors = {hit.row_id: vector for hit, vector in filled.scan(scope)}
        for row in embeddings("b"):
            np.testing.assert_allclose(vectors[row.row_id(1)], row.vector, atol=1e-6)

    def test_a_vector_of_another_length(self, filled: VideoStore) -> None:
        with pytest.raises(StoreError, match="cannot search") as caught:
            filled.search(np.ones(3, np.float32), limit=3, scope=Scope())
        assert caught.value.code == Code.STORE_FAILED
        assert "\n" not in str(caught.value)


class TestMeans:
    @pytest.fixture
    def filled(self, store: VideoStore) -> VideoStore:
        for name in "abcd":
            ingest(store, name)
        return store

    def test_the_best_means_come_first(self, filled: VideoStore) -> None:
        query = embeddings("query", 1)[0].vector
        expected = {video_id(name): float(record(name).mean @ query) for name in "abcd"}
        order = sorted(expected, key=lambda key: -expected[key])
        found = filled.search_means(query, limit=10)
        assert list(found) == order
        assert found == pytest.approx(expected, abs=1e-5)
        assert list(filled.search_means(query, limit=2)) == order[:2]

    def test_among_some_videos(self, filled: VideoStore) -> None:
        a, b, c, d = map(video_id, "abcd")
        query = embeddings("query", 1)[0].vector

        def found(**among: Iterable[str]) -> set[str]:
            return set(filled.search_means(query, limit=10, **among))

        assert found(only=[a, c, "unknown"]) == {a, c}
        assert found(only=[]) == set()
        assert found(exclude=[a, "unknown"]) == {b, c, d}
        assert found(only=[a, b], exclude=[b, c]) == {a}
        others = [video_id(str(number)) for number in range(2000)]
        assert found(exclude=[*others, d]) == {a, b, c}
        assert found(only=[*others, d]) == {d}

    def test_only_committed_videos_have_one(self, filled: VideoStore) -> None:
        filled.upsert_segments(embeddings("half-written"), 1)
        query = embeddings("query", 1)[0].vector
        assert len(filled.search_means(query, limit=10)) == 4
        filled.delete_videos([video_id("a")])
        assert video_id("a") not in filled.search_means(query, limit=10)


class TestVectors:
    def test_by_key(self, store: VideoStore) -> None:
        ingest(store, "a")
        ingest(store, "b")
        wanted = [*embeddings("a")[1:3], embeddings("b")[4]]
        found = store.vectors([*(row.row_id(1) for row in wanted), "0" * 32])
        assert found.keys() == {row.row_id(1) for row in wanted}
        for row in wanted:
            vector = found[row.row_id(1)]
            assert vector.dtype == np.float32
            np.testing.assert_allclose(vector, row.vector, atol=1e-6)
        assert store.vectors([]) == {}

    def test_rows_by_key_with_cosines(self, store: VideoStore) -> None:
        """What is not there is left out."""
        store.upsert_segments(embeddings("crowd", 2000), 1)
        ingest(store, "a")
        ingest(store, "b")
        wanted = [*embeddings("a")[1:3], embeddings("b")[4]]
        queries = np.array([row.vector for row in embeddings("query", 3)])
        absent = row_ids(video_id("a"), 2, [0], [0]) | row_ids(video_id("c"), 1, [0], [0])
        are(store.keyed([*(row.row_id(1) for row in wanted), *absent], queries), wanted, queries)
        nothing = ByKey.none(len(queries))
        assert store.keyed([], queries) == nothing
        assert store.keyed(absent, queries) == nothing

    def test_rows_by_stretch_with_cosines(self, store: VideoStore) -> None:
        """Few enough of many rows that a server compares each."""
        store.upsert_segments(embeddings("crowd", 2000), 1)
        for name in ("a", "b"):
            ingest(store, name)
        store.upsert_segments(embeddings("a"), 2)
        wanted = [*embeddings("a")[2:4], embeddings("b")[4]]
        queries = np.array([row.vector for row in embeddings("query", 3)])
        absent = [Stretch(video_id("a"), 1, 9), Stretch(video_id("c"), 1, 0)]
        places = [Place(row.video_id, 1, row.scene.index) for row in wanted]
        stretches = [*{place.stretch(store.identity.stretch) for place in places}, *absent]
        found = store.stretches(stretches, queries)
        # Its index gives no cosines of a few rows: they are read by key.
        assert (found is None) == is_lite(store._config.uri)
        if found is not None:
            read, are_all = found
            assert not are_all
            are(read, wanted, queries)
            nothing = ByKey.none(len(queries))
            assert [store.stretches(each, queries) for each in ([], absent)] == 2 * [
                (nothing, False)
            ]

    @pytest.mark.parametrize(("pooling", "kind"), [("none", "frame"), ("mean", "scene")])
    def test_what_the_settings_say_of_all_rows_need_not_be_read(
        self, config: StoreConfig, pooling: str, kind: Kind
    ) -> None:
        sample = {"per_scene": 3, "pooling": pooling}
        identity = replace(IDENTITY, content={"sample": sample})
        rows = [replace(row, kind=kind, box=WHOLE_FRAME) for row in embeddings("a")]
        with VideoStore.connect(config) as store:
            store.open_for_writing(identity, IndexConfig())
            store.upsert_segments(rows, 1)
            hits = store.search(rows[0].vector, limit=5, scope=Scope())
            keyed = store.keyed([row.row_id(1) for row in rows], rows[0].vector[None])
            every = {hit.row_id: hit for hit, _ in store.scan(Scope())}
        assert len(hits) == len(keyed.hits) == len(every) == 5
        for hit in (*hits, *keyed.hits.values()):
            assert (hit.kind, hit.box) == (kind, WHOLE_FRAME)
            assert hit._replace(score=0.0) == every[hit.row_id]._replace(score=0.0)

    def test_a_sample_is_the_same_each_time_and_about_as_large(self, store: VideoStore) -> None:
        rows = embeddings("a", 2000)
        store.upsert_segments(rows, 1)
        sample = store.sample(400, of=2000)
        assert sample.dtype == np.float32
        # Five deviations: the keys, and so the sample, are those of this archive each time.
        assert abs(len(sample) - 400) < 5 * np.sqrt(400)
        np.testing.assert_array_equal(store.sample(400, of=2000), sample)
        known = {row.vector.round(5).tobytes() for row in rows}
        assert {vector.round(5).tobytes() for vector in sample} <= known
        assert len(np.unique(sample, axis=0)) == len(sample)
        # It grows with what is wanted, and goes on holding what it held.
        more = {vector.tobytes() for vector in store.sample(800, of=2000)}
        assert {vector.tobytes() for vector in sample} < more

    @pytest.mark.parametrize("of", [5, 6, 100])
    def test_a_sample_of_a_small_archive_is_all_of_it(self, store: VideoStore, of: int) -> None:
        ingest(store, "a")
        assert store.sample(100, of=of).shape == (5, IDENTITY.dim)

    def test_a_sample_of_nothing(self, store: VideoStore) -> None:
        assert store.sample(100, of=0).shape == (0, IDENTITY.dim)


@pytest.mark.parametrize("kind", ["HNSW", "IVF_FLAT", "IVF_SQ8", "FLAT"])
def test_every_index_finds_every_row(config: StoreConfig, kind: str) -> None:
    index = IndexConfig.model_validate({"type": kind, "nlist": 16})
    config = config.model_copy(update={"search": AnnConfig(ef=8, nprobe=1)})
    rows = embeddings("a", 600)
    with VideoStore.connect(config) as store:
        store.open_for_writing(IDENTITY, index)
        store.upsert_segments(rows, 1)
        store.flush()
        query = embeddings("query", 1)[0].vector
        nearest = sorted(rows, key=lambda row: -float(row.vector @ query))
        exact = store.search(query, limit=50, scope=Scope(), exact=True)
        assert [hit.row_id for hit in exact] == [row.row_id(1) for row in nearest[:50]]
        assert exact[0].score == pytest.approx(float(nearest[0].vector @ query), abs=1e-5)
        for limit in (10, 300, 1000):
            found = store.search(query, limit=limit, scope=Scope())
            assert len({hit.row_id for hit in found}) == min(limit, 600)
    with VideoStore.connect(config) as store:
        store.open_for_writing(IDENTITY, index)
        assert store.stats().settings.index.type == kind


@pytest.mark.parametrize(
    ("index", "are_all"),
    [("HNSW", False), ("IVF_FLAT", True), ("IVF_SQ8", None), ("FLAT", True)],
)
@pytest.mark.parametrize("identity", [IDENTITY, TILED])
def test_cosines_of_every_index_by_stretch(
    config: StoreConfig,
    index: Literal["HNSW", "IVF_FLAT", "IVF_SQ8", "FLAT"],
    are_all: bool | None,
    identity: Identity,
) -> None:
    """Each is the cosine, and none is left out unless the store says that it may miss."""
    rows = embeddings("a", 2000)
    query = embeddings("query", 1)[0].vector
    wanted = {row.row_id(1): row for row in rows if row.scene.index // identity.stretch % 10 == 0}
    with VideoStore.connect(config) as store:
        store.open_for_writing(identity, IndexConfig(type=index))
        store.upsert_segments(rows, 1)
        store.flush()
        places = [Place(row.video_id, 1, row.scene.index) for row in wanted.values()]
        read = store.stretches({each.stretch(identity.stretch) for each in places}, query[None])
        if is_lite(config.uri) or are_all is None:
            assert read is None
            return
        found, told = read
        assert told == are_all
        if not are_all:
            left = wanted.keys() - found.hits.keys()
            found.add(store.keyed(left, query[None]))
        assert found.hits.keys() == wanted.keys()
    for key, row in wanted.items():
        assert found.hits[key].score == pytest.approx(float(row.vector @ query), abs=1e-5)


def are(found: ByKey, rows: Sequence[Embedding], queries: Float32Array) -> None:
    """That these are rows of the first revision, with their cosines."""
    assert found.hits.keys() == {row.row_id(1) for row in rows}
    for row in rows:
        key = row.row_id(1)
        hit, *right = found.hits[key], *map(float, queries @ row.vector)
        cosines = [hit.score, *(others[key] for others in found.others)]
        assert cosines == pytest.approx(right, abs=1e-5)
        assert hit == Hit(
            key, row.video_id, 1, row.scene.index, row.scene.start_s,
            row.scene.end_s, row.pts_s, row.kind, row.box, hit.score,
        )  # fmt: skip
