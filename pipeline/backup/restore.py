"""An export -> an archive, a group of videos at a time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pipeline.backup.files import groups
from pipeline.backup.read import Export, open_export
from pipeline.config import Config
from pipeline.data import VideoRecord
from pipeline.ingest.state import exclusive
from pipeline.store import VideoStore

Watch = Callable[[int, int], None]
"""Told how many videos are done, of how many."""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What one import did.

    Args:
        found: Videos in the export.
        imported: Those that were written.
        unchanged: Those that were in already, as they are in the export or newer.
        rows_written: Rows of `segments`.
        wall_s: How long it took.
    """

    found: int
    imported: int
    unchanged: int
    rows_written: int
    wall_s: float


def import_archive(
    config: Config, folder: Path, watch: Watch = lambda done, total: None
) -> ImportReport:
    """Bring the videos of an export into an archive, which is made if it is not there.

    A video is committed after its rows. Those that are in already, with the same revision or a
    later one, are passed over: an import that was interrupted is run again.

    Args:
        config: Which archive; a new one gets its `store.index`.
        folder: What `export_archive` has written.
        watch: Told how far it is.

    Raises:
        BackupError: The folder holds no export, or one that is damaged.
        StoreError: The archive was made with other settings, or the store failed.
        LockedError: An ingest is at this collection, here or on another machine.
    """
    started = time.monotonic()
    with (
        open_export(folder) as export,
        exclusive(config),
        VideoStore.connect(config.store) as store,
    ):
        store.open_for_writing(export.description.settings.identity, config.store.index)
        imported, written = restore(store, export, config.store.flush_rows, watch)
    found = export.description.videos
    wall_s = time.monotonic() - started
    return ImportReport(found, imported, found - imported, written, wall_s)


def restore(
    store: VideoStore, export: Export, flush_rows: int, watch: Watch = lambda done, total: None
) -> tuple[int, int]:
    """Write the videos of an export that a store does not have.

    Args:
        store: Open for writing.
        export: What to write.
        flush_rows: After how many rows to flush.
        watch: Told how far it is.

    Returns:
        How many videos and how many rows were written.
    """
    done = imported = written = unflushed = 0
    for group in groups(export.records()):
        there = store.videos(record.video.video_id for record in group)
        missing = [record for record in group if _is_older(there.get(_id(record)), record)]
        count = store.put_rows(export.rows_of(group, {_id(record) for record in missing}))
        store.commit(missing)
        for record in missing:
            if _id(record) in there:
                store.sweep([_id(record)], record.revision)
        done, imported = done + len(group), imported + len(missing)
        written, unflushed = written + count, unflushed + count
        if unflushed >= flush_rows:
            store.flush()
            unflushed = 0
        watch(done, export.description.videos)
    store.flush()
    return imported, written


def _id(record: VideoRecord) -> str:
    return record.video.video_id


def _is_older(there: VideoRecord | None, record: VideoRecord) -> bool:
    return there is None or there.revision < record.revision
