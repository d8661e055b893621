"""A folder of videos, settings for it, and what the archive then holds."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pipeline.config import Config
from pipeline.data import Scope
from pipeline.settings import load_config
from pipeline.store import VideoStore
from tests.media_factory import MediaFactory

GOOD = ("h264.mp4", "vp9.webm", "hevc.mkv")


@pytest.fixture
def archive(tmp_path: Path, media: MediaFactory) -> Path:
    """A folder of three videos."""
    folder = tmp_path / "videos"
    folder.mkdir()
    for name in GOOD:
        shutil.copy(media[name], folder)
    return folder


@pytest.fixture
def settings(archive: Path, untrained: Path, tmp_path: Path) -> Callable[..., Config]:
    """Settings for that folder on Milvus Lite; more as `section.key=value`."""

    def make(*overrides: str) -> Config:
        ours = (
            f"source.paths=[{archive}]",
            f"encode.weights={untrained}",
            "encode.device=cpu",
            f"store.uri={tmp_path}/archive.db",
            f"run.state_dir={tmp_path}/state",
        )
        (tmp_path / "empty.yaml").touch()
        return load_config(tmp_path / "empty.yaml", [*ours, *overrides]).config

    return make


def rows(config: Config) -> dict[str, np.ndarray]:
    """Every row of the archive, by key, with its vector."""
    with VideoStore.connect(config.store) as store:
        store.open_for_reading()
        return {hit.row_id: vector for hit, vector in store.scan(Scope())}


def content(config: Config) -> dict[tuple[object, ...], np.ndarray]:
    """Every row by what it says, whatever its revision, with its vector."""
    with VideoStore.connect(config.store) as store:
        store.open_for_reading()
        return {
            (hit.video_id, hit.scene_index, hit.start_s, hit.end_s, hit.pts_s, hit.box): vector
            for hit, vector in store.scan(Scope())
        }
