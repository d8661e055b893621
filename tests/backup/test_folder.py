"""Where an export goes, and what is never lost there."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pipeline.backup import files
from pipeline.backup.write import export_archive
from pipeline.config import Config
from pipeline.errors import BackupError, Code
from tests.store.faults import CutOff

NAMES = {files.SEGMENTS, files.VIDEOS, files.DESCRIPTION}


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.fixture
def parent(tmp_path: Path) -> Path:
    folder = tmp_path / "backups"
    folder.mkdir()
    return folder


def test_a_new_folder_and_an_empty_one(source: Config, parent: Path) -> None:
    (parent / "empty").mkdir()
    (parent / "link").symlink_to(parent / "empty")
    for name in ("link", "deep/er"):
        export_archive(source, parent / name)
        assert names(parent / name) == NAMES
    assert (parent / "link").is_symlink()
    assert names(parent) == {"empty", "link", "deep"}


def test_an_earlier_export_is_replaced_if_that_is_said(source: Config, parent: Path) -> None:
    export_archive(source, parent / "out")
    with pytest.raises(BackupError, match="--force") as caught:
        export_archive(source, parent / "out")
    assert caught.value.code == Code.FILE_EXISTS
    (parent / "out" / files.VIDEOS).unlink()
    export_archive(source, parent / "out", force=True)
    assert names(parent / "out") == NAMES
    assert names(parent) == {"out"}


@pytest.mark.parametrize("other", ["notes.txt", files.SEGMENTS])
@pytest.mark.parametrize("described", [True, False])
def test_what_is_no_export_is_never_replaced(
    source: Config, parent: Path, other: str, described: bool
) -> None:
    (parent / "out").mkdir()
    if described:
        export_archive(source, parent / "other")
        shutil.copy(parent / "other" / files.DESCRIPTION, parent / "out")
        other = "notes.txt"
    (parent / "out" / other).write_text("mine")
    with pytest.raises(BackupError, match="something else") as caught:
        export_archive(source, parent / "out", force=True)
    assert caught.value.code == Code.FILE_EXISTS
    assert (parent / "out" / other).read_text() == "mine"


def test_a_file_is_no_folder(source: Config, parent: Path) -> None:
    (parent / "out").write_text("mine")
    with pytest.raises(BackupError, match="is no folder"):
        export_archive(source, parent / "out", force=True)
    with pytest.raises(BackupError, match="cannot be written") as caught:
        export_archive(source, parent / "out" / "in a file")
    assert caught.value.code == Code.UNWRITABLE
    with pytest.raises(BackupError, match="mount point"):
        export_archive(source, Path("/"))
    assert (parent / "out").read_text() == "mine"


@pytest.mark.parametrize("ending", [KeyboardInterrupt, CutOff, OSError(28, "No space left")])
def test_an_interrupted_export_leaves_what_was_there(
    source: Config, parent: Path, ending: BaseException | type[BaseException]
) -> None:
    def interrupt(done: int, total: int) -> None:
        raise ending

    export_archive(source, parent / "out")
    before = {path.name: path.read_bytes() for path in (parent / "out").iterdir()}
    for name in ("out", "new"):
        with pytest.raises((KeyboardInterrupt, CutOff, BackupError)):
            export_archive(source, parent / name, interrupt, force=True)
    assert names(parent) == {"out"}
    assert {path.name: path.read_bytes() for path in (parent / "out").iterdir()} == before
