"""Which of the files that failed somebody means, and which of them may be opened."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from pipeline.config import Config, SourceConfig
from pipeline.data import FailedFile, Failure
from pipeline.errors import Code, ConfigError
from pipeline.ingest.discover import discover
from pipeline.ingest.ledger import Ledger
from pipeline.ingest.state import ledger_path
from pipeline.paths import WILDCARDS, names_path
from pipeline.store import VideoStore


def failed_files(config: Config) -> list[FailedFile]:
    """Files whose last attempt failed and which are still there, by path.

    Raises:
        StoreError: There is no archive, or it cannot be reached.
    """
    with VideoStore.connect(config.store) as store:
        store.open_for_reading()
        path = ledger_path(config, store.names.segments)
    if not path.exists():
        return []
    with Ledger(path) as ledger:
        return ledger.failures()


def chosen(failed: Iterable[FailedFile], names: Sequence[str], code: str | None) -> tuple[str, ...]:
    """The paths of those failed files that are meant.

    Args:
        failed: All there are.
        names: Files, folders for all beneath them, or patterns of paths, as `PathIs` says; none for
            all files.
        code: Only files that failed with it.

    Raises:
        ConfigError: A name is that of no failed file, or there is no such code.
    """
    if code is not None and code not in set(Code):
        raise ConfigError(
            f"{code} is no failure code: vsearch status shows those there are",
            code=Code.CONFIG_INVALID,
            uri="--code",
        )
    all_failed = list(failed)
    meant = {each.failure.uri for each in all_failed} if not names else set()
    for name in names:
        found = {each.failure.uri for each in all_failed if _names(name, each.failure.uri)}
        if not found:
            raise ConfigError(
                "no file there has failed: vsearch status shows those that have",
                code=Code.NOT_FOUND,
                uri=name,
            )
        meant |= found
    return tuple(
        each.failure.uri
        for each in all_failed
        if each.failure.uri in meant and code in (None, each.failure.code)
    )


def found_again(
    paths: Sequence[str], names: Sequence[str], source: SourceConfig
) -> list[Path | Failure]:
    """Failed files as far as they may be opened now.

    That a path failed is no reason to follow a link that a run refused, or one that took the file's
    place since. A path without any link is taken as it is; another one as far as the source, or
    what somebody named now, gives it by its own rules.

    Args:
        paths: Of files that failed.
        names: What somebody named, as for `chosen`.
        source: What runs take.

    Returns:
        For each path, in order, itself or why it is not taken.
    """
    plain = {path for path in paths if _is_plain(path)}
    found = _found(source, tuple(sorted(plain)), plain)
    if others := set(paths) - plain:
        found |= _found(source, (*names, *source.paths), others)
    return [found.get(path) or _refused(path) for path in paths]


def _is_plain(path: str) -> bool:
    """Whether it is no folder, and no link leads to it."""
    return os.path.realpath(path) == path and not os.path.isdir(path)  # noqa: PTH112  never raises


def _found(
    source: SourceConfig, names: tuple[str, ...], wanted: set[str]
) -> dict[str, Path | Failure]:
    """What names give, by its path, of what is wanted; a file, if one of them gives it."""
    found: dict[str, Path | Failure] = {}
    for item in discover(source.model_copy(update={"paths": names})):
        place = item.uri if isinstance(item, Failure) else str(item)
        if place in wanted and not isinstance(found.get(place), Path):
            found[place] = item
    return found


def _refused(path: str) -> Failure:
    if os.path.realpath(path) == path:
        message = "is a folder now: ingest it, if what is in it is wanted"
        return Failure(path, Code.UNREADABLE, message)
    message = (
        "is a link or beneath one, which source.paths does not lead to, and is not followed: name"
        " it to retry if it is wanted"
    )
    return Failure(path, Code.BAD_LINK, message)


def _names(name: str, path: str) -> bool:
    place = os.path.abspath(os.path.expanduser(name))  # noqa: PTH111  unknown users stay
    if path == place or path.startswith(place.rstrip("/") + "/"):
        return True
    return any(sign in name for sign in WILDCARDS) and names_path(name, path)
