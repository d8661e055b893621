"""Whether a new generation may answer: all rows there, vectors sound, the index finds them."""

from __future__ import annotations

import heapq

import numpy as np

from pipeline.data import Float32Array, Scope
from pipeline.errors import Code, StoreError
from pipeline.store import VideoStore

QUERIES = 32
NEAREST = 10
LEAST_RECALL = 0.9
"""What the index must find of the nearest rows, on average."""

_LENGTH_ERROR = 1e-2
_SAME_SCORE = 1e-4


def verify(store: VideoStore) -> None:
    """Check an archive that was filled and is to answer.

    Args:
        store: Open on it.

    Raises:
        StoreError: It is not sound (`index_unsound`), with what was found.
    """
    expected = {(entry.video_id, entry.revision): entry.rows for entry in store.entries()}
    found = store.count_by_revision()
    wrong = sorted(key for key, rows in expected.items() if found[key] != rows)
    if wrong:
        raise _unsound(store, f"{len(wrong)} videos lack rows, such as {wrong[0][0]}")
    vectors = store.sample(QUERIES, of=found.total())
    if not len(vectors):
        return
    lengths = np.linalg.norm(vectors.astype(np.float64), axis=1)
    if not np.all(np.abs(lengths - 1) < _LENGTH_ERROR):
        raise _unsound(store, f"a vector has length {lengths.max():g}, not 1")
    share = recall(store, vectors)
    if share < LEAST_RECALL:
        raise _unsound(
            store,
            f"its index finds {share:.2f} of the {NEAREST} nearest rows, {LEAST_RECALL:g} is asked:"
            " raise store.search.ef (HNSW) or store.search.nprobe (IVF)",
        )


def recall(store: VideoStore, queries: Float32Array) -> float:
    """The share of the nearest rows that the index finds; rows of one score stand for each other.

    Args:
        store: Open on the archive.
        queries: Unit vectors, float32 (n, dim).
    """
    best: list[list[float]] = [[] for _ in queries]
    for _, vector in store.scan(Scope()):
        for scores, cosine in zip(best, queries @ vector, strict=True):
            if len(scores) < NEAREST:
                heapq.heappush(scores, float(cosine))
            elif cosine > scores[0]:
                heapq.heapreplace(scores, float(cosine))
    shares = []
    for scores, query in zip(best, queries, strict=True):
        hits = store.search(query, limit=len(scores), scope=Scope())
        # What a quantized index says itself is too good.
        exact = [float(row @ query) for row in store.vectors(hit.row_id for hit in hits).values()]
        shares.append(sum(cosine >= scores[0] - _SAME_SCORE for cosine in exact) / len(scores))
    return float(np.mean(shares))


def _unsound(store: VideoStore, what: str) -> StoreError:
    return StoreError(
        f"{what}; it was not switched to, and what answered before goes on",
        code=Code.INDEX_UNSOUND,
        uri=store.names.segments,
    )
