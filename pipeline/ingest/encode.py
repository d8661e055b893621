"""Samples -> Embeddings: batches are filled across videos, so that short clips fill the GPU."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Literal

import numpy as np

from pipeline.data import WHOLE_FRAME, Embedding, Float32Array, SceneEmbeddings, SceneSamples
from pipeline.ingest.child import Event
from pipeline.models.base import Encoder

Pooling = Literal["none", "mean"]

# Everything but samples passes through, in its place.
EncodedEvent = Event | SceneEmbeddings


def encode(
    events: Iterable[Event], encoder: Encoder, *, batch_size: int, pooling: Pooling
) -> Iterator[EncodedEvent]:
    """Replace each `SceneSamples` by its `SceneEmbeddings`; the order of events is kept.

    Args:
        events: What the decode processes say.
        encoder: Any encoder.
        batch_size: Pictures a batch; all batches but the last are full.
        pooling: `none` keeps a vector for each sample; `mean` gives one for a scene's frames (tiles
            keep theirs).
    """
    waiting: deque[Event | _Scene] = deque()
    open_samples: deque[tuple[_Scene, int]] = deque()
    for event in events:
        if isinstance(event, SceneSamples):
            scene = _Scene(event)
            waiting.append(scene)
            open_samples.extend((scene, index) for index in range(len(event.samples)))
        else:
            waiting.append(event)
        while len(open_samples) >= batch_size:
            _encode_batch(open_samples, encoder, batch_size)
        yield from _ready(waiting, pooling)
    while open_samples:
        _encode_batch(open_samples, encoder, batch_size)
    yield from _ready(waiting, pooling)


class _Scene:
    """A scene that waits for its vectors."""

    def __init__(self, source: SceneSamples) -> None:
        self.source = source
        self.vectors: list[Float32Array] = []

    @property
    def complete(self) -> bool:
        return len(self.vectors) == len(self.source.samples)


def _encode_batch(
    open_samples: deque[tuple[_Scene, int]], encoder: Encoder, batch_size: int
) -> None:
    batch = [open_samples.popleft() for _ in range(min(batch_size, len(open_samples)))]
    vectors = encoder.encode_images([scene.source.samples[i].pixels for scene, i in batch])
    for (scene, _), vector in zip(batch, vectors, strict=True):
        scene.vectors.append(vector)


def _ready(waiting: deque[Event | _Scene], pooling: Pooling) -> Iterator[EncodedEvent]:
    while waiting:
        head = waiting[0]
        if isinstance(head, _Scene):
            if not head.complete:
                return
            yield SceneEmbeddings(head.source.video_id, _rows(head, pooling))
        else:
            yield head
        waiting.popleft()


def _rows(scene: _Scene, pooling: Pooling) -> tuple[Embedding, ...]:
    source = scene.source
    pairs = list(zip(source.samples, scene.vectors, strict=True))
    frames = [(sample, vector) for sample, vector in pairs if sample.kind == "frame"]
    rows: list[Embedding] = []
    if pooling == "mean" and frames:
        middle = frames[len(frames) // 2][0]
        pooled = pool([vector for _, vector in frames])
        rows.append(
            Embedding(source.video_id, source.scene, 0, middle.pts_s, "scene", WHOLE_FRAME, pooled)
        )
        pairs = [(sample, vector) for sample, vector in pairs if sample.kind != "frame"]
    for sample, vector in pairs:
        rows.append(
            Embedding(
                source.video_id,
                source.scene,
                len(rows),
                sample.pts_s,
                sample.kind,
                sample.box,
                vector,
            )
        )
    return tuple(rows)


def pool(vectors: list[Float32Array]) -> Float32Array:
    """The normalized mean of unit vectors, float32 (dim,); the first one if they cancel out."""
    mean = np.mean(np.stack(vectors), axis=0, dtype=np.float64)
    length = float(np.linalg.norm(mean))
    if length < 1e-6:
        return vectors[0]
    return np.asarray(mean / length, dtype=np.float32)
