"""How sure it is that what was found is no accident.

A cosine says little by itself: each model has its own level, each text another, and there is always
a nearest picture. So the best row is asked how much better this question describes it than
unrelated questions of the same form do: standing.py. Then it is compared with the standings that
those unrelated questions reach themselves with their own best rows in a random sample of the
archive. Such maxima follow a Gumbel distribution (E. Gumbel, Statistics of Extremes, 1958):

    confidence = exp(-exp(-(standing - location) / scale))

which is the share of unrelated questions that find nothing as good. Location and scale come from
two low quantiles, which the few unrelated questions that the archive does answer leave alone. The
sample is smaller than the archive, whose maxima are higher: by how much more for each doubling is
measured on parts of the sample, rather than assumed of rows that depend on each other.

Standardizing by the background of the question instead (Z-norm: its own cosines with the sample)
was measured too, and is worse: a text that means nothing to the model has a narrow background, from
which its best row stands out as far as a right one does. docs/search.md has the numbers.

For the part of a question that is pictures, the cohort is rows of the sample. The unrelated
questions are then the cohort's texts, moved by the difference of the means of rows and texts: in
CLIP's space pictures and texts lie apart by nearly that alone (W. Liang et al., Mind the gap,
NeurIPS 2022, https://arxiv.org/abs/2203.02053).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from pipeline.data import Float32Array, Float64Array
from pipeline.search.standing import Cohort

SAMPLE_ROWS = 512
"""Rows of an archive that stand for all of it."""

LEAST_ROWS = 32
"""With fewer rows nothing can be told."""

TEXT_AXES, PICTURE_AXES = 0, 2
"""Where a row has high cosines with all texts, they differ less: that tells enough of it."""

_PICTURES = 128
_QUANTILES = (0.1, 0.4)
_GROWS = 0.25
_PARTS = (8, 4, 2, 1)
_LEAST_SCALE = 1e-4


@dataclass(frozen=True, slots=True)
class Form:
    """How much of a question is text, and how much is pictures: lengths of their vectors."""

    texts: float
    pictures: float


@dataclass(frozen=True, slots=True)
class Null:
    """The Gumbel distribution of the standings of unrelated questions."""

    location: float
    scale: float

    def confidence(self, standing: float) -> float:
        """The share of unrelated questions that stand out less."""
        # Beyond what exp holds, it is 0.
        return math.exp(-math.exp(min(700.0, -(standing - self.location) / self.scale)))


class Rivals:
    """Unrelated questions of one form, and how often they find something as good.

    Args:
        cohort: These questions.
        fit: Gives what they find in the archive; None where they cannot be told apart.
    """

    def __init__(self, cohort: Cohort, fit: Callable[[], Null | None]) -> None:
        self._cohort = cohort
        self._fit = fit

    @property
    def axes(self) -> Float32Array:
        """Unit vectors, float32 (n, dim), whose cosines with rows say all that is to be known."""
        return self._cohort.axes

    def confidences(self, scores: Float64Array, cosines: Float64Array) -> list[float | None]:
        """How sure it is that rows answer a question.

        Args:
            scores: Cosines of the question with rows, each the best of a video, (videos,).
            cosines: Those of the axes with them, (videos, n).

        Returns:
            0 to 1 for each row; None where unrelated questions cannot be told apart.
        """
        if (null := self._null) is None:
            return [None] * len(scores)
        return [null.confidence(float(each)) for each in self._cohort.standings(scores, cosines)]

    @cached_property
    def _null(self) -> Null | None:
        return self._fit()


@dataclass(frozen=True, eq=False)
class Background:
    """What questions are compared with, of one archive and one model.

    Args:
        texts: Unit vectors of unrelated texts, float32 (n, dim).
        sample: Rows of the archive, drawn at random, in random order; float32 (m, dim), m at least
            `LEAST_ROWS`.
        rows: How many rows the archive has.
    """

    texts: Float32Array
    sample: Float32Array
    rows: int

    def rivals(self, form: Form) -> Rivals:
        """What a question of a form is compared with."""
        if form.texts and form.pictures:
            return self._rivals(form)
        return self._of_pictures if form.pictures else self._of_texts

    @cached_property
    def _of_texts(self) -> Rivals:
        return self._rivals(Form(1.0, 0.0))

    @cached_property
    def _of_pictures(self) -> Rivals:
        return self._rivals(Form(0.0, 1.0))

    def _rivals(self, form: Form) -> Rivals:
        # A row of the cohort is no row to be found.
        rows = self.sample[len(self._pictures) :] if form.pictures else self.sample
        axes = PICTURE_AXES if form.pictures else TEXT_AXES
        cohort = Cohort.of(self._questions(form), rows, axes)
        return Rivals(cohort, lambda: self._fit(form, cohort, rows))

    @property
    def _pictures(self) -> Float32Array:
        return self.sample[: min(_PICTURES, len(self.sample) // 2)]

    def _questions(self, form: Form) -> Float32Array:
        """Unrelated questions of a form, of this archive's own pictures."""
        if not form.pictures:
            return self.texts
        if not form.texts:
            return self._pictures
        pictures = np.resize(self._pictures, self.texts.shape)
        return _mixed(form, self.texts, pictures)

    def _unrelated(self, form: Form) -> Float32Array:
        """Unrelated questions of a form, of pictures that this archive does not have."""
        moved = self.texts - self.texts.mean(axis=0) + self.sample.mean(axis=0)
        return _mixed(form, self.texts, _unit(moved))

    def _fit(self, form: Form, cohort: Cohort, rows: Float32Array) -> Null | None:
        if not cohort.is_apart:
            return None
        found = rows @ self._unrelated(form).T
        # Where it holds the questions themselves, none is compared with itself.
        own = None if not form.texts else rows @ self._questions(form).T
        cosines = (rows @ cohort.axes.T).astype(np.float64)
        sizes = np.array([len(rows) // part for part in _PARTS if len(rows) // part])
        standings = [_standings(cohort, found[:n], cosines, own) for n in sizes]
        low, high = np.quantile(standings[-1], _QUANTILES)
        at_low, at_high = (-np.log(-np.log(q)) for q in _QUANTILES)
        scale = max(float(high - low) / (at_high - at_low), _LEAST_SCALE)
        parts = [np.quantile(each, _GROWS) for each in standings]
        growth = max(0.0, float(np.polyfit(np.log(sizes), parts, 1)[0]))
        further = growth * float(np.log(max(1.0, self.rows / len(rows))))
        return Null(float(low) - scale * at_low + further, scale)


def _standings(
    cohort: Cohort, found: Float32Array, cosines: Float64Array, own: Float32Array | None
) -> Float64Array:
    """The standing of each unrelated question at its best row.

    Args:
        cohort: What they are compared with.
        found: Their cosines with rows, float32 (rows, n).
        cosines: Of these rows with the axes of the cohort; of more rows, too.
        own: Of these rows with the cohort's questions, float32 (rows, n), where it holds those that
            are compared with it, in their order: each is then left out of the mean that it is
            compared with. In the deviation, of so many, it stays.
    """
    best, each = found.argmax(axis=0), np.arange(found.shape[1])
    near = cosines[best]
    if own is not None and cohort.length:
        count = found.shape[1]
        near[:, 0] = (count * near[:, 0] - own[best, each] / cohort.length) / (count - 1)
    return cohort.standings(found[best, each].astype(np.float64), near)


def _mixed(form: Form, texts: Float32Array, pictures: Float32Array) -> Float32Array:
    return _unit(form.texts * texts + form.pictures * pictures)


def _unit(vectors: Float32Array) -> Float32Array:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)
