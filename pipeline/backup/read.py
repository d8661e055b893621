"""The files of an export, checked and read back."""

from __future__ import annotations

import json
import math
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.backup.files import (
    DESCRIPTION,
    SEGMENTS,
    VIDEOS,
    Description,
    damaged,
    read_description,
    segments_schema,
    sha256,
    videos_schema,
)
from pipeline.data import Float32Array, Hit, VideoRecord
from pipeline.errors import BackupError, Code
from pipeline.filters import KINDS
from pipeline.store import rows
from pipeline.store.rows import Row

_ROWS_A_READ = 1024


@contextmanager
def open_export(folder: Path) -> Iterator[Export]:
    """An export whose files are, byte by byte, what was written.

    Raises:
        BackupError: There is none, it is damaged, or its parts do not fit together.
    """
    if not folder.is_dir():
        reason = "is no folder" if folder.exists() else "is not there"
        raise BackupError(
            f"{reason}: name a folder that vsearch export has written",
            code=Code.NOT_FOUND,
            uri=str(folder),
        )
    description = read_description(folder)
    for name, digest in description.sha256.items():
        _check_bytes(folder / name, digest)
    dim = description.settings.identity.dim
    with (
        _opened(folder / SEGMENTS, segments_schema(dim), description.rows) as segments,
        _opened(folder / VIDEOS, videos_schema(dim), description.videos) as videos,
    ):
        export = Export(description, segments, videos)
        export.check_counts()
        yield export


@dataclass(frozen=True, slots=True)
class Part:
    """One of its files."""

    path: Path
    file: pq.ParquetFile

    def batches(self, columns: list[str] | None = None) -> Iterator[pa.RecordBatch]:
        with _reading(self.path):
            yield from self.file.iter_batches(_ROWS_A_READ, columns=columns)

    def rows(self, vectors: str, dim: int) -> Iterator[Row]:
        """Its rows, with vectors as float32 (dim,)."""
        for batch in self.batches():
            plain = batch.drop_columns([vectors]).to_pylist()
            matrix = batch.column(vectors).flatten().to_numpy().reshape(-1, dim)
            if not np.isfinite(matrix).all():
                raise damaged(self.path, "has vectors with numbers that are not finite")
            for row, vector in zip(plain, matrix, strict=True):
                yield {**row, vectors: vector}


class Export:
    """An open export: its videos, and their rows, each once and in the order of the files.

    Args:
        description: What is said of it.
        segments: Its rows.
        videos: Its videos.
    """

    def __init__(self, description: Description, segments: Part, videos: Part) -> None:
        self.description = description
        self._segments = segments
        self._videos = videos
        self._rows = self._read_rows()

    def check_counts(self) -> None:
        """Refuse files of which one has other rows than the other one says."""
        batches = self._videos.batches(["rows"])
        said = sum(sum(batch.column("rows").to_pylist()) for batch in batches)
        if said != self.description.rows:
            raise damaged(
                self._videos.path, f"counts {said} rows, {SEGMENTS} has {self.description.rows}"
            )

    def records(self) -> Iterator[VideoRecord]:
        """Its videos."""
        last = ""
        for row in self._videos.rows("mean", self._dim):
            if row["video_id"] <= last:
                raise damaged(self._videos.path, f"is out of order at {row['video_id']}")
            last = row["video_id"]
            with _understanding(self._videos.path, row):
                record = rows.video_record({**row, "probe": json.loads(row["probe"])})
            if record.video.video_id != last:
                raise damaged(self._videos.path, f"names two videos in the row of {last}")
            yield record

    def rows_of(
        self, group: Sequence[VideoRecord], wanted: set[str]
    ) -> Iterator[tuple[Hit, Float32Array]]:
        """The rows of the next videos; of those that are not wanted they are only passed over."""
        for record in group:
            own = islice(self._rows, record.rows)
            if record.video.video_id in wanted:
                yield from self._checked(own, record)
            else:
                deque(own, maxlen=0)

    def _checked(
        self, own: Iterator[tuple[Hit, Float32Array]], record: VideoRecord
    ) -> Iterator[tuple[Hit, Float32Array]]:
        last = ""
        for hit, vector in own:
            belongs = (hit.video_id, hit.revision) == (record.video.video_id, record.revision)
            if not belongs or hit.row_id <= last:
                raise damaged(
                    self._segments.path,
                    f"has row {hit.row_id} of {hit.video_id} where rows of"
                    f" {record.video.video_id} should be",
                )
            last = hit.row_id
            yield hit, vector

    def _read_rows(self) -> Iterator[tuple[Hit, Float32Array]]:
        for row in self._segments.rows("vector", self._dim):
            with _understanding(self._segments.path, row):
                if row["kind"] not in KINDS:
                    raise ValueError(f"kind {row['kind']!r}")
                read = rows.hit(row, math.nan)
            yield read, row["vector"]

    @property
    def _dim(self) -> int:
        return self.description.settings.identity.dim


def _check_bytes(path: Path, digest: str) -> None:
    with _reading(path):
        found = sha256(path)
    if found != digest:
        raise damaged(path, f"has SHA-256 {found}, {DESCRIPTION} says {digest}")


@contextmanager
def _opened(path: Path, schema: pa.Schema, count: int) -> Iterator[Part]:
    with _reading(path):
        file = pq.ParquetFile(path)
    with file:
        if not file.schema_arrow.equals(schema):
            raise damaged(path, f"has other columns than {', '.join(schema.names)}")
        if file.metadata.num_rows != count:
            raise damaged(path, f"has {file.metadata.num_rows} rows, not {count}")
        yield Part(path, file)


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Turn what pyarrow raises into an error that says which file it is."""
    try:
        yield
    except FileNotFoundError:
        raise damaged(path, "is not there") from None
    except (pa.ArrowException, OSError) as error:
        raise damaged(path, f"cannot be read ({' '.join(str(error).split())})") from None


@contextmanager
def _understanding(path: Path, row: dict[str, Any]) -> Iterator[None]:
    """Turn what a row of nonsense raises into an error that says which."""
    try:
        yield
    except (KeyError, TypeError, ValueError) as error:
        key = row.get("row_id", row["video_id"])
        raise damaged(path, f"has a row {key} that makes no sense ({error!r})") from None
