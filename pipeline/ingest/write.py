"""Embeddings -> rows in the store; a video's own row last."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from pipeline.config import StoreConfig
from pipeline.data import (
    Committed,
    Decoded,
    Embedding,
    Float64Array,
    SceneEmbeddings,
    Video,
    VideoRecord,
)
from pipeline.store import VideoStore

ROWS_A_WRITE = 2048
"""Rows are gathered until there are so many, or until finished videos have waited `COMMIT_S`."""

COMMIT_S = 5.0


class Writer:
    """Gathers rows across videos, and commits a video after the write that holds its last row.

    Args:
        store: Open for writing.
        config: How often to flush.
        revision: Of the rows of this run.
        tags: The tags that a video is to have, by its id and paths.
        on_flushed: Told which videos are safe on the store's disk, after each flush.
    """

    def __init__(
        self,
        store: VideoStore,
        config: StoreConfig,
        revision: int,
        tags: Callable[[str, tuple[str, ...]], tuple[str, ...]],
        on_flushed: Callable[[list[VideoRecord]], None],
    ) -> None:
        self._store = store
        self._config = config
        self.revision = revision
        self._tags = tags
        self._on_flushed = on_flushed
        self._open: dict[str, _OpenVideo] = {}
        self._rows: list[Embedding] = []
        self._finished: list[VideoRecord] = []
        self._unflushed: list[VideoRecord] = []
        self._committed: list[str] = []
        self._rows_since_flush = 0
        self._written_at = self._flushed_at = time.monotonic()
        self.rows_written = 0

    def add(self, scene: SceneEmbeddings) -> Iterator[Committed]:
        """Take the rows of one scene."""
        self._open.setdefault(scene.video_id, _OpenVideo()).add(scene.embeddings)
        self._rows.extend(scene.embeddings)
        if len(self._rows) >= ROWS_A_WRITE:
            yield from self._write()

    def finish(self, decoded: Decoded, paths: tuple[str, ...]) -> Iterator[Committed]:
        """All rows of a video are in: commit it with the next write."""
        own = self._open.pop(decoded.video.video_id, None) or _OpenVideo()
        record = own.record(decoded, paths, self.revision)
        self._finished.append(replace(record, tags=self._tags(decoded.video.video_id, paths)))
        if time.monotonic() - self._written_at >= COMMIT_S:
            yield from self._write()

    def drop(self, video: Video) -> None:
        """A video failed half-way: nothing of it is kept."""
        if self._open.pop(video.video_id, None) is None:
            return
        self._rows = [row for row in self._rows if row.video_id != video.video_id]
        # If it was committed before, those rows serve on.
        self._store.delete_rows(video.video_id, self.revision)

    def close(self) -> Iterator[Committed]:
        """Write and flush what is finished; rows of unfinished videos are left uncommitted."""
        yield from self._write()
        if self._committed:
            self._store.sweep(self._committed, self.revision)
        self._flush()

    def _write(self) -> Iterator[Committed]:
        self.rows_written += self._store.upsert_segments(self._rows, self.revision)
        self._rows_since_flush += len(self._rows)
        self._rows = []
        done, self._finished = [*self._commit()], []
        self._unflushed.extend(done)
        self._committed.extend(record.video.video_id for record in done)
        self._written_at = time.monotonic()
        for record in done:
            yield Committed(record)
        if (
            self._rows_since_flush >= self._config.flush_rows
            or self._written_at - self._flushed_at >= self._config.flush_s
        ):
            self._flush()

    def _commit(self) -> Iterator[VideoRecord]:
        """Commit what is finished; of a video that a later run has committed, that stands.

        Otherwise the earlier run would commit rows that the later one has swept.
        """
        there = self._store.videos(record.video.video_id for record in self._finished)
        newer = {key: record for key, record in there.items() if record.revision > self.revision}
        self._store.commit(
            record for record in self._finished if record.video.video_id not in newer
        )
        for key in newer:
            self._store.delete_rows(key, self.revision)
        for record in self._finished:
            yield newer.get(record.video.video_id, record)

    def _flush(self) -> None:
        if self._rows_since_flush or self._unflushed:
            self._store.flush()
        self._on_flushed(self._unflushed)
        self._unflushed, self._rows_since_flush = [], 0
        self._flushed_at = time.monotonic()


class _OpenVideo:
    """What is added up over a video's rows."""

    def __init__(self) -> None:
        self._sum: Float64Array | None = None
        self._rows = 0

    def add(self, embeddings: tuple[Embedding, ...]) -> None:
        for embedding in embeddings:
            vector = embedding.vector.astype(np.float64)
            self._sum = vector if self._sum is None else self._sum + vector
            self._rows += 1

    def record(self, decoded: Decoded, paths: tuple[str, ...], revision: int) -> VideoRecord:
        assert self._sum is not None, "a video has at least one frame, hence one row"
        return VideoRecord(
            video=decoded.video,
            revision=revision,
            paths=paths,
            rows=self._rows,
            scenes=decoded.scenes,
            mean=np.asarray(self._sum / self._rows, dtype=np.float32),
            indexed_at=datetime.now(UTC).isoformat(timespec="seconds"),
        )
