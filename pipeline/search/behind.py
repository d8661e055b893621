"""The best videos -> the rows that their moments and their evidence are made of."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from pipeline.data import Float32Array, Hit, Moment, Scope, VideoRecord, row_id
from pipeline.filters import ALL_ROWS, EVERY_ROW, NO_ROWS, RowMask, Selection
from pipeline.search.moments import Sampling, best_moment_of
from pipeline.search.retrieve import first_window
from pipeline.search.rows import all_rows
from pipeline.search.score import Scored
from pipeline.store import VideoStore

_REACH = 4
"""At most so many scenes on both sides of the best row's are read at first."""


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
    scored: Scored,
    sampling: Sampling,
    *,
    gap_s: float,
    selection: Selection = EVERY_ROW,
    every: bool = False,
) -> Behind:
    """Rows of the best videos: every one, or the nearest and all in the best moment of each video.

    Args:
        store: Open for reading.
        vector: Unit query vector, float32 (dim,).
        scored: The videos, and what is known of their rows: where nothing is, the nearest are
            searched.
        sampling: Of the archive.
        gap_s: As in `moments_of`.
        selection: Which of their rows count.
        every: All rows, not the nearest alone.
    """
    records = scored.records
    if every or not records:
        return Behind(all_rows(store, vector, records.values(), selection=selection))
    reader = _Reader(store, vector, records, sampling, gap_s, selection)
    limit = first_window(len(records))
    found = {key: list(scored.rows.get(key, ())) for key in records}
    if not any(found.values()):
        found = reader.nearest(records, limit)
        if sum(map(len, found.values())) < limit:
            return Behind(found, reader.vectors)
    # One of which no row was among the nearest is asked for by itself.
    for key in [key for key, hits in found.items() if not hits]:
        found |= reader.nearest([key], limit)
    parts = {key: hits[0] for key, hits in found.items() if 0 < len(hits) < records[key].rows}
    inside = reader.moments(parts)
    found |= {key: _joined(found[key], hits) for key, hits in inside.items()}
    return Behind(found, reader.vectors)


class _Around:
    """The rows around the best one of a video, of scenes in a row, as far as they were read.

    Args:
        best: The best row.
        record: Of the video.
        mask: Which of its rows count.
        reach: So many scenes on both sides are to be read first.
    """

    def __init__(self, best: Hit, record: VideoRecord, mask: RowMask, reach: int) -> None:
        self.rows = {best.row_id: best}
        self.record = record
        self.mask = mask
        self.unread = self._within(best.scene_index - reach, best.scene_index + reach + 1)
        self._scenes = range(best.scene_index, best.scene_index)
        self._start_s, self._end_s = best.start_s, best.end_s

    def take(self, found: Iterable[Hit]) -> None:
        """Note the rows of the scenes that were unread."""
        every = self.mask == ALL_ROWS
        for hit in found:
            self._start_s = min(self._start_s, hit.start_s)
            self._end_s = max(self._end_s, hit.end_s)
            if every or self.mask.admits(hit.kind, hit.pts_s):
                self.rows[hit.row_id] = hit
        both = (*self._scenes, *self.unread)
        self._scenes = range(min(both), max(both) + 1)
        self.unread = []

    def widen(self, start_s: float, end_s: float) -> None:
        """What is to be read next if these times are to be known: as much again on that side."""
        scenes = self._scenes
        if self._start_s >= start_s:
            self.unread += self._within(scenes.start - len(scenes), scenes.start)
        if self._end_s <= end_s:
            self.unread += self._within(scenes.stop, scenes.stop + len(scenes))

    def _within(self, start: int, stop: int) -> list[int]:
        return list(range(max(0, start), min(self.record.scenes, stop)))


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

    def moments(self, best: Mapping[str, Hit]) -> dict[str, list[Hit]]:
        """Rows of the moment around each of these, as wide as it is, by video id.

        Args:
            best: The best row of each video.
        """
        found: dict[str, list[Hit]] = {}
        open_ = {
            key: _Around(hit, self.records[key], self.selection.mask(key), self._reach(hit))
            for key, hit in best.items()
        }
        while open_:
            self._read(open_)
            for video_id, around in open_.items():
                moment = self._moment(around)
                found[video_id] = [
                    hit
                    for hit in around.rows.values()
                    if moment.start_s <= hit.pts_s < moment.end_s
                ]
                around.widen(moment.start_s - self.gap_s, moment.end_s + self.gap_s)
            open_ = {key: around for key, around in open_.items() if around.unread}
        return found

    def _read(self, open_: Mapping[str, _Around]) -> None:
        """Read what is unread.

        Keys follow from the place of a row in its video: rows by key cost less than a search of so
        many.
        """
        found: dict[str, dict[int, list[Hit]]] = {video_id: {} for video_id in open_}
        unread = [
            (video_id, scene, range(_rows_a_scene(around.record)))
            for video_id, around in open_.items()
            for scene in around.unread
        ]
        while unread:
            keys = [
                row_id(video_id, self.records[video_id].revision, scene, place)
                for video_id, scene, places in unread
                for place in places
            ]
            for hit, vector in self.store.rows(keys, self.vector):
                self.vectors[hit.row_id] = vector
                found[hit.video_id].setdefault(hit.scene_index, []).append(hit)
            # A scene that has a row at each of these places may have more.
            unread = [
                (video_id, scene, range(places.stop, 2 * places.stop))
                for video_id, scene, places in unread
                if len(found[video_id].get(scene, ())) == places.stop
            ]
        for video_id, around in open_.items():
            around.take(hit for hits in found[video_id].values() for hit in hits)

    def _moment(self, around: _Around) -> Moment:
        return best_moment_of(
            around.rows.values(),
            self.sampling,
            gap_s=self.gap_s,
            average=float(np.dot(around.record.mean, self.vector)),
            mask=around.mask,
        )

    def _reach(self, best: Hit) -> int:
        """How many scenes like this one tell where it ends, and one more: it may be longer."""
        return min(_REACH, 2 + math.floor(self.gap_s / (best.end_s - best.start_s)))


def _rows_a_scene(record: VideoRecord) -> int:
    return 1 + math.ceil(record.rows / record.scenes)


def _joined(hits: Sequence[Hit], more: Sequence[Hit]) -> list[Hit]:
    both = {hit.row_id: hit for hit in (*hits, *more)}
    return sorted(both.values(), key=lambda hit: (-hit.score, hit.pts_s))
