"""A filter and a video -> which rows of it satisfy the filter. Pure functions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache, reduce

from pipeline.data import VideoFacts
from pipeline.filters import (
    ALL_ROWS,
    ALWAYS,
    NO_ROWS,
    And,
    DurationIn,
    Filter,
    KindIs,
    Not,
    Or,
    PathIs,
    RecordedIn,
    RowMask,
    TagIs,
    TimeIn,
    VideoCondition,
    VideoIs,
)
from pipeline.paths import names_path
from pipeline.search.where.masks import complement, intersection, union


def rows_of(wanted: Filter, facts: VideoFacts) -> RowMask:
    """Which rows of a video satisfy a filter.

    A condition on the video is satisfied by all of its rows or by none, so that `and`, `or` and
    `not` of both sorts of conditions are those of sets of rows.
    """
    match wanted:
        case And(parts):
            return reduce(intersection, (rows_of(part, facts) for part in parts))
        case Or(parts):
            return reduce(union, (rows_of(part, facts) for part in parts))
        case Not(part):
            return complement(rows_of(part, facts))
        case TimeIn(span):
            return RowMask((span,), (span,), (span,))
        case KindIs(kind):
            return RowMask(**{kind: ALWAYS})
        case _:
            return ALL_ROWS if _holds(wanted, facts) else NO_ROWS


def conditions(wanted: Filter) -> Iterator[Filter]:
    """The conditions of a filter, without what joins them."""
    match wanted:
        case And(parts) | Or(parts):
            for part in parts:
                yield from conditions(part)
        case Not(part):
            yield from conditions(part)
        case _:
            yield wanted


def _holds(condition: VideoCondition, facts: VideoFacts) -> bool:
    match condition:
        case VideoIs(prefix):
            return facts.video_id.startswith(prefix)
        case PathIs(pattern):
            return any(names_path(pattern, path) for path in facts.paths)
        case TagIs(tag):
            return tag in facts.tags
        case DurationIn(span):
            return facts.duration_s in span
        case RecordedIn(start, end):
            at = _instant(facts.recorded_at)
            return at is not None and (not start or start <= at) and (not end or at < end)


@lru_cache(maxsize=4096)
def _instant(text: str | None) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text or "")
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
