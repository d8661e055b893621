"""Where each video is found: as the archive has it, as this run sees it, and what is gone."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Mapping, Set
from dataclasses import replace
from pathlib import Path

from pipeline.config import SourceConfig
from pipeline.data import Failure, VideoEntry, VideoRecord
from pipeline.errors import Code
from pipeline.ingest.globs import matches

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


def moved(record: VideoRecord, paths: tuple[str, ...], tags: tuple[str, ...]) -> VideoRecord:
    """A record with other paths and tags; the path that is shown is one of them."""
    path = record.video.path if record.video.path in paths else paths[0]
    return replace(record, video=replace(record.video, path=path), paths=paths, tags=tags)


def gone(
    known: Iterable[str], found: Iterable[Path | Failure], source: SourceConfig, *, even_many: bool
) -> tuple[set[str], list[Failure]]:
    """Which known paths of the source have no file any more.

    A path outside the source is not gone, nor is one of which the disk does not say that it is not
    there, or beneath a folder that is missing or could not be listed. A folder in which nothing is
    left, or much less, is taken for one whose disk is away.

    Args:
        known: Absolute paths.
        found: What `discover` gave.
        source: Where it looked.
        even_many: Believe it even so, and that a folder which is missing is gone.

    Returns:
        The paths, and a failure for each entry of the source that was not believed.
    """
    items = list(found)
    there = {str(item) for item in items if isinstance(item, Path)}
    codes = {Code.UNREADABLE} if even_many else {Code.UNREADABLE, Code.NOT_FOUND}
    closed = [item.uri for item in items if isinstance(item, Failure) and item.code in codes]
    missing = sorted(
        path for path in set(known) - there if not _beneath_any(path, closed) and _is_away(path)
    )
    lost: set[str] = set()
    doubted: set[str] = set()
    failures = []
    for place in map(_Place, source.paths):
        own = {path for path in missing if place.covers(path)}
        left = sum(place.covers(path) for path in there)
        if own and not even_many and _is_doubtful(place, own, left):
            message = (
                f"{len(own)} videos are gone from here and {left} are left: is a disk away? None is"
                " removed; say --remove-gone if it is so"
            )
            failures.append(Failure(place.name, Code.MANY_GONE, message))
            doubted |= own
        else:
            lost |= own
    return lost - doubted, failures


def is_tidied_away(path: str) -> bool:
    """Whether a file is not there, and its folder is, with others in it: no disk is away."""
    folder = Path(path).parent
    try:
        return _is_away(path) and any(folder.iterdir())
    except OSError:
        return False


def outside(paths: Iterable[str], source: SourceConfig) -> list[str]:
    """Those paths to which a search of the source does not come, in order."""
    places = [_Place(name) for name in source.paths]
    return [path for path in paths if not any(place.covers(path) for place in places)]


class _Place:
    """An entry of the source: a file, a folder with all that is beneath it, or a glob."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.path = os.path.abspath(Path(name).expanduser())
        self._folder = self.path.rstrip("/") + "/"
        is_pattern = glob.has_magic(self.path) and not os.path.lexists(self.path)
        self._pattern = self.path.split("/") if is_pattern else None

    def covers(self, path: str) -> bool:
        """Whether a search of it comes to a path."""
        if self._pattern is not None:
            return matches(path.split("/"), self._pattern)
        return path == self.path or path.startswith(self._folder)


def _is_doubtful(place: _Place, own: Set[str], left: int) -> bool:
    """Whether so much is gone from a place that its disk may be away."""
    if own == {place.path}:
        # A file that is named by itself: what else is in its folder says whether that is there.
        folder = Path(place.path).parent
        return not folder.is_dir() or not any(folder.iterdir())
    return not left or (len(own) >= MANY and len(own) > left)


def _is_away(path: str) -> bool:
    """Whether the disk says that there is no such file, rather than nothing."""
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False


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
