"""An archive -> files in a folder, which appears when it is whole."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pipeline.backup.files import (
    DESCRIPTION,
    SEGMENTS,
    VIDEOS,
    Description,
    RowFile,
    groups,
    read_description,
    segments_schema,
    sha256,
    videos_schema,
    write_description,
)
from pipeline.config import Config
from pipeline.data import Float32Array, Hit, Scope, VideoRecord
from pipeline.errors import BackupError, Code, StoreError
from pipeline.store import StoreStats, VideoStore
from pipeline.store.rows import Row, hit_row, video_row

Watch = Callable[[int, int], None]
"""Told how many videos are done, of how many."""


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What one export did.

    Args:
        folder: Where the files are.
        videos: How many were written.
        rows: Rows of `segments`.
        size_bytes: Size of the files together.
        wall_s: How long it took.
    """

    folder: Path
    videos: int
    rows: int
    size_bytes: int
    wall_s: float


def export_archive(
    config: Config,
    folder: Path,
    watch: Watch = lambda done, total: None,
    *,
    force: bool = False,
) -> ExportReport:
    """Write all committed videos and their rows to a folder.

    Files are written beside it and get its name at the end, so that what an interrupted export
    leaves is not taken for one. Videos may be added meanwhile, not replaced or deleted.

    Args:
        config: Which archive.
        folder: Not there yet, or empty.
        watch: Told how far it is.
        force: Replace an earlier export.

    Raises:
        BackupError: The folder has something else in it, or cannot be written.
        StoreError: Nothing is indexed, a video's rows are not all there, or the store failed.
    """
    started = time.monotonic()
    with _appearing(folder, force=force) as partial, VideoStore.connect(config.store) as store:
        store.open_for_reading()
        stats = store.stats()
        if not stats.videos:
            raise StoreError(
                f"no video is in the archive {config.store.collection!r}: there is nothing to"
                " export",
                code=Code.NOT_INDEXED,
                uri=stats.uri,
            )
        description = _write(store, stats, partial, watch)
        size_bytes = sum(path.stat().st_size for path in partial.iterdir())
    wall_s = time.monotonic() - started
    return ExportReport(folder, description.videos, description.rows, size_bytes, wall_s)


def _write(store: VideoStore, stats: StoreStats, folder: Path, watch: Watch) -> Description:
    dim = stats.settings.identity.dim
    with (
        RowFile(folder / SEGMENTS, segments_schema(dim), "vector") as segments,
        RowFile(folder / VIDEOS, videos_schema(dim), "mean") as videos,
    ):
        done = 0
        for group in groups(store.iterate_videos()):
            for hit, vector in _whole(store, group, stats.uri):
                segments.add(hit_row(hit, vector))
            for record in group:
                videos.add(_video_row(record))
            done += len(group)
            watch(done, max(done, stats.videos))
    digests = {name: sha256(folder / name) for name in (SEGMENTS, VIDEOS)}
    description = Description(stats.settings, videos.written, segments.written, digests)
    write_description(folder, description)
    return description


def _whole(
    store: VideoStore, group: Sequence[VideoRecord], uri: str
) -> Iterator[tuple[Hit, Float32Array]]:
    """The committed rows of a group of videos, in order; all of them, or an error."""
    revisions = {record.video.video_id: record.revision for record in group}
    found: Counter[str] = Counter()
    rows = (
        (hit, vector)
        for hit, vector in store.scan(Scope(only=frozenset(revisions)))
        if hit.revision == revisions[hit.video_id]
    )
    # A scan is in order of keys. One video alone may have more rows than memory holds.
    ordered = rows if len(group) == 1 else sorted(rows, key=_place)
    for hit, vector in ordered:
        found[hit.video_id] += 1
        yield hit, vector
    for record in group:
        count = found[record.video.video_id]
        if count != record.rows:
            raise StoreError(
                f"the store has {count} rows of {record.video.path}, which was committed with"
                f" {record.rows}: export again while nothing replaces or deletes videos; if that"
                " fails too, delete this video and ingest it again",
                code=Code.STORE_FAILED,
                uri=uri,
            )


def _place(row: tuple[Hit, Float32Array]) -> tuple[str, str]:
    return row[0].video_id, row[0].row_id


def _video_row(record: VideoRecord) -> Row:
    row = video_row(record)
    return {**row, "probe": json.dumps(row["probe"])}


@contextmanager
def _appearing(folder: Path, *, force: bool) -> Iterator[Path]:
    """A folder to write to; it gets the name `folder` if the block ends well, else it goes."""
    target = folder.expanduser().resolve()
    _check_free(target, force=force)
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        partial.mkdir(parents=True)
        yield partial
        for path in partial.iterdir():
            _sync(path)
        _check_free(target, force=force)
        _replace(target, partial)
    except OSError as error:
        raise BackupError(
            f"cannot be written: {error.strerror or error}", code=Code.UNWRITABLE, uri=str(target)
        ) from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _replace(target: Path, partial: Path) -> None:
    """Give `partial` the name `target`; an earlier export goes when the new one has it."""
    earlier = partial.with_suffix(".earlier")
    if target.exists():
        target.rename(earlier)
    try:
        partial.rename(target)
    except OSError:
        if earlier.exists():
            earlier.rename(target)
        raise
    shutil.rmtree(earlier, ignore_errors=True)


def _check_free(target: Path, *, force: bool) -> None:
    if target.is_mount():
        raise _taken(target, "is a mount point: name a folder in it")
    if not os.path.lexists(target):
        return
    if not target.is_dir():
        raise _taken(target, "is there and is no folder: take another name")
    there = {path.name for path in target.iterdir()}
    if not there:
        return
    if not there <= {SEGMENTS, VIDEOS, DESCRIPTION} or not _is_export(target):
        raise _taken(target, "has something else in it: take another folder")
    if not force:
        raise _taken(target, "has an earlier export in it: say --force to replace it")


def _is_export(folder: Path) -> bool:
    try:
        read_description(folder)
    except BackupError:
        return False
    return True


def _taken(target: Path, reason: str) -> BackupError:
    return BackupError(reason, code=Code.FILE_EXISTS, uri=str(target))


def _sync(path: Path) -> None:
    """Have a file on disk: a name must not outlive a power cut that its content does not."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
