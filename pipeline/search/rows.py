"""Videos -> all their rows, scored."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Iterator, Sequence

from pipeline.data import Float32Array, Hit, Scope, VideoRecord
from pipeline.filters import ALL_ROWS, EVERY_ROW, NO_ROWS, RowMask, Selection, Span
from pipeline.search.where.masks import intersection
from pipeline.store import MAX_LIMIT, VideoStore


def all_rows(
    store: VideoStore,
    vector: Float32Array,
    records: Iterable[VideoRecord],
    *,
    selection: Selection = EVERY_ROW,
) -> dict[str, list[Hit]]:
    """Every row that counts of some videos, scored by Milvus; no vector is read where it can.

    Args:
        store: Open for reading.
        vector: Unit query vector, float32 (dim,).
        records: Committed videos.
        selection: Which rows of them count.

    Returns:
        Rows by video id, best first; none for a video of which none counts.
    """
    found: dict[str, list[Hit]] = {}
    for batch in _batches(records):
        found |= {record.video.video_id: [] for record in batch}
        for hit in _rows(store, vector, batch, selection):
            found[hit.video_id].append(hit)
    for hits in found.values():
        hits.sort(key=lambda hit: (-hit.score, hit.pts_s))
    return found


def _batches(records: Iterable[VideoRecord]) -> Iterator[list[VideoRecord]]:
    """Videos whose rows one search can give, as long as a single one does not have more."""
    batch: list[VideoRecord] = []
    for record in records:
        if batch and sum(each.rows for each in batch) + record.rows >= MAX_LIMIT:
            yield batch
            batch = []
        batch.append(record)
    if batch:
        yield batch


def _rows(
    store: VideoStore, vector: Float32Array, batch: Sequence[VideoRecord], selection: Selection
) -> list[Hit]:
    wanted = {each.video.video_id: selection.mask(each.video.video_id) for each in batch}
    revisions = {each.video.video_id: each.revision for each in batch}
    if len(batch) == 1 and batch[0].rows >= MAX_LIMIT:
        return _parts(store, vector, batch[0], selection, Span())
    scope = Scope(revisions=revisions, selection=Selection(wanted, NO_ROWS))
    hits = store.search(vector, limit=MAX_LIMIT, scope=scope)
    # An index finds what is near. Where rows are missing, or cannot be counted, all are compared.
    whole = all(mask == ALL_ROWS for mask in wanted.values())
    if not whole or len(hits) != sum(each.rows for each in batch):
        hits = store.search(vector, limit=MAX_LIMIT, scope=scope, exact=True)
    return hits


def _parts(
    store: VideoStore, vector: Float32Array, record: VideoRecord, selection: Selection, span: Span
) -> list[Hit]:
    """A video with more rows than a search gives, by halves of its time."""
    video_id = record.video.video_id
    mask = intersection(selection.mask(video_id), RowMask(*3 * ((span,),)))
    scope = Scope(
        revisions={video_id: record.revision}, selection=Selection({video_id: mask}, NO_ROWS)
    )
    hits = store.search(vector, limit=MAX_LIMIT, scope=scope, exact=True)
    if len(hits) < MAX_LIMIT:
        return hits
    # The times that came are as good as drawn by lot; not all rows are of one time.
    middle = statistics.median_high(hit.pts_s for hit in hits)
    if middle <= span.start_s:
        middle = min(hit.pts_s for hit in hits if hit.pts_s > middle)
    halves = (Span(span.start_s, middle), Span(middle, span.end_s))
    return [hit for half in halves for hit in _parts(store, vector, record, selection, half)]
