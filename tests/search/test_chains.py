"""The best chains of a timeline, against trying all of them."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.data import Order
from pipeline.search.chains import Chain, Timeline, best_chains, window_argmax

orders: st.SearchStrategy[Order] = st.sampled_from(["strict", "any"])
within = st.integers(1, 6).map(float)


@st.composite
def timelines(draw: st.DrawFn, most: int = 8, steps: int = 4, distinct: bool = False) -> Timeline:
    """Scenes, or instants, on whole seconds, with holes between some of them."""
    places = draw(st.integers(0, most))
    lengths = draw(st.lists(st.integers(0, 3), min_size=places, max_size=places))
    holes = draw(st.lists(st.integers(0, 4), min_size=places, max_size=places))
    starts, ends, at = [], [], 0
    for length, hole in zip(lengths, holes, strict=True):
        # An instant is at least a second from the next place: no two start together.
        starts.append(at)
        ends.append(at + length)
        at += max(1, length + hole)
    shape = (draw(st.integers(2, steps)), places)
    if distinct:
        random = np.random.default_rng(draw(st.integers(0, 2**32)))
        scores = random.normal(size=shape)
    else:
        flat = draw(
            st.lists(st.integers(-3, 3), min_size=math.prod(shape), max_size=math.prod(shape))
        )
        scores = np.array(flat, dtype=float).reshape(shape)
    return Timeline(np.array(starts, float), np.array(ends, float), scores)


def allowed(timeline: Timeline, places: tuple[int, ...], within_s: float, order: Order) -> bool:
    """The definition, word by word."""
    in_time = sorted(places)
    if len(set(places)) < len(places) or (order == "strict" and list(places) != in_time):
        return False
    return all(
        timeline.starts_s[after] - timeline.ends_s[before] <= within_s
        for before, after in itertools.pairwise(in_time)
    )


def every_chain(timeline: Timeline, within_s: float, order: Order) -> list[Chain]:
    steps, count = timeline.scores.shape
    return [
        Chain(float(np.mean([timeline.scores[s, p] for s, p in enumerate(places)])), places)
        for places in itertools.permutations(range(count), steps)
        if allowed(timeline, places, within_s, order)
    ]


@given(timelines(), within, orders)
def test_the_best_chain_is_the_best_of_all(
    timeline: Timeline, within_s: float, order: Order
) -> None:
    all_chains = every_chain(timeline, within_s, order)
    found = best_chains(timeline, within_s=within_s, order=order, count=1)
    assert len(found) == min(1, len(all_chains))
    for chain in found:
        assert allowed(timeline, chain.places, within_s, order)
        scores = [timeline.scores[s, p] for s, p in enumerate(chain.places)]
        assert chain.score == pytest.approx(np.mean(scores), abs=1e-9)
        assert chain.score == pytest.approx(max(c.score for c in all_chains), abs=1e-9)


@settings(max_examples=25)
@given(timelines(most=6, steps=5), within)
def test_five_steps_in_any_order(timeline: Timeline, within_s: float) -> None:
    best = max((c.score for c in every_chain(timeline, within_s, "any")), default=None)
    found = best_chains(timeline, within_s=within_s, order="any", count=1)
    assert [chain.score for chain in found] == ([] if best is None else [pytest.approx(best)])


@given(timelines(distinct=True, steps=3), within, orders, st.integers(1, 4))
def test_further_chains_are_the_best_that_overlap_none(
    timeline: Timeline, within_s: float, order: Order, count: int
) -> None:
    left = every_chain(timeline, within_s, order)
    expected: list[Chain] = []
    while left and len(expected) < count:
        best = max(left, key=lambda chain: chain.score)
        expected.append(best)
        left = [
            chain
            for chain in left
            if max(chain.places) < min(best.places) or min(chain.places) > max(best.places)
        ]
    found = best_chains(timeline, within_s=within_s, order=order, count=count)
    assert [chain.places for chain in found] == [chain.places for chain in expected]


@given(timelines(), within, orders)
def test_more_time_and_any_order_never_score_less(
    timeline: Timeline, within_s: float, order: Order
) -> None:
    def best(within_s: float, order: Order) -> float:
        found = best_chains(timeline, within_s=within_s, order=order, count=1)
        return found[0].score if found else -math.inf

    assert best(within_s + 1, order) >= best(within_s, order)
    assert best(within_s, "any") >= best(within_s, "strict") - 1e-9


@given(st.lists(st.integers(-4, 4), min_size=1, max_size=40), st.data())
def test_the_largest_of_each_window(values: list[int], data: st.DataObject) -> None:
    ends = st.integers(0, len(values))
    windows = data.draw(st.lists(st.tuples(ends, ends).map(sorted), max_size=20))
    left = np.array([window[0] for window in windows], dtype=np.int64)
    right = np.array([window[1] for window in windows], dtype=np.int64)
    expected = [
        max(range(start, end), key=lambda place: (values[place], place), default=-1)
        for start, end in windows
    ]
    assert window_argmax(np.array(values, float), left, right).tolist() == expected


def line(*places: tuple[float, float], scores: list[list[float]]) -> Timeline:
    starts, ends = np.array(places, float).T
    return Timeline(starts, ends, np.array(scores, float))


def test_the_time_between_is_from_end_to_start() -> None:
    long_scenes = line((0, 60), (70, 130), scores=[[1, 0], [0, 1]])
    assert best_chains(long_scenes, within_s=10, order="strict", count=1) == [Chain(1.0, (0, 1))]
    assert best_chains(long_scenes, within_s=9.99, order="strict", count=1) == []


def test_a_rounded_sum_of_times_is_no_longer_than_its_parts() -> None:
    assert 0.1 + 0.2 > 0.3
    close = line((0, 0), (0.1 + 0.2, 1), scores=[[1, 0], [0, 1]])
    assert len(best_chains(close, within_s=0.3, order="strict", count=1)) == 1


def test_the_wrong_order_scores_less_or_is_found_only_by_any() -> None:
    reversed_ = line((0, 1), (1, 2), scores=[[0, 5], [5, 0]])
    assert best_chains(reversed_, within_s=1, order="strict", count=1) == [Chain(0.0, (0, 1))]
    assert best_chains(reversed_, within_s=1, order="any", count=1) == [Chain(5.0, (1, 0))]


def test_one_place_holds_one_step() -> None:
    alone = line((0, 1), scores=[[9], [9]])
    assert best_chains(alone, within_s=1, order="any", count=3) == []


def test_a_long_timeline_is_no_square() -> None:
    count, steps = 200_000, 3
    random = np.random.default_rng(3)
    starts = np.arange(count, dtype=float)
    scores = random.normal(size=(steps, count))
    everything = Timeline(starts, starts + 1, scores)
    (chain,) = best_chains(everything, within_s=1e6, order="strict", count=1)
    # Anything is within reach: so the best is a maximum over all starts and ends.
    middle = np.arange(1, count - 1)
    first = np.maximum.accumulate(scores[0])[middle - 1]
    last = np.maximum.accumulate(scores[2][::-1])[::-1][middle + 1]
    assert chain.score == pytest.approx(np.max(first + scores[1][middle] + last) / 3)


@pytest.mark.parametrize(
    ("places", "score"),
    [([(1, 2), (0, 1)], 0.0), ([(0, 1), (0, 2)], 0.0), ([(0, 5), (1, 2)], 0.0),
     ([(1, 0), (2, 3)], 0.0), ([(0, 1), (1, 2)], math.nan), ([(0, 1), (1, 2)], math.inf)],
)  # fmt: skip
def test_a_timeline_out_of_order_is_refused(
    places: list[tuple[float, float]], score: float
) -> None:
    with pytest.raises(ValueError, match="place"):
        line(*places, scores=[[score, 0], [0, 0]])
