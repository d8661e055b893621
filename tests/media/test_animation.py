"""Animated WebP: read as any other video, though FFmpeg does not decode it."""

from __future__ import annotations

import os
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.errors import Code, MediaError
from pipeline.media import animation
from pipeline.media.animation import as_matroska
from pipeline.media.clip import write_clip
from pipeline.media.container import open_container
from pipeline.media.origin import start_of
from pipeline.media.probe import examine, probe
from pipeline.media.reader import open_frames
from pipeline.media.shown import shown_from
from pipeline.media.sound import samples_of, sound_of
from pipeline.media.thumbnail import frame_at

SHOWN_MS = [40, 80, 120, 500]
SIZE = (161, 91)


def _pictures() -> list[Image.Image]:
    """One colour each, with a transparent corner, which shows white."""
    found = [Image.new("RGBA", SIZE, (60 * n, 200 - 60 * n, 90, 255)) for n in range(4)]
    for n, picture in enumerate(found):
        picture.paste((0, 0, 0, 0), (140, 70 - 20 * n, *SIZE))
    return found


@pytest.fixture
def path(tmp_path: Path) -> Path:
    first, *others = _pictures()
    path = tmp_path / "a.webp"
    first.save(path, save_all=True, append_images=others, duration=SHOWN_MS, lossless=True)
    return path


def test_what_it_is(path: Path) -> None:
    found = probe(path)
    assert (found.codec, found.container) == ("webp", "webp")
    assert (found.width, found.height, found.frames) == (*SIZE, 4)
    assert found.duration_s == pytest.approx(0.74)


@pytest.mark.parametrize("backend", ["auto", "pyav"])
def test_its_frames(path: Path, backend: str) -> None:
    batches = list(open_frames(path, backend=backend))
    times = np.concatenate([batch.pts_s for batch in batches])
    assert times == pytest.approx([0, 0.04, 0.12, 0.24])
    frames = [frame for batch in batches for frame in batch.frames]
    for frame, picture in zip(frames, _pictures(), strict=True):
        white = Image.new("RGBA", SIZE, "white")
        shown = np.asarray(Image.alpha_composite(white, picture).convert("RGB"))
        assert np.abs(frame[:, :, ::-1].astype(int) - shown).max() <= 1


def test_a_picture_and_a_clip_of_it(path: Path, tmp_path: Path) -> None:
    colour = frame_at(path, 0.2)[0, 0].astype(int)
    assert np.abs(colour - (120, 80, 90)).max() <= 1
    made = write_clip(path, tmp_path / "clip.mp4", 0.04, 0.74)
    assert made.frames == 3
    assert probe(tmp_path / "clip.mp4").duration_s == pytest.approx(0.7, abs=0.002)


def test_a_still_picture_is_no_video(tmp_path: Path) -> None:
    Image.new("RGB", SIZE).save(tmp_path / "still.webp")
    with pytest.raises(MediaError) as caught:
        probe(tmp_path / "still.webp")
    assert caught.value.code == Code.NOT_A_VIDEO


@pytest.mark.parametrize("kept", [22, 200, -20])
def test_a_damaged_one_has_a_code(path: Path, kept: int) -> None:
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(MediaError) as caught:
        probe(path)
    assert caught.value.code == Code.NOT_A_VIDEO


@pytest.mark.parametrize("size", [(300, 1), (1, 300), (1, 1)])
def test_one_pixel_wide_or_high(tmp_path: Path, size: tuple[int, int]) -> None:
    first, *others = (Image.new("RGB", size, (80 * n, 200, 90)) for n in range(3))
    path = tmp_path / "thin.webp"
    first.save(path, save_all=True, append_images=others, duration=40, lossless=True)
    found = probe(path)
    assert (found.width, found.height, found.frames) == (*size, 3)
    frames = [frame for batch in open_frames(path) for frame in batch.frames]
    for n, frame in enumerate(frames):
        assert np.abs(frame.astype(int) - (90, 200, 80 * n)).max() <= 1
    assert frame_at(path, 0.08).shape == (size[1], size[0], 3)
    assert write_clip(path, tmp_path / "clip.mp4", 0.0, 0.12).frames == 3


def _lengthened(path: Path, count: int) -> None:
    """Show the last picture of a file so many times more."""
    content = path.read_bytes()
    last = content[content.rindex(b"ANMF") :]
    content += count * last
    path.write_bytes(content[:4] + (len(content) - 8).to_bytes(4, "little") + content[8:])


def test_too_many_pixels_are_refused_before_decoding(tmp_path: Path) -> None:
    path = tmp_path / "long.webp"
    first, last = (Image.new("RGB", (2000, 2000), colour) for colour in ("red", "blue"))
    first.save(path, save_all=True, append_images=[last], duration=40, lossless=True)
    assert probe(path).frames == 2
    _lengthened(path, 99)
    beats: list[None] = []
    with pytest.raises(MediaError, match="404,000,000 pixels in all") as caught:
        examine(path, beat=lambda: beats.append(None))
    assert caught.value.code == Code.FILE_TOO_LARGE
    assert not beats


def test_bytes_are_bounded(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a bound that is lower than that of the package, which takes half a minute to reach."""
    size = len(as_matroska(path).getvalue())
    monkeypatch.setattr(animation, "MOST_BYTES", size // 2)
    os.utime(path, (1, 1))
    with pytest.raises(MediaError, match="MB of memory") as caught:
        probe(path)
    assert caught.value.code == Code.FILE_TOO_LARGE


_Call = Callable[[Path, Callable[[], None]], object]
_SECOND = Fraction(1)


@pytest.mark.parametrize(
    "call",
    [
        lambda path, beat: examine(path, beat=beat),
        lambda path, beat: list(open_frames(path, beat=beat)),
        lambda path, beat: list(shown_from(path, 1, origin=0, beat=beat)),
        lambda path, beat: start_of(path, beat=beat),
        lambda path, beat: sound_of(path, beat=beat),
        lambda path, beat: list(samples_of(path, 0 * _SECOND, _SECOND, beat=beat)),
        lambda path, beat: write_clip(path, path.with_name("c"), 0, 1, watch=lambda _: beat()),
    ],
    ids=["examine", "frames", "shown", "start", "sound", "samples", "clip"],
)
def test_work_shows_before_a_packet_can_be_read(
    path: Path, monkeypatch: pytest.MonkeyPatch, call: _Call
) -> None:
    """The last picture is one too many, so that no packet comes that could show it."""
    beats: list[None] = []
    monkeypatch.setattr(animation, "MOST_BYTES", _bytes_of_all(path) - 1)
    with pytest.raises(MediaError) as caught:
        call(path, lambda: beats.append(None))
    assert caught.value.code == Code.FILE_TOO_LARGE
    assert len(beats) == len(SHOWN_MS)


def _bytes_of_all(path: Path) -> int:
    with open_container(path) as (container, stream):
        size = sum(packet.size for packet in container.demux(stream))
    os.utime(path, (1, 1))
    return size


def _pictures_coded(path: Path) -> int:
    beats: list[None] = []
    as_matroska(path, beat=lambda: beats.append(None))
    return len(beats)


def test_the_last_file_is_kept_until_it_changes(path: Path, tmp_path: Path) -> None:
    assert [_pictures_coded(path) for _ in range(3)] == [4, 0, 0]
    as_matroska(path).write(b"whoever opens it has it alone")
    assert probe(path).frames == 4
    other = tmp_path / "b.webp"
    other.write_bytes(path.read_bytes())
    assert [_pictures_coded(each) for each in (other, path, path)] == [4, 4, 0]
    _lengthened(path, 1)
    assert [_pictures_coded(path) for _ in range(2)] == [5, 0]
    assert probe(path).frames == 5


def test_a_large_one_is_not_kept(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(animation, "_KEPT_BYTES", len(as_matroska(path).getvalue()) - 1)
    os.utime(path, (1, 1))
    assert [_pictures_coded(path) for _ in range(2)] == [4, 4]
