"""`decode_video`: how it tells that work goes on."""

from __future__ import annotations

import threading
from collections.abc import Callable

from pipeline.config import Config
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
