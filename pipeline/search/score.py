"""A query vector and an aggregation -> the best videos by it, proven as far as that is affordable.

`max` is decided by the nearest rows, and `mean` by one search over the stored means. The others
need rows that are not near: the nearest rows bound what each video can score, and videos whose
bound reaches the best are read as a whole, until no bound is left that does (R. Fagin, A. Lotem,
M. Naor, Optimal aggregation algorithms for middleware, J. Computer and System Sciences 66, 2003).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from pipeline.data import Aggregate, Float32Array, Hit, Scope, VideoRecord
from pipeline.filters import ALL_ROWS, EVERY_ROW, NO_ROWS, Selection
from pipeline.search.aggregate import AGGREGATIONS, Aggregation, Known
from pipeline.search.retrieve import goes_down, groups_of, retrieve
from pipeline.search.rows import all_rows
from pipeline.store import MAX_LIMIT, VideoStore

FIRST_WINDOW = 1000
"""Nearest rows that bound all videos at first."""

WIDENING = 4
"""How many times wider each following window is."""

MOST_ROWS = 500_000
"""Rows of single videos that one question reads at most: beyond, its bound is told instead."""


@dataclass(frozen=True, slots=True)
class Scored:
    """The best videos.

    Args:
        records: By video id, best first; of two with one score, by their id.
        scores: By video id.
        bound: No other video scores more; None if none scores more than the last of these.
    """

    records: Mapping[str, VideoRecord]
    scores: Mapping[str, float]
    bound: float | None = None


def best_videos(
    store: VideoStore,
    vector: Float32Array,
    aggregate: Aggregate,
    *,
    top_k: int,
    selection: Selection = EVERY_ROW,
) -> Scored:
    """The best videos by an aggregation of their rows' cosines.

    Args:
        store: Open for reading.
        vector: Unit query vector, float32 (dim,).
        aggregate: Which aggregation.
        top_k: How many videos.
        selection: Which rows of which videos count.
    """
    if aggregate == "max":
        found = retrieve(store, vector, top_k=top_k, selection=selection)
        scores = {video_id: hit.score for video_id, hit in found.best().items()}
        return _scored(found.records, scores, top_k)
    # A filter on rows changes the mean.
    if aggregate == "mean" and {*selection.masks.values(), selection.rest} <= {ALL_ROWS, NO_ROWS}:
        return _by_mean(store, vector, top_k, selection)
    return _Bounds(store, vector, AGGREGATIONS[aggregate], top_k, selection).settled()


def _by_mean(store: VideoStore, vector: Float32Array, top_k: int, selection: Selection) -> Scored:
    scores: dict[str, float] = {}
    if selection.rest == NO_ROWS:
        wanted = {key: mask for key, mask in selection.masks.items() if mask != NO_ROWS}
        for group in groups_of(Selection(wanted, NO_ROWS)):
            scores |= store.search_means(vector, limit=top_k, only=group.masks)
    else:
        left_out = [key for key, mask in selection.masks.items() if mask == NO_ROWS]
        scores = store.search_means(vector, limit=top_k, exclude=left_out)
    return _scored(store.videos(scores), scores, top_k)


@dataclass(frozen=True, slots=True)
class _Video:
    """A video and what is known of its rows; None if only rows of other revisions were met.

    No row of it that was not met exceeds the cutoff.
    """

    record: VideoRecord
    known: Known | None
    cutoff: float


class _Bounds:
    """What is known of the videos while the best ones are looked for.

    Args:
        store: Open for reading.
        vector: Unit query vector.
        aggregation: What is asked for.
        top_k: How many videos.
        selection: Which rows of which videos count.
    """

    def __init__(
        self,
        store: VideoStore,
        vector: Float32Array,
        aggregation: Aggregation,
        top_k: int,
        selection: Selection,
    ) -> None:
        self._store = store
        self._vector = vector
        self._aggregation = aggregation
        self._top_k = top_k
        self._selection = selection
        self._videos: dict[str, _Video] = {}
        self._scores: dict[str, float] = {}
        self._gone: set[str] = set()
        self._whole: set[str] = set()
        self._limit = FIRST_WINDOW
        self._read = 0
        # No row of a video that was not met exceeds it.
        self._cutoff = math.inf

    def settled(self) -> Scored:
        """Look and read until nothing else can be among the best, or too much was read."""
        self._look()
        while self._read < MOST_ROWS:
            undecided = self._undecided()
            rows = sum(video.record.rows for video in undecided)
            unmet = self._cutoff >= self._least() and not undecided
            # Another look tells of all videos at once, and of those not met.
            if self._cutoff > -math.inf and (unmet or rows > WIDENING * self._limit):
                self._look()
            elif undecided:
                self._read_whole(undecided)
            else:
                break
        least = self._least()
        bounds = [self._most(video) for video in self._rest()]
        bounds += [self._cutoff] if self._cutoff >= least else []
        bound = max(bounds, default=-math.inf)
        records = {key: video.record for key, video in self._videos.items()}
        return _scored(records, self._scores, self._top_k, bound if bound > least else None)

    def _look(self) -> None:
        """Take in the nearest rows: of a wider window, and then without the videos that are known.

        Where Milvus cannot be told the selection at once, each group of its videos has a window.
        """
        known = self._videos.keys() | self._gone
        exclude = frozenset(known) if self._limit > MAX_LIMIT else frozenset()
        limit = min(self._limit, MAX_LIMIT)
        self._limit *= WIDENING
        self._cutoff = -math.inf
        at_once = goes_down(self._selection)
        for part in [self._selection] if at_once else groups_of(self._selection):
            scope = Scope(selection=part, exclude=exclude)
            hits = self._store.search(self._vector, limit=limit, scope=scope)
            cutoff = hits[-1].score if len(hits) == limit else -math.inf
            self._cutoff = max(self._cutoff, cutoff)
            self._take(hits, cutoff)

    def _take(self, hits: list[Hit], cutoff: float) -> None:
        of: dict[str, list[Hit]] = {}
        for hit in hits:
            of.setdefault(hit.video_id, []).append(hit)
        met = {key: self._videos[key].record for key in of.keys() & self._videos.keys()}
        records = met | self._store.videos(of.keys() - met.keys())
        self._gone |= of.keys() - records.keys()
        for video_id, record in records.items():
            if video_id not in self._whole:
                current = [hit for hit in of[video_id] if hit.revision == record.revision]
                self._note(record, current, cutoff)

    def _read_whole(self, videos: Iterable[_Video]) -> None:
        records = [video.record for video in videos]
        self._read += sum(record.rows for record in records)
        rows = all_rows(self._store, self._vector, records, selection=self._selection)
        self._whole |= rows.keys()
        for record in records:
            self._note(record, rows[record.video.video_id], -math.inf)

    def _note(self, record: VideoRecord, hits: list[Hit], cutoff: float) -> None:
        """Remember the rows of a video that are known; no other row exceeds the cutoff."""
        video_id = record.video.video_id
        cosines = np.array([hit.score for hit in hits], dtype=np.float64)
        if cutoff == -math.inf:
            known = Known(cosines, len(cosines), None, cutoff)
        elif self._selection.mask(video_id) != ALL_ROWS:
            known = Known(cosines, None, None, cutoff)
        else:
            mean = float(np.dot(record.mean, self._vector))
            known = Known(cosines, record.rows, mean, cutoff)
        if not hits and cutoff == -math.inf:
            self._videos.pop(video_id, None)
            self._gone.add(video_id)
            return
        self._videos[video_id] = _Video(record, known if hits else None, cutoff)
        if hits and self._aggregation.decided(known):
            self._scores[video_id] = self._aggregation.score(cosines)

    def _undecided(self) -> list[_Video]:
        """Videos that may be among the best, as far as that is not decided."""
        rest = self._rest()
        least = self._least()
        if least > -math.inf:
            return [video for video in rest if self._most(video) >= least]
        rest.sort(key=lambda video: -self._guess(video))
        return rest[: self._top_k]

    def _rest(self) -> list[_Video]:
        return [video for key, video in self._videos.items() if key not in self._scores]

    def _least(self) -> float:
        """The score of the last of the best videos that are decided, if there are enough."""
        scores = sorted(self._scores.values())
        return scores[-self._top_k] if len(scores) >= self._top_k else -math.inf

    def _most(self, video: _Video) -> float:
        return self._aggregation.most(video.known) if video.known else video.cutoff

    def _guess(self, video: _Video) -> float:
        return self._aggregation.guess(video.known) if video.known else -math.inf


def _scored(
    records: Mapping[str, VideoRecord],
    scores: Mapping[str, float],
    top_k: int,
    bound: float | None = None,
) -> Scored:
    best = sorted(scores.keys() & records.keys(), key=lambda key: (-scores[key], key))[:top_k]
    return Scored({key: records[key] for key in best}, {key: scores[key] for key in best}, bound)
