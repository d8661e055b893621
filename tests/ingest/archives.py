"""A small archive whose rows are made up, for what changes videos and decodes none."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pipeline.config import Config, IndexConfig
from pipeline.data import VideoRecord
from pipeline.store import VideoStore
from tests.store.samples import IDENTITY, embeddings, record

COPIES = ("/archive/cam1/a.mp4", "/copy/a [1080p].mp4")


def filled(place: Path, records: Iterable[VideoRecord]) -> Config:
    """The settings of an archive of these videos."""
    values = {
        "store": {"uri": str(place / "archive.db")},
        "run": {"state_dir": str(place / "state")},
    }
    config = Config.model_validate(values)
    with VideoStore.connect(config.store) as store:
        store.open_for_writing(IDENTITY, IndexConfig())
        for each in records:
            name = Path(each.video.path).stem
            store.upsert_segments(embeddings(name), each.revision)
        store.commit(records)
    return config


def three() -> list[VideoRecord]:
    """Videos named a (twice there, with tags), b and c."""
    return [
        record("a", paths=COPIES, tags=("night", "rain")),
        record("b", paths=("/archive/cam1/b.mp4",)),
        record("c", paths=("/archive/cam2/c.mp4",), recorded_at="2024-05-01T12:00:00+00:00"),
    ]
