"""Archives to export, and places to import to."""
# ruff: noqa: F401  fixtures are imported, and named again where they are used

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.config import Config, IndexConfig, StoreConfig
from pipeline.store import VideoStore
from tests.store.conftest import lite, server
from tests.store.samples import IDENTITY, embeddings, record

ODD = (
    "/x/ü \"q\" 'q' \\ \n\u2028\U0001f600.mp4",
    "/not utf-8 \udcff\udc80.mp4",
    "/lit \\udcff.mp4",
)
COUNTS = {"a": 5, "b": 300, "c": 1, "d": 40, "e": 2}
"""Videos of the archive, and how many rows each has."""


def fill(store: VideoStore, *, counts: dict[str, int] = COUNTS, revision: int = 7) -> None:
    for name, count in counts.items():
        store.upsert_segments(embeddings(name, count), revision)
        paths = ODD if name == "a" else None
        tags = ("night", "\udcff") if name == "a" else ()
        store.commit([record(name, revision, count=count, paths=paths, tags=tags)])


def place(uri: str, folder: Path, *, collection: str = "archive", kind: str = "HNSW") -> Config:
    index = IndexConfig.model_validate({"type": kind})
    store = StoreConfig(uri=uri, collection=collection, index=index)
    run = {"state_dir": str(folder / "state")}
    return Config.model_validate({"store": store, "run": run})


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Config:
    """An archive with rows that count and rows that do not; no test changes it."""
    folder = tmp_path_factory.mktemp("source")
    config = place(str(folder / "source.db"), folder)
    with VideoStore.connect(config.store) as store:
        store.open_for_writing(IDENTITY, config.store.index)
        fill(store)
        store.upsert_segments(embeddings("d", 50), 6)
        store.upsert_segments(embeddings("never committed"), 7)
    return config


@pytest.fixture
def target(tmp_path: Path) -> Config:
    """A Milvus Lite file that is not there yet."""
    return place(str(tmp_path / "target.db"), tmp_path, kind="FLAT")


@pytest.fixture(params=["lite", "server"])
def anywhere(request: pytest.FixtureRequest, tmp_path: Path) -> Config:
    """A place without an archive, on Milvus Lite and on a server."""
    store: StoreConfig = request.getfixturevalue(request.param)
    return place(store.uri, tmp_path, collection=store.collection)
