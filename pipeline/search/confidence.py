"""How sure it is that what was found is no accident.

A cosine says little by itself: each model has its own level, each text another, and there is always
a nearest picture. So the best row is asked how much better this question describes it than others
do (T-norm: R. Auckenthaler, M. Carey, H. Lloyd-Thomas, Score normalization for text-independent
speaker verification systems, Digital Signal Processing 10, 2000):

    standing(question, row) = (cosine(question, row) - mean) / deviation

with mean and standard deviation of the cosines of a cohort of unrelated questions of the same form
with that row. Then it is compared with the standings that those unrelated questions reach
themselves with their own best rows in a random sample of the archive. Such maxima follow a Gumbel
distribution (E. Gumbel, Statistics of Extremes, 1958):

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

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from pipeline.data import Float32Array, Float64Array

SAMPLE_ROWS = 512
"""Rows of an archive that stand for all of it."""

LEAST_ROWS = 32
"""With fewer rows nothing can be told."""

_PICTURES = 128
_QUANTILES = (0.1, 0.4)
_GROWS = 0.25
_PARTS = (8, 4, 2, 1)
_MIN_DEVIATION = 1e-4


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
        return float(np.exp(-np.exp(min(700.0, -(standing - self.location) / self.scale))))


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

    def confidences(
        self, form: Form, vector: Float32Array, best: Float32Array
    ) -> list[float | None]:
        """How sure it is that rows answer a question.

        Args:
            form: Of the question.
            vector: The question, unit vector, float32 (dim,).
            best: Rows, each the best of a video, float32 (videos, dim).

        Returns:
            0 to 1 for each row; None where unrelated questions cannot be told apart.
        """
        cohort = self._cohort(form)
        null = self._text_null if not form.pictures else self._fit(form)
        # So small a product is slower on several threads, and much slower beside other work.
        others = np.einsum("rd,cd->rc", best, cohort)
        deviation = others.std(axis=1, ddof=1)
        standings = (best @ vector - others.mean(axis=1)) / np.maximum(deviation, _MIN_DEVIATION)
        return [
            null.confidence(float(standing)) if apart > _MIN_DEVIATION else None
            for standing, apart in zip(standings, deviation, strict=True)
        ]

    @cached_property
    def _text_null(self) -> Null:
        return self._fit(Form(1.0, 0.0))

    @property
    def _pictures(self) -> Float32Array:
        return self.sample[: min(_PICTURES, len(self.sample) // 2)]

    def _cohort(self, form: Form) -> Float32Array:
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

    def _fit(self, form: Form) -> Null:
        # A row of the cohort is no row to be found.
        rows = self.sample[len(self._pictures) :] if form.pictures else self.sample
        found, others = rows @ self._unrelated(form).T, rows @ self._cohort(form).T
        standings = _standings(found, others, apart=not form.texts)
        low, high = np.quantile(standings, _QUANTILES)
        at_low, at_high = (-np.log(-np.log(q)) for q in _QUANTILES)
        scale = max(float(high - low) / (at_high - at_low), _MIN_DEVIATION)
        sizes = np.array([len(rows) // part for part in _PARTS if len(rows) // part])
        parts = [
            np.quantile(_standings(found[:n], others[:n], apart=not form.texts), _GROWS)
            for n in sizes
        ]
        growth = max(0.0, float(np.polyfit(np.log(sizes), parts, 1)[0]))
        further = growth * float(np.log(max(1.0, self.rows / len(rows))))
        return Null(float(low) - scale * at_low + further, scale)


def _standings(found: Float32Array, others: Float32Array, *, apart: bool) -> Float64Array:
    """The standing of each unrelated question at its best row.

    Args:
        found: Cosines with the unrelated questions, float32 (rows, n).
        others: Cosines with the cohort, float32 (rows, cohort).
        apart: The cohort holds none of the questions; otherwise it holds each, at its own place.
    """
    best = found.argmax(axis=0)
    own = np.arange(found.shape[1])
    rivals = others[best].astype(np.float64)
    if not apart:
        rivals[own, own] = np.nan
    deviation = np.maximum(np.nanstd(rivals, axis=1, ddof=1), _MIN_DEVIATION)
    return np.asarray((found[best, own] - np.nanmean(rivals, axis=1)) / deviation)


def _mixed(form: Form, texts: Float32Array, pictures: Float32Array) -> Float32Array:
    return _unit(form.texts * texts + form.pictures * pictures)


def _unit(vectors: Float32Array) -> Float32Array:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)
