"""Which of the files that failed somebody means."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from pipeline.config import Config
from pipeline.data import FailedFile
from pipeline.errors import Code, ConfigError
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


def _names(name: str, path: str) -> bool:
    place = os.path.abspath(os.path.expanduser(name))  # noqa: PTH111  unknown users stay
    if path == place or path.startswith(place.rstrip("/") + "/"):
        return True
    return any(sign in name for sign in WILDCARDS) and names_path(name, path)
