"""What can be seen in a picture of the drawn world, and which combinations training never sees."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np

from pipeline.demo.places import PLACES, TIMES
from pipeline.demo.things import PAINTS, THINGS, WORDS

Size = Literal["small", "medium", "big"]

SIGN = "sign"
SIZES: tuple[Size, ...] = ("small", "medium", "big")


@dataclass(frozen=True, slots=True)
class Subject:
    """A thing in a picture.

    Args:
        kind: One of `THINGS`, or `sign`.
        colour: One of `PAINTS`.
        size: How large it is drawn.
        word: What a sign says, one of `WORDS`.
    """

    kind: str
    colour: str
    size: Size = "medium"
    word: str | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """All there is to say about a picture: where, when, and up to two subjects."""

    place: str
    time: str
    subjects: tuple[Subject, ...]


HELD_OUT_COLOURS: Mapping[str, str] = MappingProxyType(
    {
        "car": "green",
        "bus": "purple",
        "boat": "yellow",
        "plane": "pink",
        "balloon": "white",
        "house": "orange",
        "tree": "blue",
        "flower": "green",
        "person": "yellow",
        "dog": "red",
        "ball": "purple",
        "star": "orange",
    }
)
"""By kind of thing: the colour in which training never sees it."""

HELD_OUT_PLACES: Mapping[str, str] = MappingProxyType(
    {
        "car": "snow",
        "bus": "meadow",
        "boat": "city",
        "plane": "desert",
        "balloon": "sea",
        "house": "road",
        "tree": "snow",
        "flower": "desert",
        "person": "sea",
        "dog": "road",
        "ball": "city",
        "star": "meadow",
    }
)
"""By kind of thing: the place in which training never sees it."""


def held_out(facts: Facts) -> bool:
    """Whether a picture shows a pair that training never sees."""
    return any(
        HELD_OUT_COLOURS.get(subject.kind) == subject.colour
        or HELD_OUT_PLACES.get(subject.kind) == facts.place
        for subject in facts.subjects
    )


def random_facts(
    random: np.random.Generator, *, allowed: Callable[[Facts], bool] = lambda _: True
) -> Facts:
    """Any facts that are allowed: mostly one thing, often two, sometimes a sign or nothing."""
    while True:
        place, time = _one(random, PLACES), _one(random, TIMES)
        facts = Facts(place, time, _subjects(random))
        if allowed(facts):
            return facts


def _subjects(random: np.random.Generator) -> tuple[Subject, ...]:
    dice = random.random()
    if dice < 0.04:
        return ()
    if dice < 0.12:
        return (Subject(SIGN, _one(random, PAINTS), word=_one(random, WORDS)),)
    if dice < 0.62:
        return (random_subject(random),)
    first, second = random_subject(random), random_subject(random)
    return (first, second) if first.kind != second.kind else (first,)


def random_subject(random: np.random.Generator) -> Subject:
    """Any thing in any colour and size."""
    size = SIZES[random.choice(3, p=(0.25, 0.5, 0.25))]
    return Subject(_one(random, THINGS), _one(random, PAINTS), size)


def _one(random: np.random.Generator, names: Mapping[str, object] | tuple[str, ...]) -> str:
    return tuple(names)[int(random.integers(len(names)))]
