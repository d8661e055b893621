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
from pathlib import Path

from pipeline.closing import Closing
from pipeline.data import Failure, FileStamp, Video
from pipeline.errors import Code, ConfigError

# Paths are bytes, as the system has them: a name need not be text.
_TABLES = """
create table if not exists seen (
    path blob primary key, size_bytes integer not null, mtime_ns integer not null,
    video_id text not null);
create table if not exists failed (
    path blob primary key, code text not null, message text not null);
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
                self._db.execute("delete from failed where path = ?", (path,))

    def failed(self, failure: Failure) -> None:
        """A file could not be ingested."""
        message = failure.message.encode("utf-8", "backslashreplace").decode()
        with self._writing():
            self._db.execute(
                "insert or replace into failed values (?, ?, ?)",
                (os.fsencode(failure.uri), failure.code, message),
            )

    def failures(self) -> list[Failure]:
        """Files whose last attempt failed and which are still there, by path."""
        rows = self._db.execute("select path, code, message from failed order by path")
        found = [Failure(os.fsdecode(path), code, message) for path, code, message in rows]
        return [failure for failure in found if os.path.lexists(failure.uri)]

    def forget(self, ids: Iterable[str], paths: Iterable[str] = ()) -> None:
        """Videos left the store, and files the disk."""
        with self._writing():
            self._db.executemany("delete from seen where video_id = ?", ((key,) for key in ids))
            for table in ("seen", "failed"):
                self._db.executemany(
                    f"delete from {table} where path = ?",  # noqa: S608  not a user's text
                    ((os.fsencode(path),) for path in paths),
                )

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
    except sqlite3.DatabaseError:
        database.close()
        raise
    return database
