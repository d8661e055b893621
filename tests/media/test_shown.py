"""`frame_at` and `frames_of` against `open_frames` on every file: one file, one answer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.data import Float64Array, UInt8Array
from pipeline.media.clip import write_clip
from pipeline.media.decoded import Upright
from pipeline.media.excerpt import frames_of, locate
from pipeline.media.reader import open_frames
from pipeline.media.thumbnail import frame_at
from tests.media.matrix import BORROWED, DAMAGED, MADE_OF_THOSE, WHOLE, Matrix
from tests.media_factory import MediaFactory, ffmpeg

NAMES = (*(file.name for file in (*WHOLE, *MADE_OF_THOSE, *DAMAGED)), *BORROWED)


@pytest.fixture(scope="session")
def matrix(media: MediaFactory) -> Matrix:
    return Matrix(media.directory)


def _read(path: Path) -> tuple[Float64Array, list[UInt8Array]]:
    """Times and BGR pictures, on one thread: several may take a damaged frame for a whole one."""
    batches = list(open_frames(path, threads=1))
    times = np.concatenate([batch.pts_s for batch in batches])
    return times, [frame for batch in batches for frame in batch.frames]


def _assert_shown(path: Path, times: Float64Array, pictures: list[UInt8Array], at: int) -> None:
    last = min(at + 3, len(times) - 1)
    found = frame_at(path, float(times[at]))
    assert np.array_equal(found[..., ::-1], pictures[at]), f"frame_at: not frame {at}"
    excerpt = locate(path, float(times[at]), float(times[last]))
    count = max(1, last - at)
    frames = list(frames_of(excerpt))
    starts = [(tick - excerpt.origin) * excerpt.tick_s for tick, _ in frames]
    assert [float(start) for start in starts] == pytest.approx(times[at : at + count], abs=1e-4)
    for n, (_, frame) in enumerate(frames, start=at):
        upright = Upright(path, frames[0][1], excerpt.looks.shape)
        assert np.array_equal(upright.picture(frame), pictures[n]), f"frames_of: not frame {n}"


@pytest.mark.parametrize("name", NAMES)
def test_what_is_shown_is_what_was_indexed(matrix: Matrix, name: str) -> None:
    times, pictures = _read(matrix[name])
    gap = int(np.argmax(np.diff(times))) if len(times) > 1 else 0
    # Those on either side of the widest gap, too: where something was lost, that is the place.
    chosen = {0, len(times) // 3, 2 * len(times) // 3, gap, min(gap + 1, len(times) - 1)}
    for at in sorted(chosen):
        _assert_shown(matrix[name], times, pictures, at)


@pytest.mark.parametrize("name", ["lost.mp4", "lost.mkv", "lost.ts"])
def test_a_clip_across_damage(media: MediaFactory, tmp_path: Path, name: str) -> None:
    """Behind a seek, too, only what can be trusted is shown; and it goes on behind the damage."""
    path = tmp_path / name
    options = ("-c:v", "libx264", "-preset", "veryfast", "-g", "12", "-bf", "3")
    ffmpeg("-i", str(media["reel.mp4"]), "-s", "240x134", *options, "-movflags", "+faststart",
           str(path))  # fmt: skip
    data = bytearray(path.read_bytes())
    start, end = int(len(data) * 0.5), int(len(data) * 0.52)
    data[start:end] = bytes(end - start)
    path.write_bytes(data)
    times, pictures = _read(path)
    gap = int(np.argmax(np.diff(times)))
    assert times[gap + 1] - times[gap] > 0.1
    first, last = gap - 5, gap + 20
    excerpt = locate(path, float(times[first]), float(times[last]))
    upright = Upright(path, next(frames_of(excerpt))[1], excerpt.looks.shape)
    shown = [upright.picture(frame) for _, frame in frames_of(excerpt)]
    assert len(shown) == last - first
    assert all(map(np.array_equal, shown, pictures[first:last]))
    made = write_clip(path, tmp_path / "clip.mp4", float(times[first]), float(times[last]))
    assert made.frames == last - first
    assert len(_read(tmp_path / "clip.mp4")[0]) == last - first
    # While nothing can be shown, the last frame stands.
    middle = float(times[gap] + times[gap + 1]) / 2
    assert np.array_equal(frame_at(path, middle)[..., ::-1], pictures[gap])
