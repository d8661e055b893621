"""Videos and moments of the archive, as somebody names them -> their stored vectors."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.data import Float32Array, Scope, Spot, VideoRecord
from pipeline.errors import Code, MediaError, QueryError
from pipeline.filters import NO_ROWS, RowMask, Selection, Span
from pipeline.media.probe import content_id
from pipeline.store import VideoStore
from pipeline.text import clock

LEAST_PREFIX = 4
"""Fewer digits of a content id are no name for a video."""

_CONTENT_ID = re.compile("[0-9a-f]{64}")

_AROUND_S = (2.0, 30.0, math.inf)
"""How far from a moment its nearest sample is looked for, at first and then."""


@dataclass(frozen=True, slots=True, eq=False)
class Seed:
    """What a spot stands for.

    Args:
        record: Its video.
        vector: Unit vector of what is seen there, float32 (dim,).
    """

    record: VideoRecord
    vector: Float32Array


def find_seeds(store: VideoStore, spots: Sequence[Spot]) -> list[Seed]:
    """The stored vectors of some spots.

    A moment is the sample of its video that is nearest in time; a whole video is the mean of its
    rows.

    Args:
        store: Open for reading.
        spots: What somebody named.

    Raises:
        QueryError: No one video is meant, or the moment is behind its end.
        MediaError: NO_FRAMES, the video has no rows.
        StoreError: The store failed.
    """
    found: list[Seed] = []
    records = find_videos(store, [spot.video for spot in spots])
    for spot, record in zip(spots, records, strict=True):
        vector = record.mean if spot.at_s is None else _seen_at(store, record, spot.at_s)
        found.append(Seed(record, np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)))
    return found


def find_videos(store: VideoStore, names: Sequence[str]) -> list[VideoRecord]:
    """The videos that names mean, one each; all videos are read where a name is no whole id.

    Args:
        store: Open for reading.
        names: As `find_video` takes them.

    Raises:
        QueryError: As `find_video`.
        StoreError: The store failed.
    """
    keys = [name.lower() for name in names]
    known = store.videos([key for key in keys if _CONTENT_ID.fullmatch(key)])
    records = [] if known.keys() >= set(keys) else list(store.iterate_videos())
    return [
        known[key] if key in known else find_video(records, name)
        for key, name in zip(keys, names, strict=True)
    ]


def find_video(records: Iterable[VideoRecord], name: str) -> VideoRecord:
    """The video of an archive that a name means.

    Args:
        records: All its videos.
        name: A path under which it was ingested, or of any file with its content; its content id;
            or the first digits of that, at least `LEAST_PREFIX`, where no other starts with them.

    Raises:
        QueryError: None is meant (NOT_FOUND), or more than one (QUERY_INVALID).
    """
    path = os.path.abspath(os.path.expanduser(name))  # noqa: PTH111  it leaves unknown users alone
    size_bytes = _size_of(path)
    alike: list[VideoRecord] = []
    same_size: dict[str, VideoRecord] = {}
    for record in records:
        video_id = record.video.video_id
        if path in record.paths or name.lower() == video_id:
            return record
        if len(name) >= LEAST_PREFIX and video_id.startswith(name.lower()):
            alike.append(record)
        if record.video.stamp.size_bytes == size_bytes:
            same_size[video_id] = record
    # A copy that was never ingested: only a file of the right size is worth reading.
    if same_size and (copy := same_size.get(content_id(Path(path)))):
        return copy
    return _only(alike, name)


def no_rows(record: VideoRecord) -> MediaError:
    """What to say of a committed video without rows."""
    return MediaError(
        "has no rows in the archive: ingest it again", code=Code.NO_FRAMES, uri=record.video.path
    )


def _seen_at(store: VideoStore, record: VideoRecord, at_s: float) -> Float32Array:
    """The vector of the sample that is nearest in time."""
    if at_s > record.video.duration_s:
        raise QueryError(
            f"{clock(at_s)} is behind its end, {clock(record.video.duration_s)}",
            code=Code.QUERY_INVALID,
            uri=record.video.path,
        )
    for around_s in _AROUND_S:
        near = [
            (abs(pts_s - at_s), pts_s, vector)
            for pts_s, vector in _samples(
                store, record, Span(max(0.0, at_s - around_s), at_s + around_s)
            )
        ]
        if near:
            return min(near, key=lambda sample: sample[:2])[2]
    raise no_rows(record)


def _samples(
    store: VideoStore, record: VideoRecord, span: Span
) -> Iterator[tuple[float, Float32Array]]:
    """Times and vectors of a video's samples, of whole frames where there are any."""
    video_id = record.video.video_id
    mask = RowMask((span,), (span,), ())
    scope = Scope(
        revisions={video_id: record.revision}, selection=Selection({video_id: mask}, NO_ROWS)
    )
    return ((hit.pts_s, vector) for hit, vector in store.scan(scope))


def _size_of(path: str) -> int | None:
    try:
        return Path(path).stat().st_size if Path(path).is_file() else None
    except (OSError, ValueError):
        return None


def _only(alike: list[VideoRecord], name: str) -> VideoRecord:
    if not alike:
        raise QueryError(
            "is not in the archive: give a path as ingested, or the start of a content id"
            " (vsearch query --json shows them)",
            code=Code.NOT_FOUND,
            uri=name,
        )
    if len(alike) > 1:
        ids = ", ".join(record.video.video_id[: len(name) + 6] for record in alike[:3])
        raise QueryError(
            f"{len(alike)} videos start with it ({ids}): give more digits",
            code=Code.QUERY_INVALID,
            uri=name,
        )
    return alike[0]
