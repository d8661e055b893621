"""Reaching a store, and what is said when that fails."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import grpc
import pytest
from pydantic import SecretStr
from pymilvus.exceptions import MilvusException

import deploy.milvus_local as milvus_local_script
from deploy.milvus_local import own_ports
from pipeline.config import IndexConfig, StoreConfig
from pipeline.data import Scope
from pipeline.errors import Code, ConfigError, LockedError, StoreError
from pipeline.store import VideoStore
from pipeline.store.connection import is_lite, is_transient
from pipeline.text import without_secret
from tests.servers import milvus_local
from tests.store.faults import RpcFailure
from tests.store.samples import IDENTITY, embeddings, record

ROOT = Path(__file__).parents[2]
SECRET = "root:not-the-password"

OPEN = """
import sys
from pipeline.config import IndexConfig, StoreConfig
from pipeline.errors import VSearchError
from pipeline.store import VideoStore
try:
    VideoStore.connect(StoreConfig(uri=sys.argv[1], timeout_s=5))
except VSearchError as error:
    print(error, file=sys.stderr)
    sys.exit(error.exit_code)
"""


def fails_to_connect(uri: str, *, token: str | None = None, timeout_s: float = 5) -> StoreError:
    secret = SecretStr(token) if token else None
    with pytest.raises(StoreError) as caught:
        VideoStore.connect(StoreConfig(uri=uri, token=secret, timeout_s=timeout_s))
    assert caught.value.code == Code.STORE_UNREACHABLE
    assert SECRET not in str(caught.value)
    assert "\n" not in str(caught.value)
    return caught.value


def test_nothing_listens() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    error = fails_to_connect(f"http://127.0.0.1:{port}", token=SECRET)
    assert error.uri == f"http://127.0.0.1:{port}"
    assert "store.uri" in error.message


def test_no_such_host() -> None:
    assert fails_to_connect("http://host.invalid:19530").uri == "http://host.invalid:19530"


def test_something_that_never_answers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        error = fails_to_connect(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout_s=0.5)
    assert "store.timeout_s" in error.message


def test_credentials_in_the_address_are_not_shown() -> None:
    assert without_secret(f"http://{SECRET}@example.org:19530") == "http://example.org:19530"
    assert without_secret("./a@b.db") == "./a@b.db"
    fails_to_connect(f"http://{SECRET}@host.invalid:19530")


@pytest.mark.parametrize("uri", ["archive", "archive.sqlite", "ftp://host", ""])
def test_no_address(uri: str) -> None:
    with pytest.raises(ConfigError, match=r"store\.uri") as caught:
        VideoStore.connect(StoreConfig(uri=uri))
    assert caught.value.code == Code.CONFIG_INVALID


def test_what_is_a_file() -> None:
    assert is_lite("./vsearch.db")
    assert is_lite("/a b/ü.db")
    assert not is_lite("http://host/x.db")


def test_reading_makes_no_file(tmp_path: Path) -> None:
    uri = tmp_path / "folder" / "archive.db"
    with VideoStore.connect(StoreConfig(uri=str(uri))) as store:
        with pytest.raises(StoreError) as caught:
            store.open_for_reading()
        assert caught.value.code == Code.NOT_INDEXED
        assert list(tmp_path.iterdir()) == []
        store.open_for_writing(IDENTITY, IndexConfig())
    assert uri.exists()


def test_something_else_has_the_name(tmp_path: Path) -> None:
    (tmp_path / "archive.db").write_text("no archive")
    assert "something else" in fails_to_connect(str(tmp_path / "archive.db")).message
    below = tmp_path / "archive.db" / "archive.db"
    with pytest.raises(StoreError, match="something else"):
        VideoStore.connect(StoreConfig(uri=str(below))).open_for_writing(IDENTITY, IndexConfig())


def test_a_second_process(lite: StoreConfig) -> None:
    command = [sys.executable, "-c", OPEN, lite.uri]
    with VideoStore.connect(lite) as store:
        store.open_for_writing(IDENTITY, IndexConfig())
        second = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert second.returncode == LockedError.exit_code
        assert len(second.stderr.splitlines()) == 1
        assert second.stderr.startswith(f"{lite.uri}: another process")
    after = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (after.returncode, after.stderr) == (0, "")


def test_two_stores_in_one_process(lite: StoreConfig) -> None:
    with VideoStore.connect(lite) as writer:
        writer.open_for_writing(IDENTITY, IndexConfig())
        with VideoStore.connect(lite) as reader:
            reader.open_for_reading()
            writer.commit([record("a")])
            assert reader.count_videos() == 1
        assert writer.count_videos() == 1


def test_errors_are_told_once(lite: StoreConfig, capfd: pytest.CaptureFixture[str]) -> None:
    with VideoStore.connect(lite) as store:
        store.open_for_writing(IDENTITY, IndexConfig())
        row = embeddings("a")[0]
        with pytest.raises(StoreError, match="cannot write rows"):
            store.upsert_segments([replace(row, vector=row.vector[:3])], 1)
        store.upsert_segments([row], 1)
        with pytest.raises(StoreError, match="cannot search"):
            store.search(row.vector[:3], limit=1, scope=Scope())
    fails_to_connect("http://127.0.0.1:1")
    assert capfd.readouterr() == ("", "")


def test_using_it_before_opening_it(lite: StoreConfig) -> None:
    with VideoStore.connect(lite) as store, pytest.raises(RuntimeError, match="open_for_"):
        store.count_rows()


def test_what_may_be_tried_again() -> None:
    assert is_transient(RpcFailure(grpc.StatusCode.UNAVAILABLE))
    assert is_transient(MilvusException(code=8))
    assert is_transient(MilvusException(code=1, retriable=True))
    assert not is_transient(RpcFailure(grpc.StatusCode.UNAUTHENTICATED))
    assert not is_transient(MilvusException(code=65535))
    assert not is_transient(ValueError())


def test_an_error_that_is_its_own_cause() -> None:
    error = MilvusException(code=65535)
    error.__cause__ = error
    assert not is_transient(error)


def test_importing_the_room_is_cheap() -> None:
    code = (
        "import sys, pipeline.store; sys.exit(any(m in sys.modules for m in ('pymilvus', 'grpc')))"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with milvus_local(tmp_path_factory.mktemp("guarded"), auth=True) as uri:
        yield uri


class TestToken:
    def test_the_right_one(self, guarded: str) -> None:
        config = StoreConfig(uri=guarded, token=SecretStr("root:Milvus"))
        with VideoStore.connect(config) as store:
            store.open_for_writing(IDENTITY, IndexConfig())
            store.commit([record("a")])
            assert store.count_videos() == 1

    @pytest.mark.parametrize("token", [SECRET, None])
    def test_a_wrong_one_or_none(self, guarded: str, token: str | None) -> None:
        assert "store.token" in fails_to_connect(guarded, token=token).message


def test_the_server_ends_with_whoever_started_it(tmp_path: Path) -> None:
    with milvus_local(tmp_path) as uri:
        VideoStore.connect(StoreConfig(uri=uri)).close()
    fails_to_connect(uri)


def test_servers_that_start_at_once_have_ports_of_their_own() -> None:
    with ExitStack() as stack:
        taken = [set(stack.enter_context(own_ports(0))) for _ in range(3)]
        assert len(set.union(*taken)) == sum(map(len, taken))
        # Outgoing connections of whatever runs here take those from 32768 on.
        assert max(map(max, taken)) < 32768


@pytest.mark.parametrize("place", [0, 3, 15])
def test_a_port_that_was_asked_for_is_not_taken_for_another(
    monkeypatch: pytest.MonkeyPatch, place: int
) -> None:
    with own_ports(0) as ports:
        begin = min(ports) - 1
    monkeypatch.setattr(milvus_local_script, "PORTS", range(begin, begin + 16, 16))
    with pytest.raises(RuntimeError, match="no 16 free ports"), own_ports(begin + place):
        pass
