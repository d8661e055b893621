"""Hits to moments to videos."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.data import WHOLE_FRAME, FileStamp, Hit, Video, VideoRecord
from pipeline.filters import ALL_ROWS, ALWAYS, NO_ROWS, RowMask, Selection, Span
from pipeline.search.rank import merge, merge_within, rank


def hit(video: str, start_s: float, score: float, length_s: float = 1.0) -> Hit:
    return Hit(
        f"{video}{start_s}{score}", video, 1, int(start_s), start_s, start_s + length_s,
        start_s + length_s / 2, "frame", WHOLE_FRAME, score,
    )  # fmt: skip


QUERY = np.array([1, 0], dtype=np.float32)


def record(video_id: str, average: float = 0.0) -> VideoRecord:
    path = str(Path("/v") / video_id)
    video = Video(video_id, path, FileStamp(1, 1), "h264", "mp4", 8, 8, 0, 10, 10.0, 1.0)
    return VideoRecord(
        video, 1, (path,), 1, 1, np.array([average, 0.3], np.float32), "2026-01-01T00:00:00"
    )


hits = st.lists(
    st.builds(
        hit,
        st.sampled_from("abcd"),
        st.floats(0, 100).map(lambda x: round(x, 2)),
        st.floats(-1, 1).map(lambda x: round(x, 3)),
        st.floats(0.1, 20).map(lambda x: round(x, 2)),
    ),
    max_size=40,
)


def test_neighbours_within_the_gap_are_one_moment() -> None:
    found = merge([hit("a", 0, 0.2), hit("a", 3, 0.5), hit("a", 6.5, 0.4)], gap_s=2.0)
    assert [(m.start_s, m.end_s, m.best_s, m.score) for m in found] == [
        (0, 4, 3.5, 0.5),
        (6.5, 7.5, 7.0, 0.4),
    ]


def test_a_scene_within_another_does_not_end_it() -> None:
    (moment,) = merge([hit("a", 0, 0.1, 10), hit("a", 1, 0.3, 1), hit("a", 11, 0.2)], gap_s=1.0)
    assert (moment.start_s, moment.end_s, moment.best_s) == (0, 12, 1.5)


@given(hits, st.floats(0, 10))
def test_moments_cover_the_hits_and_lie_apart(found: list[Hit], gap_s: float) -> None:
    own = [h for h in found if h.video_id == "a"]
    moments = merge(own, gap_s=gap_s)
    assert [m.score for m in moments] == sorted((m.score for m in moments), reverse=True)
    for h in own:
        inside = [m for m in moments if m.start_s <= h.start_s and h.end_s <= m.end_s]
        assert len(inside) == 1
        assert h.score <= inside[0].score
    in_time = sorted(moments, key=lambda m: m.start_s)
    for before, after in itertools.pairwise(in_time):
        assert after.start_s - before.end_s > gap_s
    for moment in moments:
        assert any(moment.best_s == h.pts_s and moment.score == h.score for h in own)


@given(hits, st.integers(1, 5))
def test_videos_are_distinct_and_ranked_by_their_best_hit(found: list[Hit], top_k: int) -> None:
    records = {v: record(v) for v in "abc"}
    ranked = rank(found, records, QUERY, top_k=top_k, gap_s=2.0)
    best = {
        v: max(h.score for h in found if h.video_id == v)
        for v in {h.video_id for h in found} & records.keys()
    }
    expected = sorted(best, key=lambda v: (-best[v], v))[:top_k]
    assert [r.record.video.video_id for r in ranked] == expected
    assert all(r.score == best[r.record.video.video_id] == r.moments[0].score for r in ranked)
    assert rank(list(reversed(found)), records, QUERY, top_k=top_k, gap_s=2.0) == ranked or len(
        {h.score for h in found}
    ) < len(found)


def test_what_scores_below_its_videos_average_is_no_moment_of_it() -> None:
    found = [hit("a", 0, 0.90), hit("a", 1, 0.95), hit("a", 2, 0.91)]
    (video,) = rank(found, {"a": record("a", average=0.92)}, QUERY, top_k=1, gap_s=2.0)
    (moment,) = video.moments
    assert (moment.start_s, moment.end_s, moment.best_s) == (1, 2, 1.5)
    (alone,) = rank(found[:1], {"a": record("a", average=0.92)}, QUERY, top_k=1, gap_s=2.0)
    assert len(alone.moments) == 1


def test_scenes_count_as_far_as_they_lie_in_the_wanted_times() -> None:
    mask = RowMask(frame=(Span(2, 4), Span(5, 8)))
    hits = [hit("a", 1, 0.2, 3), hit("a", 3, 0.3), hit("a", 5, 0.4, 5)]
    found = merge_within(mask, hits, gap_s=2)
    assert [(m.start_s, m.end_s, m.score) for m in found] == [(5, 8, 0.4), (2, 4, 0.3)]


def test_what_is_not_wanted_is_not_merged_over() -> None:
    both = [hit("a", 1, 0.2), hit("a", 3, 0.3)]
    assert len(merge_within(ALL_ROWS, both, gap_s=2)) == 1
    assert len(merge_within(RowMask(frame=(Span(0, 2), Span(2.5))), both, gap_s=2)) == 2
    # Between them no frame is wanted, but tiles are: nobody asked to leave this time out.
    assert len(merge_within(RowMask((Span(0, 2), Span(2.5)), (), ALWAYS), both, gap_s=2)) == 1


def test_ranking_within_a_selection() -> None:
    records = {"a": record("a"), "b": record("b")}
    selection = Selection({"a": RowMask(frame=(Span(1, 2),))}, NO_ROWS)
    (found,) = rank([hit("a", 0, 0.5, 3)], records, QUERY, top_k=3, gap_s=1, selection=selection)
    (moment,) = found.moments
    assert (moment.start_s, moment.end_s, moment.best_s, moment.score) == (1, 2, 1.5, 0.5)
