"""Small archives for searches: videos of unequal length, and what comparing all rows finds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from pipeline.data import Aggregate, Box, Embedding, Float32Array, Float64Array, Scene, VideoRecord
from pipeline.filters import EVERY_ROW, KINDS, Selection
from pipeline.store import VideoStore
from tests.store.samples import DIM, mean, record, video_id

ROWS_A_TIME = 3
"""Rows of one video that show the same time."""


@dataclass(frozen=True)
class Made:
    """A video and its rows, as they are committed."""

    record: VideoRecord
    rows: tuple[Embedding, ...]


def direction(random: np.random.Generator) -> Float32Array:
    """A unit vector, float32 (DIM,)."""
    vector = random.normal(size=DIM)
    unit: Float32Array = (vector / np.linalg.norm(vector)).astype(np.float32)
    return unit


def made(name: str, rows: int, random: np.random.Generator) -> Made:
    """A video whose rows look a little alike; several of them show each time."""
    alike = direction(random) * random.uniform(0, 2)
    found = []
    for index in range(rows):
        place, within = divmod(index, ROWS_A_TIME)
        vector = alike + direction(random)
        vector /= np.linalg.norm(vector)
        scene = Scene(place, float(place), place + 1.0, "detected")
        kind = KINDS[int(random.integers(len(KINDS)))]
        found.append(
            Embedding(
                video_id(name), scene, within, place + 0.5, kind, Box(0, 0, 1, 1),
                vector.astype(np.float32),
            )
        )  # fmt: skip
    return Made(replace(record(name, count=rows), mean=mean(found)), tuple(found))


def archive(seed: int, videos: int = 18, most: int = 14) -> list[Made]:
    """Videos of any length, of which the first owns a third of all rows."""
    random = np.random.default_rng(seed)
    lengths = [int(random.integers(1, most)) for _ in range(videos - 1)]
    lengths = [sum(lengths) // 2, *lengths]
    return [made(f"{seed}-{n}", length, random) for n, length in enumerate(lengths)]


def fill(store: VideoStore, videos: list[Made]) -> None:
    """Write an archive, with rows that do not count: left over, and of no video."""
    random = np.random.default_rng(len(videos))
    for one in videos[::3]:
        left_over = made("left over", 2 * len(one.rows), random).rows
        of_it = [replace(row, video_id=one.record.video.video_id) for row in left_over]
        store.upsert_segments(of_it, one.record.revision + 6)
    store.upsert_segments(made("half-written", 30, random).rows, 1)
    for one in videos:
        store.upsert_segments(one.rows, one.record.revision)
    store.commit(one.record for one in videos)


def cosines(
    videos: list[Made], vector: Float32Array, selection: Selection = EVERY_ROW
) -> dict[str, Float64Array]:
    """The cosines of all rows that count, by video id, best first; of videos that have any."""
    found = {}
    for one in videos:
        mask = selection.mask(one.record.video.video_id)
        counting = [row.vector @ vector for row in one.rows if mask.admits(row.kind, row.pts_s)]
        if counting:
            found[one.record.video.video_id] = -np.sort(-np.array(counting, dtype=np.float64))
    return found


def scored(aggregate: Aggregate, known: Mapping[str, Float64Array]) -> dict[str, float]:
    """The score of every video, best first, by the definitions in docs/search.md."""
    score: dict[Aggregate, Callable[[Float64Array], float]] = {
        "max": lambda values: values[0],
        "mean": lambda values: values.mean(),
        "top_mean": lambda values: values[:3].mean(),
        "softmax": lambda values: float(np.average(values, weights=np.exp(values / 0.1))),
    }
    scores = {video: float(score[aggregate](values)) for video, values in known.items()}
    return dict(sorted(scores.items(), key=lambda one: (-one[1], one[0])))
