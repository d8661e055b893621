"""The archive made equal to the disk, on real files and a real store."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from pymilvus import CollectionSchema

from pipeline.backup.write import export_archive
from pipeline.config import Config
from pipeline.data import Committed, Plan, Progress, Told, Video, VideoRecord
from pipeline.errors import Code, ModelError, StoreError
from pipeline.ingest import run, verify
from pipeline.ingest.delete import delete
from pipeline.ingest.migrate import prune, rollback
from pipeline.ingest.run import RunEvent, ingest, reindex
from pipeline.ingest.state import ledger_path
from pipeline.ingest.stop import Stop
from pipeline.search.searcher import Searcher
from pipeline.store import Generations, VideoStore, rows, schema, versions
from pipeline.store import archive as store_archive
from pipeline.store.versions import form_of
from tests.ingest.conftest import content
from tests.media_factory import MediaFactory
from tests.store.samples import embeddings

Settings = Callable[..., Config]


def records(config: Config) -> dict[str, VideoRecord]:
    with VideoStore.connect(config.store) as store:
        store.open_for_reading()
        return {record.video.video_id: record for record in store.iterate_videos()}


def paths(config: Config) -> set[tuple[str, ...]]:
    return {tuple(Path(p).name for p in record.paths) for record in records(config).values()}


def assert_as_fresh(config: Config, tmp_path: Path) -> None:
    """The archive holds what a first ingest of the same folder would write, and nothing else."""
    store = config.store.model_copy(update={"uri": str(tmp_path / "fresh.db")})
    state = config.run.model_copy(update={"state_dir": str(tmp_path / "fresh")})
    fresh = config.model_copy(update={"store": store, "run": state})
    assert ingest(fresh).failures == ()
    ours, theirs = content(config), content(fresh)
    assert ours.keys() == theirs.keys()
    for key, vector in ours.items():
        np.testing.assert_allclose(vector, theirs[key], atol=1e-5)
    assert paths(config) == paths(fresh)
    found, right = records(config), records(fresh)
    for key, record in found.items():
        np.testing.assert_allclose(record.mean, right[key].mean, atol=1e-5)
        assert (record.rows, record.scenes) == (right[key].rows, right[key].scenes)
    with VideoStore.connect(config.store) as opened:
        opened.open_for_reading()
        assert opened.count_rows() == sum(record.rows for record in found.values())
    shutil.rmtree(tmp_path / "fresh")
    (tmp_path / "fresh.db").exists() and shutil.rmtree(tmp_path / "fresh.db")


@contextmanager
def made_in_form(form: int) -> Iterator[None]:
    """Within it archives are made as by a vsearch that stores rows in this form."""
    settings = versions.new_settings
    with (
        patch.object(
            store_archive, "new_settings", lambda *of: replace(settings(*of), schema=form)
        ),
        patch.object(versions.fingerprint, "__defaults__", (form,)),
        patch.object(store_archive, "SCHEMA_VERSION", form),
    ):
        yield


@contextmanager
def made_in_form_1() -> Iterator[None]:
    """Within it archives are made as they were before rows had keys of their video and stretch."""
    new = {"video_key", "stretch_key"}
    fields = schema.segments_schema

    def old_fields(dim: int) -> CollectionSchema:
        return CollectionSchema([field for field in fields(dim).fields if field.name not in new])

    with (
        made_in_form(1),
        patch.object(schema, "segments_schema", old_fields),
        patch.object(rows, "with_keys", lambda row, stretch: row),
    ):
        yield


def is_decoded(event: RunEvent) -> bool:
    """A file that is only probed shows progress at 0 alone."""
    return isinstance(event, Committed) or (isinstance(event, Progress) and event.pts_s > 0)


def test_a_night_with_everything(
    settings: Settings, archive: Path, media: MediaFactory, tmp_path: Path
) -> None:
    config = settings()
    assert reindex(config).videos.ingested == 3
    (archive / "h264.mp4").rename(archive / "renamed.mp4")
    shutil.copy(archive / "vp9.webm", archive / "copied.webm")
    shutil.copy(media["mpeg4.avi"], archive / "hevc.mkv")  # replaced
    shutil.copy(media["fades.mp4"], archive)
    report = reindex(config)
    assert report.failures == ()
    assert (report.videos.found, report.videos.ingested, report.videos.unchanged) == (5, 2, 3)
    assert (report.videos.removed, report.videos.left) == (1, 0)
    assert paths(config) == {
        ("renamed.mp4",),
        ("copied.webm", "vp9.webm"),
        ("hevc.mkv",),
        ("fades.mp4",),
    }
    assert_as_fresh(config, tmp_path)


def test_a_rename_and_a_copy_cost_no_decoding(settings: Settings, archive: Path) -> None:
    config = settings()
    reindex(config)
    (archive / "h264.mp4").rename(archive / "renamed.mp4")
    shutil.copy(archive / "vp9.webm", archive / "copied.webm")
    seen: list[RunEvent] = []
    report = reindex(config, watch=seen.append)
    assert report.rows_written == 0
    assert not any(map(is_decoded, seen))
    assert seen[0] == Plan(4, 2)
    again = reindex(config)
    assert (again.videos.unchanged, again.videos.found) == (4, 4)


def test_two_files_that_change_places(settings: Settings, archive: Path, tmp_path: Path) -> None:
    config = settings()
    reindex(config)
    (archive / "h264.mp4").rename(archive / "aside")
    (archive / "hevc.mkv").rename(archive / "h264.mp4")
    (archive / "aside").rename(archive / "hevc.mkv")
    assert reindex(config).rows_written == 0
    assert_as_fresh(config, tmp_path)


def test_a_deleted_file_leaves_with_its_last_path(settings: Settings, archive: Path) -> None:
    config = settings()
    shutil.copy(archive / "vp9.webm", archive / "copied.webm")
    reindex(config)
    (archive / "vp9.webm").unlink()
    assert reindex(config).videos.removed == 0
    assert ("copied.webm",) in paths(config)
    (archive / "copied.webm").unlink()
    assert reindex(config).videos.removed == 1
    assert paths(config) == {("h264.mp4",), ("hevc.mkv",)}


def test_ingest_removes_nothing(settings: Settings, archive: Path, media: MediaFactory) -> None:
    """Not even a video whose file was replaced: perhaps it was moved to where nobody looked."""
    config = settings()
    ingest(config)
    (archive / "vp9.webm").unlink()
    shutil.copy(media["mpeg4.avi"], archive / "h264.mp4")
    assert ingest(config).videos.removed == 0
    assert len(records(config)) == 4
    assert reindex(config).videos.removed == 2


def test_a_replaced_file_serves_until_the_new_one_is_complete(
    settings: Settings, archive: Path, media: MediaFactory
) -> None:
    """Its new content is broken first: what was there before is not lost for that."""
    config = settings()
    reindex(config)
    before = content(config)
    (archive / "h264.mp4").write_bytes(b"half a copy")
    report = reindex(config)
    assert [failure.uri for failure in report.failures] == [str(archive / "h264.mp4")]
    assert content(config).keys() == before.keys()
    shutil.copy(media["mpeg4.avi"], archive / "h264.mp4")
    report = reindex(config)
    assert (report.videos.ingested, report.videos.removed) == (1, 1)


def test_without_the_ledger_nothing_is_encoded_again(settings: Settings) -> None:
    config = settings()
    reindex(config)
    for file in Path(config.run.state_dir).glob("ledger-*"):
        file.unlink()
    report = reindex(config)
    assert (report.rows_written, report.videos.unchanged) == (0, 3)


def test_a_ledger_that_says_too_much_is_corrected(settings: Settings, archive: Path) -> None:
    """It knows a file whose path the store has lost: the store is right."""
    config = settings()
    reindex(config)
    with VideoStore.connect(config.store) as store:
        store.open_for_reading()
        record = next(r for r in store.iterate_videos() if "h264" in r.video.path)
        store.commit([replace(record, paths=("/elsewhere.mp4",))])
    reindex(config)
    known = {path for record in records(config).values() for path in record.paths}
    assert known >= {str(archive / "h264.mp4"), "/elsewhere.mp4"}


def test_a_file_that_grows_is_left_for_the_next_run(settings: Settings, archive: Path) -> None:
    config = settings()
    growing = archive / "h264.mp4"

    def write_on(event: RunEvent) -> None:
        if isinstance(event, Plan):
            with growing.open("ab") as file:
                file.write(b"\0" * 16)

    report = reindex(config, watch=write_on)
    assert [(f.uri, f.code) for f in report.failures] == [(str(growing), Code.FILE_CHANGED)]
    report = reindex(config)
    assert (report.videos.ingested, report.failures) == (1, ())


def test_what_a_crash_left_is_swept(settings: Settings, tmp_path: Path) -> None:
    """Rows of no committed video, and a committed video that lacks rows."""
    config = settings()
    reindex(config)
    with VideoStore.connect(config.store) as store:
        store.open_for_reading()
        (damaged, *_) = store.iterate_videos()
        store.delete_rows(damaged.video.video_id, damaged.revision)
        dim = store.identity.dim
        orphans = [
            replace(each, vector=np.eye(1, dim, dtype=np.float32)[0])
            for each in embeddings("orphan", 3)
        ]
        store.upsert_segments(orphans, revision=1)
    report = reindex(config)
    assert (report.videos.ingested, report.videos.unchanged) == (1, 2)
    assert_as_fresh(config, tmp_path)


def test_an_overlap_does_no_harm(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second machine's run begins and ends while the first one is at it, past all locks."""
    config = settings()
    monkeypatch.setattr(run, "run_lock", lambda config: nullcontext())
    state = config.run.model_copy(update={"state_dir": str(tmp_path / "other")})
    elsewhere = config.model_copy(update={"run": state})
    inner: list[Any] = []

    def overlap(event: RunEvent) -> None:
        if isinstance(event, Committed) and not inner:
            inner.append(None)
            inner[0] = reindex(elsewhere)

    monkeypatch.setattr("pipeline.ingest.write.ROWS_A_WRITE", 1)
    monkeypatch.setattr("pipeline.ingest.write.COMMIT_S", 0.0)
    outer = reindex(config, watch=overlap)
    assert outer.failures == inner[0].failures == ()
    assert len(records(config)) == 3
    for record in records(config).values():
        with VideoStore.connect(config.store) as store:
            store.open_for_reading()
            assert len(store.rows_of(record.video.video_id, record.revision)) == record.rows
    reindex(config)
    assert_as_fresh(config, tmp_path)


class TestStopping:
    def test_no_time_at_all(self, settings: Settings) -> None:
        report = reindex(settings(), stop=Stop(0))
        assert (report.videos.found, report.videos.left, report.videos.ingested) == (3, 3, 0)

    def test_told_in_the_middle(self, settings: Settings, tmp_path: Path) -> None:
        config = settings("decode.workers=1", "encode.batch_size=1")
        stop = Stop()

        def tell(event: RunEvent) -> None:
            if isinstance(event, Video) and "hevc" in event.path:
                stop.tell()

        report = reindex(config, watch=tell, stop=stop)
        assert report.videos.left >= 1
        assert report.videos.ingested + report.videos.left == 3
        with VideoStore.connect(config.store) as store:
            store.open_for_reading()
            assert store.count_videos() == report.videos.ingested
        assert reindex(config).videos.ingested == report.videos.left
        assert_as_fresh(config, tmp_path)

    def test_a_renamed_file_that_was_not_reached_keeps_its_video(
        self, settings: Settings, archive: Path
    ) -> None:
        config = settings()
        reindex(config)
        (archive / "h264.mp4").rename(archive / "renamed.mp4")
        report = reindex(config, stop=Stop(0))
        assert (report.videos.left, report.videos.removed) == (1, 0)
        assert reindex(config).rows_written == 0
        assert ("renamed.mp4",) in paths(config)

    def test_names_that_rotate(
        self, settings: Settings, archive: Path, media: MediaFactory
    ) -> None:
        """Stopped between a name that was used again and the new name of what had it before."""
        config = settings()
        reindex(config)
        tag(config, "h264", "night")
        (archive / "h264.mp4").rename(archive / "z.mp4")
        shutil.copy(media["mpeg4.avi"], archive / "h264.mp4")
        one = config.source.model_copy(update={"paths": (str(archive / "h264.mp4"),)})
        assert ingest(config.model_copy(update={"source": one})).videos.ingested == 1
        assert reindex(config).rows_written == 0
        assert tags(config)["z.mp4"] == ("night",)


class TestMigration:
    def test_answers_all_the_while(self, settings: Settings, tmp_path: Path) -> None:
        old, new = settings(), settings("scenes.max_length_s=1", "search.min_confidence=null")
        reindex(old)
        rows_before = len(content(old))
        with Searcher(old) as searcher:
            before = searcher.query("a car", min_confidence=0)
            during: list[Any] = []

            def ask(event: RunEvent) -> None:
                if isinstance(event, Video | Committed):
                    during.append(searcher.query("a car", min_confidence=0).results)

            report = reindex(new, watch=ask)
            after = searcher.query("a car", min_confidence=0)
        assert (report.failures, report.videos.ingested) == ((), 3)
        assert len(during) >= 6
        assert {scores(each) for each in during} == {scores(before.results)}
        assert len(content(new)) > rows_before
        assert scores(after.results) != scores(before.results)
        assert_as_fresh(new, tmp_path)

    def test_another_model_while_a_searcher_is_open(
        self, settings: Settings, tmp_path: Path
    ) -> None:
        from pipeline.models import write_untrained

        old = settings()
        write_untrained(tmp_path / "other.safetensors", seed=1)
        new = settings(f"encode.weights={tmp_path}/other.safetensors")
        reindex(old)
        with Searcher(old) as searcher:
            first = scores(searcher.query("a car", min_confidence=0).results)
            reindex(new)
            second = scores(searcher.query("a car", min_confidence=0).results)
            rollback(new)
            assert scores(searcher.query("a car", min_confidence=0).results) == first
        with Searcher(new) as searcher:
            # The settings are for the other model: the archive's own is used.
            assert scores(searcher.query("a car", min_confidence=0).results) == first
        rollback(new)
        with Searcher(new) as searcher:
            assert scores(searcher.query("a car", min_confidence=0).results) == second
            for file in Path(new.run.state_dir).glob("encoder-*"):
                file.unlink()
            # That of the settings is known without any note of it.
            rollback(new)
            with pytest.raises(ModelError):
                searcher.query("a car")
            rollback(new)
            assert scores(searcher.query("a car", min_confidence=0).results) == second

    def test_an_open_searcher_outlives_the_archive_it_read(self, settings: Settings) -> None:
        old, new = settings(), settings("scenes.max_length_s=1")
        reindex(old)
        with Searcher(old) as searcher:
            reindex(new)
            prune(new, confirm=lambda found: True)
            answer = searcher.query("a car", min_confidence=0)
            assert len(answer.results) == 3
            with Searcher(new) as other:
                assert scores(other.query("a car", min_confidence=0).results) == scores(
                    answer.results
                )

    def test_another_index_copies(self, settings: Settings, tmp_path: Path) -> None:
        old, new = settings(), settings("store.index.type=FLAT")
        reindex(old)
        before = content(old)
        seen: list[RunEvent] = []
        report = reindex(new, watch=seen.append)
        assert (report.rows_written, report.videos.unchanged) == (0, 3)
        assert not any(map(is_decoded, seen))
        assert any(isinstance(event, Told) and "copied 3 videos" in event.message for event in seen)
        with VideoStore.connect(new.store) as store:
            store.open_for_reading()
            assert store.stats().settings.index.type == "FLAT"
            assert store.names.generation == 2
        after = content(new)
        assert before.keys() == after.keys()
        for key, vector in before.items():
            np.testing.assert_array_equal(after[key], vector)
        assert_as_fresh(new, tmp_path)

    def test_another_form_of_rows_copies(self, settings: Settings, tmp_path: Path) -> None:
        config = settings()
        with made_in_form_1():
            assert reindex(config).rows_written > 0
        for use in (Searcher, ingest):
            with pytest.raises(StoreError, match=r"form 1, this .* run vsearch reindex") as caught:
                use(config)
            assert caught.value.code == Code.SETTINGS_MISMATCH
        # Who was refused holds nothing: another process can open the file.
        doctor = "from pipeline.cli import main; main()"
        asked = [sys.executable, "-c", doctor, "doctor", "--set", f"store.uri={config.store.uri}"]
        told = subprocess.run(asked, capture_output=True, text=True, check=False)
        assert "form 1" in told.stdout, told
        assert len(records(config)) == 3
        assert export_archive(config, tmp_path / "export").videos == 3
        seen: list[RunEvent] = []
        report = reindex(config, watch=seen.append)
        assert (report.rows_written, report.videos.unchanged) == (0, 3)
        assert not any(map(is_decoded, seen))
        assert any(isinstance(event, Told) and "copied 3 videos" in event.message for event in seen)
        assert not any(isinstance(event, Told) and "rollback" in event.message for event in seen)
        assert any(isinstance(event, Told) and "no question is" in event.message for event in seen)
        tag(config, "h264", "night")
        with pytest.raises(StoreError, match=r"cannot answer .* form 1, .* prune drops it"):
            rollback(config)
        with Generations(config.store) as generations, VideoStore.connect(config.store) as old:
            previous = generations.previous()
            assert previous is not None
            old.open_generation(previous)
            assert {record.tags for record in old.iterate_videos()} == {()}
        with Searcher(config) as searcher, Generations(config.store) as generations:
            assert len(searcher.query("a car", min_confidence=0).results) == 3
            current = generations.current()
            assert current is not None
            generations.switch(previous)
            for _ in range(2):
                with pytest.raises(StoreError, match="form 1"):
                    searcher.query("a car")
            generations.switch(current)
            assert len(searcher.query("a car", min_confidence=0).results) == 3
        assert_as_fresh(config, tmp_path)

    def test_a_later_form_of_rows_is_left_alone(self, settings: Settings, tmp_path: Path) -> None:
        config = settings()
        with made_in_form(3):
            reindex(config)
            before = content(config)
        for use in (
            Searcher,
            ingest,
            reindex,
            records,
            lambda config: delete(config, ["h264.mp4"], confirm=lambda _: True),
            lambda config: export_archive(config, tmp_path / "export"),
        ):
            with pytest.raises(StoreError, match=r"form 3, .* use a later vsearch") as caught:
                use(config)
            assert caught.value.code == Code.SETTINGS_MISMATCH
        with made_in_form(3):
            assert content(config).keys() == before.keys()

    def test_what_a_later_vsearch_began_is_not_pruned(self, settings: Settings) -> None:
        config = settings()
        reindex(config)
        with VideoStore.connect(config.store) as store:
            identity = store.open_for_reading()
            with made_in_form(3):
                store.open_aside(identity, config.store.index)
                store.commit(records(settings()).values())
                later = store.names
        with Generations(config.store) as generations:
            found = {each.names: each for each in generations.all()}
        assert found[later].is_later
        assert found[later].vector_bytes > 0
        assert prune(config, confirm=lambda found: True) == []
        assert form_of('{"schema": 3, "unknown": []}') == 3
        with Generations(config.store) as generations:
            assert later in {each.names for each in generations.all()}

    def test_cut_short_it_goes_on(self, settings: Settings, tmp_path: Path) -> None:
        old, new = (
            settings(),
            settings("scenes.max_length_s=1", "decode.workers=1", "encode.batch_size=1"),
        )
        reindex(old)
        before = content(old)
        stop = Stop()

        def tell(event: RunEvent) -> None:
            if isinstance(event, Video) and "hevc" in event.path:
                stop.tell()

        first = reindex(new, watch=tell, stop=stop)
        assert first.videos.left >= 1
        assert content(old).keys() == before.keys()  # the old one answers
        second = reindex(new)
        assert second.videos.ingested == first.videos.left
        assert_as_fresh(new, tmp_path)

    def test_tags_go_along(self, settings: Settings, archive: Path) -> None:
        old, new = settings(), settings("scenes.max_length_s=1")
        reindex(old)
        tag(old, "h264", "night")
        (archive / "h264.mp4").rename(archive / "renamed.mp4")
        reindex(old)
        assert tags(old) == {"renamed.mp4": ("night",), "vp9.webm": (), "hevc.mkv": ()}
        reindex(new)
        assert tags(new)["renamed.mp4"] == ("night",)
        tag(new, "vp9", "day")
        (archive / "vp9.webm").rename(archive / "moved.webm")
        reindex(new)
        rollback(new)
        assert tags(old) == {"renamed.mp4": ("night",), "moved.webm": ("day",), "hevc.mkv": ()}
        shown = {Path(record.video.path).name for record in records(old).values()}
        assert shown == {"renamed.mp4", "moved.webm", "hevc.mkv"}
        tag(old, "renamed", "dusk")
        reindex(new)  # the generation from before, with the tags of today
        assert tags(new)["renamed.mp4"] == ("dusk",)

    def test_rules_give_tags_and_take_none(self, settings: Settings, archive: Path) -> None:
        rule = 'source.tags=[{path: "*.mkv", tags: [big]}, {path: "*.mp4", tags: [small]}]'
        reindex(settings(rule))
        assert tags(settings()) == {
            "h264.mp4": ("small",),
            "vp9.webm": (),
            "hevc.mkv": ("big",),
        }
        (archive / "vp9.webm").rename(archive / "now.mp4")
        reindex(settings(rule))
        assert tags(settings())["now.mp4"] == ("small",)
        reindex(settings())
        assert tags(settings())["now.mp4"] == ("small",)

    def test_a_video_that_cannot_be_read_again_holds_it_up(
        self, settings: Settings, archive: Path
    ) -> None:
        old, new = settings(), settings("scenes.max_length_s=1")
        reindex(old)
        (archive / "h264.mp4").write_bytes(b"damaged since")
        report = reindex(new)
        assert [f.code for f in report.failures] == [Code.NOT_A_VIDEO, Code.LEFT_BEHIND]
        assert len(records(old)) == 3
        report = reindex(new, accept_loss=True)
        assert [f.code for f in report.failures] == [Code.NOT_A_VIDEO]
        assert len(records(new)) == 2

    def test_what_left_meanwhile_does_not_come_back(
        self, settings: Settings, archive: Path
    ) -> None:
        old, new = settings(), settings("store.index.type=FLAT")
        reindex(old)
        reindex(new)
        (archive / "h264.mp4").unlink()
        delete(new, [str(archive / "h264.mp4")], confirm=lambda found: True)
        assert len(records(new)) == 2
        reindex(old)
        assert len(records(old)) == 2

    def test_no_time_to_check_it(self, settings: Settings) -> None:
        old, new = settings(), settings("store.index.type=FLAT")
        reindex(old)
        reindex(new, stop=Stop(0))
        with Generations(old.store) as generations:
            assert [each.role for each in generations.all()] == ["current", "aside"]
        reindex(new)
        with Generations(old.store) as generations:
            assert [each.role for each in generations.all()] == ["current", "previous"]

    def test_an_unsound_index_is_not_switched_to(
        self, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        old, new = settings(), settings("scenes.max_length_s=1")
        reindex(old)
        with VideoStore.connect(old.store) as store:
            store.open_for_reading()
            names = store.names
        monkeypatch.setattr(verify, "LEAST_RECALL", 1.1)
        with pytest.raises(StoreError) as caught:
            reindex(new)
        assert caught.value.code == Code.INDEX_UNSOUND
        assert "store.search.ef" in caught.value.message
        with Generations(old.store) as generations:
            assert generations.current() == names

    def test_prune(self, settings: Settings) -> None:
        old, new = settings(), settings("scenes.max_length_s=1")
        with pytest.raises(StoreError, match="nothing is indexed"):
            rollback(old)
        reindex(old)
        assert prune(old, confirm=lambda found: True) == []
        reindex(new)
        assert prune(new, confirm=lambda found: True, keep_previous=True) == []
        asked: list[Any] = []
        assert prune(new, confirm=lambda found: bool(asked.extend(found))) == []
        assert [(each.role, each.videos) for each in asked] == [("previous", 3)]
        assert ledger_path(old, asked[0].names.segments).exists()
        (dropped,) = prune(new, confirm=lambda found: True)
        assert not ledger_path(old, dropped.names.segments).exists()
        with Generations(new.store) as generations:
            assert [each.role for each in generations.all()] == ["current"]
        with pytest.raises(StoreError, match="nothing to go back to"):
            rollback(new)


def scores(results: Any) -> tuple[tuple[str, float], ...]:
    return tuple((each.record.video.video_id, round(each.score, 5)) for each in results)


def tag(config: Config, name: str, label: str) -> None:
    with VideoStore.connect(config.store) as store:
        store.open_for_reading()
        record = next(r for r in store.iterate_videos() if name in r.video.path)
        store.commit([replace(record, tags=(label,))])


def tags(config: Config) -> dict[str, tuple[str, ...]]:
    return {Path(record.paths[0]).name: record.tags for record in records(config).values()}
