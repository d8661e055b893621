"""What the store does when Milvus fails, stalls or dies, or when the writer does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import grpc
import pytest

from pipeline.config import IndexConfig, StoreConfig
from pipeline.data import Scope
from pipeline.errors import Code, StoreError
from pipeline.store import VideoStore
from tests.store.faults import CutOff, Faults, Wire, cuts_off, fails, holds, refuses, stalls
from tests.store.samples import IDENTITY, embeddings, record, video_id

A = video_id("a")

KILLED_BEFORE_THE_COMMIT = """
import os, signal, sys
from pipeline.config import IndexConfig, StoreConfig
from pipeline.store import VideoStore
from tests.store.faults import Faults
from tests.store.samples import IDENTITY, embeddings, record
faults = Faults()
store = VideoStore(StoreConfig(uri=sys.argv[1], collection=sys.argv[2]), dial=faults.dial)
store.open_for_writing(IDENTITY, IndexConfig())
store.upsert_segments(embeddings("a"), 1)
faults.plan("upsert", lambda options: os.kill(os.getpid(), signal.SIGKILL), collection="_videos")
store.commit([record("a")])
"""


@pytest.fixture
def faults() -> Faults:
    return Faults()


def write(store: VideoStore, revision: int = 1) -> None:
    store.upsert_segments(embeddings("a", 20), revision)
    store.commit([record("a", revision, count=20)])


def assert_whole(store: VideoStore, revision: int = 1) -> None:
    assert store.videos([A])[A].revision == revision
    assert store.rows_of(A, revision) == sorted(r.row_id(revision) for r in embeddings("a", 20))


@pytest.mark.parametrize("ending", ["_1", "_videos"], ids=["rows", "commit"])
def test_a_transient_failure_is_retried(config: StoreConfig, faults: Faults, ending: str) -> None:
    faults.plan("upsert", fails(), collection=ending, times=2)
    with VideoStore(config, dial=faults.dial) as store:
        store.open_for_writing(IDENTITY, IndexConfig())
        write(store)
        assert_whole(store)
    assert sum(method == "upsert" for method, _ in faults.calls) == 4


def test_a_lasting_failure_ends_and_commits_nothing(config: StoreConfig, faults: Faults) -> None:
    brief = config.model_copy(update={"outage_s": 0.5})
    with VideoStore(brief, dial=faults.dial, request_bytes=2000) as store:
        store.open_for_writing(IDENTITY, IndexConfig())
        faults.plan("upsert", lambda options: None, times=2)
        faults.plan("upsert", fails(), times=99)
        with pytest.raises(StoreError, match="cannot write rows") as caught:
            write(store)
        assert caught.value.code == Code.STORE_UNREACHABLE
        assert store.videos([A]) == {}


def test_a_refusal_is_not_retried(config: StoreConfig, faults: Faults) -> None:
    with VideoStore(config, dial=faults.dial) as store:
        store.open_for_writing(IDENTITY, IndexConfig())
        faults.plan("upsert", refuses("no\n  space"), times=99)
        with pytest.raises(StoreError, match="cannot write rows: no space") as caught:
            write(store)
        assert caught.value.code == Code.STORE_FAILED
    assert sum(method == "upsert" for method, _ in faults.calls) == 1


def test_what_is_too_large_is_written_in_halves(config: StoreConfig, faults: Faults) -> None:
    faults.plan("upsert", holds(6), times=99)
    with VideoStore(config, dial=faults.dial) as store:
        store.open_for_writing(IDENTITY, IndexConfig())
        write(store)
        assert_whole(store)
        assert store.count_rows() == 20
    # 20 are refused, then 10 twice; 5 pass four times, and the video's own row.
    assert sum(method == "upsert" for method, _ in faults.calls) == 3 + 4 + 1


def test_one_row_that_is_too_large_is_an_error(lite: StoreConfig, faults: Faults) -> None:
    faults.plan("upsert", holds(0), times=99)
    with VideoStore(lite, dial=faults.dial) as store:
        store.open_for_writing(IDENTITY, IndexConfig())
        with pytest.raises(StoreError, match=r"cannot write rows: .* larger than max \(1 vs\. 0\)"):
            write(store)


def test_a_writer_waits_for_a_server_that_is_away_and_a_reader_does_not(
    server: StoreConfig, faults: Faults
) -> None:
    with VideoStore(server, dial=faults.dial) as store:
        store.open_for_writing(IDENTITY, IndexConfig())
        for status in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED):
            faults.plan("upsert", fails(status), times=5)
        faults.plan("upsert", refuses("collection not loaded", code=101), times=2)
        write(store)
        assert_whole(store)
    with VideoStore(server, dial=faults.dial) as store:
        store.open_for_reading()
        faults.plan("query", refuses("Fail connecting to server", code=2), times=5)
        with pytest.raises(StoreError, match="cannot read rows") as caught:
            store.count_rows()
        assert caught.value.code == Code.STORE_UNREACHABLE


def test_what_was_waited_for_once_is_not_waited_for_again(
    server: StoreConfig, faults: Faults
) -> None:
    brief = server.model_copy(update={"outage_s": 0.01})
    with VideoStore(brief, dial=faults.dial) as store:
        store.open_for_writing(IDENTITY, IndexConfig())
        for method, tries in (("upsert", 2), ("query", 4)):
            faults.plan(method, fails(grpc.StatusCode.UNAVAILABLE), times=99)
            faults.calls.clear()
            with pytest.raises(StoreError) as caught:
                store.commit([record("a")]) if method == "upsert" else store.count_rows()
            assert caught.value.code == Code.STORE_UNREACHABLE
            # The first wait is longer than an outage may be; then as often as a reader tries.
            assert [called for called, _ in faults.calls] == [method] * tries


def test_a_stalled_call_has_a_deadline(config: StoreConfig, faults: Faults) -> None:
    quick = config.model_copy(update={"timeout_s": 0.2})
    with VideoStore(config) as store:
        store.open_for_writing(IDENTITY, IndexConfig())
    with VideoStore(quick, dial=faults.dial) as store:
        store.open_for_reading()
        for method, act in {
            "upsert": lambda: store.upsert_segments(embeddings("a"), 1),
            "query": lambda: store.count_rows(),
            "search": lambda: store.search(embeddings("a")[0].vector, limit=1, scope=Scope()),
            "delete": lambda: store.delete_videos([A]),
            "flush": lambda: store.flush(),
            "describe_alias": lambda: store.resolve(),
        }.items():
            faults.plan(method, stalls, times=1 if method == "flush" else 99)
            if method == "flush":
                faults.plan(method, fails(grpc.StatusCode.DEADLINE_EXCEEDED), times=99)
            with pytest.raises(StoreError, match=r"no answer within 0\.2 s"):
                act()


def test_cut_off_between_rows_and_commit(config: StoreConfig, faults: Faults) -> None:
    faults.plan("upsert", cuts_off, collection="_videos")
    with VideoStore(config, dial=faults.dial) as store:
        store.open_for_writing(IDENTITY, IndexConfig())
        with pytest.raises(CutOff):
            write(store)
    with VideoStore(config) as store:
        store.open_for_writing(IDENTITY, IndexConfig())
        assert store.videos([A]) == {}
        hits = store.search(embeddings("a")[0].vector, limit=5, scope=Scope())
        assert {hit.video_id for hit in hits} == {A}
        write(store)
        assert_whole(store)
        assert store.count_rows() == 20


def test_cut_off_while_indexing_anew(config: StoreConfig, faults: Faults) -> None:
    with VideoStore(config, dial=faults.dial) as store:
        store.open_for_writing(IDENTITY, IndexConfig())
        write(store, revision=1)
        faults.plan("upsert", cuts_off, collection="_videos")
        with pytest.raises(CutOff):
            write(store, revision=2)
        current = {id_: found.revision for id_, found in store.videos([A]).items()}
        assert current == {A: 1}
        hits = store.search(embeddings("a")[0].vector, limit=40, scope=Scope(revisions=current))
        assert [hit.revision for hit in hits] == [1] * 20
        write(store, revision=3)
        store.sweep([A], store.videos([A])[A].revision)
        assert_whole(store, revision=3)
        assert store.count_rows() == 20


def test_killed_between_rows_and_commit(config: StoreConfig) -> None:
    command = [sys.executable, "-c", KILLED_BEFORE_THE_COMMIT, config.uri, config.collection]
    killed = subprocess.run(
        command, cwd=Path(__file__).parents[2], capture_output=True, check=False
    )
    assert killed.returncode == -9, killed.stderr.decode()
    with VideoStore.connect(config) as store:
        store.open_for_writing(IDENTITY, IndexConfig())
        assert store.rows_of(A) == sorted(row.row_id(1) for row in embeddings("a"))
        assert store.videos([A]) == {}
        store.upsert_segments(embeddings("a"), 1)
        store.commit([record("a")])
        assert store.count_rows() == 5
        assert store.videos([A])[A].rows == 5


@pytest.mark.parametrize(
    ("step", "ending"),
    [
        ("create_collection", "_videos"),
        ("create_index", "_videos"),
        ("create_collection", "_1"),
        ("create_index", "_1"),
        ("create_alias", "_1"),
    ],
)
def test_an_archive_begun_is_completed(
    lite: StoreConfig, faults: Faults, step: str, ending: str
) -> None:
    faults.plan(step, cuts_off, collection=ending)
    store = VideoStore(lite, dial=faults.dial)
    with pytest.raises(CutOff):
        store.open_for_writing(IDENTITY, IndexConfig())
    store.close()
    with VideoStore.connect(lite) as store:
        with pytest.raises(StoreError) as caught:
            store.open_for_reading()
        assert caught.value.code == Code.NOT_INDEXED
        store.open_for_writing(IDENTITY, IndexConfig())
        assert store.names.generation == 1
        write(store)
        assert_whole(store)


def test_an_archive_begun_is_completed_on_a_server(server: StoreConfig, faults: Faults) -> None:
    faults.plan("create_alias", cuts_off)
    with VideoStore(server, dial=faults.dial) as store:
        with pytest.raises(CutOff):
            store.open_for_writing(IDENTITY, IndexConfig())
        store.open_for_writing(IDENTITY, IndexConfig())
        assert store.names.generation == 1
        write(store)
        assert_whole(store)


def test_one_begun_with_another_index_is_left_alone(lite: StoreConfig, faults: Faults) -> None:
    faults.plan("create_alias", cuts_off)
    with VideoStore(lite, dial=faults.dial) as store:
        with pytest.raises(CutOff):
            store.open_for_writing(IDENTITY, IndexConfig())
        store.open_for_writing(IDENTITY, IndexConfig(type="FLAT"))
        assert store.names.generation == 2
        assert store.stats().settings.index.type == "FLAT"


def test_a_dead_line_to_the_server(server: StoreConfig) -> None:
    with VideoStore.connect(server) as store:
        store.open_for_writing(IDENTITY, IndexConfig())
    with Wire(server.uri) as wire:
        config = server.model_copy(update={"uri": wire.uri, "timeout_s": 1.0})
        store = VideoStore.connect(config)
        store.open_for_reading()
        wire.go_dead()
        with pytest.raises(StoreError, match=r"cannot write rows: no answer within 1 s"):
            store.upsert_segments(embeddings("a"), 1)
        store.close()


def test_what_is_read_is_asked_for_again_over_a_new_line(server: StoreConfig) -> None:
    """Searches and queries are sent past pymilvus' own methods, and repeated as by those."""
    with VideoStore.connect(server) as store:
        store.open_for_writing(IDENTITY, IndexConfig())
        write(store)
    with Wire(server.uri) as wire, VideoStore(_over(wire, server)) as store:
        store.open_for_reading()
        wire.cut(refusing=1)
        hits = store.search(embeddings("a")[0].vector, limit=5, scope=Scope())
        assert {hit.video_id for hit in hits} == {A}
        assert wire.refusing == 0
        wire.cut(refusing=1)
        assert_whole(store)
        assert wire.refusing == 0


def _over(wire: Wire, server: StoreConfig) -> StoreConfig:
    return server.model_copy(update={"uri": wire.uri})
