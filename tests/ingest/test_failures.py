"""Files that failed: remembered as they were, and left alone until something changed."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.config import Config, DecodeConfig
from pipeline.data import FailedFile, Failure, FileStamp, IngestReport, VideoCounts
from pipeline.errors import LASTING, Code, ConfigError
from pipeline.ingest import known, worker
from pipeline.ingest.first import refused
from pipeline.ingest.known import KnownFiles, tried_with
from pipeline.ingest.ledger import Ledger
from pipeline.ingest.places import Places
from pipeline.ingest.retry import chosen, failed_files
from pipeline.ingest.run import ingest, reindex, retry
from pipeline.ingest.state import ledger_path
from pipeline.store import VideoStore
from tests.ingest import trouble
from tests.media_factory import MediaFactory

Settings = Callable[..., Config]
STAMP = FileStamp(7, 11)


@pytest.fixture
def notes(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "ledger.sqlite")


@pytest.fixture
def bad(archive: Path, media: MediaFactory) -> Path:
    """A file that no decoder reads, among three that are good."""
    path = archive / "bad.mp4"
    shutil.copy(media["garbage.mp4"], path)
    return path


def failed(report: IngestReport) -> list[tuple[str, str]]:
    return [(Path(failure.uri).name, failure.code) for failure in report.failures]


class TestLedger:
    def test_it_counts_attempts_at_one_content(self, notes: Ledger, tmp_path: Path) -> None:
        path = str(tmp_path / "a.mp4")
        Path(path).touch()
        for _ in range(3):
            notes.failed(Failure(path, Code.DECODE_CRASH, "died"), STAMP, "av 1")
        (third,) = notes.failures()
        assert third.attempts == 3
        assert third.since is not None
        assert third.last is not None
        assert third.since <= third.last
        notes.failed(Failure(path, Code.NO_FRAMES, "empty"), FileStamp(8, 11), "av 1")
        (other,) = notes.failures()
        assert (other.attempts, other.failure.code) == (1, Code.NO_FRAMES)

    def test_since_when_a_file_cannot_be_looked_at(self, notes: Ledger, tmp_path: Path) -> None:
        path = str(tmp_path)
        notes.failed(Failure(path, Code.UNREADABLE, "closed"))
        notes.failed(Failure(path, Code.UNREADABLE, "closed"))
        (twice,) = notes.failures()
        assert (twice.stamp, twice.attempts) == (None, 2)

    @pytest.mark.parametrize("code", sorted(Code))
    def test_what_passes_by_itself_is_tried_again(self, notes: Ledger, code: Code) -> None:
        notes.failed(Failure("/a.mp4", code, "what"), STAMP, "av 1")
        assert notes.fails("/a.mp4", STAMP, "av 1") == (code in LASTING)

    def test_any_change_makes_it_worth_a_try(self, notes: Ledger) -> None:
        notes.failed(Failure("/a.mp4", Code.DECODE_ERROR, "what"), STAMP, "av 1")
        assert not notes.fails("/a.mp4", replace(STAMP, size_bytes=8), "av 1")
        assert not notes.fails("/a.mp4", replace(STAMP, mtime_ns=12), "av 1")
        assert not notes.fails("/a.mp4", STAMP, "av 2")
        assert not notes.fails("/b.mp4", STAMP, "av 1")

    def test_notes_of_the_first_version_are_kept(self, tmp_path: Path) -> None:
        place, gone = tmp_path / "old.sqlite", tmp_path / "gone.mp4"
        still = tmp_path / "\udcff.mp4"
        still.touch()
        with sqlite3.connect(place) as old:
            old.executescript(
                "create table seen (path blob primary key, size_bytes integer not null,"
                " mtime_ns integer not null, video_id text not null);"
                "create table failed (path blob primary key, code text not null,"
                " message text not null);"
            )
            old.execute("insert into seen values (?, 7, 11, 'id')", (b"/a.mp4",))
            for path in (still, gone):
                row = (os.fsencode(path), "decode_error", "damaged")
                old.execute("insert into failed values (?, ?, ?)", row)
        old.close()
        for _ in range(2):
            with Ledger(place) as notes:
                assert notes.video_at("/a.mp4", STAMP) == "id"
                assert set(notes.failed_paths()) == {str(still), str(gone)}
                failure = Failure(str(still), "decode_error", "damaged")
                assert notes.failures() == [FailedFile(failure, None, "", None, None, 1)]
                assert not notes.fails(str(still), STAMP, "")


class TestRuns:
    def test_a_bad_file_is_tried_once(self, settings: Settings, bad: Path) -> None:
        first = ingest(settings())
        assert first.videos == VideoCounts(found=4, ingested=3, failed=1)
        for run in (ingest, reindex):
            again = run(settings())
            assert again.videos == VideoCounts(found=4, unchanged=3, failed_before=1)
            assert again.failures == ()
        (kept,) = failed_files(settings())
        assert (kept.failure.uri, kept.attempts) == (str(bad), 1)

    def test_an_empty_file_too(self, settings: Settings, archive: Path) -> None:
        (archive / "empty.mp4").touch()
        assert ingest(settings()).videos.failed == 1
        assert ingest(settings()).videos.failed_before == 1

    def test_a_source_of_bad_files_alone(self, settings: Settings, tmp_path: Path) -> None:
        bad = tmp_path / "bad"
        bad.mkdir()
        (bad / "text.mp4").write_text("#EXTM3U\n")
        (bad / "empty.mp4").touch()
        config = settings(f"source.paths=[{bad}]")
        for run in (ingest, reindex, ingest):
            assert run(config).videos == VideoCounts(found=2, failed=2), "nothing to note it in"
        assert not Path(config.store.uri).exists()
        ingest(settings())
        first = refused(config, lambda event: None)
        assert first is not None
        assert first.videos == VideoCounts(found=2, failed=2), "it is noted now"
        for run in (ingest, reindex):
            assert run(config).videos == VideoCounts(found=2, failed_before=2)
        assert {Path(each.failure.uri).name for each in failed_files(config)} == {
            "text.mp4", "empty.mp4",
        }  # fmt: skip
        assert retry(config).videos == VideoCounts(found=2, failed=2)

    def test_until_it_changes(self, settings: Settings, bad: Path, media: MediaFactory) -> None:
        ingest(settings())
        os.utime(bad, (1, 1))
        assert failed(ingest(settings())) == [("bad.mp4", Code.NOT_A_VIDEO)]
        shutil.copy(media["mpeg4.mp4"], bad)
        assert ingest(settings()).videos == VideoCounts(found=4, ingested=1, unchanged=3)
        assert failed_files(settings()) == []

    def test_until_its_reader_or_its_settings_change(
        self, settings: Settings, bad: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ingest(settings())
        assert failed(ingest(settings("decode.backend=pyav")))
        monkeypatch.setattr(known, "library_versions", lambda: {"av": "99"})
        assert failed(ingest(settings("decode.backend=pyav")))
        assert not failed(ingest(settings("decode.backend=pyav", "decode.workers=2")))

    def test_until_somebody_asks(self, settings: Settings, bad: Path) -> None:
        ingest(settings())
        again = retry(settings())
        assert again.videos == VideoCounts(found=1, failed=1)
        assert failed(again) == [("bad.mp4", Code.NOT_A_VIDEO)]
        (kept,) = failed_files(settings())
        assert kept.attempts == 2
        assert retry(settings(), code=Code.DECODE_CRASH).videos == VideoCounts()

    def test_a_link_that_is_not_followed_does_not_hide_why_it_failed(
        self, settings: Settings, archive: Path, media: MediaFactory
    ) -> None:
        bad = archive.parent / "outer" / "bad.mp4"
        bad.parent.mkdir()
        shutil.copy(media["garbage.mp4"], bad)
        (archive / "away").symlink_to(bad.parent)
        named = settings(f"source.paths=[{archive}/away/bad.mp4]")
        assert failed(ingest(named)) == [("bad.mp4", Code.NOT_A_VIDEO)]
        for code, attempts in ((Code.NOT_A_VIDEO, 1), (Code.BAD_LINK, 1), (Code.BAD_LINK, 2)):
            assert failed(retry(settings())) == [("bad.mp4", Code.BAD_LINK)]
            (kept,) = failed_files(settings())
            assert (kept.failure.code, kept.attempts) == (code, attempts)
            if code == Code.NOT_A_VIDEO:
                os.utime(bad, (1, 1))  # its note is of what is not there any more

    def test_a_crash_a_hang_and_greed(
        self, settings: Settings, archive: Path, monkeypatch: pytest.MonkeyPatch,
        media: MediaFactory,
    ) -> None:  # fmt: skip
        for name in ("crash", "hang", "eat"):
            shutil.copy(media["mpeg4.mp4"], archive / f"{name}.mp4")
        ours = ("decode.memory_mb=1200", "decode.deadline_s=20", "decode.workers=1")
        with monkeypatch.context() as patched:
            patched.setattr(worker, "serve", trouble.serve)
            report = ingest(settings(*ours))
        assert report.videos == VideoCounts(found=6, ingested=3, failed=3)
        assert sorted(failed(report)) == [
            ("crash.mp4", Code.DECODE_CRASH),
            ("eat.mp4", Code.DECODE_MEMORY),
            ("hang.mp4", Code.DECODE_TIMEOUT),
        ]
        assert ingest(settings(*ours)).videos == VideoCounts(found=6, unchanged=3, failed_before=3)
        mended = retry(settings(*ours))
        # They are copies of one video, once their names frighten nobody.
        assert mended.videos == VideoCounts(found=3, ingested=3)
        assert failed_files(settings(*ours)) == []

    def test_a_decoder_that_others_kill(
        self, settings: Settings, archive: Path, monkeypatch: pytest.MonkeyPatch,
        media: MediaFactory,
    ) -> None:  # fmt: skip
        once, again = archive / "killed.mp4", archive / "killed_again.mp4"
        shutil.copy(media["reel.mp4"], once)
        shutil.copy(media["fades.mp4"], again)
        monkeypatch.setattr(worker, "serve", trouble.serve)
        report = ingest(settings())
        assert report.videos == VideoCounts(found=5, ingested=4, failed=1)
        assert failed(report) == [("killed_again.mp4", Code.DECODE_CRASH)]
        assert [path.with_suffix(".tries").read_text() for path in (once, again)] == ["xx", "xx"]
        with VideoStore.connect(settings().store) as store:
            store.open_for_reading()
            rows = sum(entry.rows for entry in store.entries())
            assert store.count_rows() == rows, "nothing of the first try is left"
        assert ingest(settings()).videos == VideoCounts(found=5, unchanged=4, failed_before=1)

    def test_what_could_not_be_read_for_a_while_has_not_failed_for_good(
        self, settings: Settings, archive: Path
    ) -> None:
        ingest(settings())
        config = settings()
        path = str(archive / "h264.mp4")
        with VideoStore.connect(config.store) as store:
            store.open_for_reading()
            segments = store.names.segments
        with Ledger(ledger_path(config, segments)) as notes:
            notes.failed(Failure(path, Code.UNREADABLE, "input/output error"), None, "")
        assert [each.failure.uri for each in failed_files(config)] == [path]
        assert ingest(config).videos == VideoCounts(found=3, unchanged=3)
        assert failed_files(config) == []

    def test_a_new_name_is_a_new_file_and_the_old_one_is_forgotten(
        self, settings: Settings, bad: Path
    ) -> None:
        config = settings()
        ingest(config)
        bad.rename(bad.with_name("new.mp4"))
        report = reindex(config)
        assert failed(report) == [("new.mp4", Code.NOT_A_VIDEO)]
        shutil.copy2(bad.with_name("new.mp4"), bad)
        assert failed(reindex(config)) == [("bad.mp4", Code.NOT_A_VIDEO)]

    def test_other_settings_do_not_decode_it_again(self, settings: Settings, bad: Path) -> None:
        ingest(settings())
        other = reindex(settings("scenes.max_length_s=1"))
        assert other.videos == VideoCounts(found=4, ingested=3, failed_before=1)
        assert len(failed_files(settings("scenes.max_length_s=1"))) == 1
        index = reindex(settings("scenes.max_length_s=1", "store.index.type=FLAT"))
        assert index.videos == VideoCounts(found=4, unchanged=3, failed_before=1)

    def test_a_folder_or_a_name_is_no_file_that_failed(self, notes: Ledger, tmp_path: Path) -> None:
        files = KnownFiles(notes, Places([]), set(), DecodeConfig())
        files.failed(Failure(str(tmp_path), Code.UNREADABLE, "cannot be listed"))
        files.failed(Failure(str(tmp_path / "gone.mp4"), Code.NOT_FOUND, "no such file"))
        files.failed(Failure(f"{tmp_path}/*.mp4", Code.NO_VIDEOS, "holds no video"))
        assert notes.failed_paths() == []
        files.failed(Failure(str(tmp_path / "a.mp4"), Code.UNREADABLE, "cannot be read"))
        assert notes.failed_paths() == [str(tmp_path / "a.mp4")]


class TestChosen:
    FAILED = tuple(
        FailedFile(Failure(path, code, "what"), STAMP, "", None, None, 1)
        for path, code in (
            ("/v/a [1].mp4", Code.DECODE_CRASH),
            ("/v/cam1/b.mp4", Code.DECODE_TIMEOUT),
            ("/v/cam10/c.mp4", Code.DECODE_TIMEOUT),
        )
    )

    @pytest.mark.parametrize(
        ("names", "code", "paths"),
        [
            ((), None, ("/v/a [1].mp4", "/v/cam1/b.mp4", "/v/cam10/c.mp4")),
            ((), "decode_timeout", ("/v/cam1/b.mp4", "/v/cam10/c.mp4")),
            ((), "empty_file", ()),
            (("/v/a [1].mp4",), None, ("/v/a [1].mp4",)),
            (("/v/cam1",), None, ("/v/cam1/b.mp4",)),
            (("cam*/*.mp4", "/v/cam1/b.mp4"), None, ("/v/cam1/b.mp4", "/v/cam10/c.mp4")),
            (("/v",), "decode_crash", ("/v/a [1].mp4",)),
        ],
    )
    def test_which(self, names: tuple[str, ...], code: str | None, paths: tuple[str, ...]) -> None:
        assert chosen(self.FAILED, names, code) == paths

    def test_errors(self) -> None:
        with pytest.raises(ConfigError, match=r"/v/good\.mp4: no file there has failed"):
            chosen(self.FAILED, ("/v/good.mp4",), None)
        with pytest.raises(ConfigError, match="decode_crsh is no failure code"):
            chosen(self.FAILED, (), "decode_crsh")


def test_how_many_are_decoded_at_once_changes_no_result() -> None:
    assert tried_with(DecodeConfig(workers=2)) == tried_with(DecodeConfig(workers=3))
    assert tried_with(DecodeConfig(backend="pyav")) != tried_with(DecodeConfig())
