"""What was seen where and what failed, so that an unchanged file costs a stat().

A cache on this machine's disk: losing it loses no vector, since the next run hashes the files and
finds their videos in the store. One SQLite file a collection, because a crash must not leave half
of it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from pipeline.data import Failure, FileStamp

_TABLES = """
create table if not exists seen (
    path text primary key, size_bytes integer not null, mtime_ns integer not null,
    video_id text not null);
create table if not exists failed (path text primary key, code text not null, message text not
null);
"""


class Ledger:
    """Notes of one collection.

    Args:
        path: The SQLite file; made if missing.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path)
        self._db.executescript(_TABLES)

    def video_at(self, path: str, stamp: FileStamp) -> str | None:
        """The video id that was committed for a file, if the file was not touched since."""
        row = self._db.execute(
            "select video_id from seen where path = ? and size_bytes = ? and mtime_ns = ?",
            (path, stamp.size_bytes, stamp.mtime_ns),
        ).fetchone()
        return str(row[0]) if row else None

    def done(self, path: str, stamp: FileStamp, video_id: str) -> None:
        """A file's video is in the store, flushed."""
        with self._db:
            self._db.execute(
                "insert or replace into seen values (?, ?, ?, ?)",
                (path, stamp.size_bytes, stamp.mtime_ns, video_id),
            )
            self._db.execute("delete from failed where path = ?", (path,))

    def failed(self, failure: Failure) -> None:
        """A file could not be ingested."""
        with self._db:
            self._db.execute(
                "insert or replace into failed values (?, ?, ?)",
                (failure.uri, failure.code, failure.message),
            )

    def failures(self) -> Iterator[Failure]:
        """Files whose last attempt failed, by path."""
        for row in self._db.execute("select path, code, message from failed order by path"):
            yield Failure(*map(str, row))

    def forget(self, video_id: str) -> None:
        """A video was deleted from the store."""
        with self._db:
            self._db.execute("delete from seen where video_id = ?", (video_id,))

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
