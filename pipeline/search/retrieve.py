"""A query vector -> Hits, until enough distinct videos are proven.

The nearest rows may all belong to one video. So the search goes on without the videos that were
met, until there are `top_k` or no other video is left, and then it is looked up which of them
count. Rows come in order of their cosine, so that whatever a later search finds is no better than
what was found before: the videos are the best ones as far as the index is exact.

A filter that selects few videos goes down into Milvus with their ids. Where it selects many, rows
are taken whatever their video, and those that do not count are dropped; if that gives too few, the
selected videos that are left are searched in groups of ids, so that the same is proven.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from functools import reduce
from typing import NamedTuple

from pipeline.data import Float32Array, Hit, Scope, VideoRecord
from pipeline.filters import ALL_ROWS, EVERY_ROW, NO_ROWS, Selection
from pipeline.search.retrieved import Retrieved, by_video
from pipeline.search.where.masks import union
from pipeline.store import MAX_LIMIT, VideoStore

ROWS_PER_VIDEO = 10
"""The first window takes this many rows for each wanted video."""

WIDENING = 2
"""How many times wider each following window is, but for the second, which is as wide."""

MAX_IDS = 2000
"""Most ids of selected videos that go down into Milvus with one search."""


_LOOKED_UP = 10
"""Fewest videos that are looked up at once: a request costs as much as several of them."""


Met = Callable[[Sequence[Sequence[Hit]]], None]


def retrieve(
    store: VideoStore,
    vector: Float32Array,
    *,
    top_k: int,
    selection: Selection = EVERY_ROW,
    met: Met | None = None,
) -> Retrieved:
    """Rows of at least `top_k` distinct videos, the best ones, or of all there are.

    Args:
        store: Open for reading.
        vector: Unit query vector, float32 (dim,).
        top_k: Wanted number of videos.
        selection: Which rows of which videos count.
        met: Told of videos that may be among the best the rows that count, best first, while
            they are looked up.
    """
    search = _Search(store, vector, selection, met)
    if goes_down(selection):
        return search.through(selection, top_k)
    found = search.around(top_k)
    if len(found.records) < top_k:
        wanted = top_k - len(found.records)
        # What was found is better than whatever is left, in each of the groups.
        groups = list(groups_of(selection, without=found.records))
        found.cutoff = None
        for group in groups:
            more = search.through(group, wanted)
            found.hits.extend(more.hits)
            found.records.update(more.records)
            found.cutoff = _higher(found.cutoff, more.cutoff)
    return found


def goes_down(selection: Selection) -> bool:
    """Whether Milvus can be told a selection, in one search."""
    return selection.rest != NO_ROWS or len(selection.masks) <= MAX_IDS


def groups_of(
    selection: Selection, *, without: Mapping[str, object] | None = None
) -> Iterator[Selection]:
    """The selected videos in groups that Milvus can be told, for a selection that has a list."""
    left = sorted(selection.masks.keys() - (without or {}).keys())
    for start in range(0, len(left), MAX_IDS):
        group = left[start : start + MAX_IDS]
        yield Selection({video_id: selection.masks[video_id] for video_id in group}, NO_ROWS)


class _Window(NamedTuple):
    """What is asked for with one search."""

    limit: int
    scope: Scope
    exact: bool = False

    def next(self, scope: Scope) -> _Window:
        return _Window(min(MAX_LIMIT, WIDENING * self.limit), scope, self.exact)


class _Search:
    """As the arguments of `retrieve`."""

    def __init__(
        self, store: VideoStore, vector: Float32Array, selection: Selection, met: Met | None
    ) -> None:
        self.store = store
        self.vector = vector
        self.selection = selection
        self.met = met

    def through(self, part: Selection, wanted: int) -> Retrieved:
        """The best videos of a part of the selection, until there are enough or no others."""
        found = Retrieved()
        window = _Window(first_window(wanted), Scope(selection=part))
        most: Future[int] | None = None
        # An index may miss rows that a filter leaves over: the second round compares with all.
        for exact in (False, True):
            if len(found.records) >= wanted:
                return found
            window = window._replace(exact=exact)
            while True:
                before = window.scope
                hits, window, last = self._met(window, wanted - len(found.records))
                if not hits:
                    break
                if last is None:
                    most = most or self._count(part)
                scope = self._accept(found, hits, before, wanted)
                found.cutoff = last if found.cutoff is None else found.cutoff
                # Of a video that was left out too early, better rows than these may count.
                unsure = window.scope.exclude - before.exclude - scope.exclude
                if not unsure and found.is_proven(wanted):
                    return found
                most = most or self._count(part)
                if len(found.records) >= most.result():
                    return found
                # Rows that Milvus takes for selected and we do not must not come for ever.
                if scope == before and window.limit == MAX_LIMIT:
                    window = window._replace(scope=scope)
                    break
                window = window.next(scope)
        found.cutoff = None
        return found

    def around(self, wanted: int) -> Retrieved:
        """The best videos of the selection, not all if they are hard to find among others."""
        found = Retrieved()
        rows = reduce(union, set(self.selection.masks.values()))
        window = _Window(first_window(wanted), Scope(selection=Selection(rest=rows)))
        while len(window.scope.exclude) <= MAX_IDS and (hits := self._search(window)):
            scope = self._accept(found, hits, window.scope, wanted)
            if found.cutoff is None:
                found.cutoff = hits[-1].score
            if len(found.records) >= wanted or scope == window.scope:
                break
            window = window.next(scope)
        return found

    def _met(self, window: _Window, wanted: int) -> tuple[list[Hit], _Window, float | None]:
        """The nearest rows of so many other videos, before it is known whether these count.

        Returns:
            The rows, best first; the last window that they took; and the last row's score, or None
            if there are no others.
        """
        hits = self._search(window)
        met = {hit.video_id for hit in hits}
        more = hits
        while len(more) == window.limit and len(met) < wanted:
            scope = replace(window.scope, exclude=window.scope.exclude | met)
            # Where one video owns the nearest rows, as many again do.
            once = more is hits
            window = window._replace(scope=scope) if once else window.next(scope)
            more = self._search(window)
            hits = hits + more
            met |= {hit.video_id for hit in more}
        return hits, window, hits[-1].score if len(more) == window.limit else None

    def _search(self, window: _Window) -> list[Hit]:
        limit, scope, exact = window
        return self.store.search(self.vector, limit=limit, scope=scope, exact=exact)

    def _count(self, part: Selection) -> Future[int]:
        """The number of videos that there can be."""
        return self.store.beside(
            lambda: len(part.masks) if part.rest == NO_ROWS else self.store.count_visible_videos()
        )

    def _accept(self, found: Retrieved, hits: list[Hit], scope: Scope, wanted: int) -> Scope:
        """Keep the hits that count, and say where to search on.

        A hit counts if it is selected and its revision is its committed video's. What was found is
        left out from now on; so are rows of videos that are not selected or not committed. Of a
        video that has shown only rows of other revisions, just its own revision is searched on.
        Videos are looked up best first, and no more of them than are wanted.
        """
        masks = {key: self.selection.mask(key) for key in {hit.video_id for hit in hits}}
        admits = {key: None if mask == ALL_ROWS else mask.admits for key, mask in masks.items()}
        # Those that count come first, and then by video: best first as far as they count.
        ours = by_video(
            hit
            for hit in hits
            if (admit := admits[hit.video_id]) is None or admit(hit.kind, hit.pts_s)
        )
        looked_up, stale = self._look_up(found, ours, wanted)
        foreign = {video_id for video_id, mask in masks.items() if mask == NO_ROWS}
        gone = {each for each in looked_up if each not in found.records and each not in stale}
        return replace(
            scope,
            exclude=scope.exclude | found.records.keys() | foreign | gone,
            revisions={**scope.revisions, **stale},
        )

    def _look_up(
        self, found: Retrieved, ours: Mapping[str, list[Hit]], wanted: int
    ) -> tuple[list[str], dict[str, int]]:
        """Keep hits of committed videos.

        Returns:
            Who was looked up, and of those that have shown only rows of other revisions their own.
        """
        left = [video_id for video_id in ours if video_id not in found.records]
        looked_up: list[str] = []
        stale: dict[str, int] = {}
        found.cutoff = None
        while left:
            if ours[left[0]][0].score < found.worst(wanted):
                found.cutoff = ours[left[0]][0].score
                break
            more = max(0, wanted - len(found.records))
            count = max(_LOOKED_UP, more)
            chunk, left = left[:count], left[count:]
            looked_up += chunk
            records = self._videos(chunk, [ours[video_id] for video_id in chunk[:more]])
            stale |= found.keep(ours, records)
        return looked_up, stale

    def _videos(
        self, ids: Sequence[str], likely: Sequence[Sequence[Hit]]
    ) -> dict[str, VideoRecord]:
        """Look up videos, and tell meanwhile of the rows of those that may be among the best."""
        if self.met is None or not likely:
            return self.store.videos(ids)
        # Who is told makes the longer request, and makes it in this thread.
        looking = self.store.beside(lambda: self.store.videos(ids))
        self.met(likely)
        return looking.result()


def _higher(one: float | None, other: float | None) -> float | None:
    known = [each for each in (one, other) if each is not None]
    return max(known) if known else None


def first_window(wanted: int) -> int:
    """How many rows are asked for at first, for so many videos."""
    return min(MAX_LIMIT, max(100, ROWS_PER_VIDEO * wanted))
