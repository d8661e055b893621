"""What the tests of `query`, `similar` and `refine` share."""
# ruff: noqa: F401, F811  fixtures are imported, and named again where they are used

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.cli.test_cli import Result, Run, folder, vsearch


@pytest.fixture
def indexed(folder: Path, asked_archive: Path) -> Path:
    """A folder of the test's own, where commands without `--config` ask that archive."""
    shutil.copy(asked_archive, folder)
    return folder


def names(result: Result) -> list[str]:
    """The files that a command printed in lines, best first."""
    lines = [line.split("\t") for line in result.out.splitlines() if not line.startswith("\t")]
    return [Path(line[4]).name for line in lines]
