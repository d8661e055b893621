"""The rows around the best one of a video, which its moment is cut from, as far as they were read.

Keys follow from the place of a row in its video: what is around a row, and was not read ahead, is
asked for by key.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from pipeline.data import Hit, Place, VideoRecord, row_ids
from pipeline.filters import ALL_ROWS, RowMask
from pipeline.search.moments import Sampling

_REACH = 8
"""Scenes on both sides of the best row's that are read at first: at most, and where each has a row.

A request costs as much as a hundred of the rows in it.
"""


def first_places(met: Sequence[Hit], sampling: Sampling, gap_s: float) -> dict[str, Place]:
    """What `Around` is likely to look at first, by key: in a video of which some rows are known.

    Args:
        met: The rows, best first.
        sampling: Of the archive.
        gap_s: As in `moments_of`.
    """
    samples = range(sampling.rows_of(met[0].end_s - met[0].start_s))
    scenes = first_scenes(met, sampling, gap_s)
    known = {hit.row_id: hit for hit in met if hit.revision == met[0].revision}
    return _unknown(known, scenes, samples, sampling.most_rows)


def first_scenes(met: Sequence[Hit], sampling: Sampling, gap_s: float) -> range:
    """The scenes that are likely to tell where the moment of the best row ends.

    As many like the best one's as the gap spans, and one more, since it may be longer, or more
    where these are few rows; and as many beyond each of the rows that are as near as that.
    """
    best = met[0]
    length_s = best.end_s - best.start_s
    few = _REACH // sampling.rows_of(length_s)
    reach = min(_REACH, max(few, 2 + math.floor(gap_s / length_s)))
    first = last = best.scene_index
    scenes = sorted({hit.scene_index for hit in met})
    for scene in scenes:
        if last < scene <= last + reach:
            last = scene
    for scene in reversed(scenes):
        if first - reach <= scene < first:
            first = scene
    return range(max(0, first - reach), last + reach + 1)


class Around:
    """What of a video was read: scenes in a row, with all the rows that count.

    Args:
        met: The rows that the search met, best first.
        ahead: Others that are known, of any revision.
        record: Of the video.
        sampling: Of the archive.
        mask: Which of its rows count.
        gap_s: As in `moments_of`.
    """

    def __init__(
        self,
        met: Sequence[Hit],
        ahead: Iterable[Hit],
        record: VideoRecord,
        sampling: Sampling,
        mask: RowMask,
        gap_s: float,
    ) -> None:
        self.record = record
        self.mask = mask
        self.rows: dict[str, Hit] = {}
        self._known = {hit.row_id: hit for hit in ahead if hit.revision == record.revision}
        self._known |= {hit.row_id: hit for hit in met}
        self._most_rows = sampling.most_rows
        # Where it is not known, one more than usual, to see that there is no other.
        self._usual = sampling.most_rows or 1 + math.ceil(record.rows / record.scenes)
        self._samples = range(self._usual)
        best = met[0]
        self._scenes = range(best.scene_index, best.scene_index)
        self._start_s, self._end_s = best.start_s, best.end_s
        self._seen: defaultdict[int, set[str]] = defaultdict(set)
        scenes = first_scenes(met, sampling, gap_s)
        self._unread = self._within(scenes.start, scenes.stop)

    @property
    def is_read(self) -> bool:
        """Whether nothing is to be read."""
        return not self._unread

    def wanted(self) -> dict[str, Place]:
        """By key where what is to be read stands, some of which may not be there."""
        return _unknown(self._known, self._unread, self._samples, self._most_rows)

    def take(self, found: Iterable[Hit]) -> None:
        """Note the rows of these keys. There may be more to be read."""
        scenes = set(self._unread)
        taken = {key: hit for key, hit in self._known.items() if hit.scene_index in scenes}
        taken |= {hit.row_id: hit for hit in found}
        self._start_s = min([self._start_s, *[hit.start_s for hit in taken.values()]])
        self._end_s = max([self._end_s, *[hit.end_s for hit in taken.values()]])
        self.rows |= taken if self.mask == ALL_ROWS else self._admitted(taken)
        both = scenes.union(self._scenes)
        self._scenes = range(min(both), max(both) + 1)
        self._unread = [] if self._most_rows else self._full(taken.values())
        self._samples = range(self._samples.stop, 2 * self._samples.stop)

    def _admitted(self, taken: Mapping[str, Hit]) -> dict[str, Hit]:
        admits = self.mask.admits
        return {key: hit for key, hit in taken.items() if admits(hit.kind, hit.pts_s)}

    def _full(self, taken: Iterable[Hit]) -> list[int]:
        """Scenes that have a row at each place that was read so far: they may have more."""
        for hit in taken:
            self._seen[hit.scene_index].add(hit.row_id)
        return [scene for scene in self._unread if len(self._seen[scene]) >= self._samples.stop]

    def widen(self, start_s: float, end_s: float) -> None:
        """What is to be read next if these times are to be known: as much again on that side."""
        scenes = self._scenes
        self._samples = range(self._usual)
        if self._start_s >= start_s:
            self._unread += self._within(scenes.start - len(scenes), scenes.start)
        if self._end_s <= end_s:
            self._unread += self._within(scenes.stop, scenes.stop + len(scenes))

    def _within(self, start: int, stop: int) -> list[int]:
        return list(range(max(0, start), min(self.record.scenes, stop)))


def _unknown(
    known: Mapping[str, Hit], scenes: Iterable[int], samples: range, most_rows: int | None
) -> dict[str, Place]:
    """By key where some rows of some scenes stand, those that are known left out."""
    if most_rows is not None:
        count = Counter([hit.scene_index for hit in known.values()])
        scenes = [scene for scene in scenes if count[scene] < most_rows]
    one = next(iter(known.values()))
    places = row_ids(one.video_id, one.revision, scenes, samples)
    return {key: place for key, place in places.items() if key not in known}
