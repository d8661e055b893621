"""How far a row stands out for a question from what unrelated questions find in it (T-norm).

    standing(question, row) = (cosine(question, row) - mean) / deviation

with mean and standard deviation of the cosines of a cohort of unrelated questions with that row
(R. Auckenthaler, M. Carey, H. Lloyd-Thomas, Score normalization for text-independent speaker
verification systems, Digital Signal Processing 10, 2000).

The mean of the cosines is the cosine with the mean. Their variance is a sum over the principal axes
of the cohort: the variance along an axis times the squared cosine of the row with it. For the first
few axes, or for none, this is taken of the row; what the others add goes with the mean, more or
less. So the variance is told from the mean and the squared cosines with those axes, with the
weights that come nearest to the variances of the archive's own rows (least squares). A store that
scores rows says all that is wanted of one, and no vector of it is read. docs/search.md has what
this changes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.data import Float32Array, Float64Array

_LEAST_DEVIATION = 1e-4


@dataclass(frozen=True, slots=True, eq=False)
class Cohort:
    """Unrelated questions, as far as rows are compared with them.

    Args:
        axes: Their mean's direction and their principal axes, unit vectors, float32
            (1 + axes, dim).
        length: Of their mean.
        weights: What tells a variance from 1, the cosine with the mean and the squared ones with
            the principal axes, float64 (2 + axes,).
        bounds: The least and the greatest variance of the archive's rows.
    """

    axes: Float32Array
    length: float
    weights: Float64Array
    bounds: tuple[float, float]

    @classmethod
    def of(cls, questions: Float32Array, rows: Float32Array, axes: int) -> Cohort:
        """What is to be known of a cohort.

        Args:
            questions: Unit vectors, float32 (n, dim).
            rows: Of the archive, unit vectors, float32 (m, dim).
            axes: How many principal axes: a store takes time for each.
        """
        mean = questions.mean(axis=0, dtype=np.float64)
        length = float(np.linalg.norm(mean))
        apart = questions - mean
        # Of fewer questions than dimensions: their products have the same variances, largest last.
        _, mixes = np.linalg.eigh(apart @ apart.T / (len(apart) - 1))
        directions = np.vstack([mean, mixes[:, -1 : -1 - axes : -1].T @ apart])
        lengths = np.linalg.norm(directions, axis=1, keepdims=True)
        # Along one of no length nothing differs: any direction will do.
        units = np.divide(directions, lengths, out=np.eye(*directions.shape), where=lengths > 0)
        variances = ((rows @ apart.T) ** 2).sum(axis=1) / (len(apart) - 1)
        weights, *_ = np.linalg.lstsq(_told_from(rows @ units.T), variances, rcond=None)
        bounds = float(variances.min()), float(variances.max())
        return cls(np.asarray(units, dtype=np.float32), length, weights, bounds)

    @property
    def is_apart(self) -> bool:
        """Whether its questions differ, so that a row can stand out from them."""
        return self.bounds[1] > _LEAST_DEVIATION**2

    def standings(self, scores: Float64Array, cosines: Float64Array) -> Float64Array:
        """How far rows stand out.

        Args:
            scores: Their cosines with the question, (n,).
            cosines: Those with the axes, (n, 1 + axes).

        Returns:
            Standard deviations, (n,).
        """
        return np.asarray((scores - self.length * cosines[:, 0]) / self.deviations(cosines))

    def deviations(self, cosines: Float64Array) -> Float64Array:
        """Standard deviations of its questions' cosines with rows, (n,); arguments as above."""
        # Beyond what rows of the archive have, the weights say nothing.
        variances = np.clip(_told_from(cosines) @ self.weights, *self.bounds)
        return np.maximum(np.sqrt(variances), _LEAST_DEVIATION)


def _told_from(cosines: Float64Array) -> Float64Array:
    return np.column_stack([np.ones(len(cosines)), cosines[:, 0], cosines[:, 1:] ** 2])
