"""How far rows stand out from unrelated questions, by a few cosines of each."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.data import Float32Array
from pipeline.search.standing import Cohort

DIM = 64


def units(vectors: np.ndarray) -> Float32Array:
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / lengths, dtype=np.float32)


def drawn(count: int, spread: np.ndarray, seed: int) -> Float32Array:
    """Unit vectors around a direction, further apart along some axes than along others."""
    random = np.random.default_rng(seed)
    return units(np.eye(DIM)[5] + random.normal(size=(count, DIM)) * spread)


def by_hand(questions: Float32Array, rows: Float32Array, scores: np.ndarray) -> np.ndarray:
    others = (rows @ questions.T).astype(np.float64)
    return np.asarray((scores - others.mean(axis=1)) / others.std(axis=1, ddof=1))


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_questions_that_differ_along_its_axes_alone_are_told_exactly(axes: int) -> None:
    questions = np.zeros((40, DIM))
    questions[:, 0] = 1.0
    questions[:, 1 : 1 + axes] = np.random.default_rng(1).normal(size=(40, axes))
    # Not unit vectors: these would differ along the first direction too.
    asked = np.asarray(questions / 3, dtype=np.float32)
    rows = drawn(200, np.ones(DIM), 2)
    cohort = Cohort.of(asked, rows, axes)
    scores = rows @ units(np.ones(DIM))
    np.testing.assert_allclose(
        cohort.standings(scores, rows @ cohort.axes.T), by_hand(asked, rows, scores), rtol=1e-3
    )


@pytest.mark.parametrize("axes", [0, 2])
def test_others_are_told_about_as_well_as_by_all_their_cosines(axes: int) -> None:
    spread = 0.02 + np.exp(-np.arange(DIM) / 3)
    questions, rows = drawn(168, spread, 3), drawn(2000, spread, 4)
    cohort = Cohort.of(questions, rows[:500], axes)
    scores = rows @ questions[0]
    told = cohort.standings(scores, rows @ cohort.axes.T)
    right = by_hand(questions, rows, scores)
    assert np.corrcoef(told, right)[0, 1] > 0.95
    assert np.median(told / right) == pytest.approx(1.0, abs=0.1)


def test_a_variance_that_goes_with_the_mean_is_told_by_it_alone() -> None:
    """And no row is taken for more or less than those of the archive are."""
    random = np.random.default_rng(11)
    questions = np.zeros((40, DIM), dtype=np.float32)
    apart = random.normal(size=40)
    questions[:, 0], questions[:, 1] = 1.0, apart - apart.mean()
    rows = np.zeros((200, DIM), dtype=np.float32)
    rows[:, 0] = random.uniform(-0.5, 0.5, 200)
    rows[:, 1] = np.sqrt(0.3 - 0.5 * rows[:, 0])
    cohort = Cohort.of(questions, rows[:100], 0)
    found = rows[100:] @ cohort.axes.T
    right = (rows[100:] @ questions.T).std(axis=1, ddof=1)
    seen = (rows[:100] @ questions.T).std(axis=1, ddof=1)
    bounded = np.clip(right, seen.min(), seen.max())
    np.testing.assert_allclose(cohort.deviations(found), bounded, rtol=1e-3)
    far = np.array([[-5.0], [5.0]])
    np.testing.assert_allclose(cohort.deviations(far), [seen.max(), seen.min()], rtol=1e-3)


def test_the_axes_are_unit_vectors() -> None:
    cohort = Cohort.of(drawn(30, np.ones(DIM), 5), drawn(100, np.ones(DIM), 6), 2)
    assert cohort.axes.shape == (3, DIM)
    assert cohort.axes.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(cohort.axes, axis=1), 1.0, atol=1e-6)
    assert cohort.is_apart


def test_questions_that_are_all_the_same_are_not_apart() -> None:
    same = np.repeat(drawn(1, np.ones(DIM), 7), 20, axis=0)
    assert not Cohort.of(same, drawn(100, np.ones(DIM), 8), 1).is_apart


def test_questions_without_a_mean_have_axes_all_the_same() -> None:
    both = drawn(20, np.ones(DIM), 9)
    cohort = Cohort.of(np.vstack([both, -both]), drawn(100, np.ones(DIM), 10), 2)
    np.testing.assert_allclose(np.linalg.norm(cohort.axes, axis=1), 1.0, atol=1e-6)
