"""A query vector -> Hits, until enough distinct videos are proven.

The nearest rows may all belong to one video. So the search goes on without the videos that were
found, with a wider window, until `top_k` are there or no other video is left. Rows come in order of
their cosine, so that whatever a later search finds is no better than what was found before: the
videos are the best ones as far as the index is exact.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from pipeline.data import Float32Array, Hit, Scope, VideoRecord
from pipeline.store import MAX_LIMIT, VideoStore

ROWS_PER_VIDEO = 10
"""The first window takes this many rows for each wanted video."""

WIDENING = 4
"""How many times wider each following window is."""


@dataclass(slots=True)
class Retrieved:
    """What is known so far.

    Args:
        hits: Rows that count, best first within each search.
        records: The committed videos that they belong to.
    """

    hits: list[Hit] = field(default_factory=list)
    records: dict[str, VideoRecord] = field(default_factory=dict)


def retrieve(store: VideoStore, vector: Float32Array, *, top_k: int) -> Retrieved:
    """Rows of at least `top_k` distinct videos, or of all there are.

    Args:
        store: Open for reading.
        vector: Unit query vector, float32 (dim,).
        top_k: Wanted number of videos.
    """
    found = Retrieved()
    scope = Scope()
    limit = min(MAX_LIMIT, max(100, ROWS_PER_VIDEO * top_k))
    # An index may miss rows that a filter leaves over: the second round compares with every row.
    for exact in (False, True):
        while hits := store.search(vector, limit=limit, scope=scope, exact=exact):
            scope = _accept(store, found, hits, scope)
            if _enough(store, found, top_k):
                return found
            limit = min(MAX_LIMIT, WIDENING * limit)
    return found


def _enough(store: VideoStore, found: Retrieved, top_k: int) -> bool:
    return len(found.records) >= top_k or len(found.records) >= store.count_videos()


def _accept(store: VideoStore, found: Retrieved, hits: list[Hit], scope: Scope) -> Scope:
    """Keep the hits that count, and say where to search on.

    A hit counts if its revision is its committed video's. What was found is left out from now on;
    so are rows of videos that are not committed. Of a video that has shown only rows of other
    revisions, just its own revision is searched on.
    """
    unknown = {hit.video_id for hit in hits} - found.records.keys()
    records = store.videos(unknown)
    counting = [
        hit
        for hit in hits
        if hit.video_id in records and hit.revision == records[hit.video_id].revision
    ]
    answered = {hit.video_id for hit in counting}
    found.hits.extend(counting)
    found.records.update((video_id, records[video_id]) for video_id in answered)
    stale = {
        video_id: record.revision
        for video_id, record in records.items()
        if video_id not in answered
    }
    return replace(
        scope,
        exclude=scope.exclude | answered | (unknown - records.keys()),
        revisions={**scope.revisions, **stale},
    )
