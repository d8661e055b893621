"""Animated WebP: read as any other video, though FFmpeg does not decode it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.errors import Code, MediaError
from pipeline.media import animation
from pipeline.media.clip import write_clip
from pipeline.media.probe import probe
from pipeline.media.reader import open_frames
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


def test_pixels_are_bounded(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a bound that is lower than that of the package, which takes minutes to reach."""
    monkeypatch.setattr(animation, "MOST_PIXELS", 3 * SIZE[0] * SIZE[1])
    with pytest.raises(MediaError, match="pixels in all") as caught:
        probe(path)
    assert caught.value.code == Code.FILE_TOO_LARGE
