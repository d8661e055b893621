"""What an export holds: two Parquet files and a description, `vsearch.json`.

Rows have the forms of the store's own (`pipeline.store.rows`), with `probe` as JSON. Both files are
in order of `video_id`, rows of one video in order of `row_id`, so that they are read side by side
and a video is whole as soon as its rows have come.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.data import VideoRecord
from pipeline.errors import BackupError, Code
from pipeline.files import open_regular, read_regular, told
from pipeline.store.rows import Row, batches
from pipeline.store.versions import (
    SCHEMA_VERSION,
    ArchiveSettings,
    dump_settings,
    fingerprint,
    load_settings,
)

FORMAT = 1
"""Raised when the files take another form."""

SEGMENTS, VIDEOS, DESCRIPTION = "segments.parquet", "videos.parquet", "vsearch.json"

ROWS_AT_ONCE = 8192
"""Rows that are held in memory at a time, and the size of a row group."""

VIDEOS_AT_ONCE = 1024

_MOST_DESCRIPTION_BYTES = 16 << 20


@dataclass(frozen=True, slots=True)
class Description:
    """What `vsearch.json` says.

    Args:
        settings: What was recorded with the archive.
        videos: Rows of `videos.parquet`.
        rows: Rows of `segments.parquet`.
        sha256: Of both files, by name, 64 hex digits.
    """

    settings: ArchiveSettings
    videos: int
    rows: int
    sha256: Mapping[str, str]


def write_description(folder: Path, description: Description) -> None:
    """Describe the files in a folder."""
    document = {
        "format": FORMAT,
        "videos": description.videos,
        "rows": description.rows,
        "sha256": description.sha256,
        "settings": json.loads(dump_settings(description.settings)),
    }
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    (folder / DESCRIPTION).write_text(text, encoding="utf-8")


def read_description(folder: Path) -> Description:
    """Read what is said of the files in a folder.

    Raises:
        BackupError: Nothing is, or it is not to be believed.
    """
    path = folder / DESCRIPTION
    try:
        document = json.loads(read_regular(path, most_bytes=_MOST_DESCRIPTION_BYTES))
    except FileNotFoundError:
        raise BackupError(
            f"there is no {DESCRIPTION}: name a folder that vsearch export has written",
            code=Code.NOT_FOUND,
            uri=str(folder),
        ) from None
    except OSError as error:
        raise BackupError(told(error), code=Code.UNREADABLE, uri=str(path)) from None
    except (ValueError, RecursionError) as error:
        raise damaged(path, f"is no JSON ({error})") from None
    return _described(document, path)


def _described(document: Any, path: Path) -> Description:
    try:
        if document["format"] != FORMAT:
            raise BackupError(
                f"has format {document['format']}, this vsearch reads format {FORMAT}: use the"
                " vsearch that wrote it",
                code=Code.BACKUP_INVALID,
                uri=str(path),
            )
        settings = load_settings(json.dumps(document["settings"]))
        if settings.schema > SCHEMA_VERSION:
            raise BackupError(
                f"is of an archive with rows of form {settings.schema}, this vsearch writes form"
                f" {SCHEMA_VERSION}: use the vsearch that wrote it",
                code=Code.BACKUP_INVALID,
                uri=str(path),
            )
        said = document["settings"]["fingerprint"]
        computed = fingerprint(settings.identity, settings.schema)
        videos, rows = int(document["videos"]), int(document["rows"])
        sha256 = {name: str(document["sha256"][name]) for name in (SEGMENTS, VIDEOS)}
    except (KeyError, TypeError, ValueError) as error:
        raise damaged(path, f"is no description of an export ({error!r})") from None
    if said != computed:
        raise damaged(path, f"says fingerprint {said}, its settings have {computed}")
    return Description(settings, videos, rows, sha256)


def segments_schema(dim: int) -> pa.Schema:
    """The columns of `segments.parquet`."""
    return _schema(
        row_id=pa.string(),
        video_id=pa.string(),
        revision=pa.int64(),
        scene_index=pa.int64(),
        start_s=pa.float64(),
        end_s=pa.float64(),
        pts_s=pa.float64(),
        kind=pa.string(),
        box=_array(pa.float64(), 4),
        vector=_array(pa.float32(), dim),
    )


def videos_schema(dim: int) -> pa.Schema:
    """The columns of `videos.parquet`."""
    return _schema(
        video_id=pa.string(),
        revision=pa.int64(),
        probe=pa.string(),
        paths=_array(pa.string()),
        tags=_array(pa.string()),
        recorded_at=pa.string(),
        indexed_at=pa.string(),
        rows=pa.int64(),
        scenes=pa.int64(),
        mean=_array(pa.float32(), dim),
    )


def groups(records: Iterable[VideoRecord]) -> Iterator[list[VideoRecord]]:
    """Videos whose rows are held at the same time; one that has too many is a group of its own."""
    return batches(
        records,
        limit=ROWS_AT_ONCE,
        size=lambda record: max(record.rows, ROWS_AT_ONCE // VIDEOS_AT_ONCE),
        key=lambda record: record.video.video_id,
    )


class RowFile:
    """A Parquet file that rows are added to, written a row group at a time.

    Args:
        path: Where; replaced if it is there.
        schema: Its columns.
        vectors: The column that holds vectors.
    """

    def __init__(self, path: Path, schema: pa.Schema, vectors: str) -> None:
        self._schema = schema
        self._rows: list[Row] = []
        self._writer = pq.ParquetWriter(
            path,
            schema,
            compression="zstd",
            # Sign and exponent of a unit vector's numbers repeat, the rest is noise: taken apart
            # they are smaller and twice as fast. A dictionary of them would be all of them.
            use_byte_stream_split=[f"{vectors}.list.element"],
            use_dictionary=False,
        )
        self.written = 0

    def add(self, row: Row) -> None:
        """Take one row."""
        self._rows.append(row)
        if len(self._rows) == ROWS_AT_ONCE:
            self._write()

    def _write(self) -> None:
        self._writer.write_table(pa.Table.from_pylist(self._rows, schema=self._schema))
        self.written += len(self._rows)
        self._rows = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with self._writer:
            if kind is None and self._rows:
                self._write()


def sha256(path: Path) -> str:
    """What a file's bytes are, as 64 hex digits."""
    with open_regular(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def damaged(path: Path, reason: str) -> BackupError:
    """What to say of a file that is not as it was written."""
    return BackupError(
        f"{reason}: it is damaged or was changed; export again, or take another copy",
        code=Code.BACKUP_INVALID,
        uri=str(path),
    )


def _schema(**columns: pa.DataType) -> pa.Schema:
    return pa.schema([pa.field(name, kind, nullable=False) for name, kind in columns.items()])


def _array(kind: pa.DataType, size: int = -1) -> pa.DataType:
    return pa.list_(pa.field("element", kind, nullable=False), size)
