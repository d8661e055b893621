"""Globs of `source.paths`: which paths they name, and where to look for those. Names only, no disk.

`**` stands for any folders, none too; other signs stand for one name, as `fnmatch` has them.
"""

from __future__ import annotations

import fnmatch
import glob
from collections.abc import Sequence

_ANY_FOLDERS = "**"


def fixed_folder(pattern: str) -> str:
    """The folder above the first sign of an absolute pattern."""
    names = pattern.split("/")
    fixed = next(n for n, name in enumerate(names) if glob.has_magic(name))
    return "/".join(names[:fixed]) or "/"


def matches(names: Sequence[str], pattern: Sequence[str]) -> bool:
    """Whether a path is one of a glob's, both given name by name."""
    if not pattern:
        return not names
    if pattern[0] == _ANY_FOLDERS:
        return any(matches(names[start:], pattern[1:]) for start in range(len(names) + 1))
    first = bool(names) and fnmatch.fnmatchcase(names[0], pattern[0])
    return first and matches(names[1:], pattern[1:])


def may_hold(names: Sequence[str], pattern: Sequence[str]) -> bool:
    """Whether something beneath a folder can be one of a glob's."""
    if not pattern:
        return False
    if not names or pattern[0] == _ANY_FOLDERS:
        return True
    return fnmatch.fnmatchcase(names[0], pattern[0]) and may_hold(names[1:], pattern[1:])
