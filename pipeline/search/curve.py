"""One video and a question -> how well each of its scenes answers."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from pipeline.data import Float32Array, Hit, Scope, ScoreCurve, VideoRecord
from pipeline.errors import Code, MediaError, QueryError
from pipeline.media.probe import content_id
from pipeline.store import VideoStore

LEAST_PREFIX = 4
"""Fewer digits of a content id are no name for a video."""


def find_video(records: Iterable[VideoRecord], name: str) -> VideoRecord:
    """The video of an archive that a name means.

    Args:
        records: All its videos.
        name: A path under which it was ingested, or of any file with its content; its content id;
            or the first digits of that, at least `LEAST_PREFIX`, where no other starts with them.

    Raises:
        QueryError: None is meant (NOT_FOUND), or more than one (QUERY_INVALID).
    """
    path = os.path.abspath(Path(name).expanduser())
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


def score_curve(store: VideoStore, record: VideoRecord, vector: Float32Array) -> ScoreCurve:
    """Compare a question with every row of a video.

    Args:
        store: Open for reading.
        record: A committed video.
        vector: Unit query vector, float32 (dim,).

    Raises:
        MediaError: NO_FRAMES, the video has no rows.
        StoreError: The store failed.
    """
    video_id = record.video.video_id
    scope = Scope(only=frozenset({video_id}), revisions={video_id: record.revision})
    scenes: dict[int, tuple[float, Hit]] = {}
    for hit, row in store.scan(scope):
        score = float(row @ vector)
        best = scenes.get(hit.scene_index)
        if best is None or (-score, hit.pts_s) < (-best[0], best[1].pts_s):
            scenes[hit.scene_index] = score, hit
    if not scenes:
        raise MediaError(
            "has no rows in the archive: ingest it again",
            code=Code.NO_FRAMES,
            uri=record.video.path,
        )
    ordered = sorted(scenes.values(), key=lambda scored: scored[1].start_s)
    return ScoreCurve(
        record,
        np.array([hit.start_s for _, hit in ordered]),
        np.array([hit.end_s for _, hit in ordered]),
        np.array([hit.pts_s for _, hit in ordered]),
        np.array([score for score, _ in ordered], dtype=np.float32),
    )


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
