"""Exports that are not as they were written: each is refused, and no video of it is committed."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.backup import files
from pipeline.backup.restore import import_archive
from pipeline.backup.write import export_archive
from pipeline.config import Config
from pipeline.errors import BackupError, Code
from pipeline.store import VideoStore
from tests.store.samples import video_id

Change = Callable[[Path], None]


@pytest.fixture(scope="module")
def whole(source: Config, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole") / "out"
    export_archive(source, folder)
    return folder


@pytest.fixture
def exported(whole: Path, tmp_path: Path) -> Path:
    return shutil.copytree(whole, tmp_path / "out")


def refused(target: Config, folder: Path) -> BackupError:
    with pytest.raises(BackupError) as caught:
        import_archive(target, folder)
    assert "\n" not in str(caught.value)
    return caught.value


def describe(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    path = folder / files.DESCRIPTION
    document = json.loads(path.read_text("utf-8"))
    change(document)
    path.write_text(json.dumps(document), encoding="utf-8")


def sign(folder: Path, **counts: int) -> None:
    """Have the description fit files that were changed."""
    digests = {name: files.sha256(folder / name) for name in (files.SEGMENTS, files.VIDEOS)}
    describe(folder, lambda document: document.update(sha256=digests, **counts))


def forge(folder: Path, name: str, change: Callable[[list[dict[str, Any]]], object]) -> None:
    """Change rows of a file as somebody would who writes a new one."""
    table = pq.read_table(folder / name)
    rows = table.to_pylist()
    change(rows)
    pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), folder / name)
    sign(folder)


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("name", [files.SEGMENTS, files.VIDEOS])
@pytest.mark.parametrize("change", [truncate, flip, lambda path: path.write_bytes(b"")])
def test_bytes_that_changed(target: Config, exported: Path, name: str, change: Change) -> None:
    change(exported / name)
    error = refused(target, exported)
    assert (error.code, error.uri) == (Code.BACKUP_INVALID, str(exported / name))
    assert "SHA-256" in error.message
    assert not Path(target.store.uri).exists()


@pytest.mark.parametrize("change", [truncate, lambda path: path.write_bytes(b"PAR1 not")])
def test_a_file_that_parquet_cannot_read(target: Config, exported: Path, change: Change) -> None:
    change(exported / files.SEGMENTS)
    sign(exported)
    error = refused(target, exported)
    assert error.code == Code.BACKUP_INVALID
    assert "cannot be read" in error.message
    assert not Path(target.store.uri).exists()


@pytest.mark.parametrize("name", [files.SEGMENTS, files.VIDEOS, files.DESCRIPTION])
def test_a_file_that_is_missing(target: Config, exported: Path, name: str) -> None:
    (exported / name).unlink()
    error = refused(target, exported)
    assert error.code == (Code.NOT_FOUND if name == files.DESCRIPTION else Code.BACKUP_INVALID)
    assert name in str(error)
    assert not Path(target.store.uri).exists()


def test_no_export_at_all(target: Config, tmp_path: Path) -> None:
    assert "is not there" in refused(target, tmp_path / "nowhere").message
    (tmp_path / "file").write_text("")
    assert "is no folder" in refused(target, tmp_path / "file").message
    (tmp_path / "empty").mkdir()
    error = refused(target, tmp_path / "empty")
    assert "vsearch export" in error.message
    assert error.code == Code.NOT_FOUND


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: d["settings"]["identity"]["encoder"].update(model="RN50"), "fingerprint"),
        (lambda d: d["settings"].update(fingerprint="0" * 12), "says fingerprint 000000000000"),
        (lambda d: d.update(format=2), "has format 2"),
        (lambda d: d["settings"].update(schema=1), "says fingerprint"),
        (lambda d: d["settings"].update(schema=9), "rows of form 9"),
        (lambda d: d.pop("sha256"), "no description"),
        (lambda d: d.update(settings=3), "no description"),
        (lambda d: d.update(rows=3), "has 348 rows, not 3"),
        (lambda d: d.update(videos=6), "has 5 rows, not 6"),
    ],
)
def test_a_description_that_does_not_fit(
    target: Config, exported: Path, change: Callable[[dict[str, Any]], object], said: str
) -> None:
    describe(exported, change)
    error = refused(target, exported)
    assert error.code == Code.BACKUP_INVALID
    assert said in error.message
    assert not Path(target.store.uri).exists()


@pytest.mark.parametrize("text", ["{", "[]", "null", "\x00"])
def test_a_description_that_is_none(target: Config, exported: Path, text: str) -> None:
    (exported / files.DESCRIPTION).write_text(text)
    assert refused(target, exported).code == Code.BACKUP_INVALID
    (exported / files.DESCRIPTION).write_bytes(b"\xff")
    assert refused(target, exported).code == Code.BACKUP_INVALID


def test_other_columns(target: Config, exported: Path) -> None:
    for name, change in {
        files.SEGMENTS: lambda table: table.drop_columns(["box"]),
        files.VIDEOS: lambda table: table.append_column("more", table["rows"]),
    }.items():
        before = (exported / name).read_bytes()
        pq.write_table(change(pq.read_table(exported / name)), exported / name)
        sign(exported)
        error = refused(target, exported)
        assert error.code == Code.BACKUP_INVALID
        assert "has other columns than" in error.message
        (exported / name).write_bytes(before)
    assert not Path(target.store.uri).exists()


def edit(number: int, **values: Any) -> Callable[[list[dict[str, Any]]], object]:
    return lambda rows: rows[number].update(values)


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        (files.SEGMENTS, edit(9, vector=[0.0] * 7 + [np.nan]), "not finite"),
        (files.SEGMENTS, edit(9, vector=[0.0] * 7 + [np.inf]), "not finite"),
        (files.SEGMENTS, edit(9, kind="moment"), "makes no sense"),
        (files.SEGMENTS, edit(9, box=[0.5, 0.5, 0.1, 1.0]), "makes no sense"),
        (files.SEGMENTS, edit(9, revision=6), "should be"),
        (files.SEGMENTS, edit(9, video_id=video_id("other")), "should be"),
        (files.SEGMENTS, lambda rows: rows.sort(key=lambda row: row["row_id"]), "should be"),
        (files.SEGMENTS, edit(9, row_id="0"), "should be"),
        (files.VIDEOS, edit(0, mean=[np.nan] * 8), "not finite"),
        (files.VIDEOS, edit(0, rows=9), "counts"),
        (files.VIDEOS, edit(0, probe="{}"), "makes no sense"),
        (files.VIDEOS, edit(0, probe="{"), "makes no sense"),
        (files.VIDEOS, lambda rows: rows.reverse(), "out of order"),
        (files.VIDEOS, edit(1, video_id=video_id("z")), "two videos"),
    ],
)
def test_rows_that_nobody_has_written(
    target: Config,
    exported: Path,
    name: str,
    change: Callable[[list[dict[str, Any]]], object],
    said: str,
) -> None:
    forge(exported, name, change)
    error = refused(target, exported)
    assert (error.code, error.uri) == (Code.BACKUP_INVALID, str(exported / name))
    assert said in error.message
    if Path(target.store.uri).exists():
        with VideoStore.connect(target.store) as store:
            store.open_for_reading()
            assert store.count_videos() == 0


@pytest.mark.parametrize("name", [files.SEGMENTS, files.VIDEOS, files.DESCRIPTION])
def test_what_is_no_regular_file_is_not_opened(target: Config, exported: Path, name: str) -> None:
    (exported / name).unlink()
    os.mkfifo(exported / name)
    assert "named pipe" in refused(target, exported).message


def test_a_description_of_any_size_is_not_read(target: Config, exported: Path) -> None:
    with (exported / files.DESCRIPTION).open("a") as file:
        file.write(" " * (17 << 20))
    assert "bytes" in refused(target, exported).message
    (exported / files.DESCRIPTION).write_text("[" * 100_000)
    assert "no JSON" in refused(target, exported).message
