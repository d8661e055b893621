"""Paths and globs -> files worth opening."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator
from pathlib import Path

from pipeline.config import SourceConfig
from pipeline.data import Failure
from pipeline.errors import Code

_GLOB_SIGNS = "*?["


def discover(source: SourceConfig) -> Iterator[Path | Failure]:
    """Find the files that `source` names, each once, in order of their paths.

    A file that is named is taken whatever its extension; a directory gives those beneath it with
    one of `source.extensions`; hidden files and directories are passed over, as are links unless
    `follow_links`. A glob (`**` too) is a list of such paths.

    Yields:
        Absolute paths, or a `Failure` for what is named but gives nothing.
    """
    seen: set[Path] = set()
    for name in source.paths:
        count = 0
        for found in _expand(name, source):
            count += 1
            if isinstance(found, Failure):
                yield found
            elif found not in seen:
                seen.add(found)
                yield found
        if not count:
            extensions = " ".join(source.extensions)
            message = f"holds no video; source.extensions takes {extensions}"
            yield Failure(name, Code.NO_VIDEOS, message)


def _expand(name: str, source: SourceConfig) -> Iterator[Path | Failure]:
    path = Path(name).expanduser()
    try:
        is_folder, is_there = path.is_dir(), path.exists()
    except OSError as error:  # a network disk that is dead, a folder that is closed
        yield Failure(name, Code.UNREADABLE, f"cannot be looked at: {error.strerror}")
        return
    if is_folder:
        yield from _walk(Path(os.path.abspath(path)), source)
    elif is_there:
        yield Path(os.path.abspath(path))
    elif path.is_symlink():
        yield Failure(name, Code.NOT_FOUND, "is a link to what is not there")
    elif any(sign in name for sign in _GLOB_SIGNS):
        # Path.glob takes no absolute patterns.
        for match in sorted(glob.glob(str(path), recursive=True)):  # noqa: PTH207
            if Path(match).is_dir():
                continue
            if _wanted(Path(match), source):
                yield Path(os.path.abspath(match))
    else:
        yield Failure(name, Code.NOT_FOUND, "no such file or directory")


def _walk(top: Path, source: SourceConfig) -> Iterator[Path | Failure]:
    entered: set[tuple[int, int]] = set()
    problems: list[Failure] = []
    for folder, folders, files in os.walk(
        top,
        followlinks=source.follow_links,
        onerror=lambda error: problems.append(
            Failure(str(error.filename), Code.UNREADABLE, f"cannot be listed: {error.strerror}")
        ),
    ):
        yield from problems
        problems.clear()
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        if source.follow_links:
            # A link to a parent would go round for ever.
            try:
                status = Path(folder).stat()
            except OSError as error:
                problems.append(
                    Failure(folder, Code.UNREADABLE, f"cannot be looked at: {error.strerror}")
                )
                folders.clear()
                continue
            if (status.st_dev, status.st_ino) in entered:
                folders.clear()
                continue
            entered.add((status.st_dev, status.st_ino))
        for name in sorted(files):
            path = Path(folder, name)
            if not name.startswith(".") and _wanted(path, source):
                yield path
    yield from problems


def _wanted(path: Path, source: SourceConfig) -> bool:
    if path.is_symlink() and not source.follow_links:
        return False
    return path.suffix.lower() in {extension.lower() for extension in source.extensions}
