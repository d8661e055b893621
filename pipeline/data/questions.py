"""Questions: what search is asked."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pipeline.filters import Filter

Aggregate = Literal["max", "mean", "top_mean", "softmax"]
LEAST_WEIGHT, MOST_WEIGHT = 0.001, 1000.0
"""Beyond, one part of a question is lost beside another, and soon in rounding."""

Order = Literal["strict", "any"]
Granularity = Literal["scene", "frame"]


@dataclass(frozen=True, slots=True)
class Words:
    """Something to look for, or to keep away from, in words.

    Args:
        text: Not blank.
        weight: How much it counts beside the other parts of a question, `LEAST_WEIGHT` to
            `MOST_WEIGHT`.
    """

    text: str
    weight: float = 1.0

    def __post_init__(self) -> None:
        if not self.text.strip():
            raise ValueError("a text says something")
        _check(self.weight)


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of what to look for.

    Args:
        path: An image file.
        weight: As in `Words`.
    """

    path: Path
    weight: float = 1.0

    def __post_init__(self) -> None:
        _check(self.weight)


@dataclass(frozen=True, slots=True)
class Spot:
    """A video of the archive, or a moment of it.

    Args:
        video: A path, a content id, or the start of one, as `find_video` takes it.
        at_s: Seconds, or None for the whole video.
        weight: As in `Words`.
    """

    video: str
    at_s: float | None = None
    weight: float = 1.0

    def __post_init__(self) -> None:
        if self.at_s is not None and not 0 <= self.at_s < math.inf:
            raise ValueError(f"a moment is at 0 s or later, not {self.at_s}")
        _check(self.weight)


@dataclass(frozen=True, slots=True)
class Question:
    """All that can be asked at once.

    Args:
        texts: What to look for, in words.
        pictures: What to look for, in pictures.
        like: What is wanted is like these; their own videos are no answer.
        without: What is not wanted, in words.
        more: Relevance feedback: moments that are what is meant.
        less: And moments that are not.
        where: Among which videos and rows.
    """

    texts: tuple[Words, ...] = ()
    pictures: tuple[Picture, ...] = ()
    like: tuple[Spot, ...] = ()
    without: tuple[Words, ...] = ()
    more: tuple[Spot, ...] = ()
    less: tuple[Spot, ...] = ()
    where: Filter | None = None

    def __post_init__(self) -> None:
        if not (self.texts or self.pictures or self.like or self.more):
            raise ValueError("a question looks for something")


@dataclass(frozen=True, slots=True)
class SequenceQuestion:
    """Several things that follow each other in one video.

    Args:
        texts: What each step shows, in words, two or more.
        within_s: Most seconds from the end of one step to the start of the next, above 0.
        order: `strict`: the steps follow each other as they stand here; `any`: in any order.
        granularity: What a step is: a `scene`, or a single sampled `frame`.
        where: Among which videos and rows.
    """

    texts: tuple[str, ...]
    within_s: float
    order: Order
    granularity: Granularity
    where: Filter | None = None


def _check(weight: float) -> None:
    if not LEAST_WEIGHT <= weight <= MOST_WEIGHT:
        raise ValueError(f"a weight is {LEAST_WEIGHT:g} to {MOST_WEIGHT:g}, not {weight}")
