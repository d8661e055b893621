"""How far a row stands out for a question from what unrelated questions find in it (T-norm).

    standing(question, row) = (cosine(question, row) - mean) / deviation

with mean and standard deviation of the cosines of a cohort of unrelated questions with that row
(R. Auckenthaler, M. Carey, H. Lloyd-Thomas, Score normalization for text-independent speaker
verification systems, Digital Signal Processing 10, 2000).

The mean of the cosines is the cosine with the mean. Their variance is a sum over the principal axes
of the cohort: the variance along an axis times the squared cosine of the row with it. For the first
AXES this is taken of the row, and for the others, which add little, on average of the archive's
rows. So a store that scores rows says all that is wanted of one, and no vector of it is read.
docs/search.md has what this changes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.data import Float32Array, Float64Array

AXES = 2
"""Principal axes whose cosines are asked for: each takes a search time among the rows."""

_LEAST_DEVIATION = 1e-4


@dataclass(frozen=True, slots=True, eq=False)
class Cohort:
    """Unrelated questions, as far as rows are compared with them.

    Args:
        axes: Their mean's direction and their principal axes, unit vectors, float32
            (1 + AXES, dim).
        length: Of their mean.
        variances: Along the principal axes, float64 (AXES,).
        rest: What all other axes add to the variance of their cosines with a row, on average.
    """

    axes: Float32Array
    length: float
    variances: Float64Array
    rest: float

    @classmethod
    def of(cls, questions: Float32Array, rows: Float32Array) -> Cohort:
        """Out of unit vectors, float32 (n, dim), and rows of the archive, float32 (m, dim)."""
        mean = questions.mean(axis=0, dtype=np.float64)
        length = float(np.linalg.norm(mean))
        apart = questions - mean
        # Of fewer questions than dimensions: their products have the same variances, largest last.
        found, mixes = np.linalg.eigh(apart @ apart.T / (len(apart) - 1))
        kept = slice(-1, -1 - AXES, -1)
        variances = np.maximum(found[kept], 0.0)
        directions = np.vstack([mean, mixes[:, kept].T @ apart])
        lengths = np.linalg.norm(directions, axis=1, keepdims=True)
        # Along one of no length nothing differs: any direction will do.
        axes = np.divide(directions, lengths, out=np.eye(*directions.shape), where=lengths > 0)
        every = ((rows @ apart.T) ** 2).sum(axis=1) / (len(apart) - 1)
        rest = float((every - (rows @ axes[1:].T) ** 2 @ variances).mean())
        return cls(np.asarray(axes, dtype=np.float32), length, variances, max(0.0, rest))

    @property
    def is_apart(self) -> bool:
        """Whether its questions differ, so that a row can stand out from them."""
        return float(self.variances.sum()) + self.rest > _LEAST_DEVIATION**2

    def standings(self, scores: Float64Array, cosines: Float64Array) -> Float64Array:
        """How far rows stand out.

        Args:
            scores: Their cosines with the question, (n,).
            cosines: Those with the axes, (n, 1 + AXES).

        Returns:
            Standard deviations, (n,).
        """
        return np.asarray((scores - self.length * cosines[:, 0]) / self.deviations(cosines))

    def deviations(self, cosines: Float64Array) -> Float64Array:
        """Standard deviations of its questions' cosines with rows, (n,); arguments as above."""
        variances = cosines[:, 1:] ** 2 @ self.variances + self.rest
        return np.maximum(np.sqrt(variances), _LEAST_DEVIATION)
