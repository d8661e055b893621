"""Scored rows of videos -> the moments in which several things follow each other. Pure functions.

The cosines of different texts are not comparable. Each text has a level of its own, at which it
meets pictures that do not show it, and a spread of its own around that level: where one text's
cosines lie from 0.20 to 0.24 and another's from 0.12 to 0.30, a mean of raw cosines is decided by
the second alone. So each text's cosines are standardized first (z-score: A. Jain, K. Nandakumar,
A. Ross, Score normalization in multimodal biometric systems, Pattern Recognition 38(12), 2005):

    score(text, place) = (cosine(text, place) - mean(text)) / spread(text)
    score(moment)      = mean of the scores of its steps

Mean and standard deviation are those of the text's cosines with all places of all compared videos;
a place is a scene, with the best of its rows, or a frame. So scores compare within one answer only.
The means move all moments alike and make 0 the average; the spreads decide how much a step weighs.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast, get_args

import numpy as np

from pipeline.data import (
    Float32Array,
    Float64Array,
    Granularity,
    Hit,
    Order,
    SequenceHit,
    SequenceQuestion,
    SequenceStep,
    VideoRecord,
)
from pipeline.errors import Code, QueryError
from pipeline.filters import Filter
from pipeline.search.chains import Chain, Timeline, best_chains
from pipeline.search.where import parse_filter
from pipeline.text import seconds_of

MOST_STEPS = 5
"""In any order each further step doubles the work."""

MIN_SPREAD = 1e-6
"""Cosines that are closer differ by rounding: such a text tells nothing and scores 0 everywhere."""


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """What one video has to put steps on, in order of time.

    Args:
        starts_s: When each place starts, float64 (n,).
        ends_s: When each ends, float64 (n,); a frame ends when it starts.
        cosines: The best cosine of each text with the rows of each place, float64 (texts, n).
        best_s: When those rows are presented, float64 (texts, n).
    """

    starts_s: Float64Array
    ends_s: Float64Array
    cosines: Float64Array
    best_s: Float64Array


@dataclass(frozen=True, slots=True, eq=False)
class Baseline:
    """How high each text's cosines are, and how far apart: float64 (texts,) both."""

    mean: Float64Array
    spread: Float64Array

    def standardized(self, cosines: Float64Array) -> Float64Array:
        """Scores of cosines, float64 (texts, n) or (texts,)."""
        varies = self.spread >= MIN_SPREAD
        factor = np.where(varies, 1 / np.where(varies, self.spread, 1), 0)
        return ((cosines.T - self.mean) * factor).T


def sequence_question(
    texts: Sequence[str],
    *,
    within: float | str,
    order: str,
    granularity: str,
    where: str | Filter | None = None,
) -> SequenceQuestion:
    """Refuse what cannot be answered, before a model is loaded.

    Args:
        texts: What each step shows, 2 to `MOST_STEPS`.
        within: Most seconds from the end of one step to the start of the next, or text that
            `seconds_of` reads.
        order: `strict` or `any`.
        granularity: `scene` or `frame`.
        where: A filter.

    Raises:
        FilterError: The filter cannot be read.
        QueryError: QUERY_INVALID: any of it is something else.
    """
    count = 1 if isinstance(texts, str) else len(texts)
    if not 2 <= count <= MOST_STEPS:
        raise _refused(
            f'a sequence has 2 to {MOST_STEPS} texts, not {count}: vsearch sequence "a man" "a car"'
        )
    for place, text in enumerate(texts, start=1):
        if not text.strip():
            raise _refused(f"text {place} is empty: say what to look for")
    if order not in get_args(Order):
        raise _refused(f"order is {' or '.join(get_args(Order))}, not {order!r}")
    if granularity not in get_args(Granularity):
        raise _refused(f"granularity is {' or '.join(get_args(Granularity))}, not {granularity!r}")
    return SequenceQuestion(
        tuple(texts),
        _duration(within),
        cast("Order", order),
        cast("Granularity", granularity),
        parse_filter(where) if isinstance(where, str) else where,
    )


def places_of(
    rows: Iterable[tuple[Hit, Float32Array]], granularity: Granularity
) -> dict[str, Places]:
    """Put rows together to places: those of one scene, or those of one frame.

    A tile counts for its frame. A row of kind `scene` (`sample.pooling: mean`) is all that its
    scene has; where steps are frames, it stands at its middle sample.

    Args:
        rows: Of any videos, in any order, each with its cosine with each text, float32 (texts,).
        granularity: What a place is.

    Returns:
        Places by video id.
    """
    found: defaultdict[str, dict[tuple[float, float], _Best]] = defaultdict(dict)
    for hit, cosines in rows:
        spot = (hit.start_s, hit.end_s) if granularity == "scene" else (hit.pts_s, hit.pts_s)
        if spot in found[hit.video_id]:
            found[hit.video_id][spot].add(hit.pts_s, cosines)
        else:
            found[hit.video_id][spot] = _Best(hit.pts_s, cosines)
    return {video_id: _in_time(spots) for video_id, spots in found.items()}


def baseline_of(videos: Iterable[Places]) -> Baseline:
    """Mean and spread of each text over all places of some videos, at least one place."""
    cosines = np.concatenate([places.cosines for places in videos], axis=1)
    return Baseline(cosines.mean(axis=1), cosines.std(axis=1))


def rank_sequences(
    videos: Mapping[str, Places],
    records: Mapping[str, VideoRecord],
    question: SequenceQuestion,
    baseline: Baseline,
    *,
    top_k: int,
    per_video: int = 1,
) -> tuple[SequenceHit, ...]:
    """The best moments.

    Args:
        videos: Places by video id.
        records: Of all those videos.
        question: What was asked; its texts are those of the cosines.
        baseline: Of those texts.
        top_k: Most moments.
        per_video: Most moments of one video; none overlaps another.

    Returns:
        Best first; of two with one score, by the video's id and then by time.
    """
    found = []
    for video_id, places in videos.items():
        scores = baseline.standardized(places.cosines)
        chains = best_chains(
            Timeline(places.starts_s, places.ends_s, scores),
            within_s=question.within_s,
            order=question.order,
            count=per_video,
        )
        found += [_hit(records[video_id], question, places, scores, chain) for chain in chains]
    found.sort(key=lambda hit: (-hit.score, hit.record.video.video_id, hit.start_s))
    return tuple(found[:top_k])


class _Best:
    """The best cosine of each text among the rows of one place, and when they are presented."""

    __slots__ = ("best_s", "cosines")

    def __init__(self, pts_s: float, cosines: Float32Array) -> None:
        self.cosines = cosines
        self.best_s = np.full(len(cosines), pts_s)

    def add(self, pts_s: float, cosines: Float32Array) -> None:
        # Rows come in no order: of two with one cosine the earlier counts.
        better = (cosines > self.cosines) | ((cosines == self.cosines) & (pts_s < self.best_s))
        self.cosines = np.where(better, cosines, self.cosines)
        self.best_s = np.where(better, pts_s, self.best_s)


def _in_time(spots: Mapping[tuple[float, float], _Best]) -> Places:
    times = sorted(spots)
    starts, ends = np.array(times, dtype=np.float64).T
    return Places(
        starts,
        ends,
        np.array([spots[spot].cosines for spot in times], dtype=np.float64).T,
        np.array([spots[spot].best_s for spot in times], dtype=np.float64).T,
    )


def _hit(
    record: VideoRecord,
    question: SequenceQuestion,
    places: Places,
    scores: Float64Array,
    chain: Chain,
) -> SequenceHit:
    steps = tuple(
        SequenceStep(
            text,
            float(places.starts_s[place]),
            float(places.ends_s[place]),
            float(places.best_s[step, place]),
            float(scores[step, place]),
            float(places.cosines[step, place]),
        )
        for step, (text, place) in enumerate(zip(question.texts, chain.places, strict=True))
    )
    start_s, end_s = min(step.start_s for step in steps), max(step.end_s for step in steps)
    return SequenceHit(record, chain.score, steps, start_s, end_s)


def _duration(within: float | str) -> float:
    try:
        seconds = seconds_of(within) if isinstance(within, str) else float(within)
    except (ValueError, OverflowError):
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise _refused(
            f"within is a time above 0, such as 10, 10s, 1m30s or 1:30, not {str(within)[:40]!r}"
        )
    return seconds


def _refused(message: str) -> QueryError:
    return QueryError(message, code=Code.QUERY_INVALID)
