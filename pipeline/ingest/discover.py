"""Paths and globs -> files worth opening."""

from __future__ import annotations

import errno
import glob
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline.config import SourceConfig
from pipeline.data import Failure
from pipeline.errors import Code
from pipeline.files import regular, told
from pipeline.ingest.globs import fixed_folder, matches, may_hold
from pipeline.text import printable


def discover(source: SourceConfig) -> Iterator[Path | Failure]:
    """Find the files that `source` names, each once, in order of their paths.

    A file that is named is taken whatever its extension; a directory gives those beneath it with
    one of `source.extensions`; hidden files and directories are passed over. A glob (`**` too) is
    a list of such files. Nothing but regular files is given.

    Links are passed over unless `follow_links`; those that are named are always followed. A link
    that leads out of the entry of `source.paths` it was found in, or in a circle, is never taken.

    Yields:
        Absolute paths, or a `Failure` for what is named, or found, but gives nothing.
    """
    seen: set[Path | str] = set()
    for name in source.paths:
        count = 0
        for found in _expand(name, source):
            count += 1
            place = found.uri if isinstance(found, Failure) else found
            if place not in seen:
                seen.add(place)
                yield found
        if not count:
            extensions = " ".join(source.extensions)
            message = f"holds no video; source.extensions takes {extensions}"
            yield Failure(name, Code.NO_VIDEOS, message)


def _expand(name: str, source: SourceConfig) -> Iterator[Path | Failure]:
    # It leaves unknown users alone, where Path.expanduser raises.
    path = Path(os.path.abspath(os.path.expanduser(name)))  # noqa: PTH111
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        yield from _not_there(name, path, source)
    except (OSError, ValueError) as error:
        # A network disk that is dead, a closed folder, a circle of links; a name with a NUL.
        yield _not_looked_at(str(path), error)
    else:
        if stat.S_ISDIR(mode):
            yield from _Walk(path, source).files()
        else:
            yield _checked(path)


def _not_there(name: str, path: Path, source: SourceConfig) -> Iterator[Path | Failure]:
    """What a name gives that no file has: a glob's files, or a failure."""
    if path.is_symlink():
        yield Failure(name, Code.NOT_FOUND, "is a link to what is not there")
    elif "://" in name:
        yield Failure(name, Code.NOT_FOUND, "is an address: only files of this machine are taken")
    elif glob.has_magic(name):
        yield from _of_glob(name, path, source)
    else:
        yield Failure(name, Code.NOT_FOUND, "no such file or directory")


def _of_glob(name: str, path: Path, source: SourceConfig) -> Iterator[Path | Failure]:
    pattern = str(path).split("/")
    top = Path(fixed_folder(str(path)))
    if not top.is_dir():
        # Of the folder, not of the glob: whatever was beneath it may be on a disk that is away.
        message = f"no such directory, so that there is nothing for {printable(name)}"
        yield Failure(str(top), Code.NOT_FOUND, message)
        return
    yield from _Walk(
        top,
        source,
        takes=lambda found: matches(found.split("/"), pattern),
        enters=lambda folder: may_hold(folder.split("/"), pattern),
    ).files()


@dataclass(frozen=True, slots=True)
class _Walk:
    """All that is beneath a folder.

    Args:
        top: The folder; links that are followed do not lead out of it.
        source: What counts as a video, and whether links do.
        takes: Whether a path is asked for.
        enters: Whether something beneath a folder may be.
    """

    top: Path
    source: SourceConfig
    takes: Callable[[str], bool] = lambda path: True
    enters: Callable[[str], bool] = lambda folder: True

    def files(self) -> Iterator[Path | Failure]:
        """Files, in order, and what is in the way of others."""
        problems: list[Failure] = []
        extensions = {extension.lower() for extension in self.source.extensions}
        entered: set[tuple[int, int]] = set()
        for folder, folders, files in os.walk(
            self.top,
            followlinks=self.source.follow_links,
            onerror=lambda error: problems.append(_not_listed(error)),
        ):
            yield from problems
            problems.clear()
            if self.source.follow_links and not _is_new(folder, entered, problems):
                folders.clear()
                continue
            folders[:] = self._to_enter(folder, folders, problems)
            for name in sorted(files):
                path = Path(folder, name)
                if (
                    not name.startswith(".")
                    and path.suffix.lower() in extensions
                    and self.takes(str(path))
                ):
                    yield from self._file(path)
        yield from problems

    def _to_enter(self, folder: str, names: list[str], problems: list[Failure]) -> list[str]:
        entered = []
        for name in sorted(names):
            path = Path(folder, name)
            if name.startswith(".") or not self.enters(str(path)):
                continue
            follows = self.source.follow_links and path.is_symlink()
            if follows and (failure := self._refused(path)):
                problems.append(failure)
            else:
                entered.append(name)
        return entered

    def _file(self, path: Path) -> Iterator[Path | Failure]:
        if path.is_symlink():
            if not self.source.follow_links:
                return
            if failure := self._refused(path):
                yield failure
                return
        yield _checked(path)

    def _refused(self, link: Path) -> Failure | None:
        """Why a link is not followed."""
        root, target = os.path.realpath(self.top), os.path.realpath(link)
        if not _is_within(target, root):
            message = (
                f"is a link out of {printable(root)}, to {printable(target)}, and is not followed:"
                " name that in source.paths if it is wanted"
            )
        elif _is_within(os.path.realpath(link.parent), target):
            message = "is a link to a folder that it is in, and is not followed: remove it"
        else:
            return None
        return Failure(str(link), Code.BAD_LINK, message)


def _checked(path: Path) -> Path | Failure:
    """A file, if it is one that can be opened without waiting."""
    try:
        regular(path)
    except FileNotFoundError:
        return Failure(str(path), Code.NOT_FOUND, "is a link to what is not there")
    except OSError as error:
        return _not_looked_at(str(path), error)
    return path


def _not_looked_at(name: str, error: Exception) -> Failure:
    if not isinstance(error, OSError):
        return Failure(name, Code.NOT_FOUND, f"is no name of a file ({error})")
    if error.errno == errno.ELOOP:
        return Failure(name, Code.BAD_LINK, "is a link that leads back to itself: remove it")
    return Failure(name, Code.UNREADABLE, told(error))


def _not_listed(error: OSError) -> Failure:
    return Failure(str(error.filename), Code.UNREADABLE, f"cannot be listed: {error.strerror}")


def _is_new(folder: str, entered: set[tuple[int, int]], problems: list[Failure]) -> bool:
    """Whether a folder was not entered before, by another link."""
    try:
        status = Path(folder).stat()
    except OSError as error:
        problems.append(_not_looked_at(folder, error))
        return False
    place = status.st_dev, status.st_ino
    is_new = place not in entered
    entered.add(place)
    return is_new


def _is_within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")
