"""What a search for distinct videos knows so far. No store."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pipeline.data import Hit, VideoRecord


@dataclass(slots=True)
class Retrieved:
    """What is known so far.

    Args:
        hits: Rows that count, best first within each search.
        records: The committed videos that they belong to.
        cutoff: No row of another video has a better cosine; None if there is no other video.
    """

    hits: list[Hit] = field(default_factory=list)
    records: dict[str, VideoRecord] = field(default_factory=dict)
    cutoff: float | None = None

    def rows(self) -> dict[str, list[Hit]]:
        """The rows of each video, best first, by video id."""
        return by_video(sorted(self.hits, key=lambda hit: (-hit.score, hit.pts_s)))

    def keep(
        self, met: Mapping[str, list[Hit]], records: Mapping[str, VideoRecord]
    ) -> dict[str, int]:
        """Keep rows of committed videos; the revisions of those that have shown only others."""
        stale: dict[str, int] = {}
        for video_id, record in records.items():
            counting = [hit for hit in met[video_id] if hit.revision == record.revision]
            if counting:
                self.hits += counting
                self.records[video_id] = record
            else:
                stale[video_id] = record.revision
        return stale

    def worst(self, wanted: int) -> float:
        """The best row of the last wanted video; without limit while there are too few."""
        if len(self.records) < wanted:
            return -math.inf
        scores = sorted(max(hit.score for hit in hits) for hits in by_video(self.hits).values())
        return scores[-wanted]

    def is_proven(self, wanted: int) -> bool:
        """Whether there are enough videos, of which the best are better than any other."""
        enough = len(self.records) >= wanted
        return enough and (self.cutoff is None or self.cutoff <= self.worst(wanted))


def by_video(hits: Iterable[Hit]) -> dict[str, list[Hit]]:
    """In the order of the first hit of each."""
    of: defaultdict[str, list[Hit]] = defaultdict(list)
    for hit in hits:
        of[hit.video_id].append(hit)
    return dict(of)
