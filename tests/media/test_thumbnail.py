"""`frame_at` against the reader: the same picture, however it was come by."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pipeline.data import UInt8Array
from pipeline.errors import Code, MediaError
from pipeline.media import shown
from pipeline.media.reader import open_frames
from pipeline.media.thumbnail import frame_at
from tests.media_factory import BROKEN, MediaFactory, ffmpeg

FILES = (
    "h264_bframes.mp4", "long_gop.mp4", "edit_list.mp4", "edit_list.mov", "rotated_90.mp4",
    "rotated_270.mp4", "vp9.webm", "odd_420.webm", "h264.ts", "offset.ts", "offset.mkv",
    "offset.mp4", "variable.mp4", "variable.mkv", "variable.webm", "h264.avi", "mpeg4.mp4",
    "mpeg4.avi", "av1.mp4", "hevc_10bit.mov", "cover.mp4", "two_streams.mkv", "with_audio.mp4",
    "one_frame.mp4",
)  # fmt: skip

# Key frames come often here, so that most times are reached by a seek: what to make of the long
# drawing, and the name of the result.
_X264 = ("-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-g", "12", "-bf", "3")
SOUGHT = {
    "closed.mp4": (*_X264, "-sc_threshold", "0"),
    "closed.mkv": (*_X264, "-sc_threshold", "0"),
    "closed.ts": (*_X264, "-sc_threshold", "0"),
    "closed.avi": (*_X264, "-bf", "0", "-sc_threshold", "0"),
    "open.mp4": (*_X264, "-x264-params", "open-gop=1:scenecut=0"),
    "open.ts": (*_X264, "-x264-params", "open-gop=1:scenecut=0"),
    "refresh.mp4": (*_X264, "-bf", "0", "-x264-params", "intra-refresh=1"),
    "refresh.ts": (*_X264, "-bf", "0", "-x264-params", "intra-refresh=1"),
    "hevc_open.mp4": (
        "-c:v", "libx265", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-bf", "3",
        "-x265-params", "log-level=none:pools=2:keyint=12:min-keyint=12:open-gop=1:scenecut=0",
    ),
    "mpeg2.ts": ("-c:v", "mpeg2video", "-g", "12", "-bf", "2", "-q:v", "5"),
    "mpeg2.mpg": ("-c:v", "mpeg2video", "-g", "12", "-bf", "2", "-q:v", "5"),
    "packed.avi": ("-c:v", "mpeg4", "-g", "12", "-bf", "2", "-q:v", "5"),
    "mpeg4.ts": ("-c:v", "mpeg4", "-g", "40", "-q:v", "5"),
    "wmv.asf": ("-c:v", "wmv2", "-g", "40", "-q:v", "5"),
    "h263.flv": ("-c:v", "flv1", "-g", "40", "-q:v", "5"),
    "pictures.avi": ("-c:v", "mjpeg", "-q:v", "5"),
    "vp8.webm": ("-c:v", "libvpx", "-deadline", "realtime", "-g", "12", "-b:v", "500k"),
    "moves.gif": ("-vf", "scale=160:-1"),
}  # fmt: skip


@pytest.fixture(scope="module")
def sought(media: MediaFactory, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Files of `SOUGHT` by name, 14 seconds each; and `cut.mp4`, which starts inside one."""
    folder = tmp_path_factory.mktemp("sought")
    twice = ("-stream_loop", "1", "-i", str(media["reel.mp4"]), "-s", "240x134", "-t", "14")

    def make(name: str) -> Path:
        path = folder / name
        if not path.exists() and name == "cut.mp4":
            ffmpeg("-ss", "3.32", "-i", str(make("closed.mp4")), "-c", "copy", str(path))
        elif not path.exists():
            ffmpeg(*twice, *SOUGHT[name], str(path))
        return path

    return make


def _read(path: Path) -> tuple[np.ndarray, list[UInt8Array]]:
    """All that the reader gives: times, and RGB pictures."""
    batches = list(open_frames(path, backend="pyav"))
    times = np.concatenate([batch.pts_s for batch in batches])
    return times, [frame[..., ::-1] for batch in batches for frame in batch.frames]


def _assert_same(path: Path, times: np.ndarray, pictures: list[UInt8Array], seconds: float) -> None:
    at = max(0, int(np.searchsorted(times, seconds, side="right")) - 1)
    found = frame_at(path, seconds)
    assert found.dtype == np.uint8
    assert found.flags["C_CONTIGUOUS"]
    assert np.array_equal(found, pictures[at]), f"not frame {at} at {seconds:.3f} s"


@pytest.mark.parametrize("name", FILES)
def test_it_is_the_frame_of_the_reader(media: MediaFactory, name: str) -> None:
    times, pictures = _read(media[name])
    chosen = np.unique(np.linspace(0, len(times) - 1, 7).astype(int))
    ends = np.append(times[1:], times[-1] + 1.0)
    for at in chosen:
        # Just when it comes, and while it stays.
        _assert_same(media[name], times, pictures, times[at])
        _assert_same(media[name], times, pictures, times[at] + 0.4 * (ends[at] - times[at]))


@pytest.mark.parametrize("name", [*SOUGHT, "cut.mp4"])
def test_it_is_the_frame_of_the_reader_behind_a_seek(
    sought: Callable[[str], Path], name: str
) -> None:
    times, pictures = _read(sought(name))
    assert times[-1] > 9
    rng = np.random.default_rng(5)
    for at in (*rng.choice(len(times), 14, replace=False), len(times) - 1):
        _assert_same(sought(name), times, pictures, times[at])


@pytest.mark.parametrize(
    "name", ["closed.mp4", "closed.mkv", "closed.ts", "open.mp4", "hevc_open.mp4", "mpeg2.ts",
             "pictures.avi", "vp8.webm", "cut.mp4"]
)  # fmt: skip
def test_a_late_frame_does_not_cost_the_whole_file(
    sought: Callable[[str], Path], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shown, "_read_on", lambda *where: pytest.fail("read it all"))
    frame_at(sought(name), 9.0)


def test_before_the_start_and_behind_the_end(media: MediaFactory) -> None:
    times, pictures = _read(media["h264_bframes.mp4"])
    for seconds in (-1.0, -1e300):
        assert np.array_equal(frame_at(media["h264_bframes.mp4"], seconds), pictures[0])
    for seconds in (times[-1] + 100.0, 1e300):
        assert np.array_equal(frame_at(media["h264_bframes.mp4"], seconds), pictures[-1])


def test_a_time_is_meant_to_half_a_tick(media: MediaFactory) -> None:
    """Times of a store or a log come rounded; a frame's own time is that frame."""
    times, pictures = _read(media["vp9.webm"])
    for off in (-0.0004, 0.0, 0.0004):
        assert np.array_equal(frame_at(media["vp9.webm"], times[30] + off), pictures[30])
    assert np.array_equal(frame_at(media["vp9.webm"], times[30] - 0.0006), pictures[29])


@pytest.mark.parametrize("seconds", [float("nan"), float("inf")])
def test_a_time_is_a_number(media: MediaFactory, seconds: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        frame_at(media["h264.mp4"], seconds)


def test_where_seeking_fails_the_file_is_read(
    sought: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = sought("closed.mp4")
    times, pictures = _read(path)
    monkeypatch.setattr(shown, "_seek", lambda *where: False)
    _assert_same(path, times, pictures, times[200])


@pytest.mark.parametrize("broken", BROKEN.values(), ids=lambda broken: broken.name)
def test_what_is_no_video_has_a_code(media: MediaFactory, broken) -> None:
    with pytest.raises(MediaError) as caught:
        frame_at(media[broken.name], 1.0)
    assert caught.value.code in broken.codes
    assert caught.value.uri == str(media[broken.name])


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(MediaError) as caught:
        frame_at(tmp_path / "gone.mp4", 0.0)
    assert caught.value.code == Code.NOT_FOUND


def test_any_name_will_do(media: MediaFactory, tmp_path: Path) -> None:
    path = tmp_path / "-i concat:日本 %03d \N{CLAPPER BOARD}.mp4"
    shutil.copy(media["short.mp4"], path)
    assert frame_at(path, 0.0).shape == (90, 160, 3)
