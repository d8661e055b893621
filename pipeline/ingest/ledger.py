"""What was seen where and what failed, so that an unchanged file costs a stat().

A cache on this machine's disk: losing it loses no vector, since the next run hashes the files and
finds their videos in the store. One SQLite file a collection, because a crash must not leave half
of it.
"""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from pipeline.closing import Closing
from pipeline.data import FailedFile, Failure, FileStamp, Video
from pipeline.errors import LASTING, Code, ConfigError

# Paths are bytes, as the system has them: a name need not be text.
_TABLES = """
create table if not exists seen (
    path blob primary key, size_bytes integer not null, mtime_ns integer not null,
    video_id text not null);
create table if not exists failures (
    path blob primary key, code text not null, message text not null,
    size_bytes integer, mtime_ns integer, tried_with text not null,
    since text, last text, attempts integer not null);
"""

# Notes of the first version: what failed was tried again by each run, and nothing said since when.
_HAS_OLD = "select 1 from sqlite_master where type = 'table' and name = 'failed'"
_FROM_OLD = """
insert or ignore into failures
    select path, code, message, null, null, '', null, null, 1 from failed
"""

_log = logging.getLogger(__name__)


class Ledger(Closing):
    """Notes of one collection.

    Args:
        path: The SQLite file; made if missing. One that is damaged is put aside.

    Raises:
        ConfigError: Nothing can be written there.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._db = _open(path)
        except sqlite3.OperationalError as error:  # a full disk, not a damaged file
            raise self._unkept(error) from error
        except sqlite3.DatabaseError as error:
            aside = path.with_suffix(".damaged")
            _log.warning("%s is damaged (%s); put aside as %s", path, error, aside.name)
            path.replace(aside)
            self._db = _open(path)

    def video_at(self, path: str, stamp: FileStamp) -> str | None:
        """The video id that was committed for a file, if the file was not touched since."""
        row = self._db.execute(
            "select video_id from seen where path = ? and size_bytes = ? and mtime_ns = ?",
            (os.fsencode(path), stamp.size_bytes, stamp.mtime_ns),
        ).fetchone()
        return str(row[0]) if row else None

    def done(self, videos: Iterable[Video]) -> None:
        """Files whose videos are in the store, flushed, each under its own path."""
        with self._writing():
            for video in videos:
                path, stamp = os.fsencode(video.path), video.stamp
                self._db.execute(
                    "insert or replace into seen values (?, ?, ?, ?)",
                    (path, stamp.size_bytes, stamp.mtime_ns, video.video_id),
                )
                self._db.execute("delete from failures where path = ?", (path,))

    def failed(
        self, failure: Failure, stamp: FileStamp | None = None, tried_with: str = ""
    ) -> None:
        """A file could not be ingested.

        A link that is not followed was not tried: what is behind it keeps its note while it is the
        same.

        Args:
            failure: How.
            stamp: The file as it was tried, if that can be told.
            tried_with: As `FailedFile` says.
        """
        message = failure.message.encode("utf-8", "backslashreplace").decode()
        before = self._failure_at(failure.uri)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        since, attempts = now, 0
        if before is not None and before.stamp == stamp:
            if failure.code == Code.BAD_LINK != before.failure.code:
                return
            since, attempts = before.since or now, before.attempts
        size_bytes, mtime_ns = (stamp.size_bytes, stamp.mtime_ns) if stamp else (None, None)
        path = os.fsencode(failure.uri)
        with self._writing():
            self._db.execute(
                "insert or replace into failures values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (path, failure.code, message, size_bytes, mtime_ns, tried_with, since, now,
                 attempts + 1),
            )  # fmt: skip

    def recovered(self, path: str) -> None:
        """A file that failed is as it was when it was in: it could not be read for a while."""
        with self._writing():
            self._db.execute("delete from failures where path = ?", (os.fsencode(path),))

    def fails(self, path: str, stamp: FileStamp, tried_with: str) -> bool:
        """Whether a file failed as it is now, read with this, in a way that is its own."""
        before = self._failure_at(path)
        return (
            before is not None
            and before.failure.code in LASTING
            and (before.stamp, before.tried_with) == (stamp, tried_with)
        )

    def failed_paths(self) -> list[str]:
        """Where files failed, whatever is there now."""
        return [os.fsdecode(path) for (path,) in self._db.execute("select path from failures")]

    def failures(self) -> list[FailedFile]:
        """Files whose last attempt failed and which are still there, by path."""
        rows = self._db.execute("select * from failures order by path")
        found = [_failed_file(*row) for row in rows]
        return [each for each in found if os.path.lexists(each.failure.uri)]

    def take_failures(self, other: Path) -> None:
        """Know what the notes of another archive know of files that failed, as far as is new."""
        if not other.exists():
            return
        with Ledger(other) as notes:
            rows = notes._db.execute("select * from failures").fetchall()
        with self._writing():
            self._db.executemany(
                "insert or ignore into failures select ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9"
                " where not exists (select 1 from seen where path = ?1)",
                rows,
            )

    def forget(self, ids: Iterable[str], paths: Iterable[str] = ()) -> None:
        """Videos left the store, and files the disk."""
        with self._writing():
            self._db.executemany("delete from seen where video_id = ?", ((key,) for key in ids))
            for table in ("seen", "failures"):
                self._db.executemany(
                    f"delete from {table} where path = ?",  # noqa: S608  not a user's text
                    ((os.fsencode(path),) for path in paths),
                )

    def _failure_at(self, path: str) -> FailedFile | None:
        found = self._db.execute("select * from failures where path = ?", (os.fsencode(path),))
        row = found.fetchone()
        return _failed_file(*row) if row else None

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """All of it or nothing is noted.

        Raises:
            ConfigError: It cannot be, such as on a full disk.
        """
        try:
            with self._db:
                yield
        except sqlite3.OperationalError as error:
            raise self._unkept(error) from error

    def _unkept(self, error: sqlite3.Error) -> ConfigError:
        return ConfigError(
            f"no notes can be kept in {self._path.parent}: {error}",
            code=Code.CONFIG_INVALID,
            uri="run.state_dir",
        )

    def close(self) -> None:
        """Close the file."""
        self._db.close()


def _open(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path)
    try:
        database.executescript(_TABLES)
        if database.execute(_HAS_OLD).fetchone():
            with database:
                database.execute(_FROM_OLD)
                database.execute("drop table if exists failed")
    except sqlite3.DatabaseError:
        database.close()
        raise
    return database


def _failed_file(
    path: bytes, code: str, message: str, size_bytes: int | None, mtime_ns: int | None,
    tried_with: str, since: str | None, last: str | None, attempts: int,
) -> FailedFile:  # fmt: skip
    stamp = None
    if size_bytes is not None and mtime_ns is not None:
        stamp = FileStamp(size_bytes, mtime_ns)
    failure = Failure(os.fsdecode(path), code, message)
    return FailedFile(failure, stamp, tried_with, since, last, attempts)
