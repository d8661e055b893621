"""Every file of the matrix, by us, by PyAV alone, by ffprobe and by ffmpeg: the same frames."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from av.video.stream import VideoStream

from pipeline.data import Float64Array
from pipeline.media.probe import probe
from pipeline.media.reader import open_frames
from pipeline.media.thumbnail import frame_at
from pipeline.media.timeline import read_timeline
from tests.media.colours import apart
from tests.media.ffmpeg_truth import Truth, decode
from tests.media.ffprobe_truth import FFPROBE, NO_FFPROBE, frame_times
from tests.media.matrix import BORROWED, DAMAGED, MADE_OF_THOSE, WHOLE, File, Matrix
from tests.media_factory import MediaFactory

SOUND = tuple(file.name for file in (*WHOLE, *MADE_OF_THOSE))
UNSEEN = {"flips_vp9.webm", "flips_hevc.mov"}
"""Bits that change pictures, and no decoder can tell: the codec has nothing to check them by."""

NOT_ALL_SEEN = {"flips.ts", "hole.avi"}
"""Of several changed bits H.264's decoder sees some. In AVI a time is a frame's number in the file,
so that all behind a loss are earlier, in every player."""

BACKENDS = ("pyav", "auto")
NOT_FFPROBE = "cut_raw.h264"
"""ffprobe 5.1 gives two frames that lean on what was cut off; ffmpeg 9 and PyAV do not."""

CLOCK_S = 0.0011
"""Programs round to their own clocks; Matroska's has milliseconds."""


@pytest.fixture(scope="session")
def matrix(media: MediaFactory) -> Matrix:
    return Matrix(media.directory)


@pytest.fixture(scope="session")
def truth(matrix: Matrix):
    """What ffmpeg presents of a file, decoded once a session."""
    known: dict[str, Truth] = {}

    def of(name: str) -> Truth:
        if name not in known:
            with av.open(str(matrix[name])) as container:
                best = container.streams.best("video").index
            known[name] = decode(matrix[name], every=1, stream=best)
        return known[name]

    return of


def _frame_s(stream: VideoStream) -> float:
    return float(1 / (stream.average_rate or stream.guessed_rate or 25))


def _by_pyav(path: Path) -> Float64Array:
    """The times of PyAV's own decode on one thread; a frame without a time follows the last.

    AVI has decoding times alone: there it is the time of the packet that brought the frame out.
    """
    with av.open(str(path)) as container:
        stream = container.streams.best("video")
        stream.thread_type = "SLICE"
        tick, frame_s = float(stream.time_base), _frame_s(stream)
        by_decoding = container.format.name == "avi"
        times: list[float] = []
        for packet in container.demux(stream):
            try:
                frames = packet.decode()
            except ValueError:  # a packet of no bytes, which stands for the frame before
                continue
            for frame in frames:
                stamp = frame.dts if by_decoding else frame.pts
                times.append(times[-1] + frame_s if stamp is None and times else
                             (stamp or 0) * tick)  # fmt: skip
    return np.asarray(times) - times[0]


@pytest.mark.parametrize("name", SOUND)
@pytest.mark.parametrize("backend", BACKENDS)
def test_frames_are_those_of_a_player(matrix: Matrix, truth, name: str, backend) -> None:
    shown = truth(name)
    times, gaps = [], []
    for batch in open_frames(matrix[name], backend=backend):
        for frame in batch.frames:
            assert (frame.shape[1], frame.shape[0]) == shown.size
            gaps.append(apart(frame[:, :, ::-1], shown.samples[len(gaps)]))
        times.extend(batch.pts_s)
    assert len(times) == len(shown.pts_s)
    np.testing.assert_allclose(times, shown.pts_s, rtol=0, atol=CLOCK_S)
    assert np.max(gaps) <= 0.02, "mean colour of some frame is off by over 2 %"


@pytest.mark.parametrize("name", [*SOUND, *BORROWED])
def test_times_are_those_of_every_program(matrix: Matrix, truth, name: str) -> None:
    path = matrix[name]
    timeline, video = read_timeline(path), probe(path)
    assert video.frames == len(timeline.pts_s) == len(truth(name).pts_s)
    assert (video.width, video.height) == truth(name).size
    np.testing.assert_allclose(timeline.pts_s, truth(name).pts_s, rtol=0, atol=CLOCK_S)
    np.testing.assert_allclose(timeline.pts_s, _by_pyav(path), rtol=0, atol=CLOCK_S)


@pytest.mark.skipif(FFPROBE is None, reason=NO_FFPROBE)
@pytest.mark.parametrize("name", [name for name in (*SOUND, *BORROWED) if name != NOT_FFPROBE])
def test_times_are_those_of_ffprobe(matrix: Matrix, name: str) -> None:
    path = matrix[name]
    timeline = read_timeline(path)
    with av.open(str(path)) as container:
        stream = container.streams.best("video")
        said = frame_times(path, stream.index, _frame_s(stream))
    np.testing.assert_allclose(timeline.pts_s, said, rtol=0, atol=CLOCK_S)


@pytest.mark.parametrize("file", DAMAGED, ids=lambda file: file.name)
def test_damage_costs_what_it_damaged(matrix: Matrix, truth, file: File) -> None:
    """What is shown is what the whole file shows then; where that is not all, it can be seen."""
    path = matrix[file.name]
    whole, timeline = truth(file.of), read_timeline(path)
    times, ends, gaps = [], [], []
    for batch in open_frames(path, timeline=timeline):
        times.extend(batch.pts_s)
        ends.extend(batch.ends_s)
        for at, frame in zip(batch.pts_s, batch.frames, strict=True):
            nearest = int(np.abs(whole.pts_s - at).argmin())
            assert abs(whole.pts_s[nearest] - at) <= CLOCK_S
            gaps.append(apart(frame[:, :, ::-1], whole.samples[nearest]))
    holes = [at for end, at in zip(ends, [*times[1:], timeline.end_s], strict=True) if at > end]
    assert len(times) > 5
    assert times[0] == 0.0 or file.name == "start.mp4"
    if file.name in UNSEEN:
        assert len(times) == len(whole.pts_s)
        return
    assert timeline.cut_short or holes or times[0] > 0
    if file.name in NOT_ALL_SEEN:
        return
    assert np.max(gaps) <= 0.02, "a damaged frame is shown as if it were whole"


@pytest.mark.parametrize("name", ["start.mp4", "b264.avi", "raw.h264", "cut.ts", "theora.ogv"])
def test_a_picture_at_a_time_is_that_of_the_reader(matrix: Matrix, name: str) -> None:
    batches = [*open_frames(matrix[name])]
    times = np.concatenate([batch.pts_s for batch in batches])
    frames = [frame for batch in batches for frame in batch.frames]
    for n in (0, len(frames) // 2, len(frames) - 1):
        picture = frame_at(matrix[name], float(times[n]))
        np.testing.assert_array_equal(picture[:, :, ::-1], frames[n])


def test_the_matrix_is_large() -> None:
    assert len({*SOUND, *(file.name for file in DAMAGED)}) >= 40
