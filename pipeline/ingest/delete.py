"""Videos out of the store: found by name, all of them or none."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from pipeline.config import Config
from pipeline.data import VideoRecord
from pipeline.ingest.ledger import Ledger
from pipeline.ingest.named import find_videos
from pipeline.ingest.state import exclusive, ledger_path
from pipeline.store import VideoStore


def delete(
    config: Config, names: Iterable[str], *, confirm: Callable[[list[VideoRecord]], bool]
) -> list[VideoRecord]:
    """Remove videos and all their rows.

    Args:
        config: Which archive.
        names: Which videos, as `find_videos` takes them.
        confirm: Asked with what was found; nothing is removed if it says no.

    Returns:
        What was removed.

    Raises:
        StoreError: A name is not in the archive (nothing is removed then), or the store failed.
        QueryError: The first digits of an id are those of several videos.
        LockedError: An ingest is at this collection.
    """
    with exclusive(config), VideoStore.connect(config.store) as store:
        store.open_for_changing()
        records = store.videos(facts.video_id for facts in find_videos(store, names))
        found = sorted(records.values(), key=lambda record: record.video.path)
        if not confirm(found):
            return []
        store.delete_videos(records)
        store.flush()
        with Ledger(ledger_path(config, store.names.segments)) as ledger:
            ledger.forget(records)
    return found
