"""When videos were recorded, and who says so."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.config import Config
from pipeline.ingest.run import ingest, reindex, retry
from pipeline.store import VideoStore
from tests.media_factory import MediaFactory, ffmpeg

BY_NAME = "source.recorded_at=%Y%m%d_%H%M%S"


@pytest.fixture
def camera(tmp_path: Path, media: MediaFactory) -> Path:
    """Two videos: one says when it was recorded, of the other only its name does."""
    folder = tmp_path / "camera"
    folder.mkdir()
    said = ("-c", "copy", "-metadata", "creation_time=2024-05-06T07:08:09Z")
    ffmpeg("-i", str(media["short.mp4"]), *said, str(folder / "VID_20200101_000000.mp4"))
    named = folder / "VID_20240501_134500_1.mp4"
    named.write_bytes(media["one_frame.mp4"].read_bytes())
    return folder


def _recorded(config: Config) -> list[tuple[str | None, str | None]]:
    with VideoStore.connect(config.store) as store:
        store.open_for_reading()
        videos = sorted((r.video for r in store.iterate_videos()), key=lambda video: video.path)
        return [(video.recorded_at, video.recorded_from) for video in videos]


def test_names_say_it_where_the_container_does_not(
    settings: Callable[..., Config], camera: Path
) -> None:
    said = ("2024-05-06T07:08:09+00:00", "container")
    here = f"source.paths=[{camera}]"
    ingest(settings(here))
    assert _recorded(settings()) == [said, (None, None)], "never the file's own time"
    berlin = (here, BY_NAME, "source.recorded_zone=Europe/Berlin")
    assert reindex(settings(*berlin)).videos.unchanged == 2
    assert _recorded(settings()) == [said, ("2024-05-01T13:45:00+02:00", "filename")]
    (camera / "VID_20240501_134500_1.mp4").rename(camera / "a 20231231_235959.mp4")
    reindex(settings(here, BY_NAME))
    assert _recorded(settings()) == [said, ("2023-12-31T23:59:59+00:00", "filename")]
    reindex(settings(here))
    assert _recorded(settings()) == [said, (None, None)]


def test_only_a_reindex_takes_back_what_names_said(
    settings: Callable[..., Config], camera: Path, tmp_path: Path, media: MediaFactory
) -> None:
    here = f"source.paths=[{camera}]"
    ingest(settings(here, BY_NAME))
    before = _recorded(settings())
    assert before[1] == ("2024-05-01T13:45:00+00:00", "filename")
    other = tmp_path / "other"
    other.mkdir()
    (other / "broken.mp4").write_bytes(media["garbage.mp4"].read_bytes())
    assert ingest(settings(f"source.paths=[{other}]")).videos.failed == 1
    assert _recorded(settings()) == before
    assert retry(settings(f"source.paths=[{other}]")).videos.failed == 1
    assert _recorded(settings()) == before
    (camera / "copy.mp4").write_bytes(media["one_frame.mp4"].read_bytes())
    assert ingest(settings(here)).videos.unchanged == 3
    assert _recorded(settings()) == before, "with another path it is committed again"
    reindex(settings(here))
    assert _recorded(settings()) == [before[0], (None, None)]


@pytest.mark.parametrize("pattern", ["cam2_%Y%m%d_%H%M%S", "%Y%m%d_%H%M%S"])
def test_another_source_dates_its_own_videos_alone(
    settings: Callable[..., Config], camera: Path, tmp_path: Path, media: MediaFactory, pattern: str
) -> None:
    ingest(settings(f"source.paths=[{camera}]", BY_NAME))
    before = _recorded(settings())
    assert before[1] == ("2024-05-01T13:45:00+00:00", "filename")
    other = tmp_path / "other"
    other.mkdir()
    (other / "cam2_20230405_060708.mp4").write_bytes(media["still.mp4"].read_bytes())
    # The same name says another time in that source's zone.
    there = (f"source.recorded_at={pattern}", "source.recorded_zone=Asia/Tokyo")
    assert ingest(settings(f"source.paths=[{other}]", *there)).videos.ingested == 1
    of_other = ("2023-04-05T06:07:08+09:00", "filename")
    assert _recorded(settings()) == [*before, of_other]
    assert ingest(settings(f"source.paths=[{camera}]", BY_NAME)).videos.unchanged == 2
    assert _recorded(settings()) == [*before, of_other]
