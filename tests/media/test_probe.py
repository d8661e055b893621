"""`probe` against what the files were made to be, and against ffmpeg."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from pipeline.errors import Code, MediaError
from pipeline.media.probe import probe
from tests.media_factory import BROKEN, RECIPES, MediaFactory, Recipe, ffmpeg


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=lambda recipe: recipe.name)
def test_facts_of_every_file(media: MediaFactory, recipe: Recipe) -> None:
    path = media[recipe.name]
    video = probe(path)
    assert (video.codec, video.frames) == (recipe.codec, recipe.frames)
    assert (video.width, video.height) == recipe.size
    assert video.rotation == recipe.rotation
    assert video.video_id == hashlib.sha256(path.read_bytes()).hexdigest()
    assert video.stamp.size_bytes == path.stat().st_size
    assert video.stamp.mtime_ns == path.stat().st_mtime_ns
    assert video.path == str(path)
    assert video.recorded_at is None


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=lambda recipe: recipe.name)
def test_duration_is_the_end_of_the_last_frame(media: MediaFactory, recipe: Recipe) -> None:
    video = probe(media[recipe.name])
    last = recipe.times[-1]
    assert last < video.duration_s <= last + 2 / float(recipe.rate) + recipe.tick_s
    assert video.frame_rate == pytest.approx(recipe.frames / video.duration_s)
    if recipe.constant_rate:
        assert video.frame_rate == pytest.approx(float(recipe.rate), rel=0.01)


@pytest.mark.parametrize("broken", BROKEN.values(), ids=lambda broken: broken.name)
def test_what_is_no_video_has_a_code(media: MediaFactory, broken) -> None:
    path = media[broken.name]
    with pytest.raises(MediaError) as caught:
        probe(path)
    assert caught.value.code in broken.codes
    assert caught.value.uri == str(path)
    assert "\n" not in str(caught.value)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(MediaError) as caught:
        probe(tmp_path / "nowhere.mp4")
    assert caught.value.code == Code.NOT_FOUND


def test_directory(tmp_path: Path) -> None:
    with pytest.raises(MediaError) as caught:
        probe(tmp_path)
    assert caught.value.code == Code.UNREADABLE


def test_a_name_is_never_an_address(media: MediaFactory, tmp_path: Path, monkeypatch) -> None:
    """Names that FFmpeg would take for a protocol or an option are plain names here."""
    monkeypatch.chdir(tmp_path)
    for name in (
        "concat:a.mp4",
        "http:video.mp4",
        "-i.mp4",
        "frame%03d.mp4",
        "caf\u00e9 \U0001f3ac.mp4",
    ):
        Path(name).write_bytes(media["short.mp4"].read_bytes())
        assert probe(Path(name)).frames == 4


def test_capture_time(media: MediaFactory, tmp_path: Path) -> None:
    path = tmp_path / "dated.mp4"
    stamp = "creation_time=2024-05-06T07:08:09Z"
    ffmpeg("-i", str(media["short.mp4"]), "-c", "copy", "-metadata", stamp, str(path))
    assert probe(path).recorded_at == "2024-05-06T07:08:09+00:00"


def test_comment(media: MediaFactory, tmp_path: Path) -> None:
    for name in ("said.mp4", "said.mkv"):
        text = "comment=from the  harbour ⚓" + "x" * 300
        ffmpeg("-i", str(media["short.mp4"]), "-c", "copy", "-metadata", text, str(tmp_path / name))
        comment = probe(tmp_path / name).comment
        assert comment is not None
        assert comment.startswith("from the  harbour ⚓x")
        assert len(comment) == 200
    assert probe(media["short.mp4"]).comment is None


def test_same_content_has_the_same_id(media: MediaFactory, tmp_path: Path) -> None:
    copy = tmp_path / "other name.mkv"
    copy.write_bytes(media["short.mp4"].read_bytes())
    assert probe(copy).video_id == probe(media["short.mp4"]).video_id


def test_a_camera_that_knows_its_zone_is_believed(media: MediaFactory, tmp_path: Path) -> None:
    path = tmp_path / "phone.mov"
    said = ["creation_time=2024-05-06T07:08:09Z", "com.apple.quicktime.creationdate="
            "2024-05-06T09:08:09+0200"]  # fmt: skip
    options = [part for text in said for part in ("-metadata", text)]
    tags = ("-movflags", "use_metadata_tags")
    ffmpeg("-i", str(media["short.mp4"]), "-c", "copy", *tags, *options, str(path))
    video = probe(path)
    assert (video.recorded_at, video.recorded_from) == ("2024-05-06T09:08:09+02:00", "container")


def test_a_rate_that_cannot_be_true(media: MediaFactory, tmp_path: Path) -> None:
    """One wrong byte in a header, and each frame would be shown for years."""
    data = bytearray(media["mpeg4.avi"].read_bytes())
    # The scale of the stream's clock, which its rate is divided by: behind 20 bytes of its header.
    scale = data.index(b"strh") + 8 + 20
    data[scale + 3] = 0x7F
    (tmp_path / "slow.avi").write_bytes(data)
    with pytest.raises(MediaError, match="days, and 31 at most") as caught:
        probe(tmp_path / "slow.avi")
    assert caught.value.code == Code.DECODE_ERROR


@pytest.mark.parametrize("trailer", [b"\x0a\x18meta-trailer" * 40, b"ID3v1 TAG and a text\n" * 8])
def test_what_a_camera_puts_behind_a_file_is_no_missing_end(
    media: MediaFactory, tmp_path: Path, trailer: bytes
) -> None:
    """No box, though its first bytes could be read as the length of one."""
    whole = media["h264.mp4"].read_bytes()
    path = tmp_path / "trailer.mp4"
    path.write_bytes(whole + trailer)
    assert not probe(path).cut_short
