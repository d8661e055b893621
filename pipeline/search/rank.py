"""Scored videos and rows of theirs -> VideoHits, best first."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from pipeline.data import Aggregate, Evidence, Float32Array, Hit, Scope, VideoHit, VideoRecord
from pipeline.filters import EVERY_ROW, NO_ROWS, Selection
from pipeline.search.aggregate import AGGREGATIONS
from pipeline.search.moments import ALIKE, Sampling, moments_of
from pipeline.search.retrieve import first_window
from pipeline.search.rows import all_rows
from pipeline.search.score import Scored
from pipeline.store import VideoStore


def rows_behind(
    store: VideoStore,
    vector: Float32Array,
    records: Mapping[str, VideoRecord],
    *,
    selection: Selection = EVERY_ROW,
    every: bool = False,
) -> dict[str, list[Hit]]:
    """Rows of the best videos, best first, by video id.

    Every row, or the nearest, down to where the best moment of each video ends.

    Args:
        store: Open for reading.
        vector: Unit query vector, float32 (dim,).
        records: The videos.
        selection: Which of their rows count.
        every: All rows, not the nearest alone.
    """
    if every or not records:
        return all_rows(store, vector, records.values(), selection=selection)
    masks = {video_id: selection.mask(video_id) for video_id in records}
    revisions = {video_id: record.revision for video_id, record in records.items()}
    limit = first_window(len(records))
    scope = Scope(revisions=revisions, selection=Selection(masks, NO_ROWS))
    found: dict[str, list[Hit]] = {video_id: [] for video_id in records}
    for hit in store.search(vector, limit=limit, scope=scope):
        found[hit.video_id].append(hit)
    full = sum(map(len, found.values())) == limit
    cutoff = min(hit.score for hits in found.values() for hit in hits) if full else -math.inf
    short = [
        record
        for video_id, record in records.items()
        if cutoff > _level(found[video_id], record, vector)
    ]
    return found | all_rows(store, vector, short, selection=selection)


def _level(hits: Sequence[Hit], record: VideoRecord, vector: Float32Array) -> float:
    """Down to which cosine the rows of a video matter for its best moment."""
    if not hits:
        return -math.inf  # all of its rows are further away than those of other videos
    average = float(np.dot(record.mean, vector))
    return min((hits[0].score + average) / 2, hits[0].score - ALIKE)


def rank(
    scored: Scored,
    rows: Mapping[str, Sequence[Hit]],
    vector: Float32Array,
    sampling: Sampling,
    *,
    gap_s: float,
    selection: Selection = EVERY_ROW,
    explain: Aggregate | None = None,
) -> tuple[VideoHit, ...]:
    """Put videos, scores and moments together.

    Args:
        scored: The best videos.
        rows: Of each, best first, as `rows_behind` gives them; who has none is left out.
        vector: Unit query vector, float32 (dim,).
        sampling: Of the archive.
        gap_s: As in `moments_of`.
        selection: Which rows count.
        explain: Say which rows are behind a score under this aggregation; `rows` are all of them.

    Returns:
        Distinct videos, best first, in the order of `scored`; without confidence.
    """
    found = []
    for video_id, record in scored.records.items():
        if not (hits := rows[video_id]):
            continue
        average = float(np.dot(record.mean, vector))
        moments = moments_of(
            hits, sampling, gap_s=gap_s, average=average, mask=selection.mask(video_id)
        )
        evidence = () if explain is None else evidence_of(hits, explain)
        found.append(VideoHit(record, scored.scores[video_id], None, moments, evidence))
    return tuple(found)


def evidence_of(hits: Sequence[Hit], aggregate: Aggregate) -> tuple[Evidence, ...]:
    """The rows that a score is made of, the heaviest first; rows without weight are left out."""
    cosines = np.array([hit.score for hit in hits], dtype=np.float64)
    weights = AGGREGATIONS[aggregate].weights(cosines)
    behind = [Evidence(hit, float(w)) for hit, w in zip(hits, weights, strict=True) if w > 0]
    return tuple(sorted(behind, key=lambda each: (-each.weight, -each.hit.score, each.hit.pts_s)))
