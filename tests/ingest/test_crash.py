"""Runs killed anywhere: the next one makes the archive what it should be."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path

import pytest

from tests.ingest.crash import NAMES, PHASES, Archive, Truth, Walk
from tests.media_factory import MediaFactory


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory, media: MediaFactory, untrained: Path) -> Truth:
    return Truth(tmp_path_factory.mktemp("truth"), media, untrained)


def places() -> Iterator[tuple[str, str]]:
    """Phases in turn, each time with another kind of point."""
    for turn in count():
        for phase, kinds in PHASES.items():
            yield phase, kinds[turn % len(kinds)]


def take(walk: Walk, kills: int) -> None:
    ended = (walk.kill(phase, kind) for phase, kind in places())
    for number, each in enumerate(islice(filter(None, ended), kills), 1):
        print(f"{number:3} {each}", flush=True)


def test_a_disk_that_is_full(
    tmp_path: Path, media: MediaFactory, untrained: Path, truth: Truth
) -> None:
    archive = Archive(tmp_path / "archive", media, untrained)
    names = {name: name for name in NAMES}
    for number, file_bytes in enumerate((2_000, 10_000, 3_000)):
        archive.put(dict(list(names.items())[: 2 + number]))
        with pytest.raises(
            AssertionError, match=r"(StoreError|ConfigError): .*(too large|I/O error|is full)"
        ) as caught:
            archive.start("reindex", file_bytes=file_bytes)
        print(file_bytes, str(caught.value).splitlines()[-1])
        archive.assert_nothing_half_written()
        if file_bytes > 2_000:
            archive.start("reindex")
    archive.put(names)
    archive.start("reindex")
    truth.assert_is(archive, names)


@pytest.mark.timeout(1800)
def test_killed_anywhere(
    tmp_path: Path, media: MediaFactory, untrained: Path, truth: Truth, kills: int | None
) -> None:
    take(Walk(Archive(tmp_path / "walk", media, untrained), truth, seed=1), kills or 5)


@pytest.mark.timeout(1800)
def test_killed_anywhere_on_a_server(
    tmp_path: Path, media: MediaFactory, untrained: Path, truth: Truth, kills: int | None,
    milvus_server: str,
) -> None:  # fmt: skip
    archive = Archive(tmp_path / "walk", media, untrained, uri=milvus_server)
    take(Walk(archive, truth, seed=2), kills or 2)
