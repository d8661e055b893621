"""Domain types <-> rows: the one place that knows how each fact is written down.

Pure functions: no connection, no pymilvus.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any, TypeVar

import numpy as np

from pipeline.data import (
    Box,
    Embedding,
    FileStamp,
    Float32Array,
    Hit,
    Place,
    Totals,
    Video,
    VideoEntry,
    VideoFacts,
    VideoRecord,
    video_key,
)
from pipeline.errors import Code, StoreError

Row = dict[str, Any]
T = TypeVar("T")

MAX_PATHS = 4096
"""Most paths, and most tags, of one video: the largest array that Milvus holds."""
_ROW_OVERHEAD_BYTES = 512
_KEYS_A_REQUEST = 1000
_SURROGATE = re.compile(r"\\(\\|u[0-9a-f]{4})")


def with_keys(row: Row, stretch: int) -> Row:
    """A row of `segments` with what it is found by, where so many scenes are a stretch."""
    part = Place(row["video_id"], row["revision"], row["scene_index"]).stretch(stretch)
    return {**row, "video_key": video_key(part.video_id), "stretch_key": part.key}


def segment_row(embedding: Embedding, revision: int) -> Row:
    """The facts in a row of `segments`."""
    return {
        "row_id": embedding.row_id(revision),
        "video_id": embedding.video_id,
        "revision": revision,
        "scene_index": embedding.scene.index,
        "start_s": embedding.scene.start_s,
        "end_s": embedding.scene.end_s,
        "pts_s": embedding.pts_s,
        "kind": embedding.kind,
        "box": [embedding.box.x0, embedding.box.y0, embedding.box.x1, embedding.box.y1],
        "vector": np.asarray(embedding.vector, dtype=np.float32),
    }


def hit_row(hit: Hit, vector: Float32Array) -> Row:
    """The facts in the row of `segments` that was read as this hit and vector."""
    box = hit.box
    return {
        "row_id": hit.row_id,
        "video_id": hit.video_id,
        "revision": hit.revision,
        "scene_index": hit.scene_index,
        "start_s": hit.start_s,
        "end_s": hit.end_s,
        "pts_s": hit.pts_s,
        "kind": hit.kind,
        "box": [box.x0, box.y0, box.x1, box.y1],
        "vector": np.asarray(vector, dtype=np.float32),
    }


def video_row(record: VideoRecord) -> Row:
    """A row of `videos`.

    Raises:
        StoreError: More paths or tags than Milvus holds.
    """
    for name, texts in (("paths", record.paths), ("tags", record.tags)):
        if len(texts) > MAX_PATHS:
            raise StoreError(
                f"this video has {len(texts)} {name}, Milvus holds {MAX_PATHS}: remove some",
                code=Code.STORE_FAILED,
                uri=record.video.path,
            )
    probe = asdict(record.video)
    del probe["recorded_at"]
    probe["path"] = escape(record.video.path)
    return {
        "video_id": record.video.video_id,
        "revision": record.revision,
        "probe": probe,
        "paths": [escape(path) for path in record.paths],
        "tags": [escape(tag) for tag in record.tags],
        "recorded_at": record.video.recorded_at or "",
        "indexed_at": record.indexed_at,
        "rows": record.rows,
        "scenes": record.scenes,
        "mean": np.asarray(record.mean, dtype=np.float32),
    }


def video_record(row: Mapping[str, Any]) -> VideoRecord:
    """The record that `video_row` wrote down."""
    probe = dict(row["probe"])
    probe["path"] = unescape(probe["path"])
    probe["stamp"] = FileStamp(**probe["stamp"])
    probe["covered"] = _spans(probe)
    return VideoRecord(
        video=Video(**probe, recorded_at=row["recorded_at"] or None),
        revision=int(row["revision"]),
        paths=tuple(unescape(path) for path in row["paths"]),
        rows=int(row["rows"]),
        scenes=int(row["scenes"]),
        mean=as_vector(row["mean"]),
        indexed_at=row["indexed_at"],
        tags=tuple(unescape(tag) for tag in row["tags"]),
    )


def video_entry(row: Mapping[str, Any]) -> VideoEntry:
    """The entry in a row of `videos` that was read with ENTRY_FIELDS."""
    return VideoEntry(
        video_id=row["video_id"],
        revision=int(row["revision"]),
        rows=int(row["rows"]),
        paths=tuple(unescape(path) for path in row["paths"]),
        tags=tuple(unescape(tag) for tag in row["tags"]),
        recorded_at=row["recorded_at"] or None,
        recorded_from=row["probe"].get("recorded_from"),
    )


def video_facts(row: Mapping[str, Any]) -> VideoFacts:
    """The facts in a row of `videos` that was read with FACT_FIELDS."""
    return VideoFacts(
        video_id=row["video_id"],
        paths=tuple(unescape(path) for path in row["paths"]),
        tags=tuple(unescape(tag) for tag in row["tags"]),
        recorded_at=row["recorded_at"] or None,
        duration_s=float(row["probe"]["duration_s"]),
    )


def totals(read: Iterable[Mapping[str, Any]]) -> Totals:
    """Sums over rows of `videos` that were read with TOTAL_FIELDS, of which none is kept."""
    videos = count = 0
    video_s = 0.0
    oldest: str | None = None
    newest: str | None = None
    partial: dict[str, tuple[tuple[float, float], ...]] = {}
    for row in read:
        videos += 1
        count += int(row["rows"])
        video_s += float(row["probe"]["duration_s"])
        oldest = min(oldest or row["indexed_at"], row["indexed_at"])
        newest = max(newest or row["indexed_at"], row["indexed_at"])
        if spans := _spans(row["probe"]):
            partial[unescape(row["probe"]["path"])] = spans
    return Totals(videos, count, video_s, oldest, newest, dict(sorted(partial.items())))


def _spans(probe: Mapping[str, Any]) -> tuple[tuple[float, float], ...]:
    # Rows of earlier versions have none.
    return tuple((float(start_s), float(end_s)) for start_s, end_s in probe.get("covered", ()))


def hit(row: Mapping[str, Any], score: float) -> Hit:
    """A row of `segments` without its vector."""
    place = (row["video_id"], int(row["revision"]), int(row["scene_index"]))
    times = (float(row["start_s"]), float(row["end_s"]), float(row["pts_s"]))
    return Hit(row["row_id"], *place, *times, row["kind"], Box(*row["box"]), score)


def as_vector(values: Any) -> Float32Array:
    """A stored vector, float32 (dim,)."""
    return np.asarray(values, dtype=np.float32)


def escape(text: str) -> str:
    """Text that UTF-8 can write: the lone surrogates of odd file names are spelled out."""
    return text.replace("\\", "\\\\").encode("utf-8", "backslashreplace").decode()


def unescape(text: str) -> str:
    """The text that `escape` was given."""
    if "\\" not in text:
        return text
    return _SURROGATE.sub(lambda m: "\\" if m[1] == "\\" else chr(int(m[1][1:], 16)), text)


def row_bytes(row: Row) -> int:
    """At least the size of a row in a request."""
    texts = sum(len(text.encode()) for text in (*row.get("paths", ()), *row.get("tags", ())))
    path = len(row["probe"]["path"].encode()) if "probe" in row else 0
    vector = row["vector"] if "vector" in row else row["mean"]
    return int(vector.nbytes) + texts + path + _ROW_OVERHEAD_BYTES


def batches(
    items: Iterable[T], *, limit: int, size: Callable[[T], int], key: Callable[[T], str]
) -> Iterator[list[T]]:
    """Cut a stream into requests, in order.

    A batch holds at most `limit` bytes, unless its one item alone is more, and no key twice: within
    one upsert that is an error, while in the next the later row replaces the earlier.
    """
    batch: list[T] = []
    keys: set[str] = set()
    total = 0
    for item in items:
        if batch and (total + size(item) > limit or key(item) in keys):
            yield batch
            batch, keys, total = [], set(), 0
        batch.append(item)
        keys.add(key(item))
        total += size(item)
    if batch:
        yield batch


def chunks(keys: Sequence[T]) -> Iterator[Sequence[T]]:
    """Slices short enough for one request."""
    return (keys[start : start + _KEYS_A_REQUEST] for start in range(0, len(keys), _KEYS_A_REQUEST))
