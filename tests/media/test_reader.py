"""`open_frames` on every file, by every decoder, against the file's making and against ffmpeg."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from pipeline.data import FrameBatch
from pipeline.errors import Code, MediaError
from pipeline.media.probe import probe
from pipeline.media.reader import open_frames
from pipeline.media.timeline import read_timeline
from tests.media.colours import apart
from tests.media.ffmpeg_truth import decode
from tests.media_factory import BROKEN, CODECS, RECIPES, MediaFactory, Recipe, ffmpeg

BACKENDS = ("pyav", "decord", "auto")

# decord counts the frames before an edit list's start, reads decoding times for presentation times
# in AVI, and repeats frames of MPEG-TS. It must say so, not give other frames.
NOT_DECORD = {
    "edit_list.mp4", "edit_list.mov", "h264.avi", "mpeg4.avi", "h264.ts", "offset.ts",
}  # fmt: skip
# It makes stripes of turned pictures of some widths.
NOT_DECORD |= {"rotated_90.mp4", "rotated_180.mp4", "rotated_270.mp4"}

ALL = [
    pytest.param(recipe, backend, id=f"{recipe.name}-{backend}")
    for recipe in RECIPES.values()
    for backend in BACKENDS
    if not (backend == "decord" and recipe.name in NOT_DECORD)
]
SAMPLE_EVERY = 20


def _times(batches: list[FrameBatch]) -> np.ndarray:
    return np.concatenate([batch.pts_s for batch in batches])


@pytest.mark.parametrize(("recipe", "backend"), ALL)
def test_frames_of_every_file(media: MediaFactory, recipe: Recipe, backend) -> None:
    path = media[recipe.name]
    truth = decode(path, every=SAMPLE_EVERY)
    count, times, gaps = 0, [], []
    for batch in open_frames(path, backend=backend):
        assert len(batch.frames) == len(batch.pts_s) >= 1
        assert batch.pts_s.dtype == np.float64
        times.extend(batch.pts_s)
        for frame in batch.frames:
            assert frame.dtype == np.uint8
            assert frame.shape == (recipe.size[1], recipe.size[0], 3)
            if count % SAMPLE_EVERY == 0:
                gaps.append(apart(frame[:, :, ::-1], truth.samples[count // SAMPLE_EVERY]))
            count += 1
    assert truth.size == recipe.size
    assert count == recipe.frames == len(truth.pts_s)
    assert times[0] == 0.0
    assert np.all(np.diff(times) > 0)
    np.testing.assert_allclose(times, recipe.times, rtol=0, atol=recipe.tick_s)
    np.testing.assert_allclose(times, truth.pts_s, rtol=0, atol=1e-6)
    assert np.max(gaps) <= 0.02, "mean colour of some frame is off by over 2 %"


@pytest.mark.parametrize("name", sorted(NOT_DECORD))
def test_decord_says_that_it_would_be_wrong(media: MediaFactory, name: str) -> None:
    with pytest.raises(MediaError, match=r"decode\.backend") as caught:
        next(iter(open_frames(media[name], backend="decord")))
    assert caught.value.code == Code.DECODE_ERROR


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=lambda recipe: recipe.name)
def test_times_are_those_of_the_packets(media: MediaFactory, recipe: Recipe) -> None:
    with av.open(str(media[recipe.name])) as container:
        stream = container.streams.best("video")
        pts = sorted(
            packet.pts
            for packet in container.demux(stream)
            if packet.pts is not None and not packet.is_discard
        )
        seconds = [(time - pts[0]) * float(stream.time_base) for time in pts]
    times = _times(list(open_frames(media[recipe.name], backend="pyav")))
    if recipe.name == "h264.avi":  # its packets have no presentation times
        assert len(times) == recipe.frames
    else:
        np.testing.assert_allclose(times, seconds, rtol=0, atol=1e-9)


@pytest.mark.parametrize("recipe", CODECS, ids=lambda recipe: recipe.name)
def test_probe_and_reader_agree(media: MediaFactory, recipe: Recipe) -> None:
    video = probe(media[recipe.name])
    batches = list(open_frames(media[recipe.name]))
    assert sum(len(batch.frames) for batch in batches) == video.frames
    assert batches[0].frames[0].shape == (video.height, video.width, 3)
    assert _times(batches)[-1] < video.duration_s


@pytest.mark.parametrize("backend", BACKENDS)
def test_decoders_give_the_same_picture(media: MediaFactory, backend) -> None:
    for name in ("h264.mp4", "full_range.mp4", "rotated_90.mp4", "odd_444.mp4"):
        if backend == "decord" and name in NOT_DECORD:
            continue
        frame = next(iter(open_frames(media[name], backend=backend))).frames[0]
        truth = decode(media[name], every=1000).samples[0]
        apart = np.abs(frame[:, :, ::-1].astype(int) - truth)
        assert np.median(apart) <= 3, name


@pytest.mark.parametrize("backend", BACKENDS)
def test_frames_stay_as_they_were_read(media: MediaFactory, backend) -> None:
    """A decoder's buffer that is used again must not change a frame that was handed out."""
    batches, sums = [], []
    for batch in open_frames(media["h264.mp4"], backend=backend):
        batches.append(batch)
        sums.append([int(frame.sum()) for frame in batch.frames])
    assert [[int(frame.sum()) for frame in batch.frames] for batch in batches] == sums


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_reader_can_be_left_early(media: MediaFactory, backend) -> None:
    batches = open_frames(media["reel.mp4"], backend=backend)
    next(batches)
    batches.close()
    assert len(list(open_frames(media["reel.mp4"], backend=backend))) > 1


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("broken", BROKEN.values(), ids=lambda broken: broken.name)
def test_what_is_no_video_has_a_code(media: MediaFactory, broken, backend) -> None:
    with pytest.raises(MediaError) as caught:
        list(open_frames(media[broken.name], backend=backend))
    assert caught.value.code in broken.codes
    assert "\n" not in str(caught.value)


def _read_to_the_end(path: Path, backend) -> tuple[list[float], Code | None]:
    """The times that were read, and the code of the error that ended it, if one did."""
    times: list[float] = []
    try:
        for batch in open_frames(path, backend=backend):
            times.extend(batch.pts_s)
    except MediaError as error:
        return times, error.code
    return times, None


@pytest.mark.parametrize("backend", ["pyav", "auto"])
@pytest.mark.parametrize("share", [0.3, 0.9])
def test_a_file_cut_off_gives_its_frames_or_an_error(
    media: MediaFactory, tmp_path: Path, share: float, backend
) -> None:
    """Matroska and MPEG-TS play up to where the file ends: right frames or a code, never others."""
    for name in ("h264.mkv", "h264.ts"):
        data = media[name].read_bytes()
        path = tmp_path / name
        path.write_bytes(data[: int(len(data) * share)])
        whole = RECIPES[name].times
        times, code = _read_to_the_end(path, backend)
        assert code in (None, Code.DECODE_ERROR)
        assert len(times) < len(whole)
        assert times or code
        np.testing.assert_allclose(times, whole[: len(times)], rtol=0, atol=0.001)


@pytest.mark.parametrize("backend", ["pyav", "auto"])
def test_lost_data_behind_a_whole_index_is_told(
    media: MediaFactory, tmp_path: Path, backend
) -> None:
    """An index in front that promises frames which the file does not hold any more."""
    whole, path = tmp_path / "whole.mp4", tmp_path / "cut.mp4"
    ffmpeg("-i", str(media["h264.mp4"]), "-c", "copy", "-movflags", "+faststart", str(whole))
    data = whole.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    times, code = _read_to_the_end(path, backend)
    assert code in (None, Code.DECODE_ERROR)
    assert len(times) < 90
    assert times or code  # a decoder that reads ahead may meet the end before it gives a batch
    np.testing.assert_allclose(times, RECIPES["h264.mp4"].times[: len(times)], rtol=0, atol=0.0001)


def test_it_beats_while_nothing_comes(media: MediaFactory, tmp_path: Path) -> None:
    """A long group of pictures, damaged early: its rest is decoded, and nothing of it comes."""
    path = tmp_path / "early.mp4"
    options = ("-c:v", "libx264", "-preset", "ultrafast", "-g", "200", "-keyint_min", "200",
               "-sc_threshold", "0", "-movflags", "+faststart")  # fmt: skip
    ffmpeg("-i", str(media["reel.mp4"]), *options, str(path))
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
    data = bytearray(path.read_bytes())
    harmed = packets[40]
    data[harmed.pos + 8 : harmed.pos + harmed.size] = bytes(harmed.size - 8)
    path.write_bytes(data)
    timeline = read_timeline(path)
    beats, waits, times = 0, [], []

    def beat() -> None:
        nonlocal beats
        beats += 1

    for batch in open_frames(path, timeline=timeline, threads=1, beat=beat):
        times.extend(batch.pts_s)
        waits.append(beats)
        beats = 0
    lost = len(timeline.ticks) - len(times)
    assert 100 < lost <= 160
    assert max(waits) > 40 + lost, "it told of neither the first frames, read again, nor the lost"
