"""Files of which only a part can be read: that part is in, and everybody is told."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import av
import pytest

from pipeline.config import Config
from pipeline.data import Scope, VideoCounts, VideoRecord
from pipeline.errors import Code
from pipeline.ingest.inspect import probe_file, scenes_of_file
from pipeline.ingest.run import ingest
from pipeline.store import VideoStore
from tests.media_factory import MediaFactory, ffmpeg


@pytest.fixture
def lost(tmp_path: Path, media: MediaFactory) -> Path:
    """A folder with one video, of whose 11 s some in the middle are zeros."""
    folder = tmp_path / "lost"
    folder.mkdir()
    options = ("-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-movflags", "+faststart")
    ffmpeg("-i", str(media["reel.mp4"]), *options, str(folder / "lost.mp4"))
    data = bytearray((folder / "lost.mp4").read_bytes())
    start, end = int(len(data) * 0.4), int(len(data) * 0.6)
    data[start:end] = bytes(end - start)
    (folder / "lost.mp4").write_bytes(data)
    return folder


def _records(config: Config) -> list[VideoRecord]:
    with VideoStore.connect(config.store) as store:
        store.open_for_reading()
        return [*store.iterate_videos()]


def test_what_can_be_read_is_in(settings: Callable[..., Config], lost: Path) -> None:
    config = settings(f"source.paths=[{lost}]", "scenes.max_length_s=2")
    report = ingest(config)
    assert report.videos == VideoCounts(found=1, partial=1)
    assert report.failures == ()
    (record,) = _records(config)
    (first, last) = record.video.covered
    assert first[0] == 0.0
    assert last[1] == record.video.duration_s == pytest.approx(11.4)
    assert 0.5 < last[0] - first[1] < 8
    assert report.video_s == record.video.read_s < 11
    assert record.video.frames == pytest.approx(25 * record.video.read_s)
    with VideoStore.connect(config.store) as store:
        store.open_for_reading()
        spans = {(hit.start_s, hit.end_s) for hit, _ in store.scan(Scope())}
        assert store.totals().partial == {str(lost / "lost.mp4"): record.video.covered}
    for start_s, end_s in spans:
        assert any(a <= start_s and end_s <= b for a, b in record.video.covered)
    assert {first[0], last[0]} <= {start_s for start_s, _ in spans}
    again = ingest(config)
    assert again.videos == VideoCounts(found=1, unchanged=1), "it is not decoded again"


@pytest.mark.parametrize("backend", ["pyav", "auto"])
def test_a_file_that_lacks_its_end(
    settings: Callable[..., Config], media: MediaFactory, tmp_path: Path, backend: str
) -> None:
    """Matroska and MPEG-TS play up to there without a word."""
    for name in ("h264.mkv", "vp9.webm", "h264.ts"):
        data = media[name].read_bytes()
        (tmp_path / name).write_bytes(data[: len(data) // 2])
        video = probe_file(tmp_path / name, settings(f"decode.backend={backend}"), check=True)
        ((start_s, end_s),) = video.covered
        assert start_s == 0.0
        assert 0 < end_s <= video.duration_s


def test_a_clock_that_starts_again(
    settings: Callable[..., Config], media: MediaFactory, tmp_path: Path
) -> None:
    """Two recordings in one file, each with times from 0: the first one is in."""
    data = media["h264.ts"].read_bytes()
    (tmp_path / "joined.ts").write_bytes(data + data)
    whole = probe_file(media["h264.ts"], settings(), check=True)
    video = probe_file(tmp_path / "joined.ts", settings(), check=True)
    assert whole.covered == ()
    ((start_s, end_s),) = video.covered
    assert start_s == 0.0
    assert whole.duration_s - 0.2 < end_s <= whole.duration_s == pytest.approx(video.duration_s)


def test_a_first_key_frame_that_is_lost(
    settings: Callable[..., Config], media: MediaFactory, tmp_path: Path
) -> None:
    path = tmp_path / "lost.mkv"
    options = ("-c:v", "libx264", "-preset", "ultrafast", "-g", "50", "-sc_threshold", "0")
    ffmpeg("-i", str(media["reel.mp4"]), *options, str(path))
    with av.open(str(path)) as container:
        first = bytes(next(packet for packet in container.demux(video=0) if packet.size))
    path.write_bytes(path.read_bytes().replace(first, bytes(len(first))))
    video = probe_file(path, settings(), check=True)
    assert video.duration_s == pytest.approx(11.4)
    assert video.covered == ((2.0, video.duration_s),)


def test_whole_files_are_not_partial(settings: Callable[..., Config], media: MediaFactory) -> None:
    for name in ("h264.mkv", "h264.ts", "edit_list.mov", "variable.webm", "mpeg4.avi"):
        video = probe_file(media[name], settings(), check=True)
        assert video.covered == ()


def test_scenes_of_what_is_there(settings: Callable[..., Config], lost: Path) -> None:
    config = settings("decode.backend=pyav")
    covered = probe_file(lost / "lost.mp4", config, check=True).covered
    scenes = scenes_of_file(lost / "lost.mp4", config)
    assert scenes[0].start_s == 0.0
    assert not [s for s in scenes if s.start_s < covered[0][1] < s.end_s]
    assert covered[0][1] in {scene.end_s for scene in scenes}


def test_what_cannot_be_read_at_all_fails(
    settings: Callable[..., Config], archive: Path, media: MediaFactory
) -> None:
    shutil.copy(media["blank.mp4"], archive)
    report = ingest(settings())
    assert report.videos == VideoCounts(found=4, ingested=3, failed=1)
    assert [failure.code for failure in report.failures] == [Code.DECODE_ERROR]
