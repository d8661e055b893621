"""One video's timeline -> its best chains of steps. Only numbers are here, not what they stand for.

A chain puts each of k steps on a place of its own of the timeline; in order of time each place must
follow the one before closely enough. The best chain is found by dynamic programming over sets of
steps: the best chain of a set that ends at a place is one of its steps there, and the best chain of
the others that ends within reach before it. Those maxima over a window that moves along the places
come from maxima over 1, 2, 4, ... places: n places of which at most w are within reach cost
O(n log w) a set, and there are k sets in strict order and 2^k - 1 in any.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.data import Float64Array, Order

TICK_S = 1e-6
"""Times are compared to a microsecond: 0.1 + 0.2 s apart is within 0.3 s."""

_Places = NDArray[np.int64]
_NOWHERE = -1


@dataclass(frozen=True, slots=True, eq=False)
class Timeline:
    """What one video has to put steps on, in order of time.

    Args:
        starts_s: When each place starts, float64 (n,), increasing.
        ends_s: When each ends, float64 (n,), not decreasing, and not before it starts.
        scores: What each step scores at each place, float64 (steps, n), finite.
    """

    starts_s: Float64Array
    ends_s: Float64Array
    scores: Float64Array

    def __post_init__(self) -> None:
        if not len(self.starts_s) == len(self.ends_s) == self.scores.shape[1]:
            raise ValueError("a timeline has one start, end and score of each step a place")
        ordered = np.all(np.diff(self.starts_s) > 0) and np.all(np.diff(self.ends_s) >= 0)
        if not ordered or np.any(self.ends_s < self.starts_s):
            raise ValueError("the places of a timeline are in order of time")
        if not np.all(np.isfinite(self.scores)):
            raise ValueError("a place scores a finite number")

    def between(self, first: int, end: int) -> Timeline:
        """The places `[first, end)`."""
        inside = slice(first, end)
        return Timeline(self.starts_s[inside], self.ends_s[inside], self.scores[:, inside])


@dataclass(frozen=True, slots=True)
class Chain:
    """Steps on a timeline.

    Args:
        score: Mean of what the steps score.
        places: For each step, in the order of the scores, which place it is on.
    """

    score: float
    places: tuple[int, ...]


def best_chains(timeline: Timeline, *, within_s: float, order: Order, count: int) -> list[Chain]:
    """The best chain, then the best of what lies before it or after it, and so on.

    Args:
        timeline: Of one video.
        within_s: Most seconds from the end of one place to the start of the next, above 0.
        order: `strict`: the steps follow each other as they are numbered; `any`: in any order.
        count: Most chains.

    Returns:
        Chains whose spans from first to last place have no place in common, best first; of two with
        one score, the earlier first.
    """
    waiting: list[tuple[float, int, int, Chain]] = []

    def look(first: int, end: int) -> None:
        found = _best_chain(timeline.between(first, end), within_s, order)
        if found is not None:
            chain = Chain(found.score, tuple(first + place for place in found.places))
            heapq.heappush(waiting, (-chain.score, first, end, chain))

    look(0, len(timeline.starts_s))
    chains: list[Chain] = []
    while waiting and len(chains) < count:
        _, first, end, chain = heapq.heappop(waiting)
        chains.append(chain)
        look(first, min(chain.places))
        look(max(chain.places) + 1, end)
    return chains


def window_argmax(values: Float64Array, left: _Places, right: _Places) -> _Places:
    """Where the largest value of each window `[left, right)` is; the last of equals.

    Args:
        values: float64 (n,), without NaN.
        left: int (m,), from 0.
        right: int (m,), up to n.

    Returns:
        int64 (m,); -1 for an empty window.
    """
    lengths = right - left
    largest = np.full(len(left), _NOWHERE)
    tops = np.arange(len(values))
    span = 1
    while np.any(lengths >= span):
        # Two spans, one from each end, cover a window of up to twice their length.
        fits = (span <= lengths) & (lengths < 2 * span)
        largest[fits] = _larger(values, tops[left[fits]], tops[right[fits] - span])
        tops = _larger(values, tops[:-span], tops[span:])
        span *= 2
    return largest


def _larger(values: Float64Array, earlier: _Places, later: _Places) -> _Places:
    return np.where(values[later] >= values[earlier], later, earlier)


def _best_chain(timeline: Timeline, within_s: float, order: Order) -> Chain | None:
    """The best chain, or None where none fits."""
    steps, places = timeline.scores.shape
    here = np.arange(places)
    reach = np.searchsorted(timeline.ends_s, timeline.starts_s - within_s - TICK_S)
    reach = np.minimum(reach, here)
    ends: dict[int, _Ends] = {}
    # What a set, at first the empty one, has scored at best within reach before each place.
    scored = {0: np.zeros(places)}
    for steps_done in _sets(steps, order):
        ends[steps_done] = found = _ends(timeline.scores, scored, steps_done, reach)
        scored[steps_done] = np.where(found.before == _NOWHERE, -np.inf, found.totals[found.before])
    return _traced(ends, steps)


@dataclass(frozen=True, slots=True, eq=False)
class _Ends:
    """The best chains of a set of steps, one for each place that they end before or at.

    Args:
        totals: Sum of the scores of the best one that ends at a place, float64 (n,), or -inf.
        steps: Which step it has there, int64 (n,).
        before: Where the best one within reach before a place ends, int64 (n,), or -1.
    """

    totals: Float64Array
    steps: _Places
    before: _Places


def _ends(
    scores: Float64Array, scored: dict[int, Float64Array], chosen: int, reach: _Places
) -> _Ends:
    others = {step: chosen ^ (1 << step) for step in range(len(scores)) if chosen >> step & 1}
    steps = np.array([step for step, rest in others.items() if rest in scored])
    sums = np.stack([scores[step] + scored[others[step]] for step in steps])
    here = np.arange(sums.shape[1])
    best = np.argmax(sums, axis=0)
    totals = sums[best, here]
    return _Ends(totals, steps[best], window_argmax(totals, reach, here))


def _sets(steps: int, order: Order) -> Sequence[int]:
    """Which sets of steps may have happened, as bits; a set comes after all of its subsets."""
    if order == "strict":
        return [(1 << done) - 1 for done in range(1, steps + 1)]
    return range(1, 1 << steps)


def _traced(ends: dict[int, _Ends], steps: int) -> Chain | None:
    """Follow the best chain of all steps back to its start."""
    chosen = (1 << steps) - 1
    totals = ends[chosen].totals
    if not np.any(np.isfinite(totals)):
        return None
    place = int(np.argmax(totals))
    score, places = float(totals[place]) / steps, [_NOWHERE] * steps
    while chosen:
        step = int(ends[chosen].steps[place])
        places[step] = place
        chosen ^= 1 << step
        if chosen:
            place = int(ends[chosen].before[place])
    return Chain(score, tuple(places))
