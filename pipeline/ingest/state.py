"""Files in `run.state_dir`: where a run keeps its notes, and the lock that keeps others out."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from pipeline.config import Config
from pipeline.errors import Code, ConfigError, LockedError


def ledger_path(config: Config, segments: str) -> Path:
    """Where the notes of an archive are.

    Args:
        config: Which store, which state directory.
        segments: Real name of its collection of rows.
    """
    store = hashlib.sha256(_location(config.store.uri).encode()).hexdigest()[:8]
    return Path(config.run.state_dir) / f"ledger-{segments}-{store}.sqlite"


@contextmanager
def run_lock(config: Config) -> Iterator[None]:
    """One ingest at a time into a collection, on this machine."""
    facts = f"{_location(config.store.uri)}\n{config.store.collection}"
    name = f"run-{hashlib.sha256(facts.encode()).hexdigest()[:16]}.lock"
    folder = Path(config.run.state_dir)
    lock = FileLock(folder / name)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire(blocking=False)
    except Timeout:
        raise LockedError(
            "another ingest is at it: wait for it to end",
            code=Code.LOCKED,
            uri=config.store.collection,
        ) from None
    except OSError as error:
        raise ConfigError(
            f"no notes can be kept in {folder}: {error.strerror}",
            code=Code.CONFIG_INVALID,
            uri="run.state_dir",
        ) from None
    try:
        yield
    finally:
        lock.release()


def _location(uri: str) -> str:
    """One name for one store: a file by its absolute path."""
    return uri if "://" in uri else os.path.abspath(uri)
