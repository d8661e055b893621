"""Patterns of paths: what they name. One meaning, wherever somebody writes one.

`PathIs` in `filters.py` says what a pattern is.
"""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from functools import lru_cache

WILDCARDS = "*?"
"""What makes a name a pattern of names."""

_ANY_NAMES = "**"


def names_path(pattern: str, path: str) -> bool:
    """Whether a pattern names a path, as `PathIs` says."""
    return _fits(_names(pattern), path.strip("/").split("/"))


@lru_cache(maxsize=256)
def _names(pattern: str) -> tuple[str, ...]:
    """A pattern as names from the root on, with `**` for any names."""
    anywhere = () if pattern.startswith("/") else (_ANY_NAMES,)
    beneath = () if any(sign in pattern for sign in WILDCARDS) else (_ANY_NAMES,)
    names = [name for name in pattern.split("/") if name]
    if pattern.endswith("/"):
        # A folder: there is a name beneath it.
        names, beneath = [*names, _ANY_NAMES, "*"], ()
    # `fnmatch` also knows brackets, which are common in the names of videos.
    return (*anywhere, *(name.replace("[", "[[]") for name in names), *beneath)


def _fits(pattern: Sequence[str], names: Sequence[str]) -> bool:
    """Wildcards by names: after a failure, only the last `**` takes one more name."""
    at = place = 0
    retry: tuple[int, int] | None = None
    while place < len(names):
        if at < len(pattern) and pattern[at] == _ANY_NAMES:
            retry = (at + 1, place)
            at += 1
        elif at < len(pattern) and fnmatchcase(names[place], pattern[at]):
            at, place = at + 1, place + 1
        elif retry:
            retry = (retry[0], retry[1] + 1)
            at, place = retry
        else:
            return False
    return all(name == _ANY_NAMES for name in pattern[at:])
