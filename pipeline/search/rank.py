"""Scored videos and rows of theirs -> VideoHits, best first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from pipeline.data import Aggregate, Evidence, Float32Array, Hit, VideoHit
from pipeline.filters import EVERY_ROW, Selection
from pipeline.search.aggregate import AGGREGATIONS
from pipeline.search.moments import Sampling, moments_of
from pipeline.search.score import Scored


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
