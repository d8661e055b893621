"""Runs killed anywhere: the next one makes the archive what it should be."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path

import pytest

from tests.ingest.crash import PHASES, Archive, Truth, Walk
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


@pytest.mark.timeout(1800)
def test_killed_anywhere(
    tmp_path: Path, media: MediaFactory, untrained: Path, truth: Truth, kills: int
) -> None:
    take(Walk(Archive(tmp_path / "walk", media, untrained), truth, seed=1), kills)


@pytest.mark.timeout(1800)
def test_killed_anywhere_on_a_server(
    tmp_path: Path, media: MediaFactory, untrained: Path, truth: Truth, kills: int,
    milvus_server: str,
) -> None:  # fmt: skip
    archive = Archive(tmp_path / "walk", media, untrained, uri=milvus_server)
    take(Walk(archive, truth, seed=2), kills)
