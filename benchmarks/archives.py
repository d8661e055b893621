"""Archives of made-up vectors for benchmarks of search, and what is true of them.

What belongs here: drawing the vectors, writing them to a store, and the scores of all videos
computed from the vectors themselves. What is measured with them does not.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from pymilvus import MilvusClient

from pipeline.config import StoreConfig
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
from pipeline.store import VideoStore

DIM = 512
IDENTITY = Identity({"backend": "benchmark"}, {"sample": {"per_scene": 1}}, DIM)
LATENT = 32
"""Directions in which structured vectors differ, as those of a real model do in few."""

TOP_ROWS, TEMPERATURE = 3, 0.1
"""What docs/search.md says of `top_mean` and `softmax`."""

_POLL_S = 2.0
_PATIENCE_S = 3600.0


@dataclass(frozen=True, slots=True, eq=False)
class Vectors:
    """An archive to be.

    Args:
        rows: Unit vectors, float32 (rows, DIM), video by video.
        sizes: How many of them each video has, int (videos,).
        queries: Unit vectors to ask with, float32 (n, DIM).
    """

    rows: Float32Array
    sizes: list[int]
    queries: Float32Array

    def videos(self) -> Iterator[tuple[str, Float32Array]]:
        """Each video's id and rows."""
        for number, part in enumerate(np.split(self.rows, np.cumsum(self.sizes)[:-1])):
            yield video_id(number), part

    def best(self, query: Float32Array, top_k: int) -> dict[str, list[str]]:
        """The best videos by each aggregation, from all rows, in float64: best first."""
        cosines = (self.rows @ query).astype(np.float64)
        starts = np.concatenate([[0], np.cumsum(self.sizes)[:-1]])
        shares = np.exp(cosines / TEMPERATURE)
        parts = np.split(cosines, starts[1:])
        scores = {
            "max": np.maximum.reduceat(cosines, starts),
            "mean": np.add.reduceat(cosines, starts) / self.sizes,
            "top_mean": np.array([np.sort(part)[-TOP_ROWS:].mean() for part in parts]),
            "softmax": np.add.reduceat(cosines * shares, starts) / np.add.reduceat(shares, starts),
        }
        return {
            name: [video_id(int(number)) for number in np.argsort(-each, kind="stable")[:top_k]]
            for name, each in scores.items()
        }


def video_id(number: int) -> str:
    """The id of a made-up video."""
    return f"{number:064x}"


def unequal(random: np.random.Generator, *, rows: int, videos: int, share: float) -> list[int]:
    """Lengths of videos, very unequal; the first has a given share of all rows."""
    first = int(rows * share)
    drawn = random.lognormal(0, 1.2, videos - 1)
    rest = np.maximum(1, (drawn / drawn.sum() * (rows - first)).astype(int))
    rest[0] += rows - first - rest.sum()
    return [first, *map(int, rest)]


def scattered(random: np.random.Generator, sizes: list[int], queries: int) -> Vectors:
    """Rows and queries in every direction: no index can tell where to look."""
    drawn = random.normal(size=(sum(sizes) + queries, DIM))
    return _cut(units(drawn), sizes)


def structured(random: np.random.Generator, sizes: list[int], queries: int) -> Vectors:
    """Rows of a video are alike, and everything differs in LATENT directions, but for noise."""
    axes = random.normal(size=(LATENT, DIM)) / np.sqrt(DIM)
    subjects = random.normal(size=(len(sizes), LATENT)).repeat(sizes, axis=0)
    places = 0.7 * subjects + 0.7 * random.normal(size=(sum(sizes), LATENT))
    latent = np.concatenate([places, random.normal(size=(queries, LATENT))])
    noise = random.normal(size=(len(latent), DIM)) / np.sqrt(DIM)
    return _cut(units(latent @ axes + noise), sizes)


def owned(random: np.random.Generator, sizes: list[int], queries: int) -> Vectors:
    """As `scattered`, but all queries lie among the first video's rows, far from all others."""
    drawn = random.normal(size=(sum(sizes) + queries, DIM))
    centre = random.normal(size=DIM)
    drawn[: sizes[0]] += centre
    drawn[sum(sizes) :] += centre
    return _cut(units(drawn), sizes)


@contextmanager
def filled(config: StoreConfig, archive: Vectors) -> Iterator[None]:
    """Within the block a server holds this archive, ready for questions."""
    with VideoStore.connect(config) as store:
        store.open_for_writing(IDENTITY, config.index)
        fill(store, archive)
        settle(config, store.names.segments)
        yield
        client = MilvusClient(config.uri)
        for name in (store.names.segments, store.names.videos):
            client.release_collection(name)
        client.close()


def fill(store: VideoStore, archive: Vectors) -> None:
    """Write and commit all videos, to a store that is open for writing."""
    rows = (row for key, vectors in archive.videos() for row in _rows(key, vectors))
    store.upsert_segments(rows, revision=1)
    store.commit(_record(key, vectors) for key, vectors in archive.videos())
    store.flush()


def settle(config: StoreConfig, name: str) -> None:
    """Wait until a server has merged and indexed all parts of a collection, and loaded those.

    It does so by itself after a while, which would disturb what is measured meanwhile.
    """
    client = MilvusClient(config.uri)
    deadline = time.monotonic() + _PATIENCE_S
    job = client.compact(name)
    while client.get_compaction_state(job) != "Completed" or _unindexed(client, name):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{name} is not indexed after {_PATIENCE_S:g} s")
        time.sleep(_POLL_S)
    client.release_collection(name)
    client.load_collection(name)
    client.close()


def units(vectors: Float64Array) -> Float32Array:
    """Vectors brought to length 1."""
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


def _cut(vectors: Float32Array, sizes: list[int]) -> Vectors:
    return Vectors(vectors[: sum(sizes)], sizes, vectors[sum(sizes) :])


def _unindexed(client: MilvusClient, name: str) -> bool:
    index = client.describe_index(name, "vector")
    return bool(index["state"] != "Finished" or index["pending_index_rows"])


def _rows(key: str, vectors: Float32Array) -> Iterator[Embedding]:
    for index, vector in enumerate(vectors):
        scene = Scene(index, float(index), index + 1.0, "detected")
        yield Embedding(key, scene, 0, index + 0.5, "frame", WHOLE_FRAME, vector)


def _record(key: str, vectors: Float32Array) -> VideoRecord:
    video = Video(
        key, f"/videos/{key}.mp4", FileStamp(1, 1), "h264", "mp4", 640, 360, 0,
        frames=25 * len(vectors), duration_s=float(len(vectors)), frame_rate=25.0,
    )  # fmt: skip
    mean = np.asarray(vectors.mean(axis=0, dtype=np.float64), dtype=np.float32)
    return VideoRecord(video, 1, (video.path,), len(vectors), len(vectors), mean, "2026-01-01")
