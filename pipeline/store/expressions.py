"""Filters: typed values in, Milvus boolean expressions out; nothing else writes an expression.

Filter templates need a 2.5 server, so values are quoted here, by rules that hold on Milvus Lite 3.2
and on servers from 2.3 alike: both read a string in double quotes, take any character but quote,
backslash and line breaks as it is, and know the escapes for those.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from pipeline.data import Scope

_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"})

EVERYTHING = ""
"""The expression that every row satisfies."""


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
    """Rows whose `field` is anything but `value`."""
    return f"{field} != {_literal(value)}"


def after(field: str, value: str) -> str:
    """Rows whose `field` sorts behind `value`."""
    return f"{field} > {quote(value)}"


def among(field: str, values: Iterable[str]) -> str:
    """Rows whose `field` is one of `values`; none for no values."""
    return f"{field} in {_listed(values)}"


def not_among(field: str, values: Iterable[str]) -> str:
    """Rows whose `field` is none of `values`."""
    return f"{field} not in {_listed(values)}"


def every(conditions: Sequence[str]) -> str:
    """Rows that satisfy all conditions; all rows for none."""
    return _joined("and", [condition for condition in conditions if condition != EVERYTHING])


def some(conditions: Sequence[str]) -> str:
    """Rows that satisfy at least one of the conditions, of which there must be one."""
    if not conditions:
        raise ValueError("a choice needs at least one condition")
    return EVERYTHING if EVERYTHING in conditions else _joined("or", conditions)


def within(scope: Scope) -> str:
    """Rows of `segments` inside a scope."""
    conditions = []
    if scope.only is not None:
        conditions.append(among("video_id", scope.only))
    if scope.exclude:
        conditions.append(not_among("video_id", scope.exclude))
    if scope.revisions:
        conditions.append(_current(scope.revisions.items()))
    return every(conditions)


def _current(revisions: Iterable[tuple[str, int]]) -> str:
    ids_of: dict[int, list[str]] = defaultdict(list)
    for video_id, revision in revisions:
        ids_of[revision].append(video_id)
    known = [video_id for ids in ids_of.values() for video_id in ids]
    pairs = [
        every([equals("revision", revision), among("video_id", ids)])
        for revision, ids in sorted(ids_of.items())
    ]
    return some([not_among("video_id", known), *pairs])


def _joined(operator: str, conditions: Sequence[str]) -> str:
    # A balanced tree: servers parse recursively, and a chain of hundreds is too deep for them.
    if len(conditions) < 2:
        return conditions[0] if conditions else EVERYTHING
    middle = len(conditions) // 2
    left, right = _joined(operator, conditions[:middle]), _joined(operator, conditions[middle:])
    return f"({left} {operator} {right})"


def _listed(values: Iterable[str]) -> str:
    return f"[{', '.join(quote(value) for value in sorted(values))}]"


def _literal(value: str | int) -> str:
    return quote(value) if isinstance(value, str) else str(int(value))
