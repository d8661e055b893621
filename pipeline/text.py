"""Facts as people read them, in a terminal, a log or a picture."""

from __future__ import annotations


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
