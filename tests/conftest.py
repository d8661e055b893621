"""Fixtures for every room's tests."""

from __future__ import annotations

import os
import shutil
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import torch  # noqa: F401  before any test imports decord, or its first product crashes
import yaml

from pipeline.demo.archive import render_clip
from pipeline.ingest.run import ingest
from pipeline.models import write_untrained
from pipeline.settings import load_config
from tests.media_factory import MediaFactory
from tests.sharing import made_once, shared_milvus

# Timings are the machine's, not the code's: a slow example is no failure.
hypothesis.settings.register_profile("vsearch", deadline=None)
hypothesis.settings.load_profile("vsearch")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--kills",
        type=int,
        help="how many runs tests/ingest/test_crash.py kills: 5, and 2 on a server, unless told",
    )
    parser.addoption(
        "--outage", type=float, help="run tests/ingest/test_outage.py, away for so many seconds"
    )
    parser.addoption(
        "--good",
        type=int,
        default=200,
        help="good files in the folder of tests/cli/test_many.py; a tenth as many are bad",
    )


@pytest.fixture
def good_files(request: pytest.FixtureRequest) -> int:
    """How many good files a large folder has."""
    many: int = request.config.getoption("--good")
    return many


@pytest.fixture
def kills(request: pytest.FixtureRequest) -> int | None:
    """How many runs to kill, if the command line says it."""
    many: int | None = request.config.getoption("--kills")
    return many


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of this run of the tests, for all of its processes."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


# Not ended with the last test, which has a time to end in: others may use it for longer.
_servers = ExitStack()


def pytest_sessionfinish() -> None:
    _servers.close()


@pytest.fixture(scope="session")
def milvus_server(run_folder: Path) -> str:
    """The address of a real Milvus server, started at first use. It never skips: it must run."""
    return shared_milvus(run_folder / "milvus", _servers)


@pytest.fixture(scope="session")
def media(tmp_path_factory: pytest.TempPathFactory) -> MediaFactory:
    """Video files by the names in `tests/media_factory.py`, each made when first asked for."""
    return MediaFactory(tmp_path_factory.mktemp("media"))


@pytest.fixture(scope="session")
def untrained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights of a small CLIP that knows nothing, and still finds the frame a picture came from."""
    path = tmp_path_factory.mktemp("weights") / "untrained.safetensors"
    write_untrained(path)
    return path


DRAWN = ("road_trip.mp4", "harbour.mp4", "winter.mkv", "zoo.mp4", "fly_by.mp4")


@pytest.fixture(scope="session")
def drawn(run_folder: Path) -> Path:
    """A folder of videos of the demo's drawn world, for `encode.backend: demo`."""

    def draw(folder: Path) -> None:
        (folder / "videos").mkdir()
        for name in DRAWN:
            render_clip(name, folder / "videos")

    return made_once(run_folder / "drawn", draw) / "videos"


def index_drawn(drawn: Path, folder: Path, **sections: dict[str, Any]) -> Path:
    """Make an archive of drawn videos, with these settings besides.

    Returns:
        Its settings' file, in the folder.
    """
    settings = {
        "source": {"paths": [str(drawn)]},
        "encode": {"backend": "demo", "device": "cpu", "cache_dir": str(folder / "cache")},
        "store": {"uri": str(folder / "archive.db")},
        "run": {"state_dir": str(folder / "state")},
        **sections,
    }
    written = folder / "vsearch.yaml"
    written.write_text(yaml.safe_dump(settings))
    assert ingest(load_config(written).config).failures == ()
    return written


@pytest.fixture(scope="session")
def asked_archive(run_folder: Path, tmp_path_factory: pytest.TempPathFactory, drawn: Path) -> Path:
    """Settings of an archive of drawn videos, with rows enough for confidence; none changes it."""
    sections = {"scenes": {"max_length_s": 15.0}, "sample": {"fps": 4.0}}
    made = made_once(run_folder / "asking", lambda place: index_drawn(drawn, place, **sections))
    # A file of Milvus Lite is for one process.
    own = tmp_path_factory.mktemp("asking") / "own"
    shutil.copytree(made, own)
    settings = own / "vsearch.yaml"
    settings.write_text(settings.read_text().replace(str(made), str(own)))
    return settings
