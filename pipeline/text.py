"""Facts as people read them, in a terminal, a log or a picture."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime, tzinfo
from functools import lru_cache

_NUMBER = r"\d+(?:\.\d+)?"
_CLOCK = re.compile(rf"(?:(?:(?P<h>\d+):)?(?P<m>\d+):)?(?P<s>{_NUMBER})", re.ASCII)
_UNITS = re.compile(
    rf"(?:(?P<h>{_NUMBER})h)?(?:(?P<m>{_NUMBER})m)?(?:(?P<s>{_NUMBER})s)?", re.ASCII
)
_DIRECTIVES = {
    "Y": r"\d{4}", "m": r"\d{2}", "d": r"\d{2}", "H": r"\d{2}", "M": r"\d{2}", "S": r"\d{2}",
    "z": r"Z|[+-]\d{2}:?\d{2}",
}  # fmt: skip
"""Of `strptime`, what a file's name may say."""

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


def time_in_name(name: str, pattern: str, zone: tzinfo) -> str | None:
    """The time that a file's name says, ISO 8601 with its zone, or None.

    Args:
        name: Such as `VID_20240501_134500.mp4`.
        pattern: Such as `%Y%m%d_%H%M%S`, as `name_pattern` takes it; it may match anywhere.
        zone: Of names that say none themselves.
    """
    for found in name_pattern(pattern).finditer(name):
        parts = {part: text for part, text in found.groupdict().items() if part != "z"}
        own = (found.groupdict().get("z") or "").replace("Z", "+00:00")
        try:
            numbers = [int(parts.get(part, 0)) for part in "YmdHMS"]
            moment = datetime(*numbers, tzinfo=zone)  # type: ignore[misc, arg-type]
            if own:
                moment = datetime.fromisoformat(f"{moment:%Y-%m-%dT%H:%M:%S}{own}")
        except ValueError:  # such as a thirteenth month
            continue
        return moment.isoformat()
    return None


@lru_cache(maxsize=16)
def name_pattern(pattern: str) -> re.Pattern[str]:
    """`%Y%m%d_%H%M%S` as a regular expression; what is no directive stands for itself.

    Raises:
        ValueError: It has an unknown directive, one twice, or lacks year, month or day.
    """
    parts, last = [], 0
    for directive in re.finditer("%(.?)", pattern):
        parts.append(re.escape(pattern[last : directive.start()]))
        last, name = directive.end(), directive[1]
        if name == "%":
            parts.append("%")
        elif name not in _DIRECTIVES:
            known = " ".join(f"%{each}" for each in _DIRECTIVES)
            raise ValueError(f"%{name} in {pattern!r} is not known: {known}, and %% for a %")
        else:
            parts.append(f"(?P<{name}>{_DIRECTIVES[name]})")
    parts.append(re.escape(pattern[last:]))
    lacking = [f"%{name}" for name in "Ymd" if f"(?P<{name}>" not in "".join(parts)]
    if lacking:
        raise ValueError(f"{pattern!r} lacks {' '.join(lacking)}: write one such as %Y%m%d_%H%M%S")
    try:
        return re.compile(rf"(?<!\d){''.join(parts)}(?!\d)")
    except re.error:
        raise ValueError(f"{pattern!r} says something twice") from None
