"""`vsearch export` and `vsearch import`, as a user calls them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.asking import indexed  # noqa: F401
from tests.cli.test_cli import Run, folder, vsearch  # noqa: F401


def test_an_archive_moves(indexed: Path, vsearch: Run) -> None:  # noqa: F811
    result = vsearch("export", "backup")
    assert result.code == 0, result.err
    assert result.out.startswith("exported 5 videos, ")
    assert " rows to backup (" in result.out
    assert "\x1b" not in result.out + result.err
    refused = vsearch("export", "backup", "--json")
    assert refused.code == 1
    assert refused.document["failures"][0]["code"] == "file_exists"
    document = vsearch("export", "backup", "--force", "--json").document
    assert set(document) == {"folder", "videos", "rows", "size_bytes", "wall_s"}
    assert (document["folder"], document["videos"]) == ("backup", 5)

    there = ("--set", "store.uri=there.db", "--set", "run.state_dir=there")
    first = vsearch("import", "backup", *there)
    assert first.code == 0, first.err
    assert first.out.startswith("5 found: 5 imported, 0 unchanged; ")
    again = vsearch("import", "backup", "--json", *there).document
    assert set(again) == {"videos", "rows_written", "wall_s"}
    assert again["videos"] == {"found": 5, "imported": 0, "unchanged": 5}
    assert again["rows_written"] == 0

    here = vsearch("query", "a red car", "--json").document["results"]
    moved = vsearch("query", "a red car", "--json", *there).document["results"]
    for ours, theirs in zip(here, moved, strict=True):
        assert [ours[name] for name in ("content_id", "timestamps", "metadata")] == [
            theirs[name] for name in ("content_id", "timestamps", "metadata")
        ]
        for name in ("score", "confidence"):
            assert ours[name] == pytest.approx(theirs[name], abs=1e-5)
    # What was imported needs no decoding.
    report = vsearch("ingest", "--json", *there).document
    assert (report["videos"]["ingested"], report["videos"]["unchanged"]) == (0, 5)
    assert report["rows_written"] == 0


def test_nothing_to_import(folder: Path, vsearch: Run) -> None:  # noqa: F811
    result = vsearch("import", "nowhere", "--json")
    assert result.code == 1
    assert result.document["failures"][0]["code"] == "not_found"
    assert result.err.splitlines()[-1].startswith("vsearch: error: nowhere: is not there")


def test_nothing_to_export(folder: Path, vsearch: Run) -> None:  # noqa: F811
    result = vsearch("export", "backup", "--json")
    assert result.code == 1
    assert result.document["failures"][0]["code"] == "not_indexed"
    assert not any(path.name.endswith("partial") for path in folder.iterdir())
