"""Files whose clock starts again amid them: the first part is in, and everybody is told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.data import UInt8Array
from pipeline.media.clip import write_clip
from pipeline.media.excerpt import frames_of, locate
from pipeline.media.reader import open_frames
from pipeline.media.thumbnail import frame_at
from pipeline.media.timeline import read_timeline
from tests.media_factory import MediaFactory, ffmpeg

_MUXED = {
    "ts": ("-c:v", "libx264", "-preset", "veryfast", "-bf", "2"),
    "mpg": ("-c:v", "mpeg2video", "-q:v", "3", "-bf", "2", "-f", "vob"),
}
_FRAMES = 50
"""Of the first part, at 25 a second."""


@pytest.fixture
def part(media: MediaFactory, tmp_path: Path):
    """A part of the reel as a file whose clock starts where it is told."""

    def make(ending: str, *, skip_s: float, frames: int, clock_s: float) -> Path:
        path = tmp_path / f"part_{skip_s}_{clock_s}.{ending}"
        drawn = ("-ss", str(skip_s), "-i", str(media["reel.mp4"]), "-frames:v", str(frames), "-an")
        size = ("-s", "160x96", "-g", "10", "-output_ts_offset", str(clock_s))
        ffmpeg(*drawn, *_MUXED[ending], *size, str(path))
        return path

    return make


def _read(path: Path) -> tuple[list[float], list[UInt8Array]]:
    """On one thread: several may take a damaged frame for a whole one."""
    batches = list(open_frames(path, threads=1))
    times = [float(at) for batch in batches for at in batch.pts_s]
    return times, [frame for batch in batches for frame in batch.frames]


@pytest.mark.parametrize("ending", ["ts", "mpg"])
@pytest.mark.parametrize(
    ("frames", "first_s", "second_s"),
    [(50, 0, 0), (75, 0, 0), (75, 0, 1), (50, 30, 0), (50, 400, 0)],
    ids=["same", "longer", "overlapping", "earlier", "as_if_it_went_round"],
)
def test_the_first_part_is_in(
    part, tmp_path: Path, ending: str, frames: int, first_s: float, second_s: float
) -> None:
    first = part(ending, skip_s=0, frames=_FRAMES, clock_s=first_s)
    second = part(ending, skip_s=5, frames=frames, clock_s=second_s)
    joined = tmp_path / f"joined.{ending}"
    joined.write_bytes(first.read_bytes() + second.read_bytes())
    times, pictures = _read(joined)
    true_times, true_pictures = _read(first)
    # The last ones may be doubted: FFmpeg sees that packets are missing before the second part.
    assert _FRAMES - 3 <= len(times) <= _FRAMES
    assert times[:-1] == true_times[: len(times) - 1]
    # MPEG-PS does not say the time of each frame: that of the last FFmpeg guesses by the next.
    assert times[-1] == pytest.approx(true_times[len(times) - 1], abs=0.1 if ending == "mpg" else 0)
    assert all(map(np.array_equal, pictures, true_pictures))
    timeline = read_timeline(joined)
    assert (len(timeline.ticks), timeline.cut_short) == (_FRAMES, True)
    assert timeline.end_s == pytest.approx(2.0, abs=0.1 if ending == "mpg" else 1e-6)
    _assert_shown(joined, times, pictures)


def _assert_shown(path: Path, times: list[float], pictures: list[UInt8Array]) -> None:
    for n, at in enumerate(times):
        assert np.array_equal(frame_at(path, at)[..., ::-1], pictures[n]), f"not frame {n}"
    assert np.array_equal(frame_at(path, 60.0)[..., ::-1], pictures[-1])
    shown = [tick for tick, _ in frames_of(locate(path, times[20], times[40]))]
    assert len(shown) == 20
    made = write_clip(path, path.with_name("clip.mp4"), times[30], 60.0)
    assert made.frames == len(times) - 30


@pytest.mark.parametrize("ending", ["ts", "mpg"])
def test_a_clock_that_goes_on_is_one(part, tmp_path: Path, ending: str) -> None:
    """Pieces of one recording, as cameras and DVDs cut it."""
    first = part(ending, skip_s=0, frames=_FRAMES, clock_s=100)
    second = part(ending, skip_s=2, frames=_FRAMES, clock_s=102)
    joined = tmp_path / f"joined.{ending}"
    joined.write_bytes(first.read_bytes() + second.read_bytes())
    timeline = read_timeline(joined)
    assert len(timeline.ticks) == 2 * _FRAMES
    assert timeline.end_s == pytest.approx(4.0, abs=0.05)


def test_one_damaged_time_is_no_second_clock(part, tmp_path: Path) -> None:
    """A flipped bit in one packet's times; those behind it are right."""
    whole = part("ts", skip_s=0, frames=_FRAMES, clock_s=100)
    data = bytearray(whole.read_bytes())
    heads = [at for at in range(len(data)) if data[at : at + 4] == b"\0\0\1\xe0"]
    assert len(heads) == _FRAMES
    head = heads[25]
    times = [head + 9] + ([head + 14] if data[head + 7] & 0x40 else [])
    for at in times:
        data[at + 1] ^= 1 << 4  # over a minute
    (harmed := tmp_path / "harmed.ts").write_bytes(data)
    timeline = read_timeline(harmed)
    assert not timeline.cut_short
    assert len(timeline.ticks) >= _FRAMES - 1
