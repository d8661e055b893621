"""The best videos -> the rows that their moments and their evidence are made of."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from pipeline.data import Float32Array, Hit, Moment, Scope, VideoRecord
from pipeline.filters import EVERY_ROW, NO_ROWS, RowMask, Selection, Span
from pipeline.search.moments import ALIKE, Sampling, moments_of
from pipeline.search.retrieve import first_window
from pipeline.search.rows import all_rows
from pipeline.search.where.masks import intersection
from pipeline.store import MAX_LIMIT, VideoStore

SHORT_ROWS = 500
"""A video of so many rows is read as a whole; of longer ones what is around the best row."""

_AROUND_S = 60.0
_WIDENING = 4


def rows_behind(
    store: VideoStore,
    vector: Float32Array,
    records: Mapping[str, VideoRecord],
    sampling: Sampling,
    *,
    gap_s: float,
    selection: Selection = EVERY_ROW,
    every: bool = False,
) -> dict[str, list[Hit]]:
    """Rows of the best videos, best first, by video id.

    Every row, or the nearest, and all that lie in the best moment of each video.

    Args:
        store: Open for reading.
        vector: Unit query vector, float32 (dim,).
        records: The videos.
        sampling: Of the archive.
        gap_s: As in `moments_of`.
        selection: Which of their rows count.
        every: All rows, not the nearest alone.
    """
    if every or not records:
        return all_rows(store, vector, records.values(), selection=selection)
    limit = first_window(len(records))
    found = _nearest(store, vector, records, selection, limit)
    if sum(map(len, found.values())) < limit:
        return found
    cutoff = min(hit.score for hits in found.values() for hit in hits)
    open_ = [
        record
        for video_id, record in records.items()
        if cutoff > _level(found[video_id], record, vector)
    ]
    short = [record for record in open_ if record.rows <= SHORT_ROWS]
    found |= all_rows(store, vector, short, selection=selection)
    for record in open_:
        if record.rows > SHORT_ROWS:
            video_id = record.video.video_id
            # One of which no row was among the nearest is asked for by itself.
            alone = {video_id: record}
            hits = found[video_id] or _nearest(store, vector, alone, selection, limit)[video_id]
            found[video_id] = _with_moment(store, vector, record, sampling, gap_s, selection, hits)
    return found


def _nearest(
    store: VideoStore,
    vector: Float32Array,
    records: Mapping[str, VideoRecord],
    selection: Selection,
    limit: int,
) -> dict[str, list[Hit]]:
    masks = {video_id: selection.mask(video_id) for video_id in records}
    revisions = {video_id: record.revision for video_id, record in records.items()}
    scope = Scope(revisions=revisions, selection=Selection(masks, NO_ROWS))
    found: dict[str, list[Hit]] = {video_id: [] for video_id in records}
    for hit in store.search(vector, limit=limit, scope=scope):
        found[hit.video_id].append(hit)
    return found


def _level(hits: Sequence[Hit], record: VideoRecord, vector: Float32Array) -> float:
    """Down to which cosine the rows of a video matter for its best moment."""
    if not hits:
        return -math.inf  # all of its rows are further away than those of other videos
    average = float(np.dot(record.mean, vector))
    return min((hits[0].score + average) / 2, hits[0].score - ALIKE)


def _with_moment(
    store: VideoStore,
    vector: Float32Array,
    record: VideoRecord,
    sampling: Sampling,
    gap_s: float,
    selection: Selection,
    hits: Sequence[Hit],
) -> list[Hit]:
    """The nearest rows of a long video, and all rows of its best moment, best first."""
    if not hits:
        return []
    video_id, best = record.video.video_id, hits[0]
    average = float(np.dot(record.mean, vector))
    around_s = _AROUND_S
    while True:
        span = Span(max(0.0, best.pts_s - around_s), best.pts_s + around_s)
        mask = intersection(selection.mask(video_id), RowMask(*3 * ((span,),)))
        part = Selection({video_id: mask}, NO_ROWS)
        near = _nearest(store, vector, {video_id: record}, part, MAX_LIMIT)[video_id]
        known = {hit.row_id: hit for hit in (*near, best)}
        moment, *_ = moments_of(
            known.values(), sampling, gap_s=gap_s, average=average, mask=selection.mask(video_id)
        )
        margin_s = gap_s + 2 * max(hit.end_s - hit.start_s for hit in known.values())
        if _ends_within(moment, span, margin_s, record.video.duration_s):
            break
        around_s *= _WIDENING
    inside = [hit for hit in known.values() if moment.start_s <= hit.pts_s < moment.end_s]
    both = {hit.row_id: hit for hit in (*hits, *inside)}
    return sorted(both.values(), key=lambda hit: (-hit.score, hit.pts_s))


def _ends_within(moment: Moment, span: Span, margin_s: float, duration_s: float) -> bool:
    """Whether no row outside a span of a video can be of a moment that was found inside."""
    starts = span.start_s <= 0 or moment.start_s - margin_s > span.start_s
    ends = span.end_s >= duration_s or moment.end_s + margin_s < span.end_s
    return starts and ends
