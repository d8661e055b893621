"""An open archive, and another one that takes its place while it is asked."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Barrier, Event
from types import SimpleNamespace

import pytest

from pipeline.config import Config, IndexConfig
from pipeline.errors import Code, StoreError
from pipeline.ingest.run import ingest, reindex
from pipeline.search import opening
from pipeline.search.opening import LAG_S, Opened, View
from pipeline.settings import load_config
from pipeline.store import Generations, VideoStore
from pipeline.store import archive as store_archive
from pipeline.store.versions import SCHEMA_VERSION, Names
from tests.media_factory import MediaFactory
from tests.store.conftest import drop_archive


@dataclass(frozen=True)
class Two:
    """Two archives of one video, of which either may answer.

    Args:
        config: Where they are.
        first: Answers at first.
        other: May take its place.
    """

    config: Config
    first: Names
    other: Names

    @property
    def on_server(self) -> bool:
        return self.config.store.uri.startswith("http")

    def switch(self, names: Names) -> None:
        """Make one of them answer."""
        with Generations(self.config.store) as generations:
            generations.switch(names)


@pytest.fixture(scope="module", params=["lite", "server"])
def two(
    request: pytest.FixtureRequest,
    media: MediaFactory,
    untrained: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Two]:
    folder = tmp_path_factory.mktemp("two")
    server = request.param == "server"
    uri = request.getfixturevalue("milvus_server") if server else f"{folder}/archive.db"
    ours = (
        f"source.paths=[{media['h264.mp4']}]",
        f"encode.weights={untrained}",
        "encode.device=cpu",
        f"store.uri={uri}",
        f"store.collection=two_{uuid.uuid4().hex[:8]}",
        f"run.state_dir={folder}/state",
    )
    (folder / "empty.yaml").touch()
    config = load_config(folder / "empty.yaml", ours).config
    assert ingest(config).videos.ingested == 1
    reindex(load_config(folder / "empty.yaml", [*ours, "store.index.type=FLAT"]).config)
    with Generations(config.store) as generations:
        other, first = generations.current(), generations.previous()
    assert first is not None
    assert other is not None
    made = Two(config, first, other)
    yield made
    if made.on_server:
        drop_archive(config.store)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What the time is, for who opens an archive."""
    now = [1000.0]
    monkeypatch.setattr(opening, "time", SimpleNamespace(monotonic=lambda: now[0]))
    return now


@contextmanager
def opened(config: Config, consistency: str = "Bounded") -> Iterator[Opened]:
    store = config.store.model_copy(update={"consistency": consistency})
    archive = Opened(config.model_copy(update={"store": store}))
    try:
        yield archive
    finally:
        archive.store.close()


def who_answers(archive: Opened) -> Names:
    def ask(view: View) -> Names:
        assert view.store.count_visible_videos() == 1
        return view.store.names

    return archive.ask(lambda view: lambda: ask(view))


@pytest.mark.parametrize("consistency", ["Bounded", "Strong"])
def test_a_switch_is_seen_at_once_or_a_moment_later(
    two: Two, clock: list[float], consistency: str
) -> None:
    two.switch(two.first)
    with opened(two.config, consistency) as archive:
        assert who_answers(archive) == two.first
        two.switch(two.other)
        clock[0] += LAG_S / 2
        late = two.on_server and consistency != "Strong"
        assert who_answers(archive) == (two.first if late else two.other)
        clock[0] += LAG_S / 2
        assert who_answers(archive) == two.other
        two.switch(two.first)
        # That it was followed is remembered.
        assert who_answers(archive) == (two.other if late else two.first)


def test_what_another_question_found_out_counts(two: Two, clock: list[float]) -> None:
    two.switch(two.first)
    begun, go_on = Event(), Event()

    def slowly(view: View) -> Callable[[], Names]:
        begun.set()
        assert go_on.wait(60)
        return lambda: view.store.names

    with opened(two.config) as archive, ThreadPoolExecutor(1) as other:
        two.switch(two.other)
        clock[0] += 2 * LAG_S
        slow = other.submit(archive.ask, slowly)
        assert begun.wait(60)
        assert who_answers(archive) == two.other
        go_on.set()
        assert slow.result() == two.other


def test_questions_at_once_follow_once(
    two: Two, clock: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    two.switch(two.first)
    many = 8
    together, followed = Barrier(many), []

    def question(view: View) -> Callable[[], Names]:
        if view.store.names == two.first:
            together.wait(60)
        return lambda: view.store.names

    with opened(two.config) as archive, ThreadPoolExecutor(many) as others:
        two.switch(two.other)
        clock[0] += 2 * LAG_S
        resolve = archive.store.resolve
        monkeypatch.setattr(archive.store, "resolve", lambda: followed.append(1) or resolve())
        answers = [others.submit(archive.ask, question) for _ in range(many)]
        assert {each.result() for each in answers} == {two.other}
    assert len(followed) == (1 if two.on_server else many)


def test_what_cannot_be_followed_is_an_error_each_time(
    two: Two, clock: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    two.switch(two.first)
    with opened(two.config) as archive:
        two.switch(two.other)
        clock[0] += 2 * LAG_S
        with monkeypatch.context() as later:
            # As if the rows of both were stored in another form than is read.
            later.setattr(store_archive, "SCHEMA_VERSION", SCHEMA_VERSION + 1)
            for _ in range(2):
                with pytest.raises(StoreError, match="run vsearch reindex") as caught:
                    who_answers(archive)
                assert caught.value.code == Code.SETTINGS_MISMATCH
        assert who_answers(archive) == two.other


def made_aside(two: Two) -> Names:
    """A third archive of the same video, without rows."""
    with VideoStore.connect(two.config.store) as store:
        identity = store.open_for_reading()
        records = list(store.iterate_videos())
        store.open_aside(identity, IndexConfig(type="IVF_FLAT"))
        store.commit(records)
        return store.names


def test_an_archive_that_is_gone_is_left_at_once(two: Two, clock: list[float]) -> None:
    third = made_aside(two)
    two.switch(third)
    with opened(two.config) as archive:
        assert who_answers(archive) == third
        two.switch(two.first)
        with Generations(two.config.store) as generations:
            generations.drop(third)
        assert who_answers(archive) == two.first
