"""Where each video is found: as the archive has it, and as this run sees it. No disk, no store."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterable, Mapping, Set
from pathlib import Path

from pipeline.config import SourceConfig
from pipeline.data import Failure, VideoEntry
from pipeline.errors import Code

MANY = 20
"""From so many files on, a folder that lost more than half is more likely unmounted than tidied."""


class Places:
    """The paths of committed videos while a run goes on.

    Args:
        entries: All committed videos.
    """

    def __init__(self, entries: Iterable[VideoEntry]) -> None:
        self._before = {entry.video_id: frozenset(entry.paths) for entry in entries}
        self._seen: dict[str, str] = {}

    def known(self) -> set[str]:
        """Every path that the archive had."""
        return set().union(*self._before.values())

    def has(self, video_id: str, path: str) -> bool:
        """Whether the archive had a video under a path."""
        return path in self._before.get(video_id, ())

    def saw(self, path: str, video_id: str) -> None:
        """A file was seen, and which video it is now, one that is committed."""
        self._seen[path] = video_id

    def at(self, path: str) -> str | None:
        """The video that was seen under a path in this run."""
        return self._seen.get(path)

    def now(self, gone: Set[str] = frozenset()) -> dict[str, tuple[str, ...]]:
        """The paths of each video, sorted; none for one that is nowhere any more.

        Args:
            gone: Paths at which there is no file any more.
        """
        paths: dict[str, set[str]] = {
            video_id: {path for path in before if path not in gone and path not in self._seen}
            for video_id, before in self._before.items()
        }
        for path, video_id in self._seen.items():
            paths.setdefault(video_id, set()).add(path)
        return {video_id: tuple(sorted(several)) for video_id, several in paths.items()}


def gone(
    known: Iterable[str], found: Iterable[Path | Failure], source: SourceConfig, *, even_many: bool
) -> tuple[set[str], list[Failure]]:
    """Which known paths a search of the source should have found, and did not.

    A path outside the source is not gone, nor is one beneath a folder that is missing or could not
    be listed. A folder in which nothing is left, or much less, is taken for one whose disk is away.

    Args:
        known: Absolute paths.
        found: What `discover` gave.
        source: Where it looked.
        even_many: Believe it even so, and that a folder which is missing is gone.

    Returns:
        The paths, and a failure for each folder that was not believed.
    """
    items = list(found)
    there = {str(item) for item in items if isinstance(item, Path)}
    codes = {Code.UNREADABLE} if even_many else {Code.UNREADABLE, Code.NOT_FOUND}
    closed = [item.uri for item in items if isinstance(item, Failure) and item.code in codes]
    missing = sorted(path for path in set(known) - there if not _beneath_any(path, closed))
    lost: set[str] = set()
    failures = []
    for name in source.paths:
        covers = _covers(name)
        own = {path for path in missing if covers(path)}
        left = sum(covers(path) for path in there)
        alone = own == {os.path.abspath(Path(name).expanduser())}
        many = not (left or alone) or (len(own) >= MANY and len(own) > left)
        if own and many and not even_many:
            message = (
                f"{len(own)} videos are gone from here and {left} are left: is a disk away? None is"
                " removed; say --remove-gone if it is so"
            )
            failures.append(Failure(name, Code.MANY_GONE, message))
        else:
            lost |= own
    return lost, failures


def covered(path: str, source: SourceConfig) -> bool:
    """Whether a search of the source comes to a path, if there is a file."""
    return any(_covers(name)(path) for name in source.paths)


def _covers(name: str) -> _Covers:
    return _Covers(os.path.abspath(Path(name).expanduser()))


class _Covers:
    """Whether a path is what a path, a folder or a glob names, or beneath it."""

    def __init__(self, place: str) -> None:
        self._folder = place.rstrip("/") + "/"
        self._place = place
        is_pattern = glob.has_magic(place) and not os.path.lexists(place)
        self._pattern = re.compile(_translated(place)) if is_pattern else None

    def __call__(self, path: str) -> bool:
        if self._pattern is not None:
            return self._pattern.fullmatch(path) is not None
        return path == self._place or path.startswith(self._folder)


def _translated(pattern: str) -> str:
    """A glob as a regular expression: `**` for any folders, the other signs within a name."""
    parts = []
    for name in pattern.strip("/").split("/"):
        if name == "**":
            parts.append("(?:/[^/]+)*")
        else:
            signs = re.escape(name).replace(r"\*", "[^/]*").replace(r"\?", "[^/]")
            parts.append("/" + re.sub(r"\\\[(!?)(.+?)\\\]", _choice, signs))
    return "".join(parts)


def _choice(match: re.Match[str]) -> str:
    inverted = "^" if match[1] else ""
    return f"[{inverted}{match[2].replace(chr(92), '')}]"


def _beneath_any(path: str, folders: Iterable[str]) -> bool:
    places = (os.path.abspath(Path(folder).expanduser()) for folder in folders)
    return any(path.startswith(place.rstrip("/") + "/") for place in places)


def unfound(
    before: Mapping[str, VideoEntry], places: Places, now: Set[str], lost: Set[str]
) -> list[VideoEntry]:
    """Videos of an archive that its successor does not have, though nobody removed them.

    Args:
        before: The archive's videos, by id.
        places: What was seen while the successor was filled.
        now: Ids of the successor's videos.
        lost: Paths at which there is no file any more.
    """
    return [
        entry
        for video_id, entry in sorted(before.items())
        if video_id not in now
        and not all(path in lost or places.at(path) is not None for path in entry.paths)
    ]
