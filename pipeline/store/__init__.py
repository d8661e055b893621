"""Rows <-> Milvus: the only room that knows it, and the only importer of pymilvus.

What belongs here: the two collections and their indexes, names and versions, filters, and
`VideoStore`, which writes, searches, fetches and deletes rows. What a row means, when a video is
committed and how hits become answers is decided elsewhere.

Importing this package is cheap; pymilvus is imported when `VideoStore` is first touched.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.store.generations import Generation, Generations
    from pipeline.store.lease import leased
    from pipeline.store.milvus import VideoStore
    from pipeline.store.reading import MAX_LIMIT
    from pipeline.store.versions import StoreStats

__all__ = ["MAX_LIMIT", "Generation", "Generations", "StoreStats", "VideoStore", "leased"]

_HOMES = {
    "Generation": "pipeline.store.generations",
    "Generations": "pipeline.store.generations",
    "MAX_LIMIT": "pipeline.store.reading",
    "leased": "pipeline.store.lease",
    "StoreStats": "pipeline.store.versions",
    "VideoStore": "pipeline.store.milvus",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
