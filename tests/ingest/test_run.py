"""The whole ingest on real files, with a small untrained CLIP and a real store."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
import uuid
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import yaml

from pipeline.config import Config
from pipeline.data import (
    Committed,
    Embedding,
    IngestReport,
    Plan,
    Scene,
    Scope,
    Video,
    VideoCounts,
    Warned,
)
from pipeline.errors import Code, ConfigError, LockedError, StoreError
from pipeline.ingest.delete import delete
from pipeline.ingest.run import RunEvent, ingest
from pipeline.ingest.state import run_lock
from pipeline.media.image import load_image
from pipeline.search.searcher import Searcher
from pipeline.store import VideoStore
from tests.ingest.conftest import GOOD, content, rows
from tests.media_factory import MediaFactory
from tests.store.conftest import drop_archive


def counts(report: IngestReport) -> VideoCounts:
    return report.videos


def test_videos_become_rows(settings: Callable[..., Config], archive: Path) -> None:
    config = settings()
    seen: list[RunEvent] = []
    report = ingest(config, watch=seen.append)
    assert counts(report) == VideoCounts(found=3, ingested=3)
    assert report.failures == ()
    assert report.video_s > 0
    assert seen[0] == Plan(3, 0)
    committed = [event.record for event in seen if isinstance(event, Committed)]
    assert sorted(Path(r.video.path).name for r in committed) == sorted(GOOD)
    assert report.rows_written == sum(r.rows for r in committed) == len(rows(config))
    with VideoStore.connect(config.store) as store:
        store.open_for_reading()
        for record in store.iterate_videos():
            own = [v for hit, v in store.scan(Scope(only=frozenset({record.video.video_id})))]
            assert len(own) == record.rows
            np.testing.assert_allclose(np.linalg.norm(own, axis=1), 1, atol=1e-5)
            np.testing.assert_allclose(record.mean, np.mean(own, axis=0), atol=1e-5)


def test_again_changes_nothing(settings: Callable[..., Config]) -> None:
    config = settings()
    ingest(config)
    before = rows(config)
    seen: list[RunEvent] = []
    report = ingest(config, watch=seen.append)
    assert counts(report) == VideoCounts(found=3, unchanged=3)
    assert report.rows_written == 0
    assert not any(isinstance(event, Video | Committed) for event in seen)
    assert rows(config).keys() == before.keys()


def test_without_the_ledger_nothing_is_decoded_again(
    settings: Callable[..., Config], tmp_path: Path
) -> None:
    config = settings()
    ingest(config)
    shutil.rmtree(tmp_path / "state")
    report = ingest(config)
    assert counts(report) == VideoCounts(found=3, unchanged=3)
    assert report.rows_written == 0


def test_the_same_rows_whatever_the_workers_and_batches(
    settings: Callable[..., Config], tmp_path: Path
) -> None:
    one = settings("decode.workers=1", "encode.batch_size=1", "decode.backend=pyav")
    other = settings("decode.workers=3", "encode.batch_size=7", f"store.uri={tmp_path}/other.db")
    ingest(one)
    ingest(other)
    first, second = content(one), content(other)
    assert first.keys() == second.keys()
    for key, vector in first.items():
        np.testing.assert_allclose(second[key], vector, atol=1e-5)


def test_copies_are_decoded_once(settings: Callable[..., Config], archive: Path) -> None:
    shutil.copy(archive / "h264.mp4", archive / "copy.mp4")
    config = settings()
    seen: list[RunEvent] = []
    report = ingest(config, watch=seen.append)
    assert counts(report) == VideoCounts(found=4, ingested=4)
    assert sum(isinstance(event, Committed) for event in seen) == 3
    shutil.copy(archive / "vp9.webm", archive / "later.webm")
    report = ingest(config)
    assert counts(report) == VideoCounts(found=5, unchanged=5)
    with VideoStore.connect(config.store) as store:
        store.open_for_reading()
        paths = Counter(path for record in store.iterate_videos() for path in record.paths)
    names = (*GOOD, "copy.mp4", "later.webm")
    assert paths == Counter(str(archive / name) for name in names)
    # And now the ledger knows them all.
    assert counts(ingest(config)).unchanged == 5


def test_bad_files_are_named_once_and_stop_no_other(
    settings: Callable[..., Config], archive: Path, media: MediaFactory
) -> None:
    for name in ("empty.mp4", "garbage.mp4", "audio.mp4"):
        shutil.copy(media[name], archive)
    odd = archive / "new\nline ü 'quote\".mp4"
    shutil.copy(media["mpeg4.mp4"], odd)
    report = ingest(settings(f"source.paths=[{archive}, {archive}/gone]"))
    assert counts(report) == VideoCounts(found=8, ingested=4, failed=4)
    assert {(Path(f.uri).name, f.code) for f in report.failures} == {
        ("empty.mp4", Code.EMPTY_FILE),
        ("garbage.mp4", Code.NOT_A_VIDEO),
        ("audio.mp4", Code.NO_VIDEO_STREAM),
        ("gone", Code.NOT_FOUND),
    }


def test_an_empty_folder_is_a_failure_by_name(
    settings: Callable[..., Config], tmp_path: Path
) -> None:
    (tmp_path / "nothing").mkdir()
    report = ingest(settings(f"source.paths=[{tmp_path}/nothing]"))
    assert [f.code for f in report.failures] == [Code.NO_VIDEOS]
    assert not (tmp_path / "archive.db").exists()


def test_no_paths_at_all_is_a_usage_error(settings: Callable[..., Config]) -> None:
    with pytest.raises(ConfigError, match=r"source\.paths"):
        ingest(settings("source.paths=[]"))


def test_what_an_earlier_attempt_left_does_not_count(
    settings: Callable[..., Config], archive: Path
) -> None:
    config = settings()
    ingest(config)
    with VideoStore.connect(config.store) as store:
        store.open_for_reading()
        (record,) = [r for r in store.iterate_videos() if r.video.path.endswith("h264.mp4")]
        video_id = record.video.video_id
        rows_before = len(store.rows_of(video_id))
        store.delete_videos([video_id])
        (some, vector) = next(iter(store.scan(Scope())))
        left = Embedding(
            video_id, Scene(99, 900.0, 901.0, "start"), 0, 900.5, some.kind, some.box, vector
        )
        store.upsert_segments([left], 1)
    assert counts(ingest(config)).ingested == 1
    with VideoStore.connect(config.store) as store:
        store.open_for_reading()
        assert len(store.rows_of(video_id)) == rows_before
        revision = store.videos([video_id])[video_id].revision
        assert len(store.rows_of(video_id, revision)) == rows_before


def test_a_copy_does_not_share_its_originals_bad_luck(
    settings: Callable[..., Config], archive: Path
) -> None:
    original, copy = archive / "h264.mp4", archive / "h264_copy.mp4"
    shutil.copy(original, copy)

    def touch(event: RunEvent) -> None:
        if isinstance(event, Video) and event.path == str(original):
            os.utime(original, (1, 1))

    report = ingest(settings("decode.workers=2", "encode.batch_size=1"), watch=touch)
    failed = {(Path(f.uri).name, f.code) for f in report.failures}
    # Either of the two may have come first; only the one that was touched while read may fail.
    assert failed <= {("h264.mp4", Code.FILE_CHANGED)}
    assert counts(report).ingested == 4 - len(failed)


def test_names_that_are_no_text(
    settings: Callable[..., Config], archive: Path, media: MediaFactory
) -> None:
    odd = Path(os.fsdecode(os.fsencode(archive) + b"/\xff\xfe.mp4"))
    shutil.copy(media["mpeg4.mp4"], odd)
    bad = Path(os.fsdecode(os.fsencode(archive) + b"/bad\xff.mp4"))
    bad.write_bytes(b"no video")
    config = settings()
    report = ingest(config)
    assert counts(report) == VideoCounts(found=5, ingested=4, failed=1)
    assert [f.uri for f in report.failures] == [str(bad)]
    assert counts(ingest(config)).unchanged == 4
    with VideoStore.connect(config.store) as store:
        store.open_for_reading()
        assert str(odd) in {r.video.path for r in store.iterate_videos()}


def test_a_path_has_one_name(
    settings: Callable[..., Config], archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(archive)
    config = settings("source.paths=[../videos, ../videos/../videos/h264.mp4]")
    assert counts(ingest(config)) == VideoCounts(found=3, ingested=3)
    (gone,) = delete(config, [str(archive / "h264.mp4")], confirm=lambda found: True)
    assert gone.paths == (str(archive / "h264.mp4"),)


def test_a_damaged_ledger_is_put_aside(settings: Callable[..., Config], tmp_path: Path) -> None:
    config = settings()
    ingest(config)
    (ledger,) = (tmp_path / "state").glob("ledger-*.sqlite")
    ledger.write_bytes(b"no database at all" * 100)
    assert counts(ingest(config)).unchanged == 3


def test_notes_that_cannot_be_kept_are_an_error(
    settings: Callable[..., Config], tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match=r"run\.state_dir"):
        ingest(settings(f"run.state_dir={tmp_path}/file/state"))


def test_an_interruption_keeps_what_is_committed_and_the_next_run_goes_on(
    settings: Callable[..., Config],
) -> None:
    config = settings("decode.workers=1", "encode.batch_size=4")

    told: list[RunEvent] = []

    def interrupt(event: RunEvent) -> None:
        told.append(event)
        if isinstance(event, Video) and event.path.endswith("vp9.webm"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ingest(config, watch=interrupt)
    so_far = told[-1]
    assert isinstance(so_far, IngestReport)
    assert so_far.videos == VideoCounts(found=3, ingested=2, left=1)
    assert so_far.rows_written > 0
    report = ingest(config)
    assert counts(report) == VideoCounts(found=3, ingested=1, unchanged=2)
    kept = rows(config)
    fresh = settings(f"store.uri={config.store.uri}.fresh.db")
    ingest(fresh)
    assert len(kept) == len(rows(fresh))


def test_other_settings_are_refused_not_mixed(settings: Callable[..., Config]) -> None:
    ingest(settings())
    with pytest.raises(StoreError) as caught:
        ingest(settings("sample.per_scene=5"))
    assert caught.value.code == Code.SETTINGS_MISMATCH
    assert "per_scene" in caught.value.message


def test_device_batches_and_decoder_are_no_other_settings(settings: Callable[..., Config]) -> None:
    ingest(settings())
    again = settings("encode.batch_size=2", "decode.backend=pyav", "search.top_k=3")
    assert counts(ingest(again)).unchanged == 3


def test_one_run_at_a_time(settings: Callable[..., Config]) -> None:
    config = settings()
    with run_lock(config), pytest.raises(LockedError) as caught:
        ingest(config)
    assert caught.value.exit_code == 4


@pytest.mark.parametrize(
    ("overrides", "kinds"),
    [
        (["sample.pooling=mean"], {"scene"}),
        (["sample.tiles={size: 0.8}"], {"frame", "tile"}),
        (["sample.pooling=mean", "sample.tiles={size: 0.8}"], {"scene", "tile"}),
        (["sample.fps=2"], {"frame"}),
        (["scenes.detector=fixed", "scenes.max_length_s=1.0"], {"frame"}),
    ],
)
def test_other_samples(
    settings: Callable[..., Config], archive: Path, overrides: list[str], kinds: set[str]
) -> None:
    config = settings(f"source.paths=[{archive}/h264.mp4]", *overrides)
    ingest(config)
    with VideoStore.connect(config.store) as store:
        store.open_for_reading()
        hits = [hit for hit, _ in store.scan(Scope())]
        (record,) = store.iterate_videos()
    assert {hit.kind for hit in hits} == kinds
    assert len(hits) == record.rows
    if "fixed" in overrides[0]:
        starts = sorted({hit.start_s for hit in hits})
        assert starts == [float(i) for i in range(len(starts))]
    for hit in hits:
        assert hit.start_s <= hit.pts_s < hit.end_s


def test_a_deleted_video_is_gone_and_comes_back(
    settings: Callable[..., Config], archive: Path
) -> None:
    config = settings()
    ingest(config)
    before = content(config)
    gone = delete(config, [str(archive / "h264.mp4")], confirm=lambda found: True)
    assert [Path(r.video.path).name for r in gone] == ["h264.mp4"]
    assert len(rows(config)) == len(before) - gone[0].rows
    report = ingest(config)
    assert counts(report) == VideoCounts(found=3, ingested=1, unchanged=2)
    assert content(config).keys() == before.keys()


def test_deleting_what_is_not_there_deletes_nothing(
    settings: Callable[..., Config], archive: Path
) -> None:
    config = settings()
    ingest(config)
    with pytest.raises(StoreError, match="nothing was changed"):
        delete(config, [str(archive / "h264.mp4"), "/gone.mp4"], confirm=lambda found: True)
    assert delete(config, [str(archive / "h264.mp4")], confirm=lambda found: False) == []
    assert counts(ingest(config)).unchanged == 3


@pytest.mark.parametrize("index", ["HNSW", "IVF_FLAT", "IVF_SQ8", "FLAT"])
def test_a_frame_finds_its_video_on_a_server(
    settings: Callable[..., Config], milvus_server: str, media: MediaFactory, tmp_path: Path,
    index: str,
) -> None:  # fmt: skip
    config = settings(
        f"store.uri={milvus_server}",
        f"store.collection=run_{uuid.uuid4().hex[:8]}",
        "store.consistency=Strong",
        f"store.index={{type: {index}, nlist: 4}}",
        "search.top_k=3",
    )
    assert counts(ingest(config)).ingested == 3
    picture, video, seconds = frame_of(media["vp9.webm"], tmp_path)
    with Searcher(config) as searcher:
        answer = searcher.query(image=picture)
    assert len(answer.results) == 3
    best = answer.results[0]
    assert Path(best.record.video.path).name == video
    assert abs(best.moments[0].best_s - seconds) <= 1.0
    drop_archive(config.store)


def frame_of(path: Path, folder: Path) -> tuple[Path, str, float]:
    """A frame of a video as a picture of other size, with the truth."""
    from PIL import Image

    from pipeline.media.reader import open_frames

    batch = next(open_frames(path))
    at = 12
    picture = Image.fromarray(np.ascontiguousarray(batch.frames[at][..., ::-1]))
    picture = picture.resize((picture.width * 3 // 4, picture.height * 3 // 4))
    picture.save(folder / "frame.png")
    assert load_image(folder / "frame.png").ndim == 3
    return folder / "frame.png", path.name, float(batch.pts_s[at])


def test_another_model_is_refused_where_the_right_one_is_not_known(
    settings: Callable[..., Config], tmp_path: Path
) -> None:
    from pipeline.errors import ModelError
    from pipeline.models import write_untrained

    config = settings()
    ingest(config)
    write_untrained(tmp_path / "other.safetensors", seed=1)
    encode = config.encode.model_copy(update={"weights": str(tmp_path / "other.safetensors")})
    other = config.model_copy(update={"encode": encode})
    elsewhere = config.run.model_copy(update={"state_dir": str(tmp_path / "elsewhere")})
    with pytest.raises(ModelError) as caught:
        Searcher(other.model_copy(update={"run": elsewhere}))
    assert caught.value.code == Code.MODEL_MISMATCH
    with Searcher(config) as right, Searcher(other) as remembering:
        found, wanted = (each.query("a car", min_confidence=0) for each in (remembering, right))
        assert len(found.results) == len(wanted.results) == 3
        for ours, theirs in zip(found.results, wanted.results, strict=True):
            assert (ours.record.video, ours.score) == (theirs.record.video, theirs.score)


def test_decord_and_torch_never_meet(
    settings: Callable[..., Config], tmp_path: Path, archive: Path
) -> None:
    (tmp_path / "all.yaml").write_text(
        yaml.safe_dump(settings("decode.backend=decord").model_dump(mode="json"))
    )
    script = f"""
        import sys
        from pipeline.ingest.run import ingest
        from pipeline.settings import load_config
        if __name__ == "__main__":
            report = ingest(load_config({str(tmp_path / "all.yaml")!r}).config)
            assert report.videos.ingested == 3, report
            assert "torch" in sys.modules
            assert "decord" not in sys.modules
    """
    (tmp_path / "main.py").write_text(textwrap.dedent(script))
    done = subprocess.run(
        [sys.executable, tmp_path / "main.py"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_demo_model_warns_once_of_footage_it_was_not_made_for(
    settings: Callable[..., Config], drawn: Path
) -> None:
    seen: list[RunEvent] = []
    report = ingest(settings("encode.weights=null", "encode.backend=demo"), watch=seen.append)
    assert counts(report) == VideoCounts(found=3, ingested=3)
    warned = [event for event in seen if isinstance(event, Warned)]
    assert len(warned) == 1
    assert "knows the demo's drawn world only" in warned[0].message


def test_the_demo_model_does_not_warn_of_its_own_videos(
    settings: Callable[..., Config], drawn: Path
) -> None:
    seen: list[RunEvent] = []
    ours = ("encode.weights=null", "encode.backend=demo", f"source.paths=[{drawn}]")
    report = ingest(settings(*ours), watch=seen.append)
    assert counts(report).ingested == len(list(drawn.iterdir()))
    assert not [event for event in seen if isinstance(event, Warned)]
