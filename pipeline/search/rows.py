"""Videos -> all their rows, scored."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol, TypeVar

from pipeline.data import Float32Array, Hit, Scope, VideoRecord
from pipeline.filters import ALL_ROWS, EVERY_ROW, NO_ROWS, RowMask, Selection, Span
from pipeline.search.where.masks import intersection
from pipeline.store import MAX_LIMIT, VideoStore

T = TypeVar("T")


class VideoRows(NamedTuple):
    """Which rows a committed video has: those of its revision, so many."""

    video_id: str
    revision: int
    rows: int


class _Search(Protocol[T]):
    """`VideoStore.search` or `VideoStore.cosines`."""

    def __call__(
        self, vector: Float32Array, *, limit: int, scope: Scope, exact: bool = False
    ) -> list[T]: ...


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
    videos = (VideoRows(each.video.video_id, each.revision, each.rows) for each in records)
    for batch in _batches(videos):
        found |= {video.video_id: [] for video in batch}
        hits = (
            _parts(store, vector, batch[0], selection, Span())
            if _is_long(batch)
            else _whole(store.search, vector, batch, selection)
        )
        for hit in hits:
            found[hit.video_id].append(hit)
    for hits in found.values():
        hits.sort(key=lambda hit: (-hit.score, hit.pts_s))
    return found


def all_cosines(
    store: VideoStore,
    vector: Float32Array,
    videos: Iterable[VideoRows],
    *,
    selection: Selection = EVERY_ROW,
) -> dict[str, list[float]]:
    """As `all_rows`, of which it gives only the cosines, in no order: several times as fast."""
    found: dict[str, list[float]] = {}
    for batch in _batches(videos):
        found |= {video.video_id: [] for video in batch}
        rows = (
            _parts(store, vector, batch[0], selection, Span())
            if _is_long(batch)
            else _whole(store.cosines, vector, batch, selection)
        )
        for row in rows:
            found[row.video_id].append(row.score)
    return found


def _batches(videos: Iterable[VideoRows]) -> Iterator[list[VideoRows]]:
    """Videos whose rows one search can give, as long as a single one does not have more."""
    batch: list[VideoRows] = []
    rows = 0
    for video in videos:
        if batch and rows + video.rows >= MAX_LIMIT:
            yield batch
            batch, rows = [], 0
        batch.append(video)
        rows += video.rows
    if batch:
        yield batch


def _is_long(batch: Sequence[VideoRows]) -> bool:
    return len(batch) == 1 and batch[0].rows >= MAX_LIMIT


def _whole(
    search: _Search[T], vector: Float32Array, batch: Sequence[VideoRows], selection: Selection
) -> list[T]:
    wanted = {each.video_id: selection.mask(each.video_id) for each in batch}
    revisions = {each.video_id: each.revision for each in batch}
    scope = Scope(revisions=revisions, selection=Selection(wanted, NO_ROWS))
    # An index finds what is near. Where rows are missing, or cannot be counted, all are compared.
    if all(mask == ALL_ROWS for mask in wanted.values()):
        rows = sum(each.rows for each in batch)
        found = search(vector, limit=max(1, rows), scope=scope)
        if len(found) == rows:
            return found
    return search(vector, limit=MAX_LIMIT, scope=scope, exact=True)


def _parts(
    store: VideoStore, vector: Float32Array, video: VideoRows, selection: Selection, span: Span
) -> list[Hit]:
    """A video with more rows than a search gives, by halves of its time."""
    video_id = video.video_id
    mask = intersection(selection.mask(video_id), RowMask(*3 * ((span,),)))
    scope = Scope(
        revisions={video_id: video.revision}, selection=Selection({video_id: mask}, NO_ROWS)
    )
    hits = store.search(vector, limit=MAX_LIMIT, scope=scope, exact=True)
    if len(hits) < MAX_LIMIT:
        return hits
    # The times that came are as good as drawn by lot; not all rows are of one time.
    middle = statistics.median_high(hit.pts_s for hit in hits)
    if middle <= span.start_s:
        middle = min(hit.pts_s for hit in hits if hit.pts_s > middle)
    halves = (Span(span.start_s, middle), Span(middle, span.end_s))
    return [hit for half in halves for hit in _parts(store, vector, video, selection, half)]
