"""Ways to tell questions with an answer from those without, compared on the rows of an archive."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from benchmarks.result import Ratio
from pipeline.config import Config
from pipeline.data import Float32Array, Float64Array
from pipeline.models import load_encoder
from pipeline.search.cohort import COHORT
from pipeline.search.confidence import SAMPLE_ROWS, TEXT_AXES
from pipeline.search.standing import Cohort
from pipeline.store import VideoStore


def standings(
    seed: int, config: Config, answerable: Sequence[str], strange: Sequence[str]
) -> Iterator[Ratio]:
    """AUROC of the best score, of Z-norm, and of T-norm by all cosines and as it is computed."""
    with VideoStore.connect(config.store) as store:
        store.open_for_reading()
        total = store.count_rows()
        rows, sample = store.sample(total, of=total), store.sample(SAMPLE_ROWS, of=total)
    encoder = load_encoder(config.encode)
    cohort = encoder.encode_text(COHORT)
    sure, unsure = (
        _ways(encoder.encode_text(t), rows, sample, cohort) for t in (answerable, strange)
    )
    for way in sure:
        name = f"seed {seed}: no match, by way: AUROC of {way}"
        yield Ratio("demo_search", name, auroc(sure[way], unsure[way]), 1.0, "", "more")


def auroc(above: Float64Array, below: Float64Array) -> float:
    """The area under the ROC curve: the share of pairs in the right order."""
    more, same = above[:, None] > below, above[:, None] == below
    return float(more.mean() + same.mean() / 2)


def _ways(
    texts: Float32Array, rows: Float32Array, sample: Float32Array, cohort: Float32Array
) -> dict[str, Float64Array]:
    cosines = texts @ rows.T
    best = cosines.max(axis=1).astype(np.float64)
    nearest = rows[cosines.argmax(axis=1)]
    background, others = texts @ sample.T, nearest @ cohort.T
    summed = Cohort.of(cohort, sample, TEXT_AXES)
    return {
        "the best score": best,
        "Z-norm, by the question's own background": _apart(best, background),
        "T-norm, by unrelated questions": _apart(best, others),
        "T-norm, by their mean alone": summed.standings(best, nearest @ summed.axes.T),
    }


def _apart(best: Float64Array, others: Float32Array) -> Float64Array:
    return np.asarray((best - others.mean(axis=1)) / others.std(axis=1, ddof=1))
