"""A query vector and an aggregation -> the best videos by it, proven as far as that is affordable.

`max` is decided by the nearest rows, and `mean` by one search over the stored means. The others
need rows that are not near: the nearest rows bound what each video can score, and videos whose
bound reaches the best are read as a whole, until no bound is left that does (R. Fagin, A. Lotem,
M. Naor, Optimal aggregation algorithms for middleware, J. Computer and System Sciences 66, 2003).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from pipeline.data import Aggregate, Float32Array, Hit, RowCosine, Scope, VideoRecord
from pipeline.filters import ALL_ROWS, EVERY_ROW, NO_ROWS, Selection
from pipeline.search.aggregate import AGGREGATIONS, Aggregation, Known
from pipeline.search.retrieve import Met, goes_down, groups_of, retrieve
from pipeline.search.rows import VideoRows, all_cosines
from pipeline.store import MAX_LIMIT, VideoStore

FIRST_WINDOW = 1000
"""Nearest rows that bound all videos at first."""

WIDENING = 16
"""How many times wider each following window is: the second is as wide as one can be."""

_ROUNDING = 1e-4
"""A cosine is taken for so much lower where it bounds others."""

MOST_ROWS = 500_000
"""Rows of single videos that one question reads at most: beyond, its bound is told instead."""


MOST_COSINE = 1.0


@dataclass(frozen=True, slots=True)
class Scored:
    """The best videos.

    Args:
        records: By video id, best first; of two with one score, by their id.
        scores: By video id.
        bound: No other video scores more; None if none scores more than the last of these.
        rows: Of videos the nearest rows, best first, as far as they came to be known.
    """

    records: Mapping[str, VideoRecord]
    scores: Mapping[str, float]
    bound: float | None = None
    rows: Mapping[str, Sequence[Hit]] = field(default_factory=dict)


def best_videos(
    store: VideoStore,
    vector: Float32Array,
    aggregate: Aggregate,
    *,
    top_k: int,
    selection: Selection = EVERY_ROW,
    met: Met | None = None,
) -> Scored:
    """The best videos by an aggregation of their rows' cosines.

    Args:
        store: Open for reading.
        vector: Unit query vector, float32 (dim,).
        aggregate: Which aggregation.
        top_k: How many videos.
        selection: Which rows of which videos count.
        met: As for `retrieve`, if that is what is done.
    """
    if aggregate == "max":
        found = retrieve(store, vector, top_k=top_k, selection=selection, met=met)
        rows = found.rows()
        scores = {video_id: hits[0].score for video_id, hits in rows.items()}
        return replace(_scored(found.records, scores, top_k), rows=rows)
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

    rows: VideoRows
    mean: float
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
        # Videos that cannot be among the best: what is learnt only lowers what they can score.
        self._out: set[str] = set()
        self._gone: set[str] = set()
        self._whole: set[str] = set()
        self._limit = FIRST_WINDOW
        self._exact = False
        self._read = 0
        # No row of a video that was not met exceeds it, and none of any is below the floor.
        self._cutoff = math.inf
        self._floor = -1.0

    def settled(self) -> Scored:
        """Look and read until nothing else can be among the best, or too much was read."""
        if self._aggregation.name == "softmax":
            # Bad rows count little, so that much may be made good by few: how bad can they be?
            worst = self._store.cosines(-self._vector, limit=FIRST_WINDOW, scope=Scope())
            self._floor = -worst[0].score - _ROUNDING if worst else -1.0
        self._look()
        batch = self._top_k
        while self._read < MOST_ROWS:
            # The most promising first: their scores rule others out, unread.
            undecided = sorted(self._undecided(), key=lambda video: -self._guess(video))
            if self._least() == -math.inf:
                undecided = undecided[: self._top_k]
            rows = sum(video.rows.rows for video in undecided)
            unmet = self._cutoff >= self._least() and not undecided
            # Another look tells of all videos at once, the last ones only of those not met.
            wider = self._limit <= MAX_LIMIT and rows > self._limit
            if self._cutoff > -math.inf and (unmet or wider):
                self._look()
            elif undecided:
                self._read_whole(undecided[:batch])
                batch *= 2
            elif len(self._scores) < self._top_k and not self._exact:
                # An index may miss rows that a filter leaves over: now all are compared.
                self._exact = True
                self._look()
            else:
                break
        least = self._least()
        bounds = [self._most(video) for video in self._rest()]
        bounds += [self._cutoff] if self._cutoff >= least else []
        bound = max(bounds, default=-math.inf)
        best = _best(self._scores, self._top_k)
        return _scored(
            self._store.videos(best), self._scores, self._top_k, bound if bound > least else None
        )

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
            hits = self._store.cosines(self._vector, limit=limit, scope=scope, exact=self._exact)
            cutoff = hits[-1].score if len(hits) == limit else -math.inf
            self._cutoff = max(self._cutoff, cutoff)
            self._take(hits, cutoff)

    def _take(self, found: list[RowCosine], cutoff: float) -> None:
        of: dict[str, list[RowCosine]] = {}
        for row in found:
            of.setdefault(row.video_id, []).append(row)
        for each in self._store.means_of(self._vector, of.keys() - self._videos.keys()):
            rows = VideoRows(each.video_id, each.revision, each.rows)
            self._videos[each.video_id] = _Video(rows, each.mean, None, math.inf)
        self._gone |= of.keys() - self._videos.keys()
        for video_id in of.keys() - self._gone - self._whole - self._out:
            revision = self._videos[video_id].rows.revision
            current = [row.score for row in of[video_id] if row.revision == revision]
            self._note(self._videos[video_id], current, cutoff)

    def _read_whole(self, videos: Sequence[_Video]) -> None:
        self._read += sum(video.rows.rows for video in videos)
        wanted = [video.rows for video in videos]
        found = all_cosines(self._store, self._vector, wanted, selection=self._selection)
        self._whole |= found.keys()
        for video in videos:
            self._note(video, found[video.rows.video_id], -math.inf)

    def _note(self, video: _Video, found: list[float], cutoff: float) -> None:
        """Remember the rows of a video that are known; no other row exceeds the cutoff."""
        video_id, _, rows = video.rows
        cosines = np.array(found, dtype=np.float64)
        every = self._selection.mask(video_id) == ALL_ROWS
        if cutoff == -math.inf and every and len(found) != rows and video_id not in self._whole:
            # The index has no more to give, and yet it has not given all: it is read as a whole.
            self._videos[video_id] = replace(video, known=None, cutoff=MOST_COSINE)
            return
        if cutoff == -math.inf:
            known = Known(cosines, len(cosines), None, cutoff)
        elif not every:
            known = Known(cosines, None, None, cutoff)
        else:
            known = Known(cosines, rows, video.mean, cutoff, self._floor)
        if not found and cutoff == -math.inf:
            self._videos.pop(video_id, None)
            self._gone.add(video_id)
            return
        self._videos[video_id] = replace(video, known=known if found else None, cutoff=cutoff)
        if found and self._aggregation.decided(known):
            self._scores[video_id] = self._aggregation.score(cosines)

    def _undecided(self) -> list[_Video]:
        """Videos that may be among the best, as far as that is not decided."""
        open_ = self._videos.keys() - self._scores.keys() - self._out
        least = self._least()
        if least > -math.inf:
            self._out |= {key for key in open_ if not self._reaches(self._videos[key], least)}
            return [self._videos[key] for key in sorted(open_ - self._out)]
        return [self._videos[key] for key in sorted(open_)]

    def _rest(self) -> list[_Video]:
        return [video for key, video in self._videos.items() if key not in self._scores]

    def _least(self) -> float:
        """The score of the last of the best videos that are decided, if there are enough."""
        scores = sorted(self._scores.values())
        return scores[-self._top_k] if len(scores) >= self._top_k else -math.inf

    def _most(self, video: _Video) -> float:
        return self._aggregation.most(video.known) if video.known else video.cutoff

    def _reaches(self, video: _Video, score: float) -> bool:
        return self._aggregation.reaches(video.known, score) if video.known else True

    def _guess(self, video: _Video) -> float:
        return self._aggregation.guess(video.known) if video.known else -math.inf


def _scored(
    records: Mapping[str, VideoRecord],
    scores: Mapping[str, float],
    top_k: int,
    bound: float | None = None,
) -> Scored:
    best = _best({key: scores[key] for key in scores.keys() & records.keys()}, top_k)
    return Scored({key: records[key] for key in best}, {key: scores[key] for key in best}, bound)


def _best(scores: Mapping[str, float], top_k: int) -> list[str]:
    return sorted(scores, key=lambda key: (-scores[key], key))[:top_k]
