"""`decode_video`: how it tells that work goes on, and the smallest pictures."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from pipeline.config import Config
from pipeline.data import Decoded
from pipeline.ingest.decode import DecodeSettings, decode_video
from tests.media_factory import MediaFactory


def test_it_tells_of_each_packet(media: MediaFactory, settings: Callable[..., Config]) -> None:
    """Of those that only the thread reads that reads ahead, too."""
    config = settings()
    told: list[tuple[str, float]] = []
    read = DecodeSettings(config.decode, config.scenes, None, threads=1)
    for _ in decode_video(
        media["h264_bframes.mp4"],
        read,
        on_progress=lambda pts_s: told.append((threading.current_thread().name, pts_s)),
    ):
        pass
    ahead = [pts_s for name, pts_s in told if name == "read-ahead"]
    frames = 72
    assert len(ahead) >= frames, "once a packet"
    assert ahead == sorted(ahead)
    assert told[0][1] == 0.0
    assert max(pts_s for _, pts_s in told) > 1


@pytest.mark.parametrize("size", [(300, 1), (1, 300), (1, 1)])
def test_animations_one_pixel_wide_or_high_are_read(
    tmp_path: Path, settings: Callable[..., Config], size: tuple[int, int]
) -> None:
    first, *others = (Image.new("RGB", size, (80 * n, 200, 90)) for n in range(3))
    path = tmp_path / "thin.webp"
    first.save(path, save_all=True, append_images=others, duration=40, lossless=True)
    config = settings()
    *_, last = decode_video(path, DecodeSettings(config.decode, config.scenes, config.sample))
    assert isinstance(last, Decoded)
    assert last.video.covered == ()
    assert last.video.frames == 3
