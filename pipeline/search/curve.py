"""One video and a question -> how well each of its scenes answers."""

from __future__ import annotations

import numpy as np

from pipeline.data import Float32Array, Hit, Scope, ScoreCurve, VideoRecord
from pipeline.search.seeds import no_rows
from pipeline.store import VideoStore


def score_curve(store: VideoStore, record: VideoRecord, vector: Float32Array) -> ScoreCurve:
    """Compare a question with every row of a video.

    Args:
        store: Open for reading.
        record: A committed video.
        vector: Unit query vector, float32 (dim,).

    Raises:
        MediaError: NO_FRAMES, the video has no rows.
        StoreError: The store failed.
    """
    video_id = record.video.video_id
    scope = Scope(only=frozenset({video_id}), revisions={video_id: record.revision})
    scenes: dict[int, tuple[float, Hit]] = {}
    for hit, row in store.scan(scope):
        score = float(row @ vector)
        best = scenes.get(hit.scene_index)
        if best is None or (-score, hit.pts_s) < (-best[0], best[1].pts_s):
            scenes[hit.scene_index] = score, hit
    if not scenes:
        raise no_rows(record)
    ordered = sorted(scenes.values(), key=lambda scored: scored[1].start_s)
    return ScoreCurve(
        record,
        np.array([hit.start_s for _, hit in ordered]),
        np.array([hit.end_s for _, hit in ordered]),
        np.array([hit.pts_s for _, hit in ordered]),
        np.array([score for score, _ in ordered], dtype=np.float32),
    )
