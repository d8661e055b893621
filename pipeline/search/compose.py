"""A question -> one query vector.

    query = texts + pictures + like - NEGATIVE_WEIGHT / sqrt(n) * without
            + MORE_WEIGHT * more - LESS_WEIGHT * less

Each name stands for the weighted sum of its unit vectors, of which `without` has n, and `more` and
`less` for their mean; the result is made a unit vector. So whatever is asked is one search.

Subtracting was compared with orthogonal projection, and with re-ranking or leaving out rows by
their cosine with the negative; the numbers are in docs/search.md. A small weight is right because
CLIP's texts lie close together: a negative has much in common with what is wanted, and taking all
of it away takes that away too.

`more` and `less` are relevance feedback (J. Rocchio, Relevance feedback in information retrieval,
1971; the weights: C. Manning, P. Raghavan, H. Schütze, Introduction to Information Retrieval, 2008,
section 9.1).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from pipeline.data import Float32Array, Picture, Question, Spot, Words
from pipeline.errors import Code, QueryError
from pipeline.media.image import load_image
from pipeline.models.base import Encoder
from pipeline.search.confidence import Form
from pipeline.search.prompts import encode_texts
from pipeline.search.seeds import Seed

P = TypeVar("P", Words, Picture, Spot)

NEGATIVE_WEIGHT = 0.25
"""Of a single text that is not wanted, whose own weight is 1."""

MORE_WEIGHT, LESS_WEIGHT = 0.75, 0.15
"""Rocchio's beta and gamma; alpha, of the question itself, is 1."""

_LEAST_SHARE = 1e-3
"""With less of its longest part left, a question is what rounding left of it."""


@dataclass(frozen=True, slots=True, eq=False)
class Composed:
    """A question as search takes it.

    Args:
        vector: Unit vector, float32 (dim,).
        form: How much of what is wanted is text, and how much pictures.
    """

    vector: Float32Array
    form: Form


@dataclass(frozen=True, slots=True)
class Seeds:
    """What the spots of a question stand for, each in its order."""

    like: Sequence[Seed] = ()
    more: Sequence[Seed] = ()
    less: Sequence[Seed] = ()


def compose(
    encoder: Encoder, question: Question, seeds: Seeds, templates: Sequence[str] = ()
) -> Composed:
    """Put the parts of a question together.

    Args:
        encoder: The archive's model.
        question: What was asked.
        seeds: Of its spots.
        templates: Prompts for its texts.

    Raises:
        QueryError: A text that is longer than the model's context, or parts that cancel out.
        MediaError: A picture that cannot be read.
    """

    def said(words: Sequence[Words]) -> Float32Array:
        return encode_texts(encoder, [each.text for each in words], templates)

    def shown(pictures: Sequence[Picture]) -> Float32Array:
        return encoder.encode_images([load_image(picture.path) for picture in pictures])

    more, less, dim = question.more, question.less, encoder.dim
    parts = np.array(
        [
            _sum(question.texts, said, dim),
            _sum(question.pictures, shown, dim),
            _sum(question.like, lambda _: _vectors(seeds.like), dim),
            MORE_WEIGHT * _mean(more, lambda _: _vectors(seeds.more), dim),
            -LESS_WEIGHT * _mean(less, lambda _: _vectors(seeds.less), dim),
            -_spread(question) * _sum(question.without, said, dim),
        ]
    )
    lengths, whole = np.linalg.norm(parts, axis=1), parts.sum(axis=0)
    length = float(np.linalg.norm(whole))
    if length < _LEAST_SHARE * lengths.max():
        raise QueryError(
            "what is wanted and what is not are the same: nothing is left to look for",
            code=Code.QUERY_INVALID,
        )
    # What is taken away makes no question of another form.
    form = Form(float(lengths[0]), float(np.linalg.norm(parts[1:4].sum(axis=0))))
    return Composed(np.asarray(whole / length, dtype=np.float32), form)


def _spread(question: Question) -> float:
    """The weight of each negative: several say different things, whose lengths add as squares."""
    return NEGATIVE_WEIGHT / math.sqrt(max(1, len(question.without)))


def _vectors(seeds: Sequence[Seed]) -> Float32Array:
    return np.array([seed.vector for seed in seeds], dtype=np.float32)


def _sum(
    parts: Sequence[P], vectors: Callable[[Sequence[P]], Float32Array], dim: int
) -> Float32Array:
    """The weighted sum of the parts' vectors, float32 (dim,); most questions have few parts."""
    if not parts:
        return np.zeros(dim, dtype=np.float32)
    weights = np.array([part.weight for part in parts], dtype=np.float32)
    return np.asarray(weights @ vectors(parts), dtype=np.float32)


def _mean(
    parts: Sequence[P], vectors: Callable[[Sequence[P]], Float32Array], dim: int
) -> Float32Array:
    total = _sum(parts, vectors, dim)
    return total / np.float32(sum(part.weight for part in parts)) if parts else total
