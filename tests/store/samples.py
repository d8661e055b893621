"""Rows to store: made up, but reproducible."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np

from pipeline.data import (
    Box,
    Embedding,
    FileStamp,
    Float32Array,
    Identity,
    Scene,
    Video,
    VideoRecord,
)

DIM = 8
IDENTITY = Identity(
    encoder={"backend": "openai", "model": "ViT-B/32", "sha256": "0" * 64},
    content={"scenes": {"detector": "adaptive", "max_length_s": 30.0}, "sample": {"per_scene": 3}},
    dim=DIM,
)
TILED = replace(
    IDENTITY,
    content={**IDENTITY.content, "sample": {"per_scene": 3, "tiles": {"size": 0.5, "overlap": 0}}},
)
"""Of archives with rows of several kinds."""


def video_id(name: str) -> str:
    """64 hex digits, as of a file's content."""
    return hashlib.sha256(name.encode()).hexdigest()


def embeddings(name: str, count: int = 5) -> list[Embedding]:
    """Rows of one video, one a scene, in random directions that its name decides."""
    random = np.random.default_rng(int(video_id(name)[:8], 16))
    vectors = random.normal(size=(count, DIM)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return [
        Embedding(
            video_id=video_id(name),
            scene=Scene(index, index / 3, (index + 1) / 3, "detected"),
            sample_index=0,
            pts_s=index / 3 + 0.1,
            kind="frame",
            box=Box(0.0, 0.1, 1 / 3, 1.0),
            vector=vector,
        )
        for index, vector in enumerate(vectors)
    ]


def record(
    name: str,
    revision: int = 1,
    *,
    count: int = 5,
    paths: tuple[str, ...] | None = None,
    tags: tuple[str, ...] = (),
    recorded_at: str | None = None,
) -> VideoRecord:
    """What commits `embeddings(name, count)`."""
    where = paths or (f"/archive/{name}.mp4",)
    video = Video(
        video_id=video_id(name),
        path=where[0],
        stamp=FileStamp(123, 1_790_000_000_123_456_789),
        codec="h264",
        container="mov,mp4,m4a,3gp,3g2,mj2",
        width=640,
        height=360,
        rotation=90,
        frames=100,
        duration_s=count / 3,
        frame_rate=30000 / 1001,
        recorded_at=recorded_at,
        comment="seen from the ⚓",
    )
    return VideoRecord(
        video=video,
        revision=revision,
        paths=where,
        rows=count,
        scenes=count,
        mean=mean(embeddings(name, count)),
        indexed_at="2026-11-21T02:00:00+00:00",
        tags=tags,
    )


def mean(rows: list[Embedding]) -> Float32Array:
    """Mean of the rows' vectors, not normalized."""
    return np.mean([row.vector for row in rows], axis=0, dtype=np.float32)
