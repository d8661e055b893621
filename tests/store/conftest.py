"""Where the store's tests run: whatever takes `config` runs on Milvus Lite and on a server."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from pymilvus import MilvusClient

from pipeline.config import IndexConfig, StoreConfig
from pipeline.data import Scope
from pipeline.store import VideoStore
from tests.store.samples import TILED


@pytest.fixture
def lite(tmp_path: Path) -> StoreConfig:
    """A Milvus Lite file that does not exist yet."""
    return StoreConfig(uri=str(tmp_path / "archive.db"))


@pytest.fixture
def server(milvus_server: str) -> Iterator[StoreConfig]:
    """A name on the server that nothing has yet."""
    config = StoreConfig(uri=milvus_server, collection=f"t{uuid.uuid4().hex[:12]}")
    yield config
    drop_archive(config)


@pytest.fixture(params=["lite", "server"])
def config(request: pytest.FixtureRequest) -> StoreConfig:
    """A place without an archive."""
    chosen: StoreConfig = request.getfixturevalue(request.param)
    return chosen


@pytest.fixture(scope="module", params=["lite", "server"])
def shared(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[VideoStore]:
    """One open archive for a whole module: making one takes a server seconds."""
    if request.param == "server":
        uri = request.getfixturevalue("milvus_server")
    else:
        uri = str(tmp_path_factory.mktemp("shared") / "archive.db")
    config = StoreConfig(uri=uri, collection=f"shared_{uuid.uuid4().hex[:12]}")
    with VideoStore.connect(config) as store:
        store.open_for_writing(TILED, IndexConfig())
        yield store
    if request.param == "server":
        drop_archive(config)


@pytest.fixture
def store(shared: VideoStore) -> Iterator[VideoStore]:
    """An open archive without rows."""
    yield shared
    shared.delete_videos({hit.video_id for hit, _ in list(shared.scan(Scope()))})
    shared.delete_videos([record.video.video_id for record in list(shared.iterate_videos())])


def drop_archive(config: StoreConfig) -> None:
    """Remove an archive and what was begun of it, so that the server stays small."""
    client = MilvusClient(config.uri, dedicated=True)
    for alias in client.list_aliases().get("aliases", []):
        if alias.startswith(config.collection):
            client.drop_alias(alias)
    for name in client.list_collections():
        if name.startswith(config.collection):
            client.drop_collection(name)
    client.close()
