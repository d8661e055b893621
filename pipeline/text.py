"""Facts as people read them, in a terminal, a log or a picture."""

from __future__ import annotations

import re
import unicodedata

_NUMBER = r"\d+(?:\.\d+)?"
_CLOCK = re.compile(rf"(?:(?:(?P<h>\d+):)?(?P<m>\d+):)?(?P<s>{_NUMBER})", re.ASCII)
_UNITS = re.compile(
    rf"(?:(?P<h>{_NUMBER})h)?(?:(?P<m>{_NUMBER})m)?(?:(?P<s>{_NUMBER})s)?", re.ASCII
)
BLOCKS = "▁▂▃▄▅▆▇█"

_SHOWN = 60
"""Most characters that `quoted` shows, and `pointed` on each side of its place."""


def without_secret(uri: str) -> str:
    """An address without what is secret in it: a user and password before the host."""
    scheme, slashes, rest = uri.partition("://")
    return f"{scheme}{slashes}{rest.rpartition('@')[2]}" if slashes else uri


def clock(seconds: float) -> str:
    """`75.25` as `1:15.2`, a time as players show it."""
    tenths = round(seconds * 10)
    minutes, tenths = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    rest = f"{tenths // 10:02d}.{tenths % 10}"
    return f"{hours}:{minutes:02d}:{rest}" if hours else f"{minutes}:{rest}"


def seconds_of(text: str) -> float:
    """A duration as people write it: `10`, `10s`, `1.5m`, `1m30s`, `2h`, `1:30` or `1:00:00`.

    Returns:
        Seconds, 0 or more; infinite for a number that is too long.

    Raises:
        ValueError: It is written in another way.
    """
    written = text.strip().lower()
    parts = _CLOCK.fullmatch(written) or _UNITS.fullmatch(written)
    if not written or parts is None:
        raise ValueError(f"{text!r} is no duration")
    hours, minutes, seconds = (float(parts[unit] or 0) for unit in "hms")
    return 3600 * hours + 60 * minutes + seconds


def printable(text: str) -> str:
    """A path as one line: control characters and what is no Unicode are escaped."""
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


def sparkline(steps: list[tuple[float, float, float]], duration_s: float, width: int) -> str:
    """Values over time as one line of blocks, the lowest `▁` and the highest `█`.

    A column shows the highest of the values that hold in its part of the time, so that no short
    one is lost; where none holds, it is blank.

    Args:
        steps: `(start_s, end_s, value)` each, in order of time.
        duration_s: Time that the line stands for, greater than 0.
        width: Columns.
    """
    highest: list[float | None] = [None] * width
    for start_s, end_s, value in steps:
        first = min(width - 1, int(start_s / duration_s * width))
        # The end is not in it: a step that ends where a column starts is not shown there.
        behind = -int(-(end_s / duration_s * width) // 1)
        for column in range(first, max(first + 1, min(width, behind))):
            known = highest[column]
            highest[column] = value if known is None else max(known, value)
    shown = [value for value in highest if value is not None]
    low, span = min(shown), (max(shown) - min(shown)) or 1.0
    return "".join(
        " " if value is None else BLOCKS[round((value - low) / span * (len(BLOCKS) - 1))]
        for value in highest
    )


def bar(share: float, width: int) -> str:
    """A share of 0 to 1 as a bar of blocks, to an eighth of a column."""
    eighths = round(min(1.0, max(0.0, share)) * width * 8)
    whole, rest = divmod(eighths, 8)
    return "█" * whole + " ▏▎▍▌▋▊▉"[rest].strip()


def quoted(text: str) -> str:
    """What somebody wrote, in quotes and cut to a length that a message can hold."""
    return f"'{text if len(text) <= _SHOWN else text[: _SHOWN - 1] + '…'}'"


def pointed(text: str, at: int) -> str:
    """A text, as `printable` has it, and a caret under one of its characters, in two lines.

    Of a long text the part around that character is shown.
    """
    before, behind = printable(text[:at]), printable(text[at:])
    if len(before) > _SHOWN:
        before = "…" + before[1 - _SHOWN :]
    if len(behind) > _SHOWN:
        behind = behind[: _SHOWN - 1] + "…"
    return f"  {before}{behind}\n  {' ' * _columns(before)}^"


def _columns(text: str) -> int:
    """How wide a terminal shows a text."""
    wide = sum(unicodedata.east_asian_width(char) in "WF" for char in text)
    return len(text) + wide - sum(unicodedata.combining(char) > 0 for char in text)
