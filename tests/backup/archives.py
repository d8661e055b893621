"""What is asked of two archives that shall be the same."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pipeline.config import Config
from pipeline.data import Hit, Scope
from pipeline.store import VideoStore
from tests.store.samples import embeddings


def answers(config: Config) -> list[list[Hit]]:
    """The best rows for 20 questions, of those that count."""
    with VideoStore.connect(config.store) as store:
        store.open_for_reading()
        revisions = {found.video.video_id: found.revision for found in store.iterate_videos()}
        scope = Scope(only=frozenset(revisions), revisions=revisions)
        return [
            store.search(row.vector, limit=10, scope=scope) for row in embeddings("questions", 20)
        ]


def assert_same(here: Config, there: Config) -> None:
    """Two archives give the same answers, and hold the same videos."""
    for ours, theirs in zip(answers(here), answers(there), strict=True):
        assert [hit._replace(score=0) for hit in ours] == [hit._replace(score=0) for hit in theirs]
        assert [hit.score for hit in ours] == pytest.approx([x.score for x in theirs], abs=1e-5)
        assert len(ours) == 10
    assert videos(here) == videos(there)


def videos(config: Config) -> list[tuple[str, bytes]]:
    """All that is known of the committed videos, their means to the last bit."""
    with VideoStore.connect(config.store) as store:
        store.open_for_reading()
        return [
            (repr(replace(found, mean=np.zeros(0, np.float32))), found.mean.tobytes())
            for found in store.iterate_videos()
        ]
