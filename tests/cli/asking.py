"""What the tests of `query`, `similar` and `refine` share: the drawn videos, indexed once."""
# ruff: noqa: F401, F811  fixtures are imported, and named again where they are used

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from pipeline.ingest.run import ingest
from pipeline.settings import load_config
from tests.cli.test_cli import Result, Run, folder, vsearch


@pytest.fixture(scope="session")
def asked_archive(tmp_path_factory: pytest.TempPathFactory, drawn: Path) -> Path:
    """A folder with the settings of an archive of drawn videos; no test changes it."""
    place = tmp_path_factory.mktemp("asking")
    settings = {
        "source": {"paths": [str(drawn)]},
        "encode": {"backend": "demo", "device": "cpu", "cache_dir": str(place / "cache")},
        "store": {"uri": str(place / "archive.db")},
        "run": {"state_dir": str(place / "state")},
        "scenes": {"max_length_s": 15.0},
        "sample": {"fps": 4.0},
    }
    (place / "vsearch.yaml").write_text(yaml.safe_dump(settings))
    assert ingest(load_config(place / "vsearch.yaml").config).failures == ()
    return place


@pytest.fixture
def indexed(folder: Path, asked_archive: Path) -> Path:
    """A folder of the test's own, where commands without `--config` ask that archive."""
    shutil.copy(asked_archive / "vsearch.yaml", folder)
    return folder


def names(result: Result) -> list[str]:
    """The files that a command printed in lines, best first."""
    lines = [line.split("\t") for line in result.out.splitlines() if not line.startswith("\t")]
    return [Path(line[4]).name for line in lines]
