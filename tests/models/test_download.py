"""Downloads from a real HTTP server on loopback that misbehaves on demand."""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from pipeline.errors import Code, ModelError
from pipeline.models.download import download
from pipeline.models.published import PublishedModel

CONTENT = bytes(range(256)) * 20_000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Server(ThreadingHTTPServer):
    """Answers each request by the next word of `plan`, then with the whole file.

    `cut`: half of what was asked for. `busy`: 503. `gone`: 404. `other`: other bytes.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.plan: list[str] = []
        self.ranges: list[str | None] = []

    def model(self) -> PublishedModel:
        url = f"http://127.0.0.1:{self.server_port}/{SHA256}/model.pt"
        return PublishedModel("test", url, SHA256, 64, 128)


class Answer(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        word = self.server.plan.pop(0) if self.server.plan else "whole"
        asked = self.headers.get("Range")
        self.server.ranges.append(asked)
        if word in ("busy", "gone"):
            self.send_error({"busy": 503, "gone": 404}[word])
            return
        start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked else 0
        if start >= len(CONTENT):
            self.send_error(416)
            return
        content = bytes(len(CONTENT) - start) if word == "other" else CONTENT[start:]
        self.send_response(206 if asked else 200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if word == "cut" else content)

    def log_message(self, *args: object) -> None:
        """Keep the test's output clean."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        Thread(target=running.serve_forever, daemon=True).start()
        yield running
        running.shutdown()


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "model.pt"


def partial_of(target: Path) -> Path:
    return target.with_name("model.pt.partial")


def test_a_file_arrives_whole(server: Server, target: Path) -> None:
    download(server.model(), target, pause_s=0)
    assert target.read_bytes() == CONTENT
    assert not partial_of(target).exists()


def test_a_break_is_continued_where_it_was(server: Server, target: Path) -> None:
    server.plan = ["cut", "busy", "cut", "whole"]
    download(server.model(), target, pause_s=0)
    assert target.read_bytes() == CONTENT
    half, most = len(CONTENT) // 2, len(CONTENT) // 4 * 3
    assert server.ranges == [None, f"bytes={half}-", f"bytes={half}-", f"bytes={most}-"]


def test_what_an_earlier_run_left_is_used(server: Server, target: Path) -> None:
    target.parent.mkdir()
    partial_of(target).write_bytes(CONTENT[:1000])
    download(server.model(), target, pause_s=0)
    assert target.read_bytes() == CONTENT
    assert server.ranges == ["bytes=1000-"]


@pytest.mark.parametrize("left", [b"other" * 200, CONTENT + b"more", CONTENT])
def test_a_wrong_rest_is_thrown_away(server: Server, target: Path, left: bytes) -> None:
    target.parent.mkdir()
    partial_of(target).write_bytes(left)
    download(server.model(), target, pause_s=0)
    assert target.read_bytes() == CONTENT


def test_other_bytes_are_refused_at_once(server: Server, target: Path) -> None:
    server.plan = ["other"] * 9
    with pytest.raises(ModelError, match=SHA256) as raised:
        download(server.model(), target, pause_s=0)
    assert raised.value.code is Code.WEIGHTS_INVALID
    assert hashlib.sha256(bytes(len(CONTENT))).hexdigest() in str(raised.value)
    assert list(target.parent.glob("model.pt*")) == [target.with_name("model.pt.lock")]
    assert len(server.ranges) == 1


def test_a_missing_page_is_not_asked_for_again(server: Server, target: Path) -> None:
    server.plan = ["gone"] * 9
    with pytest.raises(ModelError, match="Not Found") as raised:
        download(server.model(), target, pause_s=0)
    assert raised.value.code is Code.WEIGHTS_MISSING
    assert len(server.ranges) == 1


@pytest.mark.parametrize("word", ["busy", "cut"])
def test_patience_ends(server: Server, target: Path, word: str) -> None:
    server.plan = [word] * 9
    with pytest.raises(ModelError) as raised:
        download(server.model(), target, pause_s=0)
    assert raised.value.code is Code.WEIGHTS_MISSING
    assert len(server.ranges) == 4
    assert not target.exists()


def test_without_a_server_the_message_says_what_to_do(target: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/model.pt"
        with pytest.raises(ModelError) as raised:
            download(PublishedModel("ViT-X", url, SHA256, 64, 128), target, pause_s=0)
    assert raised.value.code is Code.WEIGHTS_MISSING
    assert raised.value.uri == str(target)
    for part in ("ViT-X", url, str(target), "encode.weights", "refused"):
        assert part in str(raised.value)


def test_a_folder_that_cannot_be_written_is_told(server: Server, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    with pytest.raises(ModelError, match="File exists") as raised:
        download(server.model(), tmp_path / "cache" / "model.pt", pause_s=0)
    assert raised.value.code is Code.WEIGHTS_MISSING


def test_a_damaged_file_is_replaced(server: Server, target: Path) -> None:
    target.parent.mkdir()
    target.write_bytes(CONTENT[:-1])
    download(server.model(), target, pause_s=0)
    assert target.read_bytes() == CONTENT


def test_many_at_once_download_once(server: Server, target: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: download(server.model(), target, pause_s=0), range(4)))
    assert target.read_bytes() == CONTENT
    assert len(server.ranges) == 1
