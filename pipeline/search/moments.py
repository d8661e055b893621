"""Hits of one video -> Moments. Pure functions.

A hit is a sample, and stands for the time around it that no other sample is nearer to. Along a
video these parts of time and their cosines are the score curve. A moment is a peak of it, as far
as the curve stays above the middle between the peak and the video's average (its full width at
half maximum, as of a spectral line), so that its bounds follow what is seen and not only the cuts.
What else lies that near to a peak is the same moment, whatever it scores (non-maximum suppression:
A. Neubeck, L. Van Gool, Efficient non-maximum suppression, ICPR 2006).
"""

from __future__ import annotations

import math
from bisect import bisect, bisect_left, insort
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, islice, pairwise
from typing import NamedTuple

from pipeline.data import Hit, Identity, Moment
from pipeline.filters import ALL_ROWS, RowMask, Span
from pipeline.search.where.masks import joined

ALIKE = 0.01
"""Cosines so near to a peak's show the same: frames of a scene in which nothing happens."""


_EQUAL = 1e-6
"""Cosines may differ so much by who computed them: of two such the earlier one is the peak."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How an archive was sampled, which says what time a sample stands for.

    Args:
        per_scene: Samples of a scene, if they are spread over it evenly.
        fps: Samples a second, if they are taken at that rate.
        most_rows: Rows of a scene at most, where the settings say so.
    """

    per_scene: int
    fps: float | None
    most_rows: int | None = None

    @classmethod
    def of(cls, identity: Identity) -> Sampling:
        """From what is recorded with an archive."""
        sample = identity.content["sample"]
        return cls(int(sample["per_scene"]), sample.get("fps"), identity.most_rows)

    def rows_of(self, length_s: float) -> int:
        """About how many rows a scene of this length has: at least, not counting tiles."""
        if self.most_rows is not None:
            return self.most_rows
        return 1 + math.ceil(length_s * self.fps) if self.fps else self.per_scene

    def part(self, hit: Hit) -> tuple[float, float]:
        """From when to when of its scene a sample stands for; all of it for a pooled scene."""
        start_s, end_s = hit.start_s, hit.end_s
        if hit.kind == "scene":
            return start_s, end_s
        # With a rate, the grid is the video's own: k / fps from its first frame on.
        fps, origin_s = self.fps, 0.0 if self.fps else start_s
        length_s = 1 / fps if fps else (end_s - start_s) / self.per_scene
        place = math.floor((hit.pts_s - origin_s) / length_s + _SLACK)
        first_s, last_s = origin_s + place * length_s, origin_s + (place + 1) * length_s
        first_s = first_s if first_s > start_s else start_s
        last_s = last_s if last_s < end_s else end_s
        return (first_s, last_s) if first_s < last_s else (start_s, end_s)


_SLACK = 1e-6
"""A sample that rounding puts just before the start of its part belongs to it all the same."""


def moments_of(
    hits: Iterable[Hit],
    sampling: Sampling,
    *,
    gap_s: float,
    average: float,
    mask: RowMask = ALL_ROWS,
) -> tuple[Moment, ...]:
    """The moments of one video.

    Args:
        hits: Rows of the video within the mask, at least one, from the best down to some score.
            The best moment is right if they go down to the middle between it and the average; of
            others, what lies lower than these is left out.
        sampling: Of its archive.
        gap_s: What lies at most so far apart may be one moment, `search.moment_gap_s`.
        average: Mean cosine of all the video's rows: what scores less is no moment, unless it is
            the best of these.
        mask: No moment reaches out of it, or over what it leaves out.

    Returns:
        Moments, best first; of two with one score, the earlier first. None overlaps another.
    """
    curves = _curves(hits, sampling, mask)
    floor = min(average, _best(curves))
    found = [moment for curve in curves for moment in _peaks(curve, gap_s, floor)]
    return tuple(sorted(found, key=lambda moment: (-moment.score, moment.start_s)))


def best_moment_of(
    hits: Iterable[Hit],
    sampling: Sampling,
    *,
    gap_s: float,
    average: float,
    mask: RowMask = ALL_ROWS,
) -> Moment:
    """The first of `moments_of`, for less."""
    every = list(hits)
    best = max([hit.score for hit in every])
    floor = min(average, best)
    level = _level(best, floor)
    # What lies lower is no part of it, and stops it no sooner than the gap does.
    curves = _curves([hit for hit in every if hit.score >= level], sampling, mask)
    firsts = [next(_peaks(curve, gap_s, floor)) for curve in curves if max(curve.scores) == best]
    return min(firsts, key=lambda moment: moment.start_s)


_Times = tuple[float, float]


class _Curve(NamedTuple):
    """Parts of the time in their order, and of the best hit in each: a tile may beat its frame."""

    times: list[_Times]
    hits: list[Hit]
    scores: list[float]

    @classmethod
    def of(cls, parts: Iterable[tuple[_Times, Hit]]) -> _Curve:
        best: dict[_Times, Hit] = {}
        for part, hit in parts:
            other = best.get(part)
            if other is None or _order(hit) < _order(other):
                best[part] = hit
        times = sorted(best)
        hits = [best[each] for each in times]
        return cls(times, hits, [hit.score for hit in hits])


def _order(hit: Hit) -> tuple[float, float]:
    return -hit.score, hit.pts_s


def _curves(hits: Iterable[Hit], sampling: Sampling, mask: RowMask) -> list[_Curve]:
    """Of each span of the mask that hits lie in."""
    if mask == ALL_ROWS:
        return [_Curve.of([(sampling.part(hit), hit) for hit in hits])]
    wanted = joined((*mask.frame, *mask.scene, *mask.tile))
    parts: defaultdict[Span, list[tuple[_Times, Hit]]] = defaultdict(list)
    for hit in hits:
        around = next(span for span in wanted if hit.pts_s in span)
        parts[around].append((_clipped(hit, sampling, mask), hit))
    return [_Curve.of(several) for several in parts.values()]


def _best(curves: Iterable[_Curve]) -> float:
    return max(max(curve.scores) for curve in curves)


def _clipped(hit: Hit, sampling: Sampling, mask: RowMask) -> _Times:
    own = next(span for span in mask.spans(hit.kind) if hit.pts_s in span)
    start_s, end_s = sampling.part(hit)
    start_s, end_s = max(start_s, own.start_s), min(end_s, own.end_s)
    return (start_s, end_s) if start_s < end_s else (own.start_s, own.end_s)


def _peaks(curve: _Curve, gap_s: float, floor: float) -> Iterator[Moment]:
    """Best first."""
    times, hits, scores = curve
    free = [score >= floor for score in scores]
    until = list(accumulate([end_s for _, end_s in times], max))
    alone = _alone(times, until, gap_s)
    order = sorted(range(len(scores)), key=scores.__getitem__, reverse=True)
    # Where the moments that were found begin and end, each in order of time.
    starts, ends = [math.inf], [-math.inf]
    rank = 0
    while rank < len(order):
        if not free[order[rank]]:
            rank += 1
            continue
        score = scores[order[rank]]
        place = _earliest(scores, order, rank, free)
        peak = hits[place]
        if alone[place]:
            start_s, end_s = times[place]
            free[place] = False
        else:
            (start_s, end_s), near = _reach(curve, until, place, gap_s, _level(score, floor))
            # A lower peak may reach over a better moment; what lies behind that is near neither.
            before, behind = ends[bisect(ends, peak.pts_s) - 1], starts[bisect(starts, peak.pts_s)]
            start_s, end_s = max(start_s, before), min(end_s, behind)
            insort(starts, start_s)
            insort(ends, end_s)
            same = [part for part in near if before <= hits[part].pts_s < behind]
            for part in (*same, *_within(curve, until, start_s, end_s)):
                free[part] = False
        yield Moment(start_s, end_s, peak.pts_s, score, peak.box)


def _alone(times: Sequence[_Times], until: Sequence[float], gap_s: float) -> list[bool]:
    """Whether each part is farther than the gap from all others.

    Most are, where only the nearest rows are known.
    """
    apart = [start_s - end_s > gap_s for (start_s, _), end_s in zip(times[1:], until, strict=False)]
    return [before and behind for before, behind in pairwise([True, *apart, True])]


def _level(score: float, floor: float) -> float:
    """What is part of a moment whose peak has this score."""
    return min((score + floor) / 2, score - ALIKE)


def _earliest(
    scores: Sequence[float], order: Sequence[int], rank: int, free: Sequence[bool]
) -> int:
    """The first free place, in time, of those whose cosine is the same as that of this rank."""
    place = order[rank]
    least = scores[place] - _EQUAL
    for n in islice(order, rank + 1, None):
        if scores[n] < least:
            break
        if n < place and free[n]:
            place = n
    return place


def _reach(
    curve: _Curve, until: Sequence[float], peak: int, gap_s: float, level: float
) -> tuple[_Times, list[int]]:
    """Walk from a peak, both ways: when what belongs to it begins and ends, and what is near it.

    Parts are in order of their start, and may lie within others: `until` says when the parts up to
    each have all ended.
    """
    times, _, scores = curve
    (start_s, end_s), near = times[peak], [peak]
    for place in range(peak - 1, -1, -1):
        if start_s - until[place] > gap_s:
            break
        if start_s - times[place][1] > gap_s:
            continue
        near.append(place)
        if scores[place] >= level:
            start_s, end_s = times[place][0], max(end_s, times[place][1])
    for place in range(peak + 1, len(times)):
        if times[place][0] - end_s > gap_s:
            break
        near.append(place)
        if scores[place] >= level:
            end_s = max(end_s, times[place][1])
    return (start_s, end_s), near


def _within(curve: _Curve, until: Sequence[float], start_s: float, end_s: float) -> Iterator[int]:
    """The parts whose sample is presented in a span of time."""
    for place in range(bisect_left(curve.times, (end_s,)) - 1, -1, -1):
        if until[place] <= start_s:
            break
        if start_s <= curve.hits[place].pts_s < end_s:
            yield place
