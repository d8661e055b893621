"""Aggregations by property: weights, and bounds that no video exceeds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.data import Aggregate
from pipeline.search.aggregate import AGGREGATIONS, TEMPERATURE, Known

NAMES = tuple(AGGREGATIONS)
COSINES = st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=30)


@pytest.mark.parametrize("name", NAMES)
@given(COSINES)
def test_a_score_is_a_weighted_mean(name: Aggregate, cosines: list[float]) -> None:
    values = np.array(cosines)
    weights = AGGREGATIONS[name].weights(values)
    assert weights.sum() == pytest.approx(1)
    assert (weights >= 0).all()
    score = AGGREGATIONS[name].score(values)
    assert values.mean() - 1e-9 <= score <= values.max() + 1e-9


def test_scores_of_known_rows() -> None:
    values = np.array([0.1, 0.4, 0.2, 0.3])
    scores = {name: each.score(values) for name, each in AGGREGATIONS.items()}
    shares = np.exp(values / TEMPERATURE)
    expected = {
        "max": 0.4,
        "mean": 0.25,
        "top_mean": 0.3,
        "softmax": float((values * shares).sum() / shares.sum()),
    }
    assert scores == pytest.approx(expected)


@pytest.mark.parametrize("name", NAMES)
@given(COSINES, st.integers(1, 30), st.booleans(), st.booleans())
def test_no_video_exceeds_its_bound(
    name: Aggregate, cosines: list[float], seen: int, told: bool, with_mean: bool
) -> None:
    values = np.sort(np.array(cosines, dtype=np.float64))[::-1]
    known = values[:seen]
    rows = len(values) if told or with_mean else None
    mean = float(values.mean()) if with_mean else None
    what = Known(known, rows, mean, float(known[-1]))
    score, most = AGGREGATIONS[name].score(values), AGGREGATIONS[name].most(what)
    assert score <= most + 1e-6
    if AGGREGATIONS[name].decided(what):
        assert score == pytest.approx(most, abs=1e-6)


@given(st.integers(100, 400), st.integers(1, 5))
def test_the_mean_of_a_long_video_bounds_its_softmax(rows: int, seen: int) -> None:
    """Without it a few good rows would do for the best video of all."""
    values = np.sort(np.random.default_rng(rows).normal(0, 0.044, rows))[::-1]
    known, cutoff = values[:seen], float(values[seen - 1])
    soft = AGGREGATIONS["softmax"]
    told = soft.most(Known(known, rows, float(values.mean()), cutoff))
    untold = soft.most(Known(known, rows, None, cutoff))
    assert soft.score(values) <= told <= cutoff + 0.01
    assert told <= untold
    guess = soft.guess(Known(known, rows, float(values.mean()), cutoff))
    assert guess == pytest.approx(soft.score(values), abs=0.03)
