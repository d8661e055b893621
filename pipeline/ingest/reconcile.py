"""What a run begins with: the store as it is, rid of what earlier runs left half done."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Mapping

from pipeline.data import VideoEntry
from pipeline.store import VideoStore

_log = logging.getLogger(__name__)


def next_revision(entries: Iterable[VideoEntry]) -> int:
    """The revision of a run: later ones have larger ones, whatever their clocks say.

    What an earlier run left half-written never counts then.
    """
    return max([time.time_ns() // 1_000_000, *(entry.revision + 1 for entry in entries)])


def reconcile(store: VideoStore, entries: Mapping[str, VideoEntry], before: int) -> set[str]:
    """Remove rows that belong to nothing that is committed, and say what lacks rows.

    A run that was cut short leaves rows that no video has, or, between two deletions, the other way
    round. One count says whether there can be any; only then all keys are read.

    Args:
        store: Open for writing.
        entries: All committed videos, by id.
        before: Only rows with a lower revision are removed: others are of a run that goes on.

    Returns:
        Ids of videos that must be made again.
    """
    if store.count_rows() == sum(entry.rows for entry in entries.values()):
        return set()
    found = store.count_by_revision()
    for (video_id, revision), rows in sorted(found.items()):
        entry = entries.get(video_id)
        if revision < before and (entry is None or entry.revision != revision):
            _log.info("%s rows of %s belong to no committed video: removed", rows, video_id)
            store.delete_rows(video_id, revision)
    damaged = {key for key, entry in entries.items() if found[key, entry.revision] != entry.rows}
    for video_id in sorted(damaged):
        _log.warning("%s lacks rows: it is ingested again", video_id)
    return damaged
