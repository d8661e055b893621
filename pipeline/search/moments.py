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
from bisect import bisect, insort
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from pipeline.data import Hit, Moment
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
    def of(cls, content: Mapping[str, Any]) -> Sampling:
        """From what an archive's identity records of its content."""
        sample = content["sample"]
        per_scene, fps = int(sample["per_scene"]), sample.get("fps")
        if sample.get("tiles"):
            return cls(per_scene, fps)
        if sample.get("pooling") == "mean":
            return cls(per_scene, fps, 1)
        return cls(per_scene, fps, None if fps else per_scene)

    def rows_of(self, length_s: float) -> int:
        """About how many rows a scene of this length has: at least, not counting tiles."""
        if self.most_rows is not None:
            return self.most_rows
        return 1 + math.ceil(length_s * self.fps) if self.fps else self.per_scene

    def part(self, hit: Hit) -> tuple[float, float]:
        """From when to when of its scene a sample stands for; all of it for a pooled scene."""
        start_s, end_s = hit.start_s, hit.end_s
        if hit.kind != "scene":
            length_s = 1 / self.fps if self.fps else (end_s - start_s) / self.per_scene
            # With a rate, the grid is the video's own: k / fps from its first frame on.
            origin_s = 0.0 if self.fps else start_s
            place = math.floor((hit.pts_s - origin_s) / length_s + _SLACK)
            start_s = max(start_s, origin_s + place * length_s)
            end_s = min(end_s, origin_s + (place + 1) * length_s)
        return (start_s, end_s) if start_s < end_s else (hit.start_s, hit.end_s)


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
    parts = _parts(hits, sampling, mask)
    floor = min(average, _best(parts))
    found = [moment for several in parts for moment in _peaks(several, gap_s, floor)]
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
    parts = _parts(hits, sampling, mask)
    best = _best(parts)
    floor = min(average, best)
    firsts = [next(_peaks(several, gap_s, floor)) for several in parts if _best([several]) == best]
    return min(firsts, key=lambda moment: moment.start_s)


class _Part(NamedTuple):
    """A part of the time and the best hit there."""

    start_s: float
    end_s: float
    hit: Hit


def _parts(hits: Iterable[Hit], sampling: Sampling, mask: RowMask) -> list[list[_Part]]:
    """Hits with their parts of the time, by the span of the mask that they lie in."""
    if mask == ALL_ROWS:
        return [[_Part(*sampling.part(hit), hit) for hit in hits]]
    wanted = joined((*mask.frame, *mask.scene, *mask.tile))
    parts: defaultdict[Span, list[_Part]] = defaultdict(list)
    for hit in hits:
        around = next(span for span in wanted if hit.pts_s in span)
        parts[around].append(_Part(*_clipped(hit, sampling, mask), hit))
    return list(parts.values())


def _best(parts: Iterable[Iterable[_Part]]) -> float:
    return max(max([part.hit.score for part in several]) for several in parts)


def _clipped(hit: Hit, sampling: Sampling, mask: RowMask) -> tuple[float, float]:
    own = next(span for span in mask.spans(hit.kind) if hit.pts_s in span)
    start_s, end_s = sampling.part(hit)
    start_s, end_s = max(start_s, own.start_s), min(end_s, own.end_s)
    return (start_s, end_s) if start_s < end_s else (own.start_s, own.end_s)


def _peaks(parts: Iterable[_Part], gap_s: float, floor: float) -> Iterator[Moment]:
    """Best first."""
    curve = _curve(parts)
    scores = [part.hit.score for part in curve]
    free = [score >= floor for score in scores]
    order = sorted(range(len(curve)), key=scores.__getitem__, reverse=True)
    # Where the moments that were found begin and end, each in order of time.
    starts, ends = [math.inf], [-math.inf]
    for rank, top in enumerate(order):
        if not free[top]:
            continue
        score = scores[top]
        place = min(n for n in _equal(scores, order, rank) if free[n])
        peak = curve[place].hit
        level = min((score + floor) / 2, score - ALIKE)
        first, before = _reach(curve, place, -1, gap_s, level)
        last, behind = _reach(curve, place, +1, gap_s, level)
        start_s = max(curve[first].start_s, ends[bisect(ends, peak.pts_s) - 1])
        end_s = min(curve[last].end_s, starts[bisect(starts, peak.pts_s)])
        insort(starts, start_s)
        insort(ends, end_s)
        free[before : behind + 1] = [False] * (behind + 1 - before)
        yield Moment(start_s, end_s, peak.pts_s, score, peak.box)


def _equal(scores: Sequence[float], order: Sequence[int], rank: int) -> Iterator[int]:
    """From one of the best first on, all whose cosine is the same."""
    least = scores[order[rank]] - _EQUAL
    for n in range(rank, len(order)):
        if scores[order[n]] < least:
            return
        yield order[n]


def _curve(parts: Iterable[_Part]) -> list[_Part]:
    """In order of time, for each part of time the best hit: a tile may beat its frame."""
    best: dict[tuple[float, float], _Part] = {}
    for part in parts:
        key = part[:2]
        if key not in best or _order(part) < _order(best[key]):
            best[key] = part
    return [best[key] for key in sorted(best)]


def _order(part: _Part) -> tuple[float, float]:
    return -part.hit.score, part.hit.pts_s


def _reach(
    curve: Sequence[_Part], peak: int, step: int, gap_s: float, level: float
) -> tuple[int, int]:
    """Walk from a peak: the last part that belongs to it, and the last that it suppresses."""
    last = seen = peak
    for place in range(peak + step, len(curve) if step > 0 else -1, step):
        earlier, later = (last, place) if step > 0 else (place, last)
        if curve[later].start_s - curve[earlier].end_s > gap_s:
            break
        seen = place
        if curve[place].hit.score >= level:
            last = place
    return last, seen
