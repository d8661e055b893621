"""Sets of times and kinds. Pure functions, each from and to the one form of a set."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

from pipeline.filters import ALL_ROWS, NO_ROWS, RowMask, Span, Spans


def union(first: RowMask, second: RowMask) -> RowMask:
    """Rows of one or the other."""
    if first == NO_ROWS or second == ALL_ROWS:
        return second
    if second == NO_ROWS or first == ALL_ROWS:
        return first
    return _by_kind(lambda one, other: joined((*one, *other)), first, second)


def complement(mask: RowMask) -> RowMask:
    """All other rows."""
    return RowMask(*map(_gaps, (mask.frame, mask.scene, mask.tile)))


def intersection(first: RowMask, second: RowMask) -> RowMask:
    """Rows of both."""
    if first == ALL_ROWS or second == NO_ROWS:
        return second
    if second == ALL_ROWS or first == NO_ROWS:
        return first
    return _by_kind(_overlaps, first, second)


def joined(spans: Iterable[Span]) -> Spans:
    """The one form of what any spans cover together."""
    result: list[Span] = []
    for span in sorted(spans):
        if result and span.start_s <= result[-1].end_s:
            result[-1] = Span(result[-1].start_s, max(result[-1].end_s, span.end_s))
        else:
            result.append(span)
    return tuple(result)


def _by_kind(combine: Callable[[Spans, Spans], Spans], first: RowMask, second: RowMask) -> RowMask:
    return RowMask(
        combine(first.frame, second.frame),
        combine(first.scene, second.scene),
        combine(first.tile, second.tile),
    )


def _gaps(spans: Spans) -> Spans:
    starts = [0.0, *(span.end_s for span in spans)]
    ends = [*(span.start_s for span in spans), math.inf]
    return tuple(
        Span(start_s, end_s) for start_s, end_s in zip(starts, ends, strict=True) if start_s < end_s
    )


def _overlaps(first: Spans, second: Spans) -> Spans:
    both = [
        (max(one.start_s, other.start_s), min(one.end_s, other.end_s))
        for one in first
        for other in second
    ]
    return tuple(sorted(Span(start_s, end_s) for start_s, end_s in both if start_s < end_s))
