"""`write_video`: what is written reads back."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from pipeline.media.probe import probe
from pipeline.media.reader import open_frames
from pipeline.media.writer import write_video


def _grey(level: int, *, height: int = 48, width: int = 64) -> np.ndarray:
    return np.full((height, width, 3), level, np.uint8)


@pytest.mark.parametrize("codec", ["libx264", "libx265", "mpeg4"])
def test_reads_back(tmp_path: Path, codec: str) -> None:
    path = tmp_path / "levels.mp4"
    written = [_grey(20 * n) for n in range(1, 12)]
    assert write_video(path, iter(written), fps=Fraction(30000, 1001), codec=codec) == 11
    video = probe(path)
    assert (video.frames, video.width, video.height) == (11, 64, 48)
    assert video.frame_rate == pytest.approx(30000 / 1001, rel=0.001)
    read = [frame for batch in open_frames(path) for frame in batch.frames]
    for before, after in zip(written, read, strict=True):
        assert abs(float(before.mean()) - float(after.mean())) < 4


def test_same_pictures_same_file(tmp_path: Path) -> None:
    for name in ("a.mp4", "b.mp4"):
        write_video(tmp_path / name, (_grey(n) for n in range(30)))
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


@pytest.mark.parametrize(
    "frames",
    [
        [],
        [_grey(1, height=47)],
        [_grey(1), _grey(1, width=32)],
        [_grey(1)[:, :, 0]],
        [_grey(1).astype(np.float32)],
    ],
    ids=["none", "odd", "sizes", "grey", "float"],
)
def test_refuses(tmp_path: Path, frames: list[np.ndarray]) -> None:
    with pytest.raises(ValueError, match="bad.mp4".replace(".", r"\.")):
        write_video(tmp_path / "bad.mp4", frames)
