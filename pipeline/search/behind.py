"""The best videos -> the rows that their moments and their evidence are made of."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.data import Float32Array, Hit, Moment, Scope, Stretch, VideoRecord
from pipeline.filters import EVERY_ROW, NO_ROWS, Selection
from pipeline.search.around import Around, first_places, first_scenes
from pipeline.search.keyed import KeyedRows
from pipeline.search.moments import Sampling, best_moment_of
from pipeline.search.retrieve import first_window
from pipeline.search.rows import all_rows
from pipeline.search.score import Scored
from pipeline.store import VideoStore


def rows_behind(
    store: VideoStore,
    vector: Float32Array,
    scored: Scored,
    sampling: Sampling,
    *,
    gap_s: float,
    selection: Selection = EVERY_ROW,
    every: bool = False,
    ahead: KeyedRows | None = None,
) -> dict[str, list[Hit]]:
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
        ahead: What `read_ahead` read into.

    Returns:
        Rows of each, best first, by video id.
    """
    records = scored.records
    if every or not records:
        return all_rows(store, vector, records.values(), selection=selection)
    keyed = ahead or KeyedRows(store, vector)
    reader = _Reader(store, vector, records, sampling, gap_s, selection, keyed)
    limit = first_window(len(records))
    found = {key: list(scored.rows.get(key, ())) for key in records}
    if not any(found.values()):
        found = reader.nearest(records, limit)
        if sum(map(len, found.values())) < limit:
            return found
    # One of which no row was among the nearest is asked for by itself.
    for key in [key for key, hits in found.items() if not hits]:
        found |= reader.nearest([key], limit)
    parts = {key: hits for key, hits in found.items() if 0 < len(hits) < records[key].rows}
    inside = reader.moments(parts)
    return found | {key: _joined(found[key], hits) for key, hits in inside.items()}


def read_ahead(
    keyed: KeyedRows,
    met: Iterable[Sequence[Hit]],
    sampling: Sampling,
    *,
    gap_s: float,
) -> None:
    """Read what `rows_behind` is likely to want, before anything is known of the videos.

    Args:
        keyed: To be given to `rows_behind`.
        met: Of each video that may be among the best the rows that are known, best first.
        sampling: Of the archive.
        gap_s: As in `moments_of`.
    """
    every = list(met)
    stretches: set[Stretch] = set()
    for hits in every:
        best, scenes = hits[0], first_scenes(hits, sampling, gap_s)
        stretches.update(Stretch.over(best.video_id, best.revision, scenes, keyed.stretch))

    def places() -> set[str]:
        # The best row's own cosines are wanted, too.
        keys = {hits[0].row_id for hits in every}
        return keys.union(*(first_places(hits, sampling, gap_s) for hits in every))

    keyed.read_ahead(stretches, places)


@dataclass(frozen=True, slots=True)
class _Reader:
    """How rows of the best videos are read; as the arguments of `rows_behind`."""

    store: VideoStore
    vector: Float32Array
    records: Mapping[str, VideoRecord]
    sampling: Sampling
    gap_s: float
    selection: Selection
    keyed: KeyedRows

    def nearest(self, videos: Collection[str], limit: int) -> dict[str, list[Hit]]:
        """The nearest of all rows of some videos, best first, by video id."""
        masks = {video_id: self.selection.mask(video_id) for video_id in videos}
        revisions = {video_id: self.records[video_id].revision for video_id in videos}
        scope = Scope(revisions=revisions, selection=Selection(masks, NO_ROWS))
        found: dict[str, list[Hit]] = {video_id: [] for video_id in videos}
        for hit in self.store.search(self.vector, limit=limit, scope=scope):
            found[hit.video_id].append(hit)
        return found

    def moments(self, met: Mapping[str, Sequence[Hit]]) -> dict[str, list[Hit]]:
        """Rows of the moment around the best of these, as wide as it is, by video id.

        Args:
            met: Of each video the rows that are known, best first.
        """
        found: dict[str, list[Hit]] = {}
        open_ = {key: self._around(key, hits) for key, hits in met.items()}
        while open_:
            self._read(open_)
            for video_id, around in open_.items():
                if not around.is_read:
                    continue
                moment = self._moment(around)
                found[video_id] = [
                    hit
                    for hit in around.rows.values()
                    if moment.start_s <= hit.pts_s < moment.end_s
                ]
                around.widen(moment.start_s - self.gap_s, moment.end_s + self.gap_s)
            open_ = {key: around for key, around in open_.items() if not around.is_read}
        return found

    def _around(self, video_id: str, met: Sequence[Hit]) -> Around:
        known, record = self.keyed.ahead(video_id), self.records[video_id]
        mask = self.selection.mask(video_id)
        return Around(met, known, record, self.sampling, mask, self.gap_s)

    def _read(self, open_: Mapping[str, Around]) -> None:
        found: dict[str, list[Hit]] = {video_id: [] for video_id in open_}
        places = {key: place for each in open_.values() for key, place in each.wanted().items()}
        for hit in self.keyed.hits(places):
            found[hit.video_id].append(hit)
        for video_id, around in open_.items():
            around.take(found[video_id])

    def _moment(self, around: Around) -> Moment:
        return best_moment_of(
            around.rows.values(),
            self.sampling,
            gap_s=self.gap_s,
            average=float(np.dot(around.record.mean, self.vector)),
            mask=around.mask,
        )


def _joined(hits: Sequence[Hit], more: Sequence[Hit]) -> list[Hit]:
    both = {hit.row_id: hit for hit in (*hits, *more)}
    return sorted(both.values(), key=lambda hit: (-hit.score, hit.pts_s))
