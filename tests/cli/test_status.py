"""`vsearch status` by its contract."""
# ruff: noqa: F401, F811  fixtures are imported, and named again where they are used

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from pipeline.data import Failure, Scope
from pipeline.errors import Code
from pipeline.ingest.ledger import Ledger
from pipeline.ingest.state import ledger_path
from pipeline.settings import load_config
from pipeline.store import VideoStore
from pipeline.store.versions import SCHEMA_VERSION
from tests.cli.test_cli import Run, folder, indexed, vsearch
from tests.media_factory import MediaFactory

KEYS = {
    "store", "server", "collection", "segments", "fingerprint", "form", "videos", "rows", "video_s",
    "oldest_indexed_at", "newest_indexed_at", "last_run", "index", "encoder", "content", "dim",
    "versions", "vector_bytes", "file_bytes", "left_over", "failed", "failures",
    "partial",
}  # fmt: skip


def test_the_document(indexed: Path, vsearch: Run) -> None:
    result = vsearch("status", "--json")
    assert result.code == 0, result.err
    document = result.document
    assert set(document) == KEYS
    assert document["videos"] == 3
    assert document["rows"] > 3
    assert 3 < document["video_s"] < 60
    assert document["fingerprint"] in document["segments"]
    assert document["form"] == SCHEMA_VERSION
    assert document["vector_bytes"] == 4 * document["dim"] * (document["rows"] + 3)
    assert document["file_bytes"] > 4 * document["dim"] * document["rows"]
    assert document["left_over"] == {"rows": 0, "generations": []}
    assert (document["failed"], document["failures"]) == ({}, [])
    assert document["encoder"]["backend"] == "openai"
    assert document["content"]["sample"]["per_scene"] == 3
    oldest, newest = (
        datetime.fromisoformat(document[f"{age}_indexed_at"]) for age in ("oldest", "newest")
    )
    assert timedelta() <= newest - oldest < timedelta(minutes=5)


def test_the_last_run(indexed: Path, vsearch: Run) -> None:
    first = vsearch("status", "--json").document["last_run"]
    assert set(first) == {"command", "started", "ended", "report", "error"}
    assert (first["command"], first["error"]) == ("ingest", None)
    assert first["report"]["videos"]["ingested"] == 3
    started, ended = map(datetime.fromisoformat, (first["started"], first["ended"]))
    assert started <= ended
    again = vsearch("reindex", "--set", "source.paths=videos", "--json")
    assert again.code == 0, again.err
    second = vsearch("status", "--json").document["last_run"]
    assert (second["command"], second["report"]["videos"]["unchanged"]) == ("reindex", 3)
    assert "reindex, " in vsearch("status").out


def test_a_run_that_raised_is_the_last_run(indexed: Path, vsearch: Run) -> None:
    ended = vsearch("ingest", "videos", "--set", "sample.per_scene=1")
    assert ended.code == 1
    note = vsearch("status", "--json").document["last_run"]
    assert (note["command"], note["report"]) == ("ingest", None)
    assert note["error"]["code"] == "settings_mismatch"
    assert "error settings_mismatch: " in vsearch("status").out


def test_a_run_that_did_not_begin_is_not(indexed: Path, vsearch: Run) -> None:
    before = vsearch("status", "--json").document["last_run"]
    assert vsearch("reindex", "--set", "source.paths=[]").code == 2
    assert vsearch("status", "--json").document["last_run"] == before


def test_a_note_that_cannot_be_written_or_read_stops_nothing(indexed: Path, vsearch: Run) -> None:
    (note,) = (indexed / ".vsearch").glob("last-run-*.json")
    note.write_text("{")
    assert vsearch("status", "--json").document["last_run"] is None
    assert "none is noted" in vsearch("status").out
    note.unlink()
    note.mkdir()
    assert vsearch("ingest", "videos").code == 0
    assert vsearch("status", "--json").document["last_run"] is None


def test_failures_by_code(indexed: Path, vsearch: Run, media: MediaFactory) -> None:
    for name in ("broken.mp4", "rubbish.mp4"):
        shutil.copy(media["garbage.mp4"], indexed / "videos" / name)
    (indexed / "videos" / "empty.mp4").touch()
    assert vsearch("ingest", "videos", "gone").code == 3
    document = vsearch("status", "--json").document
    assert document["failed"] == {"empty_file": 1, "not_a_video": 2}
    assert sorted(Path(each["uri"]).name for each in document["failures"]) == [
        "broken.mp4", "empty.mp4", "rubbish.mp4",
    ]  # fmt: skip
    for each in document["failures"]:
        assert set(each) == {
            "uri", "code", "message", "since", "last", "attempts", "tried_with",
        }  # fmt: skip
        assert each["attempts"] == 1
        assert each["since"] == each["last"]
        assert datetime.fromisoformat(each["since"]).tzinfo
        assert "vsearch " in each["tried_with"]
    shown = vsearch("status").out
    assert "empty_file 1, not_a_video 2; vsearch retry tries them again" in shown
    assert "broken.mp4 [not_a_video]" in shown
    assert f"(since {document['failures'][0]['since']}, tried once)" in shown
    assert "gone [not_found]" in shown, "what only the last run knows is told too"


def test_what_is_left_over(indexed: Path, vsearch: Run) -> None:
    paths = ("--set", "source.paths=videos")
    old = vsearch("status", "--json").document
    changed = vsearch("reindex", *paths, "--set", "sample.per_scene=1", "--json")
    assert changed.code == 0, changed.err
    with VideoStore.connect(load_config().config.store) as store:
        store.open_for_reading()
        read = list(store.scan(Scope()))
        store.put_rows(
            (hit._replace(row_id=f"{index:032x}", video_id="f" * 64), vector)
            for index, (hit, vector) in enumerate(read[:2])
        )
        store.flush()
    document = vsearch("status", "--json").document
    assert document["fingerprint"] != old["fingerprint"]
    assert document["rows"] == len(read)
    assert document["left_over"] == {
        "rows": 2,
        "generations": [
            {
                "segments": old["segments"], "role": "previous", "videos": 3, "rows": old["rows"],
                "vector_bytes": old["vector_bytes"],
            }
        ],
    }  # fmt: skip
    shown = vsearch("status").out
    assert "2 rows of no committed video" in shown
    assert f"{old['segments']} (previous): 3 videos" in shown


def test_lines_are_aligned(indexed: Path, vsearch: Run) -> None:
    lines = vsearch("status").out.splitlines()
    names = [line[:9].strip() for line in lines]
    assert names == [
        "archive", "videos", "rows", "indexed", "last run", "size", "encoder", "scenes", "sample",
        "index", "segments", "left over", "failed", "partial",
    ]  # fmt: skip
    assert all(line[9:11] == "  " and line[11] != " " for line in lines)


def test_names_that_are_no_text(indexed: Path, vsearch: Run) -> None:
    Path(os.fsdecode(b"videos/\xff.mp4")).touch()
    assert vsearch("ingest", "videos").code == 3
    document = json.loads(vsearch("status", "--json").out)
    (failure,) = document["last_run"]["report"]["failures"]
    assert os.fsencode(failure["uri"]).endswith(b"/\xff.mp4")
    assert failure["uri"] == document["failures"][0]["uri"]
    assert "\\udcff.mp4 [empty_file]" in vsearch("status").out


def test_what_is_shown_of_a_failure_moves_no_cursor(indexed: Path, vsearch: Run) -> None:
    config = load_config().config
    segments = vsearch("status", "--json").document["segments"]
    path = str(indexed / "videos" / "h264.mp4")
    with Ledger(ledger_path(config, segments)) as notes:
        notes.failed(Failure(path, Code.DECODE_ERROR, "codec \x1b[2Jgone\nfine"))
    shown = vsearch("status").out
    assert "\x1b" not in shown
    assert r"codec \x1b[2Jgone\nfine" in shown


@pytest.mark.parametrize("args", [(), ("--json",)])
def test_an_archive_without_videos(indexed: Path, vsearch: Run, args: tuple[str, ...]) -> None:
    for path in sorted((indexed / "videos").iterdir()):
        assert vsearch("delete", path, "--yes").code == 0
    result = vsearch("status", *args)
    assert result.code == 0, result.err
    if args:
        assert (result.document["videos"], result.document["oldest_indexed_at"]) == (0, None)
