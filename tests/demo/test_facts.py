"""What training never sees, and that everything else comes up by chance."""

from __future__ import annotations

from itertools import islice, permutations, product

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.demo.facts import (
    HELD_OUT_COLOURS,
    HELD_OUT_PLACES,
    SIGN,
    SIZES,
    Facts,
    Subject,
    held_out,
    random_facts,
)
from pipeline.demo.places import PLACES, TIMES
from pipeline.demo.things import PAINTS, THINGS, WORDS
from tests.demo.drawn import pairs, places, seeds, signs, times


def test_each_thing_has_one_held_out_colour_and_place() -> None:
    for table, names in ((HELD_OUT_COLOURS, PAINTS), (HELD_OUT_PLACES, PLACES)):
        assert set(table) == set(THINGS)
        assert set(table.values()) == set(names), "each is held out for something"


def test_of_one_thing_its_held_out_pairs_are_held_out_and_no_others() -> None:
    found = {
        (kind, colour, place)
        for kind, colour, place, time, size in product(THINGS, PAINTS, PLACES, TIMES, SIZES)
        if held_out(Facts(place, time, (Subject(kind, colour, size),)))
    }
    expected = {
        (kind, colour, place)
        for kind, colour, place in product(THINGS, PAINTS, PLACES)
        if (kind, colour) in HELD_OUT_COLOURS.items() or (kind, place) in HELD_OUT_PLACES.items()
    }
    assert found == expected
    assert len(found) == len(THINGS) * (len(PAINTS) + len(PLACES) - 1)


@given(place=places, time=times, two=pairs)
def test_two_things_are_held_out_if_either_is(
    place: str, time: str, two: tuple[Subject, Subject]
) -> None:
    either = any(held_out(Facts(place, time, (subject,))) for subject in two)
    assert held_out(Facts(place, time, two)) == either
    assert held_out(Facts(place, time, two[::-1])) == either


@given(place=places, time=times, sign=signs)
def test_signs_and_empty_places_are_never_held_out(place: str, time: str, sign: Subject) -> None:
    assert not held_out(Facts(place, time, (sign,)))
    assert not held_out(Facts(place, time, ()))


def _seen(facts: Facts) -> bool:
    return not held_out(facts)


def _alone(facts: Facts) -> bool:
    return len(facts.subjects) == 1


@given(seed=seeds, allowed=st.sampled_from([held_out, _seen, _alone]))
@settings(max_examples=50)
def test_random_facts_are_allowed(seed: int, allowed) -> None:
    random = np.random.default_rng(seed)
    assert all(allowed(random_facts(random, allowed=allowed)) for _ in range(5))


@given(seed=seeds)
@settings(max_examples=50)
def test_random_facts_are_of_the_world(seed: int) -> None:
    facts = random_facts(np.random.default_rng(seed))
    assert facts == random_facts(np.random.default_rng(seed))
    assert facts.place in PLACES
    assert facts.time in TIMES
    assert len({subject.kind for subject in facts.subjects}) == len(facts.subjects) <= 2
    for subject in facts.subjects:
        assert subject.colour in PAINTS
        assert subject.size in SIZES
        assert subject.kind in THINGS if subject.word is None else subject.kind == SIGN


def test_every_combination_comes_up() -> None:
    random = np.random.default_rng(1)
    # Some 25,000 things: 22 of each kind and colour in each place, if they are evenly spread.
    drawn = list(islice(iter(lambda: random_facts(random), None), 17_000))
    every = [(facts, subject) for facts in drawn for subject in facts.subjects]
    things = [(facts, subject) for facts, subject in every if subject.kind != SIGN]
    signs = {(subject.word, subject.colour) for _, subject in every if subject.kind == SIGN}
    assert {(facts.place, facts.time) for facts in drawn if not facts.subjects} == {
        *product(PLACES, TIMES)
    }
    assert signs == {*product(WORDS, PAINTS)}
    assert {(s.kind, s.colour, f.place) for f, s in things} == {*product(THINGS, PAINTS, PLACES)}
    assert {(s.kind, s.size, f.time) for f, s in things} == {*product(THINGS, SIZES, TIMES)}
    together = {tuple(s.kind for s in facts.subjects) for facts in drawn if len(facts.subjects) > 1}
    assert together == {*permutations(THINGS, 2)}
