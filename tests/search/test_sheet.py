"""`write_contact_sheet`: an answer about real files, as a picture."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.data import (
    WHOLE_FRAME,
    Answer,
    Moment,
    SequenceAnswer,
    SequenceHit,
    SequenceStep,
    VideoHit,
    VideoRecord,
)
from pipeline.errors import Code, ConfigError, MediaError
from pipeline.media.picture import check_picture_path
from pipeline.media.probe import probe
from pipeline.media.thumbnail import frame_at
from pipeline.search.sheet import (
    MOST_TILES,
    sequence_rows,
    sheet_row,
    write_contact_sheet,
    write_sequence_sheet,
)
from tests.media_factory import MediaFactory


def _found(path: Path, *others: Path, at: float = 1.5) -> VideoHit:
    paths = tuple(sorted(map(str, (path, *others))))
    record = VideoRecord(probe(path), 1, paths, 3, 1, np.zeros(4, np.float32), "2025-01-01")
    moments = (Moment(1.0, 2.0, at, 0.31, WHOLE_FRAME), Moment(0.0, 0.5, 0.2, 0.2, WHOLE_FRAME))
    return VideoHit(record, 0.31, None, moments)


def _answer(*found: VideoHit) -> Answer:
    return Answer(found, not found, 0.01)


@pytest.fixture
def video(media: MediaFactory, tmp_path: Path) -> Path:
    return Path(shutil.copy(media["h264_bframes.mp4"], tmp_path))


def test_a_tile_shows_the_best_moment(video: Path) -> None:
    row = sheet_row("a red car", _answer(_found(video)))
    (tile,) = row.tiles
    assert row.heading == "a red car"
    assert tile.caption == ("h264_bframes.mp4", "0:01.5")
    assert tile.score == 0.31
    assert tile.picture is not None
    assert np.array_equal(tile.picture, frame_at(video, 1.5))


def test_a_copy_stands_in_for_a_file_that_is_gone(video: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copy(video, tmp_path / "copy.mp4"))
    found = _found(video, copy)
    video.unlink()
    (tile,) = sheet_row("", _answer(found)).tiles
    assert tile.picture is not None
    copy.unlink()
    (tile,) = sheet_row("", _answer(found)).tiles
    assert tile.picture is None
    assert tile.reason == "no such file"
    assert tile.caption == ("h264_bframes.mp4", "0:01.5")


def test_another_file_in_its_place_is_not_shown(video: Path, media: MediaFactory) -> None:
    found = _found(video)
    shutil.copy(media["vp9.mp4"], video)
    (tile,) = sheet_row("", _answer(found)).tiles
    assert tile.picture is None
    assert "another file" in tile.reason


def test_a_sheet_has_an_end(video: Path) -> None:
    found = _found(video)
    video.unlink()
    assert len(sheet_row("", _answer(*[found] * 300)).tiles) == MOST_TILES


@pytest.mark.parametrize("name", ["sheet.png", "sheet.jpg", "sheet.JPEG", "sheet.webp"])
def test_it_is_written_in_the_format_of_its_name(video: Path, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    check_picture_path(path)
    assert not path.exists()
    write_contact_sheet(path, {"a red car": _answer(_found(video))})
    check_picture_path(path)
    with Image.open(path) as page:
        page.load()
        assert page.width > 320
        assert page.format == {".png": "PNG", ".webp": "WEBP"}.get(path.suffix, "JPEG")


def _sequence(path: Path) -> SequenceHit:
    later = SequenceStep("a red car", 1.0, 2.0, 1.5, 2.5, 0.31)
    sooner = SequenceStep("a man", 0.0, 1.0, 0.2, 1.5, 0.22)
    return SequenceHit(_found(path).record, 2.0, (later, sooner), 0.0, 2.0)


def test_a_moment_is_a_row_of_its_steps_in_order_of_time(video: Path) -> None:
    hit = _sequence(video)
    first, second = sequence_rows(SequenceAnswer((hit, hit), "", 1, None, 0.01))
    assert first.heading == "1. h264_bframes.mp4, 0:00.0-0:02.0, 2.000"
    assert second.heading.startswith("2. ")
    captions = [(tile.caption, tile.score) for tile in first.tiles]
    assert captions == [(("a man", "0:00.2"), 1.5), (("a red car", "0:01.5"), 2.5)]
    for tile, seconds in zip(first.tiles, (0.2, 1.5), strict=True):
        assert tile.picture is not None
        assert np.array_equal(tile.picture, frame_at(video, seconds))


def test_many_moments_fit_the_smallest_format(video: Path, tmp_path: Path) -> None:
    hit = _sequence(video)
    video.unlink()
    answer = SequenceAnswer((hit,) * 300, "", 1, None, 0.01)
    assert sum(len(row.tiles) for row in sequence_rows(answer)) == MOST_TILES
    write_sequence_sheet(tmp_path / "sheet.webp", answer, heading="")
    with Image.open(tmp_path / "sheet.webp") as page:
        assert page.height > 50 * 200


def test_no_match_is_a_sheet_too(tmp_path: Path) -> None:
    write_contact_sheet(tmp_path / "sheet.png", {"a red car": _answer()})
    assert (tmp_path / "sheet.png").exists()
    none = SequenceAnswer((), "the archive holds no video", 0, None, 0.01)
    write_sequence_sheet(tmp_path / "none.png", none, heading="a man then a red car")
    assert (tmp_path / "none.png").read_bytes() != (tmp_path / "sheet.png").read_bytes()


@pytest.mark.parametrize(
    ("name", "says"),
    [("sheet.gif", ".webp"), ("sheet", ".png"), ("gone/sheet.png", "folder"),
     ("folder.png", "no file"), ("pipe.png", "no file"), ("video.mp4", ".jpg"),
     (f"{'long' * 80}.png", "cannot be written"), ("/proc/sheet.png", "cannot be written")],
)  # fmt: skip
def test_where_no_sheet_can_be_written(tmp_path: Path, name: str, says: str) -> None:
    (tmp_path / "folder.png").mkdir()
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(ConfigError, match=says) as caught:
        check_picture_path(tmp_path / name)
    assert caught.value.exit_code == 2
    assert caught.value.uri == str(tmp_path / name)


def test_a_folder_that_goes_away_meanwhile(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="cannot be written") as caught:
        write_contact_sheet(tmp_path / "gone" / "sheet.png", {"": _answer()})
    assert caught.value.code == Code.UNWRITABLE
