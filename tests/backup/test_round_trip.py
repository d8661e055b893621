"""What is exported comes back as it was, wherever to."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from pipeline.backup import files
from pipeline.backup.read import open_export
from pipeline.backup.restore import import_archive, restore
from pipeline.backup.write import export_archive
from pipeline.config import Config
from pipeline.data import Identity
from pipeline.errors import Code, LockedError, StoreError
from pipeline.ingest.state import run_lock
from pipeline.store import VideoStore
from pipeline.store.versions import fingerprint
from tests.backup.archives import assert_same, videos
from tests.backup.conftest import COUNTS, ODD, fill
from tests.store.faults import CutOff, Faults
from tests.store.samples import IDENTITY, embeddings, record, video_id

ROWS = sum(COUNTS.values())


@pytest.fixture(params=[64, 8192])
def at_once(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Rows in memory at a time: several groups and row groups, or one."""
    monkeypatch.setattr(files, "ROWS_AT_ONCE", request.param)
    return int(request.param)


def test_there_and_back(source: Config, anywhere: Config, tmp_path: Path, at_once: int) -> None:
    seen: list[tuple[int, int]] = []
    report = export_archive(source, tmp_path / "out", lambda *step: seen.append(step))
    assert (report.videos, report.rows) == (5, ROWS)
    assert report.size_bytes == sum(x.stat().st_size for x in (tmp_path / "out").iterdir())
    assert seen[-1] == (5, 5)
    seen.clear()
    there = import_archive(anywhere, tmp_path / "out", lambda *step: seen.append(step))
    assert (there.found, there.imported, there.unchanged, there.rows_written) == (5, 5, 0, ROWS)
    assert seen[-1] == (5, 5)
    assert_same(source, anywhere)
    export_archive(anywhere, tmp_path / "again")
    for name in (files.SEGMENTS, files.VIDEOS):
        assert (tmp_path / "again" / name).read_bytes() == (tmp_path / "out" / name).read_bytes()


def test_from_an_archive_whose_rows_had_another_form(
    source: Config, target: Config, tmp_path: Path
) -> None:
    """The files hold what a row says, not what a store finds it by."""
    export_archive(source, tmp_path / "out")
    path = tmp_path / "out" / files.DESCRIPTION
    document = json.loads(path.read_text("utf-8"))
    document["settings"].update(schema=1, fingerprint=fingerprint(IDENTITY, 1))
    path.write_text(json.dumps(document), encoding="utf-8")
    import_archive(target, tmp_path / "out")
    assert_same(source, target)


def test_what_does_not_count_stays_behind(source: Config, target: Config, tmp_path: Path) -> None:
    export_archive(source, tmp_path / "out")
    import_archive(target, tmp_path / "out")
    with VideoStore.connect(target.store) as store:
        store.open_for_reading()
        assert store.count_rows() == ROWS
        assert store.rows_of(video_id("d")) == sorted(x.row_id(7) for x in embeddings("d", 40))
        assert store.rows_of(video_id("never committed")) == []
        assert store.stats().settings.index.type == "FLAT"


def test_the_files_are_open_to_others(source: Config, tmp_path: Path, at_once: int) -> None:
    export_archive(source, tmp_path / "out")
    table = pq.read_table(tmp_path / "out" / files.SEGMENTS)
    assert pq.ParquetFile(tmp_path / "out" / files.SEGMENTS).num_row_groups == -(-ROWS // at_once)
    keys = list(zip(table["video_id"].to_pylist(), table["row_id"].to_pylist(), strict=True))
    assert keys == sorted(keys)
    given = [row for name, count in COUNTS.items() for row in embeddings(name, count)]
    written = {row.row_id(7): row.vector for row in given}
    for (_, key), vector in zip(keys, table["vector"].to_pylist(), strict=True):
        np.testing.assert_array_equal(np.float32(vector), written[key])
    document = json.loads((tmp_path / "out" / files.DESCRIPTION).read_text("utf-8"))
    assert (document["format"], document["videos"], document["rows"]) == (1, 5, ROWS)
    assert document["settings"]["fingerprint"] == fingerprint(IDENTITY)


def test_odd_paths_survive(source: Config, target: Config, tmp_path: Path) -> None:
    export_archive(source, tmp_path / "out")
    import_archive(target, tmp_path / "out")
    with VideoStore.connect(target.store) as store:
        store.open_for_reading()
        found = store.videos([video_id("a")])[video_id("a")]
    assert (found.paths, found.video.path, found.tags) == (ODD, ODD[0], ("night", "\udcff"))


def test_what_is_in_already_is_passed_over(source: Config, target: Config, tmp_path: Path) -> None:
    export_archive(source, tmp_path / "out")
    with VideoStore.connect(target.store) as store:
        store.open_for_writing(IDENTITY, target.store.index)
        fill(store, counts={"a": 5}, revision=6)
        fill(store, counts={"d": 40}, revision=8)
        fill(store, counts={"mine": 3}, revision=1)
    first = import_archive(target, tmp_path / "out")
    assert (first.found, first.imported, first.unchanged) == (5, 4, 1)
    assert first.rows_written == ROWS - 40
    second = import_archive(target, tmp_path / "out")
    assert (second.imported, second.unchanged, second.rows_written) == (0, 5, 0)
    with VideoStore.connect(target.store) as store:
        store.open_for_reading()
        revisions = {x.video.video_id: x.revision for x in store.iterate_videos()}
        assert revisions == {
            **{video_id(name): 7 for name in COUNTS}, video_id("d"): 8, video_id("mine"): 1
        }  # fmt: skip
        # Of the one that was replaced no row is left.
        assert store.rows_of(video_id("a")) == sorted(x.row_id(7) for x in embeddings("a"))


@pytest.mark.parametrize(("collection", "call"), [("", 3), ("_videos", 0), ("_videos", 2)])
def test_an_import_that_was_cut_off_is_run_again(
    source: Config,
    anywhere: Config,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    collection: str,
    call: int,
) -> None:
    monkeypatch.setattr(files, "ROWS_AT_ONCE", 64)
    export_archive(source, tmp_path / "out")
    calls = itertools.count()

    def cut_off(options: dict[str, Any]) -> None:
        if next(calls) == call:
            raise CutOff

    faults = Faults()
    faults.plan("upsert", cut_off, collection=collection, times=call + 1)
    with (
        VideoStore(anywhere.store, dial=faults.dial, request_bytes=20_000) as store,
        open_export(tmp_path / "out") as export,
    ):
        store.open_for_writing(IDENTITY, anywhere.store.index)
        with pytest.raises(CutOff):
            restore(store, export, flush_rows=50)
    committed = len(videos(anywhere))
    assert committed < 5
    assert committed > 0 or call != 2
    report = import_archive(anywhere, tmp_path / "out")
    assert (report.imported, report.unchanged) == (5 - committed, committed)
    assert_same(source, anywhere)
    with VideoStore.connect(anywhere.store) as store:
        store.open_for_reading()
        assert store.count_rows() == ROWS


def test_an_archive_of_other_settings_is_refused(
    source: Config, target: Config, tmp_path: Path
) -> None:
    export_archive(source, tmp_path / "out")
    other = Identity({**IDENTITY.encoder, "model": "RN50"}, IDENTITY.content, IDENTITY.dim)
    with VideoStore.connect(target.store) as store:
        store.open_for_writing(other, target.store.index)
    with pytest.raises(StoreError, match=r'encoder\.model is "RN50", not "ViT-B/32"') as caught:
        import_archive(target, tmp_path / "out")
    assert caught.value.code == Code.SETTINGS_MISMATCH


def test_an_import_waits_for_no_ingest(source: Config, target: Config, tmp_path: Path) -> None:
    export_archive(source, tmp_path / "out")
    with run_lock(target), pytest.raises(LockedError):
        import_archive(target, tmp_path / "out")


def test_a_video_whose_rows_are_lost_is_named(target: Config, tmp_path: Path) -> None:
    with VideoStore.connect(target.store) as store:
        store.open_for_writing(IDENTITY, target.store.index)
        fill(store, counts={"a": 5, "c": 1})
        store.commit([record("c", 9, count=1)])
    with pytest.raises(StoreError, match=r"0 rows of /archive/c\.mp4.*with 1") as caught:
        export_archive(target, tmp_path / "out")
    assert caught.value.code == Code.STORE_FAILED
    assert not (tmp_path / "out").exists()


def test_nothing_to_export(target: Config, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="vsearch ingest") as caught:
        export_archive(target, tmp_path / "out")
    assert caught.value.code == Code.NOT_INDEXED
    with VideoStore.connect(target.store) as store:
        store.open_for_writing(IDENTITY, target.store.index)
        store.upsert_segments(embeddings("never committed"), 1)
    with pytest.raises(StoreError, match="no video is in the archive 'archive'") as caught:
        export_archive(target, tmp_path / "out")
    assert caught.value.code == Code.NOT_INDEXED
    assert not (tmp_path / "out").exists()
