"""Filters: typed values in, Milvus boolean expressions out; nothing else writes an expression.

Filter templates need a 2.5 server, so values are quoted here, by rules that hold on Milvus Lite 3.2
and on servers from 2.3 alike: both read a string in double quotes, take any character but quote,
backslash and line breaks as it is, and know the escapes for those.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from pipeline.filters import (
    And,
    DurationIn,
    Filter,
    Not,
    Or,
    RecordedIn,
    Span,
    TagIs,
    VideoIs,
)
from pipeline.store.rows import escape

_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"})

EVERYTHING = ""
"""The expression that every row satisfies."""

NOTHING = "video_id in []"
"""The expression that no row satisfies."""


def quote(value: str) -> str:
    """A string literal that reads back as `value`.

    Raises:
        ValueError: A lone surrogate: it has no UTF-8 form, so Milvus can neither hold nor compare
            it.
    """
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{value!r} is no text that UTF-8 can write") from None
    return f'"{value.translate(_ESCAPES)}"'


def equals(field: str, value: str | int) -> str:
    """Rows whose `field` is `value`."""
    return f"{field} == {_literal(value)}"


def differs(field: str, value: str | int) -> str:
    """Rows whose `field` is not `value`."""
    return f"{field} != {_literal(value)}"


def below(field: str, value: int) -> str:
    """Rows whose `field` is less than `value`."""
    return f"{field} < {_literal(value)}"


def after(field: str, value: str) -> str:
    """Rows whose `field` sorts behind `value`."""
    return f"{field} > {quote(value)}"


def among(field: str, values: Iterable[str] | Iterable[int]) -> str:
    """Rows whose `field` is one of `values`, texts or numbers; none for no values."""
    return f"{field} in {_listed(values)}"


def not_among(field: str, values: Iterable[str] | Iterable[int]) -> str:
    """Rows whose `field` is none of `values`."""
    return f"{field} not in {_listed(values)}"


def every(conditions: Sequence[str]) -> str:
    """Rows that satisfy all conditions; all rows for none."""
    return _joined("and", [condition for condition in conditions if condition != EVERYTHING])


def inverse(condition: str) -> str:
    """Rows that do not satisfy a condition."""
    return NOTHING if condition == EVERYTHING else f"not ({condition})"


def some(conditions: Sequence[str]) -> str:
    """Rows that satisfy at least one of the conditions, of which there must be one."""
    if not conditions:
        raise ValueError("a choice needs at least one condition")
    return EVERYTHING if EVERYTHING in conditions else _joined("or", conditions)


def possible(wanted: Filter) -> str:
    """Rows of `videos` among which are all that satisfy a filter, and perhaps others.

    What Milvus does not decide as we do (globs on arrays, instants) narrows less, or nothing.
    """
    return _possible(wanted, holds=True)


def spanned(field: str, span: Span) -> str:
    """Rows whose `field`, a number of seconds that is not negative, lies in a span."""
    conditions = []
    if span.start_s > 0:
        conditions.append(f"{field} >= {_seconds(span.start_s)}")
    if span.end_s < math.inf:
        conditions.append(f"{field} < {_seconds(span.end_s)}")
    return every(conditions)


def _possible(wanted: Filter, *, holds: bool) -> str:
    if isinstance(wanted, Not):
        return _possible(wanted.part, holds=not holds)
    if isinstance(wanted, And | Or):
        parts = [_possible(part, holds=holds) for part in wanted.parts]
        return every(parts) if isinstance(wanted, And) == holds else some(parts)
    condition = _exact(wanted)
    if condition is not None:
        return condition if holds else inverse(condition)
    return _around(wanted) if isinstance(wanted, RecordedIn) and holds else EVERYTHING


def _exact(wanted: Filter) -> str | None:
    match wanted:
        case VideoIs(prefix):
            return f"video_id like {quote(prefix + '%')}"
        case TagIs(tag):
            return f"array_contains(tags, {quote(escape(tag))})"
        case DurationIn(span):
            return spanned('probe["duration_s"]', span)
    return None


def _around(wanted: RecordedIn) -> str:
    # The text may be in any time zone, a day from UTC at most, and texts are compared.
    conditions = []
    try:
        if wanted.start:
            first = (wanted.start - timedelta(days=1)).date()
            conditions.append(f"recorded_at >= {quote(first.isoformat())}")
        if wanted.end:
            behind = (wanted.end + timedelta(days=2)).date()
            conditions.append(f"recorded_at < {quote(behind.isoformat())}")
    except OverflowError:
        return EVERYTHING
    return every(conditions)


def _joined(operator: str, conditions: Sequence[str]) -> str:
    # A balanced tree: servers parse recursively, and a chain of hundreds is too deep for them.
    if len(conditions) < 2:
        return conditions[0] if conditions else EVERYTHING
    middle = len(conditions) // 2
    left, right = _joined(operator, conditions[:middle]), _joined(operator, conditions[middle:])
    return f"({left} {operator} {right})"


def _listed(values: Iterable[Any]) -> str:
    ordered = sorted(values)
    if not ordered or isinstance(ordered[0], int):
        return f"[{', '.join(map(str, ordered))}]"
    text = "".join(ordered)
    if text.isascii() and text.isalnum():  # keys, of which a request has many
        return '["' + '", "'.join(ordered) + '"]'
    return f"[{', '.join(map(quote, ordered))}]"


def _seconds(value: float) -> str:
    # Every digit and no exponent: both read it back to the same double.
    return f"{Decimal(repr(float(value))):f}"


def _literal(value: str | int) -> str:
    return quote(value) if isinstance(value, str) else str(int(value))
