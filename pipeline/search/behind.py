"""The best videos -> the rows that their moments and their evidence are made of."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import numpy as np

from pipeline.data import Float32Array, Hit, Scope, VideoRecord, row_id
from pipeline.filters import EVERY_ROW, NO_ROWS, Selection
from pipeline.search.moments import ALIKE, Sampling, moments_of
from pipeline.search.retrieve import first_window
from pipeline.search.rows import all_rows
from pipeline.store import VideoStore

_REACH = 3
"""So many scenes on both sides of the best row's are read at first."""

_WIDENING = 4


@dataclass(frozen=True, slots=True)
class Behind:
    """What is behind the best videos.

    Args:
        rows: Of each, best first, by video id.
        vectors: Of rows as far as they came along, by key.
    """

    rows: dict[str, list[Hit]]
    vectors: dict[str, Float32Array] = field(default_factory=dict)


def rows_behind(
    store: VideoStore,
    vector: Float32Array,
    records: Mapping[str, VideoRecord],
    sampling: Sampling,
    *,
    gap_s: float,
    selection: Selection = EVERY_ROW,
    best: Mapping[str, Hit] | None = None,
    every: bool = False,
) -> Behind:
    """Rows of the best videos: every one, or the nearest and all in the best moment of each video.

    Args:
        store: Open for reading.
        vector: Unit query vector, float32 (dim,).
        records: The videos.
        sampling: Of the archive.
        gap_s: As in `moments_of`.
        selection: Which of their rows count.
        best: The best row of each video, as far as it is known.
        every: All rows, not the nearest alone.
    """
    if every or not records:
        return Behind(all_rows(store, vector, records.values(), selection=selection))
    reader = _Reader(store, vector, records, sampling, gap_s, selection)
    first = {key: hit for key, hit in (best or {}).items() if key in records}
    limit = first_window(len(records))
    # Mostly both are needed, and neither waits for the other.
    with ThreadPoolExecutor(1) as other:
        reading = other.submit(reader.around, first, _REACH)
        found = reader.nearest(records, limit)
    if sum(map(len, found.values())) < limit:
        return Behind(found, reader.vectors)
    cutoff = min(hit.score for hits in found.values() for hit in hits)
    # One of which no row was among the nearest, or is known, is asked for by itself.
    for key in [key for key, hits in found.items() if not hits]:
        found |= {key: [first[key]]} if key in first else reader.nearest([key], limit)
    open_ = {key: hits[0] for key, hits in found.items() if hits and cutoff > reader.level(hits[0])}
    inside = reader.moments(open_, reading.result())
    found |= {key: _joined(found[key], hits) for key, hits in inside.items()}
    return Behind(found, reader.vectors)


@dataclass(frozen=True, slots=True)
class _Run:
    """All rows around one that count, of scenes in a row, and what time these scenes cover."""

    best: Hit
    rows: list[Hit]
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class _Reader:
    """How rows of the best videos are read; as the arguments of `rows_behind`."""

    store: VideoStore
    vector: Float32Array
    records: Mapping[str, VideoRecord]
    sampling: Sampling
    gap_s: float
    selection: Selection
    vectors: dict[str, Float32Array] = field(default_factory=dict)

    def nearest(self, videos: Collection[str], limit: int) -> dict[str, list[Hit]]:
        """The nearest of all rows of some videos, best first, by video id."""
        masks = {video_id: self.selection.mask(video_id) for video_id in videos}
        revisions = {video_id: self.records[video_id].revision for video_id in videos}
        scope = Scope(revisions=revisions, selection=Selection(masks, NO_ROWS))
        found: dict[str, list[Hit]] = {video_id: [] for video_id in videos}
        for hit in self.store.search(self.vector, limit=limit, scope=scope):
            found[hit.video_id].append(hit)
        return found

    def around(self, best: Mapping[str, Hit], reach: int) -> dict[str, _Run]:
        """All rows of the scenes around these, by video id.

        Their keys follow from the place of a row in its video: rows by key cost less than a search
        of so many.
        """
        found: dict[str, dict[int, list[Hit]]] = {video_id: {} for video_id in best}
        unread = [
            (video_id, scene, range(self._rows_a_scene(video_id)))
            for video_id, hit in best.items()
            for scene in self._scenes(hit, reach)
        ]
        while unread:
            keys = {
                row_id(video_id, self.records[video_id].revision, scene, place): video_id
                for video_id, scene, places in unread
                for place in places
            }
            for hit, vector in self.store.rows(keys):
                self.vectors[hit.row_id] = vector
                scored = replace(hit, score=float(vector @ self.vector))
                found[hit.video_id].setdefault(hit.scene_index, []).append(scored)
            # A scene that has a row at each of these places may have more.
            unread = [
                (video_id, scene, range(places.stop, 2 * places.stop))
                for video_id, scene, places in unread
                if len(found[video_id].get(scene, ())) == places.stop
            ]
        return {
            video_id: self._run(hit, self._scenes(hit, reach), found[video_id])
            for video_id, hit in best.items()
        }

    def level(self, best: Hit) -> float:
        """Down to which cosine the rows of a video matter for its best moment."""
        return min((best.score + self._average(best.video_id)) / 2, best.score - ALIKE)

    def moments(self, best: Mapping[str, Hit], around: Mapping[str, _Run]) -> dict[str, list[Hit]]:
        """Rows of the moment around each of these, as wide as it is, by video id.

        Args:
            best: The best row of each video.
            around: What was read already.
        """
        found: dict[str, list[Hit]] = {}
        open_, reach = dict(best), _REACH
        # What was read around another row than the best one serves nothing.
        known = {
            key: run
            for key, run in around.items()
            if key in best and run.best.row_id == best[key].row_id
        }
        while open_:
            known |= self.around(
                {key: hit for key, hit in open_.items() if key not in known}, reach
            )
            for video_id, hit in tuple(open_.items()):
                if (inside := self.moment(hit, known[video_id])) is not None:
                    found[video_id] = inside
                    del open_[video_id]
            known, reach = {}, reach * _WIDENING
        return found

    def moment(self, best: Hit, around: _Run) -> list[Hit] | None:
        """Rows of the moment around the best row; None if it may reach beyond what was read."""
        known = {hit.row_id: hit for hit in (*around.rows, best)}
        moment, *_ = moments_of(
            known.values(),
            self.sampling,
            gap_s=self.gap_s,
            average=self._average(best.video_id),
            mask=self.selection.mask(best.video_id),
        )
        starts = around.start_s < moment.start_s - self.gap_s
        ends = moment.end_s + self.gap_s < around.end_s
        if not (starts and ends):
            return None
        return [hit for hit in known.values() if moment.start_s <= hit.pts_s < moment.end_s]

    def _rows_a_scene(self, video_id: str) -> int:
        record = self.records[video_id]
        return 1 + math.ceil(record.rows / record.scenes)

    def _scenes(self, best: Hit, reach: int) -> range:
        last = self.records[best.video_id].scenes - 1
        return range(max(0, best.scene_index - reach), 1 + min(last, best.scene_index + reach))

    def _run(self, best: Hit, asked: range, scenes: Mapping[int, Sequence[Hit]]) -> _Run:
        """Rows by scene as one run; beyond the first and the last scene there is nothing."""
        every = [hit for hits in scenes.values() for hit in hits]
        mask = self.selection.mask(best.video_id)
        last = self.records[best.video_id].scenes - 1
        return _Run(
            best,
            [hit for hit in every if mask.admits(hit.kind, hit.pts_s)],
            min((hit.start_s for hit in every), default=0.0) if asked.start > 0 else -math.inf,
            max((hit.end_s for hit in every), default=0.0) if asked.stop <= last else math.inf,
        )

    def _average(self, video_id: str) -> float:
        return float(np.dot(self.records[video_id].mean, self.vector))


def _joined(hits: Sequence[Hit], more: Sequence[Hit]) -> list[Hit]:
    both = {hit.row_id: hit for hit in (*hits, *more)}
    return sorted(both.values(), key=lambda hit: (-hit.score, hit.pts_s))
