"""A query vector -> Hits, until enough distinct videos are proven.

The nearest rows may all belong to one video. So the search goes on without the videos that were
found, with a wider window, until `top_k` are there or no other video is left. Rows come in order of
their cosine, so that whatever a later search finds is no better than what was found before: the
videos are the best ones as far as the index is exact.

A filter that selects few videos goes down into Milvus with their ids. Where it selects many, rows
are taken whatever their video, and those that do not count are dropped; if that gives too few, the
selected videos that are left are searched in groups of ids, so that the same is proven.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import reduce

from pipeline.data import Float32Array, Hit, Scope, VideoRecord
from pipeline.filters import EVERY_ROW, NO_ROWS, Selection
from pipeline.search.where.masks import union
from pipeline.store import MAX_LIMIT, VideoStore

ROWS_PER_VIDEO = 10
"""The first window takes this many rows for each wanted video."""

WIDENING = 4
"""How many times wider each following window is."""

MAX_IDS = 2000
"""Most ids of selected videos that go down into Milvus with one search."""


@dataclass(slots=True)
class Retrieved:
    """What is known so far.

    Args:
        hits: Rows that count, best first within each search.
        records: The committed videos that they belong to.
    """

    hits: list[Hit] = field(default_factory=list)
    records: dict[str, VideoRecord] = field(default_factory=dict)


def retrieve(
    store: VideoStore, vector: Float32Array, *, top_k: int, selection: Selection = EVERY_ROW
) -> Retrieved:
    """Rows of at least `top_k` distinct videos, or of all there are.

    Args:
        store: Open for reading.
        vector: Unit query vector, float32 (dim,).
        top_k: Wanted number of videos.
        selection: Which rows of which videos count.
    """
    search = _Search(store, vector, selection)
    if selection.rest != NO_ROWS or len(selection.masks) <= MAX_IDS:
        return search.through(selection, top_k)
    found = search.around(top_k)
    if len(found.records) < top_k:
        wanted = top_k - len(found.records)
        # What was found is better than whatever is left, in each of the groups.
        for group in _groups(selection, without=found):
            more = search.through(group, wanted)
            found.hits.extend(more.hits)
            found.records.update(more.records)
    return found


@dataclass(frozen=True, slots=True)
class _Search:
    store: VideoStore
    vector: Float32Array
    selection: Selection

    def through(self, part: Selection, wanted: int) -> Retrieved:
        """The best videos of a part of the selection, until there are enough or no others."""
        found = Retrieved()
        scope = Scope(selection=part)
        limit = _first_window(wanted)
        # An index may miss rows that a filter leaves over: the second round compares with all.
        for exact in (False, True):
            while hits := self._nearest(limit, scope, exact=exact):
                before, scope = scope, self._accept(found, hits, scope)
                if len(found.records) >= wanted or len(found.records) >= self._most(part):
                    return found
                # Rows that Milvus takes for selected and we do not must not come for ever.
                if scope == before and limit == MAX_LIMIT:
                    break
                limit = min(MAX_LIMIT, WIDENING * limit)
        return found

    def around(self, wanted: int) -> Retrieved:
        """The best videos of the selection, not all if they are hard to find among others."""
        found = Retrieved()
        rows = reduce(union, set(self.selection.masks.values()))
        scope = Scope(selection=Selection(rest=rows))
        limit = _first_window(wanted)
        while len(scope.exclude) <= MAX_IDS and (hits := self._nearest(limit, scope)):
            before, scope = scope, self._accept(found, hits, scope)
            if len(found.records) >= wanted or scope == before:
                break
            limit = min(MAX_LIMIT, WIDENING * limit)
        return found

    def _nearest(self, limit: int, scope: Scope, *, exact: bool = False) -> list[Hit]:
        return self.store.search(self.vector, limit=limit, scope=scope, exact=exact)

    def _most(self, part: Selection) -> int:
        """The number of videos that there can be."""
        return len(part.masks) if part.rest == NO_ROWS else self.store.count_videos()

    def _accept(self, found: Retrieved, hits: list[Hit], scope: Scope) -> Scope:
        """Keep the hits that count, and say where to search on.

        A hit counts if it is selected and its revision is its committed video's. What was found is
        left out from now on; so are rows of videos that are not selected or not committed. Of a
        video that has shown only rows of other revisions, just its own revision is searched on.
        """
        masks = {hit.video_id: self.selection.mask(hit.video_id) for hit in hits}
        selected = [hit for hit in hits if masks[hit.video_id].admits(hit.kind, hit.pts_s)]
        unknown = {hit.video_id for hit in selected} - found.records.keys()
        records = self.store.videos(unknown)
        counting = [
            hit
            for hit in selected
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
        foreign = {video_id for video_id, mask in masks.items() if mask == NO_ROWS}
        return replace(
            scope,
            exclude=scope.exclude | answered | foreign | (unknown - records.keys()),
            revisions={**scope.revisions, **stale},
        )


def _first_window(wanted: int) -> int:
    return min(MAX_LIMIT, max(100, ROWS_PER_VIDEO * wanted))


def _groups(selection: Selection, *, without: Retrieved) -> Iterator[Selection]:
    left = sorted(selection.masks.keys() - without.records.keys())
    for start in range(0, len(left), MAX_IDS):
        group = left[start : start + MAX_IDS]
        yield Selection({video_id: selection.masks[video_id] for video_id in group}, NO_ROWS)
