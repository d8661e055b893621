"""Confidence on made-up vectors: what is there is told from what is not."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.data import Float32Array
from pipeline.search.confidence import (
    LEAST_ROWS,
    SAMPLE_ROWS,
    Background,
    Form,
    Null,
    _standings,
)
from pipeline.search.standing import Cohort

DIM = 64
TEXTS = 180
TEXT, PICTURE, BOTH = Form(1.0, 0.0), Form(0.0, 1.0), Form(1.0, 1.0)


def units(vectors: np.ndarray) -> Float32Array:
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / lengths, dtype=np.float32)


class World:
    """Texts and rows as CLIP has them: either kind around a direction of its own."""

    def __init__(self, seed: int, rows: int = 3000, level: float = 0.7) -> None:
        self.random = np.random.default_rng(seed)
        self._text, self._row = np.eye(DIM)[:2]
        self._level = level
        self.rows = self.seen(rows)
        sample = self.rows[self.random.permutation(rows)[:SAMPLE_ROWS]]
        self.background = Background(self.texts(TEXTS), sample, rows)

    def texts(self, count: int) -> Float32Array:
        """Unrelated questions."""
        return units(self._text * self._level + self._noise(count))

    def seen(self, count: int) -> Float32Array:
        return units(self._row * self._level + self._noise(count))

    def shown(self, question: Float32Array, share: float) -> Float32Array:
        """A row that shows what a question asks for."""
        meant = question - question[:2] @ np.eye(DIM, dtype=np.float32)[:2]
        return units(self._row * self._level + share * units(meant) + 0.7 * self._noise(1)[0])

    def confidence(self, form: Form, question: Float32Array, rows: Float32Array) -> float:
        best = rows[(rows @ question).argmax()][None]
        (told,) = confidences(self.background, form, question, best)
        assert told is not None
        return told

    def _noise(self, count: int) -> np.ndarray:
        noise = units(self.random.normal(size=(count, DIM)))
        noise[:, :2] = 0
        return noise


def confidences(
    background: Background, form: Form, question: Float32Array, rows: Float32Array
) -> list[float | None]:
    rivals = background.rivals(form)
    scores, cosines = rows @ question, rows @ rivals.axes.T
    return rivals.confidences(scores.astype(np.float64), cosines.astype(np.float64))


@pytest.fixture(scope="module", params=range(3))
def world(request: pytest.FixtureRequest) -> World:
    return World(request.param)


def test_what_is_there_is_sure(world: World) -> None:
    for question in world.texts(20):
        rows = np.vstack([world.rows, world.shown(question, 1.0)])
        assert world.confidence(TEXT, question, rows) > 0.95


def test_unrelated_questions_are_as_sure_as_chance() -> None:
    """Confidence is a share of unrelated questions: theirs is uniform, about.

    A little low: what the cohort's own questions find is among what their deviation is of.
    """
    told = np.array(
        [
            [world.confidence(TEXT, text, world.rows) for text in world.texts(200)]
            for world in (World(seed, rows=SAMPLE_ROWS) for seed in range(6))
        ]
    )
    assert told.mean() == pytest.approx(0.5, abs=0.07)
    assert (np.abs(told.mean(axis=1) - 0.5) < 0.15).all()
    for share in (0.25, 0.5, 0.75):
        assert (told < share).mean() == pytest.approx(share, abs=0.1)
        assert (np.abs((told < share).mean(axis=1) - share) < 0.2).all()


def test_in_what_was_not_sampled_they_are_no_surer(world: World) -> None:
    told = np.array([world.confidence(TEXT, text, world.rows) for text in world.texts(400)])
    assert told.mean() < 0.6
    assert (told > 0.95).mean() < 0.1


def test_a_picture_of_the_archive_is_sure_and_another_is_not(world: World) -> None:
    mine = [world.confidence(PICTURE, row, world.rows) for row in world.rows[:15]]
    assert min(mine) > 0.99
    others = [world.confidence(PICTURE, row, world.rows) for row in world.seen(60)]
    assert np.mean(np.array(others) > 0.95) < 0.15


def test_a_text_and_a_picture_together(world: World) -> None:
    found, unrelated = [], []
    for text, picture in zip(world.texts(40), world.seen(40), strict=True):
        question = units(text + picture)
        rows = np.vstack([world.rows, world.shown(question, 1.5)])
        found.append(world.confidence(BOTH, question, rows))
        unrelated.append(world.confidence(BOTH, question, world.rows))
    assert np.median(found) > 0.95
    assert np.median(unrelated) < 0.9
    assert np.mean(np.array(unrelated) > 0.95) < 0.25


def test_a_better_row_is_surer(world: World) -> None:
    question = world.texts(1)[0]
    rows = np.stack([units(world.rows[0] + share * question) for share in np.linspace(0, 1, 9)])
    told = confidences(world.background, TEXT, question, rows)
    assert told == sorted(told)
    assert 0 <= told[0] < told[-1] <= 1


@pytest.mark.parametrize("level", [0.0, 0.4, 1.5])
def test_the_level_of_a_model_matters_little(level: float) -> None:
    """CLIP's texts have a cosine of 0.2 with any picture, other models 0 or 0.5."""
    world = World(11, level=level)
    unrelated = [world.confidence(TEXT, question, world.rows) for question in world.texts(200)]
    assert np.mean(np.array(unrelated) > 0.95) < 0.15
    for question in world.texts(20):
        rows = np.vstack([world.rows, world.shown(question, 1.5 + level)])
        assert world.confidence(TEXT, question, rows) > 0.9


def test_in_a_larger_archive_the_same_row_is_less_sure(world: World) -> None:
    question = world.texts(1)[0]
    best = world.rows[[(world.rows @ question).argmax()]]
    old = world.background
    told = [
        confidences(Background(old.texts, old.sample, rows), TEXT, question, best)[0]
        for rows in (512, 5_000, 500_000)
    ]
    assert told == sorted(told, reverse=True)


@pytest.mark.parametrize("form", [TEXT, PICTURE, BOTH])
@pytest.mark.parametrize("rows", [LEAST_ROWS, LEAST_ROWS + 1, 100])
def test_a_small_archive_is_enough(form: Form, rows: int) -> None:
    world = World(5, rows=rows)
    question = units(form.texts * world.texts(1)[0] + form.pictures * world.seen(1)[0])
    told = confidences(world.background, form, question, world.rows)
    assert len(told) == rows
    assert all(0 <= one <= 1 for one in told)
    shown = world.shown(question, 3.0)
    assert confidences(world.background, form, question, shown[None])[0] > max(told)


def test_rows_that_are_all_the_same_tell_nothing_of_pictures() -> None:
    row = units(np.ones((1, DIM)))
    same = Background(World(1).texts(TEXTS), np.repeat(row, 64, axis=0), 64)
    assert confidences(same, PICTURE, row[0], row) == [None]
    for form in (TEXT, BOTH):
        (told,) = confidences(same, form, row[0], row)
        assert told is not None
        assert 0 <= told <= 1


def test_far_away_it_is_none_and_certain() -> None:
    null = Null(location=3.0, scale=0.5)
    assert null.confidence(-1e9) == 0
    assert null.confidence(1e9) == 1
    assert null.confidence(3.0) == pytest.approx(np.exp(-1))


def test_a_question_of_the_cohort_is_not_among_its_own_rivals() -> None:
    """By hand, for questions that differ along as many directions as are looked at."""
    random = np.random.default_rng(4)
    questions = np.zeros((30, DIM), dtype=np.float32)
    questions[:, 0] = 0.5
    questions[:, 1:3] = random.normal(size=(30, 2)) / 4
    rows = units(random.normal(size=(200, DIM)))
    cohort = Cohort.of(questions, rows, 2)
    found = rows @ questions.T
    cosines = (rows @ cohort.axes.T).astype(np.float64)
    told = _standings(cohort, found, cosines, found)
    for own, standing in enumerate(told):
        best = found[found[:, own].argmax()]
        usual = np.delete(best, own).mean()
        assert standing == pytest.approx((best[own] - usual) / best.std(ddof=1), rel=1e-3)
    apart = _standings(cohort, found, cosines, None)
    assert (np.abs(apart) < np.abs(told)).all()
