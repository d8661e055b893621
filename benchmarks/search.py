"""From a query vector to ten distinct videos, ranked, in 20,000 rows on Milvus Lite.

The reference is the least that gives an answer: one bare Milvus search for as many rows, and one
lookup of the videos by key, without proof that they are distinct or enough. In one archive hits
spread over its videos; in the other one video owns the nearest 2,000 rows, and has to be got
around.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.result import Ratio, in_turns, middle
from pipeline.config import IndexConfig, StoreConfig
from pipeline.data import (
    WHOLE_FRAME,
    Embedding,
    FileStamp,
    Float32Array,
    Float64Array,
    Identity,
    Scene,
    Video,
    VideoRecord,
)
from pipeline.search.retrieve import ROWS_PER_VIDEO, retrieve
from pipeline.store import VideoStore

DIM, ROWS, VIDEOS, TOP_K = 512, 20_000, 200, 10
OWNED = 2_000
ROUNDS = 15


def measure() -> list[Ratio]:
    with tempfile.TemporaryDirectory() as folder:
        return [
            _measured(Path(folder) / "spread.db", "hits spread over videos", owned=0),
            _measured(Path(folder) / "owned.db", "one video owns the nearest rows", owned=OWNED),
        ]


def _measured(path: Path, name: str, *, owned: int) -> Ratio:
    from pymilvus import MilvusClient

    random = np.random.default_rng(7)
    query = _units(random.normal(size=(1, DIM)))[0]
    config = StoreConfig(uri=str(path))
    identity = Identity(encoder={"backend": "benchmark"}, content={}, dim=DIM)
    with VideoStore.connect(config) as store:
        store.open_for_writing(identity, IndexConfig())
        _fill(store, random, query, owned)
    client = MilvusClient(str(path))
    with VideoStore.connect(config) as store:
        store.open_for_reading()
        seconds = in_turns(
            {
                "ours": lambda: _ours(store, query),
                "bare": partial(_bare, client, store, query),
            },
            rounds=ROUNDS,
        )
    client.close()
    ours, bare = (middle(seconds[key][1:]) * 1000 for key in ("ours", "bare"))
    return Ratio("search", name, ours, bare, "ms", note=f"{ROWS} rows, {VIDEOS} videos")


def _ours(store: VideoStore, query: Float32Array) -> None:
    assert len(retrieve(store, query, top_k=TOP_K).records) >= TOP_K


def _bare(client: Any, store: VideoStore, query: Float32Array) -> None:
    hits = client.search(
        store.names.segments,
        data=[query.tolist()],
        anns_field="vector",
        limit=ROWS_PER_VIDEO * TOP_K,
        search_params={"metric_type": "COSINE", "params": {"ef": 128}},
        output_fields=["video_id", "revision", "start_s", "end_s", "pts_s", "box"],
    )[0]
    ids = sorted({hit["entity"]["video_id"] for hit in hits})
    client.get(store.names.videos, ids=ids)


def _fill(store: VideoStore, random: np.random.Generator, query: Float32Array, owned: int) -> None:
    counts = [owned or ROWS // VIDEOS, *[(ROWS - owned) // VIDEOS] * (VIDEOS - 1)]
    for number, count in enumerate(counts):
        vectors = _units(
            random.normal(size=(count, DIM)) + (query * 40 if owned and not number else 0)
        )
        rows = list(_rows(f"{number:064x}", vectors))
        store.upsert_segments(rows, revision=1)
        store.commit([_record(f"{number:064x}", vectors)])
    store.flush()


def _rows(video_id: str, vectors: Float32Array) -> Iterator[Embedding]:
    for index, vector in enumerate(vectors):
        scene = Scene(index, float(index), index + 1.0, "detected")
        yield Embedding(video_id, scene, 0, index + 0.5, "frame", WHOLE_FRAME, vector)


def _record(video_id: str, vectors: Float32Array) -> VideoRecord:
    video = Video(
        video_id, f"/videos/{video_id}.mp4", FileStamp(1, 1), "h264", "mp4", 640, 360, 0,
        frames=25 * len(vectors), duration_s=float(len(vectors)), frame_rate=25.0,
    )  # fmt: skip
    mean = vectors.mean(axis=0)
    return VideoRecord(video, 1, (video.path,), len(vectors), len(vectors), mean, "2026-01-01")


def _units(vectors: Float64Array) -> Float32Array:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)
