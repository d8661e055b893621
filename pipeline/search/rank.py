"""Hits -> Moments -> VideoHits. Pure functions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np

from pipeline.data import Float32Array, Hit, Moment, VideoHit, VideoRecord
from pipeline.filters import ALL_ROWS, EVERY_ROW, RowMask, Selection, Span
from pipeline.search.where.masks import joined


def merge(hits: Iterable[Hit], *, gap_s: float) -> tuple[Moment, ...]:
    """Merge hits of one video whose scenes overlap or lie at most `gap_s` apart.

    Returns:
        Moments, best first; of two with one score, the earlier first.
    """
    moments: list[Moment] = []
    for hit in sorted(hits, key=lambda hit: (hit.start_s, hit.end_s)):
        if moments and hit.start_s - moments[-1].end_s <= gap_s:
            moments[-1] = _grown(moments[-1], hit)
        else:
            moments.append(Moment(hit.start_s, hit.end_s, hit.pts_s, hit.score, hit.box))
    return tuple(sorted(moments, key=lambda moment: (-moment.score, moment.start_s)))


def merge_within(mask: RowMask, hits: Iterable[Hit], *, gap_s: float) -> tuple[Moment, ...]:
    """Merge hits of one video as `merge` does, but never out of the times of a mask.

    A scene that reaches over the end of a wanted time counts as far as it lies within.

    Args:
        mask: All hits are within it.
        hits: Of one video.
        gap_s: As in `merge`.
    """
    if mask == ALL_ROWS:
        return merge(hits, gap_s=gap_s)
    wanted = joined((*mask.frame, *mask.scene, *mask.tile))
    parts: defaultdict[Span, list[Hit]] = defaultdict(list)
    for hit in hits:
        own = next(span for span in mask.spans(hit.kind) if hit.pts_s in span)
        around = next(span for span in wanted if hit.pts_s in span)
        start_s, end_s = max(hit.start_s, own.start_s), min(hit.end_s, own.end_s)
        parts[around].append(replace(hit, start_s=start_s, end_s=end_s))
    moments = [moment for part in parts.values() for moment in merge(part, gap_s=gap_s)]
    return tuple(sorted(moments, key=lambda moment: (-moment.score, moment.start_s)))


def rank(
    hits: Iterable[Hit],
    records: Mapping[str, VideoRecord],
    query: Float32Array,
    *,
    top_k: int,
    gap_s: float,
    selection: Selection = EVERY_ROW,
) -> tuple[VideoHit, ...]:
    """The best videos by their best hit (`search.aggregate: max`).

    A hit that scores below the average of its own video's rows is no moment of it: in a small
    archive every row is a hit, and neighbouring scenes would merge into the whole video.

    Args:
        hits: Of any videos, in any order.
        records: The committed videos; hits of others do not count.
        query: Unit query vector, float32 (dim,).
        top_k: Most videos.
        gap_s: As in `merge`.
        selection: What a filter leaves of each video; the hits are within it, and so are their
            moments.

    Returns:
        Distinct videos, best first; of two with one score, by their id.
    """
    by_video: defaultdict[str, list[Hit]] = defaultdict(list)
    for hit in hits:
        if hit.video_id in records:
            by_video[hit.video_id].append(hit)
    ranked = []
    for video_id, own in by_video.items():
        average = float(np.dot(records[video_id].mean, query))
        floor = min(average, max(hit.score for hit in own))
        good = [hit for hit in own if hit.score >= floor]
        moments = merge_within(selection.mask(video_id), good, gap_s=gap_s)
        ranked.append(VideoHit(records[video_id], moments[0].score, None, moments))
    ranked.sort(key=lambda found: (-found.score, found.record.video.video_id))
    return tuple(ranked[:top_k])


def _grown(moment: Moment, hit: Hit) -> Moment:
    end_s = max(moment.end_s, hit.end_s)
    if hit.score <= moment.score:
        return Moment(moment.start_s, end_s, moment.best_s, moment.score, moment.box)
    return Moment(moment.start_s, end_s, hit.pts_s, hit.score, hit.box)
