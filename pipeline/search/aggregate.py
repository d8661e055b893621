"""Cosines of a video's rows -> its score, and what it can be at most when not all are known.

Every aggregation is a weighted mean of the cosines; the weights depend on nothing else:

    max        all weight on the best row
    mean       the same weight for each row
    top_mean   the same for each of the `TOP_ROWS` best, or of as many as there are
    softmax    exp(cosine / TEMPERATURE), normalized: the query-scoring of M. Bain, A. Nagrani,
               G. Varol, A. Zisserman, A CLIP-Hitchhiker's Guide to Long Video Retrieval, 2022
               (https://arxiv.org/abs/2205.08508)

What a score can be at most follows from the rows that are known and a cutoff that no other row
exceeds (the upper bounds of R. Fagin, A. Lotem, M. Naor, Optimal aggregation algorithms for
middleware, J. Computer and System Sciences 66, 2003), and for `softmax` from the mean of all rows,
which is stored: rows that draw a score up must be made good by others that count.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pipeline.data import Aggregate, Float64Array

TOP_ROWS = 3
"""How many rows `top_mean` counts."""

TEMPERATURE = 0.1
"""Of `softmax`; CLIP-Hitchhiker's choice for cosines of CLIP."""

_HALVINGS = 8
_PLACES = 64


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """What is known of a video's rows.

    Args:
        cosines: Of all rows that exceed the cutoff, and perhaps of others; float64 (n,), n > 0.
        rows: How many rows it has in all; None if that is not known.
        mean: Mean cosine of all rows; None if that is not known.
        cutoff: No other row exceeds it.
        floor: No row is below it.
    """

    cosines: Float64Array
    rows: int | None
    mean: float | None
    cutoff: float
    floor: float = -1.0

    @property
    def missing(self) -> int | None:
        """How many rows are not known."""
        return None if self.rows is None else max(0, self.rows - len(self.cosines))

    @property
    def others(self) -> float | None:
        """The mean cosine of those, if there are any and it is known."""
        if not self.missing or self.rows is None or self.mean is None:
            return None
        rest = (self.mean * self.rows - float(self.cosines.sum())) / self.missing
        return min(rest, self.cutoff)


@dataclass(frozen=True, slots=True)
class Aggregation:
    """How the cosines of a video's rows become its score.

    Args:
        name: As in `search.aggregate`.
        weights: Cosines, float64 (n,), n > 0, in any order -> their weights, float64 (n,), which
            sum to 1.
        decides: With so many of a video's best rows its score is known; None for all rows.
    """

    name: Aggregate
    weights: Callable[[Float64Array], Float64Array]
    decides: int | None

    def score(self, cosines: Float64Array) -> float:
        """The score of a video of which these are all rows; float64 (n,), n > 0, in any order."""
        return float(self.weights(cosines) @ cosines)

    def decided(self, known: Known) -> bool:
        """Whether what is known of a video gives its score."""
        return known.missing == 0 or (
            self.decides is not None and len(known.cosines) >= self.decides
        )

    def guess(self, known: Known) -> float:
        """What a video may well score: its rows that are not known as they are on average."""
        rest = known.cutoff if known.others is None else known.others
        return self._filled(known, rest)

    def most(self, known: Known) -> float:
        """What a video can score at most."""
        if self.decided(known):
            return self.score(known.cosines)
        filled = self._filled(known, known.cutoff)
        if self.name == "mean" and known.mean is not None:
            return known.mean
        if known.rows is not None and self.name != "softmax":
            return filled
        # It may have no other rows, or, what is nearly the same, very bad ones.
        loose = max(filled, self.score(known.cosines))
        return loose if self.name != "softmax" else _most_soft(known, loose)

    def reaches(self, known: Known, score: float) -> bool:
        """Whether a video can score so much, which is quicker to say than how much it can."""
        if self.name != "softmax" or self.decided(known) or known.others is None:
            return self.most(known) >= score
        loose = max(self._filled(known, known.cutoff), self.score(known.cosines))
        if not known.cutoff < score <= loose:
            return score <= loose
        return _can_reach(score, known, known.missing or 0, known.others)

    def _filled(self, known: Known, rest: float) -> float:
        """The score with all rows that are not known, and that can count, at one cosine."""
        most = self.decides if known.missing is None else known.missing
        count = len(known.cosines)
        few = most if self.decides is None else max(0, min(most or 0, self.decides - count))
        return self.score(np.append(known.cosines, np.full(few or 0, rest)))


def _best(cosines: Float64Array) -> Float64Array:
    weights = np.zeros(len(cosines))
    weights[np.argmax(cosines)] = 1.0
    return weights


def _all(cosines: Float64Array) -> Float64Array:
    return np.full(len(cosines), 1 / len(cosines))


def _few(cosines: Float64Array) -> Float64Array:
    count = min(TOP_ROWS, len(cosines))
    weights = np.zeros(len(cosines))
    weights[np.argsort(-cosines, kind="stable")[:count]] = 1 / count
    return weights


def _soft(cosines: Float64Array) -> Float64Array:
    weights = np.exp((cosines - cosines.max()) / TEMPERATURE)
    return np.asarray(weights / weights.sum(), dtype=np.float64)


def _most_soft(known: Known, loose: float) -> float:
    if known.others is None or known.missing is None or loose <= known.cutoff:
        return loose
    low, high = known.cutoff, loose
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if _can_reach(middle, known, known.missing, known.others):
            low = middle
        else:
            high = middle
    return high


def _can_reach(score: float, known: Known, missing: int, average: float) -> bool:
    """Whether a softmax mean can come to a score.

    With gain(s) = (s - score) exp(s / TEMPERATURE) it does if the gains of all rows come to 0 or
    more. Gain is concave and then convex in s: of all rows with a given average and none above the
    cutoff, those gain most of which each is at the cutoff or at one other place, or all at the
    average. No place is below the floor.
    """
    cutoff = known.cutoff

    def gain(values: Float64Array) -> Float64Array:
        shares = np.exp((values - cutoff) / TEMPERATURE)
        return np.asarray((values - score) * shares, dtype=np.float64)

    best = float(gain(known.cosines).sum())
    if average >= cutoff:
        return best + missing * float(gain(np.array([cutoff]))[0]) >= 0
    places = np.linspace(min(known.floor, average), average, _PLACES)
    at_cutoff = (average - places) / (cutoff - places)
    mixed = (1 - at_cutoff) * gain(places) + at_cutoff * gain(np.array([cutoff]))
    # Between two places the best one gains a little more: what a step of gain comes to.
    slack = float(np.abs(np.diff(mixed)).max())
    return best + missing * (float(mixed.max()) + slack) >= 0


AGGREGATIONS: dict[Aggregate, Aggregation] = {
    each.name: each
    for each in (
        Aggregation("max", _best, 1),
        Aggregation("mean", _all, None),
        Aggregation("top_mean", _few, TOP_ROWS),
        Aggregation("softmax", _soft, None),
    )
}
"""By name."""
