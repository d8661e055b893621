"""Facts as people read them, in a terminal, a log or a picture."""

from __future__ import annotations

import unicodedata

_SHOWN = 60
"""Most characters that `quoted` shows, and `pointed` on each side of its place."""


def clock(seconds: float) -> str:
    """`75.25` as `1:15.2`, a time as players show it."""
    tenths = round(seconds * 10)
    minutes, tenths = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    rest = f"{tenths // 10:02d}.{tenths % 10}"
    return f"{hours}:{minutes:02d}:{rest}" if hours else f"{minutes}:{rest}"


def printable(text: str) -> str:
    """A path as one line: control characters and what is no Unicode are escaped."""
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


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
