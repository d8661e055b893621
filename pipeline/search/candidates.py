"""Which videos may hold a sequence; all of their rows, scored exactly.

For each text the videos with its best rows are candidates, `CANDIDATES` of them or more. They are
united, and each is scored as a whole, by every text. A smaller archive is compared whole.

What is left out is bounded. Rows come best first, so that no row of a video that was not found by a
text has a better cosine with it than the last row that was. A video that no text found scores in
each step at most what that last cosine of its text scores, and in each moment at most the mean of
those: the answer's `bound`, under the baseline of the compared videos. Results that score more are
the best of the archive, as far as the index finds the nearest rows. (R. Fagin, A. Lotem, M. Naor,
Optimal aggregation algorithms for middleware, J. Computer and System Sciences 66, 2003: their
threshold, told instead of searched on for.)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from pipeline.data import (
    Float32Array,
    Float64Array,
    Hit,
    Scope,
    SequenceAnswer,
    SequenceQuestion,
    VideoRecord,
)
from pipeline.filters import EVERY_ROW, NO_ROWS, Selection
from pipeline.search.reasons import nothing_found
from pipeline.search.retrieve import retrieve
from pipeline.search.score import MOST_COSINE
from pipeline.search.sequence import baseline_of, places_of, rank_sequences
from pipeline.search.where import select
from pipeline.store import VideoStore

CANDIDATES = 100
"""Fewest videos that are looked for by each text."""

VIDEOS_PER_RESULT = 5
"""And for each wanted result so many."""


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """The videos that are compared.

    Args:
        records: By video id.
        floors: For each text a cosine that no row of another video exceeds, float64 (texts,); None
            if there is no other video.
    """

    records: Mapping[str, VideoRecord]
    floors: Float64Array | None


def find_sequences(
    store: VideoStore,
    question: SequenceQuestion,
    vectors: Float32Array,
    *,
    top_k: int,
    per_video: int = 1,
) -> SequenceAnswer:
    """The best moments of an archive.

    Args:
        store: Open for reading.
        question: What was asked.
        vectors: Its texts, unit vectors, float32 (texts, dim).
        top_k: Most moments.
        per_video: Most moments of one video.

    Returns:
        The answer; `took_s` is left to who composed the vectors.
    """
    wanted = max(CANDIDATES, VIDEOS_PER_RESULT * top_k)
    selection = EVERY_ROW if question.where is None else select(store, question.where)
    found = find_candidates(store, vectors, wanted=wanted, selection=selection)
    videos = places_of(scored_rows(store, found, vectors, selection), question.granularity)
    if not videos:
        reason = nothing_found(store, selection)
        return SequenceAnswer((), reason, 0, None, 0.0)
    baseline = baseline_of(videos.values())
    results = rank_sequences(
        videos, found.records, question, baseline, top_k=top_k, per_video=per_video
    )
    bound = None if found.floors is None else float(baseline.standardized(found.floors).mean())
    reason = "" if results else _reason(question, len(videos))
    return SequenceAnswer(results, reason, len(videos), bound, 0.0)


def find_candidates(
    store: VideoStore,
    vectors: Float32Array,
    *,
    wanted: int,
    selection: Selection = EVERY_ROW,
) -> Candidates:
    """The nearest videos of each text, united.

    Args:
        store: Open for reading.
        vectors: Unit vectors, float32 (texts, dim).
        wanted: How many videos for each text, at least.
        selection: Which rows of which videos count.
    """
    if store.count_videos() <= wanted:
        return Candidates({each.video.video_id: each for each in store.iterate_videos()}, None)
    nearest = [retrieve(store, vector, top_k=wanted, selection=selection) for vector in vectors]
    records = {video_id: each for found in nearest for video_id, each in found.records.items()}
    cutoffs = [found.cutoff for found in nearest]
    if len(records) >= store.count_videos():
        return Candidates(records, None)
    # Of what an index did not give nothing is known.
    floors = [MOST_COSINE if cutoff is None else cutoff for cutoff in cutoffs]
    return Candidates(records, np.array(floors, dtype=np.float64))


def scored_rows(
    store: VideoStore,
    found: Candidates,
    vectors: Float32Array,
    selection: Selection = EVERY_ROW,
) -> Iterator[tuple[Hit, Float32Array]]:
    """All rows that count of the candidates, each with its cosines, float32 (texts,)."""
    scope = Scope()
    if found.floors is not None or selection != EVERY_ROW:
        masks = {video_id: selection.mask(video_id) for video_id in found.records}
        scope = Scope(selection=Selection(masks, NO_ROWS))
    for hit, vector in store.scan(scope):
        record = found.records.get(hit.video_id)
        if record is not None and hit.revision == record.revision:
            yield hit, vectors @ vector


def _reason(question: SequenceQuestion, compared: int) -> str:
    return (
        f"none of {compared} videos has {len(question.texts)} {question.granularity}s that follow"
        f" each other within {question.within_s:g} s"
    )
