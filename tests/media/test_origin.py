"""Where a timeline starts: a damaged first key frame is missed, a cut's leavings are not."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from pipeline.media.origin import start_of
from pipeline.media.reader import open_frames
from pipeline.media.thumbnail import frame_at
from pipeline.media.timeline import read_timeline
from tests.media_factory import MediaFactory, ffmpeg

_GROUP = 60
"""Frames a group; there are two and a half in a file."""

_FRAME_S = 0.04


@pytest.fixture(scope="session")
def whole(media: MediaFactory, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Closed groups with B-frames, in every container."""
    folder = tmp_path_factory.mktemp("origin")
    options = ("-t", "6", "-an", "-s", "160x90", "-c:v", "libx264", "-preset", "veryfast")
    groups = ("-bf", "2", "-g", str(_GROUP), "-keyint_min", str(_GROUP), "-sc_threshold", "0")
    made = {ending: folder / f"whole.{ending}" for ending in ("mp4", "mkv", "flv", "ts")}
    for path in made.values():
        ffmpeg("-i", str(media["reel.mp4"]), *options, *groups, str(path))
    return made


def _first_packet(path: Path) -> tuple[int, bytes]:
    """Where the file has it, and its content."""
    with av.open(str(path)) as container:
        first = next(packet for packet in container.demux(video=0) if packet.size)
        assert first.pos is not None
        return first.pos, bytes(first)


def _read(path: Path) -> dict[float, np.ndarray]:
    return {
        round(float(at), 3): frame
        for batch in open_frames(path)
        for at, frame in zip(batch.pts_s, batch.frames, strict=True)
    }


def _assert_first_group_is_missed(
    whole: Path, harmed: Path, *, lost: int = 0, late: float = 0.0
) -> None:
    """The rest has its time.

    Args:
        whole: The file as it was.
        harmed: What became of it.
        lost: Frames of whose times the file does not say any more.
        late: Seconds of the first of them in front.
    """
    timeline, pictures, found = read_timeline(harmed), _read(whole), _read(harmed)
    assert len(timeline.ticks) == len(pictures) - lost
    assert timeline.end_s == pytest.approx(6.0 - late)
    assert not timeline.plain
    assert len(found) == len(pictures) - _GROUP
    assert min(found) == pytest.approx(_GROUP * _FRAME_S - late)
    for at, picture in found.items():
        np.testing.assert_array_equal(picture, pictures[round(at + late, 3)])
    assert start_of(harmed) == timeline.ticks[0]
    for at in (min(found), max(found)):
        np.testing.assert_array_equal(frame_at(harmed, at)[..., ::-1], found[at])
    np.testing.assert_array_equal(frame_at(harmed, 0.0)[..., ::-1], found[min(found)])


@pytest.mark.parametrize("ending", ["mp4", "mkv", "flv"])
def test_a_first_key_frame_of_zeros(whole: dict[str, Path], tmp_path: Path, ending: str) -> None:
    data = whole[ending].read_bytes()
    _, content = _first_packet(whole[ending])
    assert data.count(content) == 1
    (harmed := tmp_path / f"zeros.{ending}").write_bytes(data.replace(content, bytes(len(content))))
    _assert_first_group_is_missed(whole[ending], harmed)


def test_a_first_key_frame_of_zeros_in_mpegts(whole: dict[str, Path], tmp_path: Path) -> None:
    """Its time is zeros, too: the timeline starts at what the file still has in front."""
    data = bytearray(whole["ts"].read_bytes())
    at, _ = _first_packet(whole["ts"])
    data[at : at + 1000] = bytes(1000)
    (harmed := tmp_path / "zeros.ts").write_bytes(data)
    # Of the B-frames behind, those that come before the first packet that is left, go as well.
    _assert_first_group_is_missed(whole["ts"], harmed, lost=2, late=2 * _FRAME_S)


def test_a_first_key_frame_without_its_content_in_mpegts(
    whole: dict[str, Path], tmp_path: Path
) -> None:
    """What the container says of it is whole: its time, and that it is one to start from."""
    data = bytearray(whole["ts"].read_bytes())
    at, content = _first_packet(whole["ts"])
    # Of the first packet stay its header and that of the picture.
    body = data.index(b"\0\0\1\xe0", at) + 19
    data[body : at + 188] = bytes(at + 188 - body)
    for start in range(at + 188, at + len(content), 188):
        data[start + 4 : start + 188] = bytes(184)
        data[start + 3] &= ~0x20  # no adaptation field
    (harmed := tmp_path / "hollow.ts").write_bytes(data)
    # Nothing says any more where the first picture ends: FFmpeg makes one of two.
    _assert_first_group_is_missed(whole["ts"], harmed, lost=1)


@pytest.mark.parametrize("ending", ["mkv", "ts"])
def test_what_a_cut_left_in_front_is_not_missed(
    whole: dict[str, Path], tmp_path: Path, ending: str
) -> None:
    """A recording that begins amid a group of pictures begins, for a player, at the next one."""
    path = tmp_path / f"cut.{ending}"
    dropped = ("-bsf:v", f"noise=drop='lt(n,{_GROUP // 2})'")
    ffmpeg("-i", str(whole[ending]), "-c", "copy", *dropped, str(path))
    timeline, found = read_timeline(path), _read(path)
    assert len(found) == len(timeline.ticks)
    assert min(found) == 0.0
    assert start_of(path) == timeline.ticks[0]
