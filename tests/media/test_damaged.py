"""Damage that the container marks, or that one error makes of it: no wrong frame passes as whole.

However many threads decode: they hold frames back, and lose those next to an error.
"""

from __future__ import annotations

import random
from pathlib import Path

import av
import numpy as np
import pytest

from pipeline.data import UInt8Array
from pipeline.media.probe import examine
from pipeline.media.reader import open_frames

FRAMES = 40
GOP = 12
TS_PACKET = 188
VIDEO_PID = 0x100

CODECS = {
    "h264": ("libx264", {"preset": "veryfast", "crf": "30"}),
    "hevc": (
        "libx265",
        {
            "preset": "ultrafast",
            "crf": "20",
            "x265-params": f"log-level=error:bframes=0:keyint={GOP}",
        },
    ),
    "mpeg2": ("mpeg2video", {}),
}


@pytest.fixture(scope="module", params=CODECS)
def stream(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An MPEG-TS of noise that moves: each frame has many packets and looks like no other."""
    codec, options = CODECS[request.param]
    path = tmp_path_factory.mktemp("ts") / "whole.ts"
    still = np.random.default_rng(1).integers(0, 255, (240, 320, 3), dtype=np.uint8)
    with av.open(str(path), "w", format="mpegts") as output:
        video = output.add_stream(codec, rate=25, options=options)
        video.width, video.height, video.pix_fmt = 320, 240, "yuv420p"
        video.codec_context.gop_size = GOP
        video.codec_context.bit_rate = 3_000_000
        for index in range(FRAMES):
            picture = av.VideoFrame.from_ndarray(np.roll(still, 3 * index, 1), format="rgb24")
            output.mux(video.encode(picture))
        output.mux(video.encode(None))
    return path


@pytest.mark.parametrize("threads", [0, 1, 16])
def test_where_packets_are_lost_no_wrong_frame_is_given(
    stream: Path, tmp_path: Path, threads: int
) -> None:
    whole = pictures(stream)
    choose = random.Random(3)
    # A key frame alone, one before it as well, the last one; and some at random.
    for hit in [(12,), (11, 12), (FRAMES - 2,), (5,), (20, 21), (30,)]:
        path = without(stream, tmp_path / "damaged.ts", hit, choose)
        found = pictures(path, threads)
        assert len(found) < FRAMES
        assert found.keys() <= whole.keys()
        wrong = [t for t, picture in found.items() if difference(picture, whole[t]) > 4]
        assert not wrong, f"damaged in frames {hit}, wrong at {wrong}"


@pytest.mark.parametrize("threads", [1, 4, 16, 17])
def test_a_short_clip_is_read_in_part_whatever_the_threads(tmp_path: Path, threads: int) -> None:
    """As many threads as frames give all of them at the end, or an error in their place."""
    path = tmp_path / "short.mp4"
    options = {"g": "5", "keyint_min": "5", "sc_threshold": "0"}
    with av.open(str(path), "w") as output:
        video = output.add_stream("libx264", rate=25, options=options)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        for index in range(15):
            shade = np.full((48, 64, 3), 16 * index, dtype=np.uint8)
            output.mux(video.encode(av.VideoFrame.from_ndarray(shade, format="rgb24")))
        output.mux(video.encode(None))
    with av.open(str(path)) as container:
        first = next(packet.pos for packet in container.demux(video=0) if packet.size)
    data = bytearray(path.read_bytes())
    data[first : first + 4] = b"\x7f\xff\xff\xff"
    path.write_bytes(data)
    assert len(pictures(path, threads)) == 10


def without(stream: Path, path: Path, hit: tuple[int, ...], choose: random.Random) -> Path:
    """A copy that lacks a packet in the middle of each of some frames."""
    data = stream.read_bytes()
    packets = [data[at : at + TS_PACKET] for at in range(0, len(data), TS_PACKET)]
    ours = [n for n, packet in enumerate(packets) if _pid(packet) == VIDEO_PID]
    starts = [n for n, at in enumerate(ours) if packets[at][1] & 0x40]
    lost = {ours[choose.randrange(starts[frame] + 1, starts[frame + 1] - 1)] for frame in hit}
    path.write_bytes(b"".join(packet for n, packet in enumerate(packets) if n not in lost))
    return path


def _pid(packet: bytes) -> int:
    return (packet[1] & 0x1F) << 8 | packet[2]


def pictures(path: Path, threads: int = 1) -> dict[float, UInt8Array]:
    """Frames by their time since the first packet, which damage does not move."""
    _, timeline = examine(path)
    batches = open_frames(path, timeline=timeline, threads=threads)
    return {
        round(float(pts_s), 4): picture
        for batch in batches
        for pts_s, picture in zip(batch.pts_s, batch.frames, strict=True)
    }


def difference(one: UInt8Array, other: UInt8Array) -> float:
    return float(np.abs(one.astype(int) - other.astype(int)).mean())
