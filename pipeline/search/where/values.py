"""What people write as values, read by the rules of a field, and the conditions that they make.

A `ValueError` here says what would be right; who knows the place makes an error for people of it.
"""

from __future__ import annotations

import difflib
import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from pipeline.filters import (
    KINDS,
    DurationIn,
    Filter,
    KindIs,
    PathIs,
    RecordedIn,
    Span,
    TagIs,
    TimeIn,
    VideoIs,
)
from pipeline.text import quoted

COMPARISONS = ("=", "<", "<=", ">", ">=")

_SECONDS = re.compile(r"[0-9]{1,9}(\.[0-9]{1,20})?")
_CLOCK = re.compile(
    r"(?:(?P<hours>[0-9]{1,6}):(?=[0-9]{2}:))?(?P<minutes>[0-9]{1,6}):"
    r"(?P<seconds>[0-5][0-9](\.[0-9]{1,20})?)"
)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DATE_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?"
    r"([Zz]|[+-][0-9]{2}:[0-9]{2})?"
)
_ID = re.compile(r"[0-9a-f]{8,64}")


class Scale(Protocol):
    """How the values of a field that has an order are read and compared."""

    def compare(self, sign: str, value: str) -> Filter:
        """The condition `field SIGN value`, with one of COMPARISONS.

        Raises:
            ValueError: The value cannot be read, or nothing can satisfy this.
        """

    def between(self, first: str, last: str) -> Filter:
        """The condition `field in first..last`; an empty text is no limit.

        Raises:
            ValueError: A value cannot be read, or the range is empty.
        """


@dataclass(frozen=True, slots=True)
class Seconds:
    """Video time: seconds, m:ss or h:mm:ss."""

    condition: type[TimeIn] | type[DurationIn]

    def compare(self, sign: str, value: str) -> Filter:
        """See `Scale`."""
        at = _seconds(value)
        # The next number above it: what is not below that one is above this one.
        past = math.nextafter(at, math.inf)
        bounds = {
            "=": (at, past),
            "<": (0.0, at),
            "<=": (0.0, past),
            ">": (past, math.inf),
            ">=": (at, math.inf),
        }
        if sign == "<" and at == 0:
            raise ValueError("nothing is below 0 seconds")
        return self.condition(Span(*bounds[sign]))

    def between(self, first: str, last: str) -> Filter:
        """See `Scale`."""
        start_s = _seconds(first) if first else 0.0
        end_s = _seconds(last) if last else math.inf
        if not start_s < end_s:
            raise ValueError("this range is empty: write the smaller number first")
        return self.condition(Span(start_s, end_s))


class Instants:
    """Dates, which are whole days in UTC, and date-times."""

    def compare(self, sign: str, value: str) -> Filter:
        """See `Scale`."""
        at, past, _ = _instant(value)
        bounds = {
            "=": (at, past),
            "<": (None, at),
            "<=": (None, past),
            ">": (past, None),
            ">=": (at, None),
        }
        if sign == ">" and past is None:
            raise ValueError("nothing is recorded after the last day of the calendar")
        return RecordedIn(*bounds[sign])

    def between(self, first: str, last: str) -> Filter:
        """See `Scale`."""
        start = _instant(first)[0] if first else None
        at, past, is_day = _instant(last) if last else (None, None, False)
        end = past if is_day else at
        if start and end and not start < end:
            raise ValueError("this range is empty: write the earlier time first")
        return RecordedIn(start, end)


def path(value: str) -> Filter:
    """A condition on paths.

    Raises:
        ValueError: It is no pattern, as `PathIs` says.
    """
    return PathIs(value)


def tag(value: str) -> Filter:
    """A condition on tags."""
    return TagIs(value)


def kind(value: str) -> Filter:
    """A condition on kinds of rows.

    Raises:
        ValueError: There is no such kind.
    """
    for known in KINDS:
        if value.lower() == known:
            return KindIs(known)
    raise ValueError(f"there is no kind {quoted(value)}: {nearest(value, KINDS)}")


def video(value: str) -> Filter:
    """A condition on a video's id.

    Raises:
        ValueError: It is no beginning of an id.
    """
    digits = value.lower()
    if not _ID.fullmatch(digits):
        raise ValueError(f"{quoted(value)} is not the first 8 to 64 hex digits of a video's id")
    return VideoIs(digits)


def nearest(word: str, known: tuple[str, ...]) -> str:
    """What to say to somebody who wrote a word that is not known."""
    near = difflib.get_close_matches(word.lower(), known, n=1, cutoff=0.5)
    return f"did you mean {near[0]}?" if near else f"write one of {', '.join(known)}"


def _seconds(text: str) -> float:
    if _SECONDS.fullmatch(text):
        return float(text)
    clock = _CLOCK.fullmatch(text)
    if not clock or (clock["hours"] and int(clock["minutes"]) >= 60):
        raise ValueError(f"{quoted(text)} is no time: write seconds such as 90.5, m:ss or h:mm:ss")
    minutes = 60 * int(clock["hours"] or 0) + int(clock["minutes"])
    return 60 * minutes + float(clock["seconds"])


def _instant(text: str) -> tuple[datetime, datetime | None, bool]:
    """A day or an instant, when it is over (None: never), and whether it is a day."""
    is_day = _DATE.fullmatch(text) is not None
    try:
        if not is_day and not _DATE_TIME.fullmatch(text):
            raise ValueError
        at = datetime.fromisoformat(text.upper())
        at = (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(
            f"{quoted(text)} is no date or date-time: write 2024-05-01 or 2024-05-01T18:30:00+02:00"
        ) from None
    try:
        return at, at + (timedelta(days=1) if is_day else timedelta(microseconds=1)), is_day
    except OverflowError:
        return at, None, is_day
