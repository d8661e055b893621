"""Files in `run.state_dir`: where runs keep their notes, and the lock that keeps others out."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import socket
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from pipeline import store
from pipeline.config import Config
from pipeline.data import IngestReport
from pipeline.errors import Code, ConfigError, LockedError, VSearchError

_log = logging.getLogger(__name__)


def ledger_path(config: Config, segments: str) -> Path:
    """Where the notes of an archive are.

    Args:
        config: Which store, which state directory.
        segments: Real name of its collection of rows.
    """
    return Path(config.run.state_dir) / f"ledger-{segments}-{_store_digits(config)}.sqlite"


def ledgers(config: Config) -> list[Path]:
    """Notes of all archives of this collection that were filled from here: one, or few."""
    name = rf"ledger-{re.escape(config.store.collection)}_[^_]+_\d+-{_store_digits(config)}\.sqlite"
    found = Path(config.run.state_dir).glob("ledger-*")
    return sorted(each for each in found if re.fullmatch(name, each.name))


def owner(config: Config) -> str:
    """Who runs, for leases: whoever holds the lock of this state directory on this machine."""
    place = f"{socket.gethostname()}\n{uuid.getnode()}\n{os.path.abspath(config.run.state_dir)}"
    return hashlib.sha256(place.encode()).hexdigest()[:8]


@contextmanager
def exclusive(config: Config) -> Iterator[None]:
    """Nobody else changes this archive, on this machine or, as far as a lease tells, on another."""
    with run_lock(config), store.leased(config.store, owner=owner(config)):
        yield


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


@contextmanager
def run_noted(config: Config, command: str) -> Iterator[Callable[[IngestReport], IngestReport]]:
    """Within the block a run goes on, of which a note stays; its report is passed through.

    A run that raises is noted with its error, unless it could not begin since another one was at
    it. Notes that cannot be kept stop no run.
    """
    started = _now()
    told: list[IngestReport] = []

    def ended(report: IngestReport) -> IngestReport:
        told.append(report)
        return report

    def keep(report: IngestReport | None, error: BaseException | None = None) -> None:
        note = {
            "command": command,
            "started": started,
            "ended": _now(),
            "report": asdict(report) if report else None,
            "error": _described(error) if error else None,
        }
        _keep(_note_path(config), note)

    try:
        yield ended
    except LockedError:
        raise
    except BaseException as error:  # also Ctrl-C; the error goes on
        keep(None, error)
        raise
    keep(told[-1] if told else None)


def last_run(config: Config) -> dict[str, Any] | None:
    """What `run_noted` kept of the last run at this archive; None if there is nothing to read.

    Returns:
        `started` and `ended` (ISO 8601 in UTC), `command`, and `report` or `error`.
    """
    try:
        found = json.loads(_note_path(config).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _note_path(config: Config) -> Path:
    name = f"last-run-{config.store.collection}-{_store_digits(config)}.json"
    return Path(config.run.state_dir) / name


def _keep(path: Path, note: dict[str, Any]) -> None:
    partial = path.with_name(f"{path.name}.partial")
    try:
        # ASCII, so that paths which are no text can be read back.
        partial.write_text(json.dumps(note, indent=2) + "\n", encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        _log.warning("no note of the run is kept in %s: %s", path.parent, error)


def _described(error: BaseException) -> dict[str, str]:
    if isinstance(error, VSearchError):
        return {"uri": error.uri or "", "code": str(error.code), "message": error.message}
    code = Code.INTERRUPTED if isinstance(error, KeyboardInterrupt) else Code.INTERNAL
    return {"uri": "", "code": str(code), "message": repr(error)}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _store_digits(config: Config) -> str:
    return hashlib.sha256(_location(config.store.uri).encode()).hexdigest()[:8]


def _location(uri: str) -> str:
    """One name for one store: a file by its absolute path."""
    return uri if "://" in uri else os.path.abspath(uri)
