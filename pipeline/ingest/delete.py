"""Videos out of the store: found by path or id, all of them or none."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from pipeline.config import Config
from pipeline.data import VideoRecord
from pipeline.errors import Code, StoreError
from pipeline.ingest.ledger import Ledger
from pipeline.ingest.state import ledger_path, run_lock
from pipeline.store import VideoStore


def delete(
    config: Config, names: Iterable[str], *, confirm: Callable[[list[VideoRecord]], bool]
) -> list[VideoRecord]:
    """Remove videos and all their rows.

    Args:
        config: Which archive.
        names: Paths under which videos were ingested, or video ids.
        confirm: Asked with what was found; nothing is removed if it says no.

    Returns:
        What was removed.

    Raises:
        StoreError: A name is not in the archive (nothing is removed then), or the store failed.
        LockedError: An ingest is at this collection.
    """
    with run_lock(config), VideoStore.connect(config.store) as store:
        store.open_for_reading()
        found = _find(store, list(dict.fromkeys(names)))
        if not confirm(found):
            return []
        ids = [record.video.video_id for record in found]
        store.delete_videos(ids)
        store.flush()
        with Ledger(ledger_path(config, store.names.segments)) as ledger:
            ledger.forget(ids)
    return found


def _find(store: VideoStore, names: list[str]) -> list[VideoRecord]:
    wanted = {name: os.path.abspath(Path(name).expanduser()) for name in names}
    found: dict[str, VideoRecord] = {}
    for record in store.iterate_videos():
        for name, path in wanted.items():
            if name == record.video.video_id or path in record.paths:
                found[name] = record
    missing = [name for name in names if name not in found]
    if missing:
        raise StoreError(
            f"not in the archive: {', '.join(missing)}; nothing was deleted",
            code=Code.NOT_FOUND,
            uri="vsearch delete",
        )
    return list({record.video.video_id: record for record in found.values()}.values())
