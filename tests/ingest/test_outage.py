"""The server goes away in the middle of a run, and comes back, or does not.

Each start of a server takes a minute: `--outage 20` runs these, with so many seconds of absence.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from pipeline.config import Config
from pipeline.data import Committed, IngestReport
from pipeline.errors import Code, StoreError
from pipeline.ingest import write
from pipeline.ingest.run import RunEvent, reindex
from tests.ingest.crash import NAMES, Archive, Truth
from tests.media_factory import MediaFactory
from tests.servers import milvus_local

ALL = {name: name for name in NAMES}


class Server:
    """A Milvus server that goes away and comes back, at one address and with one folder.

    Args:
        data: The folder.
    """

    def __init__(self, data: Path) -> None:
        self._data = data
        self._up = ExitStack()
        self.uri = self._up.enter_context(milvus_local(data))
        self._port = int(self.uri.rpartition(":")[2])

    def start(self) -> None:
        self._up.enter_context(milvus_local(self._data, port=self._port))

    def stop(self) -> None:
        self._up.close()

    def kill(self) -> None:
        for process in psutil.Process().children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                ours = process.exe().startswith(str(self._data))
                if ours and process.cmdline()[1:] == ["run", "standalone"]:
                    process.kill()
        self.stop()


@pytest.fixture(scope="module")
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    if request.config.getoption("--outage") is None:
        pytest.skip("takes minutes: --outage 20")
    server = Server(tmp_path_factory.mktemp("milvus"))
    yield server
    server.stop()


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory, media: MediaFactory, untrained: Path) -> Truth:
    return Truth(tmp_path_factory.mktemp("truth"), media, untrained)


@pytest.fixture
def archive(
    tmp_path: Path,
    media: MediaFactory,
    untrained: Path,
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
) -> Archive:
    """Nothing yet, on the server; what is written to it is written in small parts."""
    monkeypatch.setattr(write, "ROWS_A_WRITE", 4)
    collection = f"outage_{uuid.uuid4().hex[:8]}"
    archive = Archive(tmp_path / "archive", media, untrained, uri=server.uri, collection=collection)
    archive.put(ALL)
    return archive


@contextmanager
def at_first_commit(act: Callable[[], None]) -> Iterator[Callable[[RunEvent], None]]:
    """What watches a run, and acts beside it once it has committed a video."""
    committed = threading.Event()
    with ThreadPoolExecutor(1) as beside:
        acting = beside.submit(lambda: committed.wait(60) and act())

        def watch(event: RunEvent) -> None:
            if isinstance(event, Committed):
                committed.set()

        yield watch
        acting.result()


def run(config: Config, act: Callable[[], None]) -> IngestReport:
    with at_first_commit(act) as watch:
        return reindex(config, watch=watch, remove_gone=True)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("how", ["stop", "kill"])
def test_a_server_that_comes_back(
    how: str, server: Server, archive: Archive, truth: Truth, request: pytest.FixtureRequest
) -> None:
    outage_s = request.config.getoption("--outage")

    def act() -> None:
        getattr(server, how)()
        time.sleep(outage_s)
        started = time.monotonic()
        server.start()
        print(f"{how}: started in {time.monotonic() - started:.0f} s", flush=True)

    started = time.monotonic()
    report = run(archive.config, act)
    print(f"{how}: run took {time.monotonic() - started:.0f} s, {report.videos}", flush=True)
    assert report.failures == ()
    assert report.videos.ingested == len(ALL)
    truth.assert_is(archive, ALL)


@pytest.mark.timeout(600)
def test_a_server_that_stays_away(server: Server, archive: Archive, truth: Truth) -> None:
    config = archive.config
    brief = config.store.model_copy(update={"outage_s": 3.0, "timeout_s": 5.0})
    started = time.monotonic()
    with pytest.raises(StoreError) as caught:
        run(config.model_copy(update={"store": brief}), server.kill)
    print(f"away: {time.monotonic() - started:.0f} s, {caught.value}", flush=True)
    assert caught.value.code == Code.STORE_UNREACHABLE
    server.start()
    archive.start("reindex")
    truth.assert_is(archive, ALL)
