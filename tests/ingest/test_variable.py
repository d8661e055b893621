"""Variable frame rate, from file to hit: every time is one at which a player shows that frame."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.config import Config
from pipeline.data import Scope
from pipeline.ingest.run import ingest
from pipeline.store import VideoStore
from tests.media_factory import RECIPES, MediaFactory


@pytest.mark.parametrize("name", ["variable.mp4", "variable.mkv", "variable.webm"])
def test_scenes_and_hits_are_at_presented_frames(
    settings: Callable[..., Config], media: MediaFactory, tmp_path: Path, name: str
) -> None:
    recipe = RECIPES[name]
    folder = tmp_path / "one"
    folder.mkdir()
    (folder / name).write_bytes(media[name].read_bytes())
    config = settings(f"source.paths=[{folder}]", "scenes.detector=content", "sample.per_scene=5")
    assert ingest(config).videos.ingested == 1
    with VideoStore.connect(config.store) as store:
        store.open_for_reading()
        hits = [hit for hit, _ in store.scan(Scope())]
    starts = sorted({hit.start_s for hit in hits})
    expected = [0.0, *recipe.cut_times]
    # The nearest frames are five drawn ones apart where the cuts are: no frame can be mistaken.
    assert len(starts) == len(expected)
    for found, drawn in zip(starts, expected, strict=True):
        assert abs(found - drawn) <= recipe.tick_s
    assert len(hits) >= 3 * len(starts)
    for hit in hits:
        assert min(abs(hit.pts_s - at) for at in recipe.times) <= recipe.tick_s
        assert hit.start_s <= hit.pts_s < hit.end_s
