"""`write_clip` against the reader: what the clip shows is what a player shows in the span."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import av
import numpy as np
import pytest

from pipeline.data import UInt8Array
from pipeline.errors import Code, MediaError
from pipeline.media import copying, shown
from pipeline.media.clip import Clip, write_clip
from pipeline.media.reader import open_frames
from pipeline.media.sound import Sound, sound_of
from pipeline.media.thumbnail import frame_at
from tests.media_factory import BROKEN, MediaFactory, ffmpeg

FILES = (
    "h264_bframes.mp4", "long_gop.mp4", "edit_list.mp4", "edit_list.mov", "rotated_90.mp4",
    "rotated_180.mp4", "rotated_270.mp4", "vp9.webm", "vp8.webm", "odd_420.webm", "odd_444.mp4",
    "h264.ts", "offset.ts", "offset.mkv", "variable.mp4", "variable.mkv", "variable.webm",
    "h264.avi", "mpeg4.mp4", "av1.mp4", "hevc_10bit.mov", "full_range.mp4", "cover.mp4",
    "two_streams.mkv", "with_audio.mp4", "with_audio.mkv", "one_frame.mp4",
)  # fmt: skip

_X264 = ("-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-g", "12", "-bf", "3")
GROUPS = {
    "closed.mp4": (*_X264, "-sc_threshold", "0", "-flags", "+cgop"),
    "closed.mkv": (*_X264, "-bf", "0", "-sc_threshold", "0"),
    "reordered.mkv": (*_X264, "-sc_threshold", "0", "-flags", "+cgop"),
    "open.mp4": (*_X264, "-x264-params", "open-gop=1:scenecut=0"),
    "refresh.mp4": (*_X264, "-bf", "0", "-x264-params", "intra-refresh=1"),
    "hevc_open.mp4": (
        "-c:v", "libx265", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-bf", "3",
        "-x265-params", "log-level=none:pools=2:keyint=12:min-keyint=12:open-gop=1:scenecut=0",
    ),
}  # fmt: skip


def _read(path: Path) -> tuple[np.ndarray, list[UInt8Array]]:
    """Times and RGB pictures."""
    batches = list(open_frames(path, backend="pyav"))
    times = np.concatenate([batch.pts_s for batch in batches])
    return times, [frame[..., ::-1] for batch in batches for frame in batch.frames]


def _off(one: UInt8Array, other: UInt8Array) -> float:
    """Mean difference of two pictures; one may have a line more at its right and bottom."""
    height, width = (min(sides) for sides in zip(one.shape[:2], other.shape[:2], strict=True))
    difference = one[:height, :width].astype(int) - other[:height, :width].astype(int)
    return float(np.abs(difference).mean())


def _assert_nearest(picture: UInt8Array, pictures: list[UInt8Array], at: int) -> None:
    off = _off(picture, pictures[at])
    # Some of the drawings are noise, which costs most.
    assert off < 12, f"{off:.1f} from frame {at}"
    # Nearer than the neighbours, where they differ from it by more than what encoding costs.
    for other in (at - 1, at + 1):
        if 0 <= other < len(pictures) and _off(pictures[at], pictures[other]) > max(1, 1.5 * off):
            assert off < _off(picture, pictures[other]), f"frame {other}, not {at}"


def _seconds_of_sound(path: Path) -> float:
    with av.open(str(path)) as container:
        if not container.streams.audio:
            return 0.0
        samples = [(f.samples, f.rate) for f in container.decode(container.streams.audio[0])]
        return sum(count for count, _ in samples) / samples[0][1]


@pytest.fixture
def groups(media: MediaFactory, tmp_path: Path):
    """Files of `GROUPS`: key frames every 12th, 6 seconds and more."""

    def make(name: str) -> Path:
        path = tmp_path / name
        ffmpeg("-i", str(media["reel.mp4"]), "-s", "240x134", "-t", "6", *GROUPS[name], str(path))
        return path

    return make


@pytest.mark.parametrize("name", FILES)
def test_a_clip_shows_what_a_player_shows(media: MediaFactory, tmp_path: Path, name: str) -> None:
    times, pictures = _read(media[name])
    ends = np.append(times[1:], times[-1] + 0.04)
    first, last = len(times) // 3, (2 * len(times)) // 3
    target = tmp_path / "clip.mp4"
    made = write_clip(media[name], target, float(times[first]), float(ends[last]))
    clip_times, clip_pictures = _read(target)
    assert made.frames == len(clip_times) == last - first + 1
    assert np.abs(clip_times - (times[first : last + 1] - times[first])).max() < 0.0011
    sides = np.array(clip_pictures[0].shape[:2]) - pictures[0].shape[:2]
    assert set(sides) <= {0, 1}
    for at, picture in zip(range(first, last + 1), clip_pictures, strict=True):
        _assert_nearest(picture, pictures, at)
    assert _off(clip_pictures[0], frame_at(media[name], float(times[first]))) < 12
    assert _off(clip_pictures[-1], frame_at(media[name], float(ends[last]) - 0.002)) < 12


def test_colours_mean_what_they_meant(media: MediaFactory, tmp_path: Path) -> None:
    source, target = tmp_path / "tagged.mp4", tmp_path / "clip.mp4"
    tags = ("-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709")
    ffmpeg("-i", str(media["h264_bframes.mp4"]), *_X264, *tags, "-color_range", "tv", str(source))
    write_clip(source, target, 0.5, 1.0)
    found = []
    for path in (source, target):
        with av.open(str(path)) as container:
            frame = next(container.decode(video=0))
        facts = (frame.color_range, frame.colorspace, frame.color_primaries, frame.color_trc)
        found.append(tuple(map(int, facts)))
    assert found[0] == found[1]
    assert found[0][:2] == (1, 1), "limited range, BT.709"


def test_a_span_may_begin_and_end_inside_a_frame(media: MediaFactory, tmp_path: Path) -> None:
    """25 frames a second: 0.05 is inside frame 1, 0.33 inside frame 8."""
    _, pictures = _read(media["h264_bframes.mp4"])
    target = tmp_path / "clip.mp4"
    made = write_clip(media["h264_bframes.mp4"], target, 1.5 / 24, 8.25 / 24)
    times, clip_pictures = _read(target)
    assert made == Clip(8, copied=False)
    assert times == pytest.approx([0, *(np.arange(0.5, 7) / 24)], abs=1e-4)
    _assert_nearest(clip_pictures[0], pictures, 1)
    _assert_nearest(clip_pictures[-1], pictures, 8)
    with av.open(str(target)) as container:
        assert float(container.duration / av.time_base) == pytest.approx(6.75 / 24, abs=2e-3)


@pytest.mark.parametrize("name", ["closed.mp4", "closed.mkv"])
def test_a_span_between_key_frames_is_copied(groups, tmp_path: Path, name: str) -> None:
    path = groups(name)
    times, pictures = _read(path)
    made = write_clip(path, tmp_path / "clip.mp4", float(times[48]), float(times[72]))
    assert made == Clip(24, copied=True)
    clip_times, clip_pictures = _read(tmp_path / "clip.mp4")
    assert clip_times == pytest.approx(times[48:72] - times[48], abs=1e-3)
    assert all(map(np.array_equal, clip_pictures, pictures[48:72]))


def test_a_copy_may_end_between_key_frames_where_the_orders_agree(
    media: MediaFactory, tmp_path: Path
) -> None:
    """No B-frames: every frame's end is such a place; key frames come at the cuts only."""
    times, pictures = _read(media["h264.mp4"])
    made = write_clip(media["h264.mp4"], tmp_path / "clip.mp4", 0.0, float(times[20]))
    assert made == Clip(20, copied=True)
    assert all(map(np.array_equal, _read(tmp_path / "clip.mp4")[1], pictures[:20]))
    made = write_clip(media["h264.mp4"], tmp_path / "clip.mp4", 0.0, float(times[20]) - 0.02)
    assert made == Clip(20, copied=False), "half a frame can be shown, but not copied"


@pytest.mark.parametrize("name", ["open.mp4", "refresh.mp4", "hevc_open.mp4", "reordered.mkv"])
def test_key_frames_that_cannot_be_copied_from(groups, tmp_path: Path, name: str) -> None:
    """Whatever was done with them, the clip is right."""
    path = groups(name)
    times, pictures = _read(path)
    for first in (36, 48, 60):
        made = write_clip(path, tmp_path / "clip.mp4", float(times[first]), float(times[first + 9]))
        clip_times, clip_pictures = _read(tmp_path / "clip.mp4")
        assert made.frames == len(clip_times) == 9
        for at, picture in enumerate(clip_pictures, start=first):
            _assert_nearest(picture, pictures, at)


def test_a_copy_that_shows_something_else_is_not_kept(
    groups, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = groups("closed.mp4")
    times, pictures = _read(path)
    span = float(times[48]), float(times[72])
    counted = copying._countable
    monkeypatch.setattr(copying, "_countable", lambda *args: counted(*args) - 1)
    assert write_clip(path, tmp_path / "clip.mp4", *span) == Clip(24, copied=False)
    _assert_nearest(_read(tmp_path / "clip.mp4")[1][-1], pictures, 71)


def test_a_rotated_span_is_copied_upright(media: MediaFactory, tmp_path: Path) -> None:
    times, pictures = _read(media["rotated_90.mp4"])
    made = write_clip(media["rotated_90.mp4"], tmp_path / "clip.mp4", 0.0, float(times[30]))
    assert made.copied
    assert np.array_equal(_read(tmp_path / "clip.mp4")[1][0], pictures[0])


@pytest.mark.parametrize(
    ("name", "start_s", "end_s"),
    [("with_audio.mp4", 0.0, 1.2), ("with_audio.mp4", 1.3, 3.0), ("with_audio.mkv", 0.5, 2.5)],
)
def test_sound_is_kept(
    media: MediaFactory, tmp_path: Path, name: str, start_s: float, end_s: float
) -> None:
    target = tmp_path / "clip.mp4"
    write_clip(media[name], target, start_s, end_s)
    assert sound_of(target) == Sound(44100, 1)
    # To a packet of AAC, which is 1024 samples.
    assert _seconds_of_sound(target) == pytest.approx(end_s - start_s, abs=0.035)


@pytest.mark.parametrize("start_s", [0.4, 2.2])
@pytest.mark.parametrize("codec", ["libopus", "aac", "ac3"])
def test_sound_stays_with_its_picture(tmp_path: Path, start_s: float, codec: str) -> None:
    """A click each second: where it is heard in the clip is where it was in the video."""
    video, target = tmp_path / "clicks.mkv", tmp_path / "clip.mp4"
    clicks = "aevalsrc='if(lt(mod(t,1),0.01),sin(6000*t),0)':s=48000:d=6"
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=160x90:r=25:d=6", "-f", "lavfi", "-i", clicks,
           "-c:v", "libx264", "-g", "10", "-c:a", codec, "-b:a", "96k", str(video))  # fmt: skip
    write_clip(video, target, start_s, start_s + 3)
    with av.open(str(target)) as container:
        frames = list(container.decode(container.streams.audio[0]))
    begin = float(frames[0].pts * frames[0].time_base)
    heard = np.abs(np.concatenate([frame.to_ndarray()[0] for frame in frames]))
    loud = np.flatnonzero(heard > 0.3) / 48000 + begin
    clicks_at = loud[np.insert(np.diff(loud) > 0.5, 0, True)]
    assert clicks_at == pytest.approx(np.ceil(start_s) - start_s + np.arange(3), abs=0.006)


def test_sound_that_ends_early_or_starts_late(media: MediaFactory, tmp_path: Path) -> None:
    video, target = tmp_path / "late.mkv", tmp_path / "clip.mp4"
    tone = ("-itsoffset", "1", "-f", "lavfi", "-i", "sine=frequency=440:duration=1")
    ffmpeg("-i", str(media["h264.mp4"]), *tone, "-c:v", "copy", "-c:a", "aac", str(video))
    write_clip(video, target, 0.52, 1.52)
    with av.open(str(target)) as container:
        heard = np.abs(np.concatenate([f.to_ndarray()[0] for f in container.decode(audio=0)]))
    assert heard[: 44100 * 44 // 100].max() < 0.01
    assert heard[44100 * 55 // 100 : 44100 * 9 // 10].max() > 0.05
    write_clip(video, target, 2.6, 3.2)
    assert sound_of(target) is None


def test_a_late_span_does_not_cost_the_whole_file(
    media: MediaFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "long.mp4"
    ffmpeg("-stream_loop", "3", "-i", str(media["reel.mp4"]), *_X264, str(path))
    monkeypatch.setattr(shown, "_read_on", lambda *where: pytest.fail("read it all"))
    times, pictures = _read(path)
    write_clip(path, tmp_path / "clip.mp4", float(times[602]), float(times[622]))
    _assert_nearest(_read(tmp_path / "clip.mp4")[1][0], pictures, 602)


def test_it_says_how_far_it_is(media: MediaFactory, tmp_path: Path) -> None:
    told: list[float] = []
    write_clip(media["long_gop.mp4"], tmp_path / "clip.mp4", 1.0, 3.0, watch=told.append)
    assert told == sorted(told)
    assert len(told) >= 50
    assert told[0] == 0
    assert len(set(told)) > 40
    assert 0.9 < told[-1] <= 1


def test_behind_the_end_is_the_last_frame(media: MediaFactory, tmp_path: Path) -> None:
    target = tmp_path / "clip.mp4"
    assert write_clip(media["short.mp4"], target, 100.0, 101.0).frames == 1
    assert _off(_read(target)[1][0], frame_at(media["short.mp4"], 100.0)) < 6


@pytest.mark.parametrize("broken", BROKEN.values(), ids=lambda broken: broken.name)
def test_what_is_no_video_has_a_code(media: MediaFactory, tmp_path: Path, broken) -> None:
    with pytest.raises(MediaError) as caught:
        write_clip(media[broken.name], tmp_path / "clip.mp4", 0.0, 1.0)
    assert caught.value.code in broken.codes
    assert caught.value.uri == str(media[broken.name])


def test_where_nothing_can_be_written(media: MediaFactory, tmp_path: Path) -> None:
    with pytest.raises(MediaError) as caught:
        write_clip(media["short.mp4"], tmp_path / "gone" / "clip.mp4", 0.0, 1.0)
    assert caught.value.code == Code.UNWRITABLE
    with pytest.raises(MediaError) as caught:
        write_clip(media["short.mp4"], Path("/dev/full"), 0.0, 1.0)
    assert caught.value.code == Code.UNWRITABLE


def test_any_name_will_do(media: MediaFactory, tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/-i concat: %03d \xff.mp4"))
    shutil.copy(media["short.mp4"], path)
    assert write_clip(path, tmp_path / "-y 日本.mp4", 0.0, 0.1).frames == 3
