"""Hits of one video to moments: peaks of the score curve, as wide as they are."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pipeline.data import WHOLE_FRAME, Hit, Moment
from pipeline.filters import ALL_ROWS, ALWAYS, Kind, RowMask, Span
from pipeline.search.moments import Sampling, best_moment_of, moments_of

ONE = Sampling(per_scene=1, fps=None)
THREE = Sampling(per_scene=3, fps=None)
ROUNDING = 1e-9


def hit(start_s: float, score: float, length_s: float = 1.0, at: float = 0.5) -> Hit:
    """A sample of a scene, at a share of its length."""
    pts_s = start_s + at * length_s
    return Hit(
        f"{start_s}{pts_s}{score}", "a", 1, int(start_s), start_s, start_s + length_s, pts_s,
        "frame", WHOLE_FRAME, score,
    )  # fmt: skip


def found(
    hits: list[Hit],
    sampling: Sampling = ONE,
    *,
    gap_s: float = 2.0,
    average: float = 0.0,
    mask: RowMask = ALL_ROWS,
) -> list[tuple[float, float, float, float]]:
    moments = moments_of(hits, sampling, gap_s=gap_s, average=average, mask=mask)
    return [(m.start_s, m.end_s, m.best_s, m.score) for m in moments]


def test_neighbours_within_the_gap_are_one_moment() -> None:
    assert found([hit(0, 0.3), hit(3, 0.5), hit(6.5, 0.4)]) == [
        (0, 4, 3.5, 0.5),
        (6.5, 7.5, 7.0, 0.4),
    ]


def test_a_moment_is_as_wide_as_the_curve_stays_high_within_a_scene() -> None:
    """Three samples of one scene of 30 s: only the last third shows it."""
    scene = [hit(0, score, 30, at) for score, at in ((0.1, 1 / 6), (0.1, 0.5), (0.9, 5 / 6))]
    assert found(scene, THREE, average=0.3667) == [(20, 30, 25, 0.9)]


def test_a_moment_goes_over_a_cut_where_the_next_scene_begins_high() -> None:
    first = [hit(0, score, 3, at) for score, at in ((0.1, 1 / 6), (0.2, 0.5), (0.8, 5 / 6))]
    second = [hit(3, score, 6, at) for score, at in ((0.9, 1 / 6), (0.2, 0.5), (0.1, 5 / 6))]
    assert found([*first, *second], THREE, average=0.1) == [(2, 5, 4, 0.9)]


def test_of_pictures_alike_but_for_rounding_the_first_is_the_peak() -> None:
    """The same picture again may score a digit more, as who computes it rounds."""
    assert found([hit(0, 0.5), hit(1, 0.5 + 1e-7), hit(2, 0.5 - 1e-7)]) == [(0, 3, 0.5, 0.5 + 1e-7)]
    assert found([hit(0, 0.5), hit(1, 0.5 + 1e-5)]) == [(0, 2, 1.5, 0.5 + 1e-5)]


@pytest.mark.parametrize("digits", [*itertools.permutations((0.0, 1e-7, 2e-7))])
def test_of_pictures_alike_but_for_rounding_far_apart_none_is_lost(digits: list[float]) -> None:
    hits = [hit(start, 0.5 + digit) for start, digit in zip((0, 100, 200), digits, strict=True)]
    assert sorted(best_s for _, _, best_s, _ in found(hits)) == [0.5, 100.5, 200.5]
    assert sorted(best_s for _, _, best_s, _ in found(hits, gap_s=500.0)) == [0.5]


def test_what_is_lower_beside_a_peak_is_no_moment_of_its_own() -> None:
    curve = [hit(second, score) for second, score in enumerate((0.9, 0.4, 0.1, 0.1, 0.1, 0.8))]
    assert found(curve, gap_s=1.0, average=0.05) == [(0, 1, 0.5, 0.9), (5, 6, 5.5, 0.8)]


def test_what_scores_below_its_videos_average_is_no_moment_of_it() -> None:
    three = [hit(0, 0.90), hit(1, 0.95), hit(2, 0.91)]
    assert found(three, average=0.92) == [(1, 2, 1.5, 0.95)]
    assert found(three[:1], average=0.92) == [(0, 1, 0.5, 0.9)]


def test_with_a_rate_a_sample_stands_for_its_part_of_the_grid() -> None:
    """Half a second each, on the grid of the video, cut where the scene ends."""
    sampling = Sampling(per_scene=3, fps=2.0)
    scene = [hit(10.2, 0.9, 1.1, at=0.3 / 1.1), hit(10.2, 0.1, 1.1, at=0.8 / 1.1)]
    assert found(scene, sampling) == [(10.5, 11.0, pytest.approx(10.5), 0.9)]


def test_of_a_frame_and_its_tiles_the_best_counts() -> None:
    tile = hit(0, 0.7)
    (moment,) = moments_of([hit(0, 0.2), tile, hit(0, 0.1)], ONE, gap_s=1, average=0.0)
    assert (moment.score, moment.best_s) == (0.7, 0.5)


def test_scenes_count_as_far_as_they_lie_in_the_wanted_times() -> None:
    mask = RowMask(frame=(Span(2, 4), Span(5, 8)))
    hits = [hit(1, 0.25, 3), hit(3, 0.3), hit(5, 0.4, 5)]
    assert found(hits, mask=mask) == [(5, 8, 7.5, 0.4), (2, 4, 3.5, 0.3)]


def test_what_is_not_wanted_is_not_merged_over() -> None:
    both = [hit(1, 0.2), hit(3, 0.3)]
    assert len(found(both)) == 1
    assert len(found(both, mask=RowMask(frame=(Span(0, 2), Span(2.5))))) == 2
    # Between them no frame is wanted, but tiles are: nobody asked to leave this time out.
    assert len(found(both, mask=RowMask((Span(0, 2), Span(2.5)), (), ALWAYS))) == 1


def test_a_tile_hides_no_part_of_the_scene_around_it() -> None:
    """It ends too early for the gap where the scene ends late enough."""
    whole = hit(0, 0.5, 9)._replace(kind="scene")
    tiles = [hit(0, 0.1, 9, at)._replace(kind="tile") for at in (1 / 6, 0.5, 5 / 6)]
    both = [(0, 10 + 2 / 3, 10.5, 0.6)]
    assert found([whole, *tiles, hit(10, 0.6)], THREE) == both
    assert found([whole, tiles[1], hit(10, 0.6)], THREE) == both
    assert found([whole, tiles[0], hit(10, 0.6)], THREE) == both


def test_a_scene_is_no_shorter_for_a_tile_that_scores_nearly_as_much() -> None:
    whole = hit(0, 0.5, 9)._replace(kind="scene")
    middle = hit(0, 0.49, 9)._replace(kind="tile")
    last = hit(0, 0.1, 9, 5 / 6)._replace(kind="tile")
    assert found([whole, middle, last], THREE) == [(0, 9, 4.5, 0.5)]
    assert found([whole, middle._replace(score=0.6), last], THREE) == [(0, 9, 4.5, 0.6)]


def test_what_lies_behind_a_better_moment_is_not_lost_with_a_lower_one() -> None:
    scores = [0.29, *4 * [0.25], 0.32, *4 * [0.25], 0.285]
    assert found([hit(n, score) for n, score in enumerate(scores)], average=0.2) == [
        (5, 6, 5.5, 0.32),
        (0, 5, 0.5, 0.29),
        (6, 11, 10.5, 0.285),
    ]


SCORES = st.one_of(
    st.floats(-1, 1).map(lambda x: round(x, 3)),
    st.integers(-9, 9).map(lambda n: 0.5 + n * 2e-7),  # the same but for rounding
)
SPANS = st.lists(st.integers(0, 65), max_size=6, unique=True).map(
    lambda each: tuple(map(Span, sorted(each)[::2], sorted(each)[1::2]))
)
MASKS = st.one_of(st.just(ALL_ROWS), st.builds(RowMask, SPANS, SPANS, st.just(ALWAYS)))


@pytest.mark.parametrize("kinds", [("frame",), ("tile",), ("scene",), ("frame", "tile", "scene")])
@given(st.data())
def test_moments_lie_apart_and_hold_their_best(
    kinds: tuple[Kind, ...], data: st.DataObject
) -> None:
    sampling = data.draw(st.sampled_from((THREE, Sampling(per_scene=3, fps=0.7))))
    starts = data.draw(st.lists(st.integers(0, 60), min_size=1, max_size=20, unique=True))
    mask = data.draw(MASKS)
    hits = []
    for index, (start, end) in enumerate(itertools.pairwise([*sorted(starts), max(starts) + 5])):
        for at in data.draw(st.lists(st.sampled_from((1 / 6, 0.5, 5 / 6)), min_size=1, max_size=5)):
            pts_s, kind = start + at * (end - start), data.draw(st.sampled_from(kinds))
            row, score = f"{index}/{len(hits)}", data.draw(SCORES)
            if mask.admits(kind, pts_s):
                hits.append(Hit(row, "a", 1, index, start, end, pts_s, kind, WHOLE_FRAME, score))
    assume(hits)
    gap_s = data.draw(st.one_of(st.just(0.0), st.floats(0, 10)))
    average = data.draw(st.floats(-1, 1))

    def moments_in(hits: list[Hit]) -> tuple[Moment, ...]:
        return moments_of(hits, sampling, gap_s=gap_s, average=average, mask=mask)

    moments = moments_in(hits)
    assert moments == moments_in(hits[::-1])
    best = best_moment_of(hits, sampling, gap_s=gap_s, average=average, mask=mask)
    assert best == moments[0]
    assert best.score == max(each.score for each in hits)
    assert [m.score for m in moments] == sorted((m.score for m in moments), reverse=True)
    by_time: list[Moment] = sorted(moments, key=lambda m: m.start_s)
    for before, after in itertools.pairwise(by_time):
        assert before.end_s <= after.start_s
    floor = min(average, best.score)
    for moment in moments:
        assert moment.start_s <= moment.best_s + ROUNDING < moment.end_s + 2 * ROUNDING
        assert moment.score >= floor
        peaks = [each.score for each in hits if each.pts_s == moment.best_s]
        assert min(abs(score - moment.score) for score in peaks) < 2e-6
    for each in hits:
        start_s, end_s = sampling.part(each)
        apart = (max(moment.start_s - end_s, start_s - moment.end_s) for moment in moments)
        assert each.score < floor or min(apart) <= gap_s + ROUNDING
