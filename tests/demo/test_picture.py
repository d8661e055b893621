"""Pictures show what the facts say, and depend on nothing but facts, seed and time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.data import UInt8Array
from pipeline.demo.facts import SIGN, Facts, Size, Subject
from pipeline.demo.picture import ALWAYS, Role, shot, stage, still
from pipeline.demo.places import PLACES
from pipeline.demo.things import PAINTS, THINGS, WORDS
from tests.demo.drawn import any_facts, grey_wall, painted, seeds

# Its role draws the same random numbers, and it is far outside all the time.
NEVER = (1000.0, 1001.0)
MIDDLE = slice(140, 500)
"""The columns that a model sees."""


def on_grey(
    subject: Subject,
    span: tuple[float, float] = ALWAYS,
    *,
    t: float = 1.0,
    seed: int = 0,
) -> UInt8Array:
    random = np.random.default_rng(seed)
    return stage(PLACES["meadow"], "day", grey_wall, (Role(subject, span),), random)(t)


def brightness(place: str, time: str) -> float:
    return float(shot(place, time, (), np.random.default_rng(1))(1.0).mean())


moments = st.floats(0, 10).map(lambda t: round(t, 3))


@given(facts=any_facts, seed=seeds, t=moments, others=st.lists(moments, max_size=3))
@settings(max_examples=20)
def test_a_picture_depends_on_its_time_alone(
    facts: Facts, seed: int, t: float, others: list[float]
) -> None:
    fresh, used = (still(facts, np.random.default_rng(seed)) for _ in range(2))
    for other in others:
        used(other)
    picture = used(t)
    assert (picture.shape, picture.dtype) == ((360, 640, 3), np.uint8)
    assert np.array_equal(picture, fresh(t))
    # Nobody's canvas: painting on it changes no other picture.
    picture[:] = 0
    assert np.array_equal(used(t), fresh(t))


@pytest.mark.parametrize("place", PLACES)
def test_it_moves_and_another_seed_is_another_picture(place: str) -> None:
    facts = Facts(place, "day", (Subject("dog", "red"),))
    first, second = (still(facts, np.random.default_rng(seed)) for seed in (1, 2))
    assert not np.array_equal(first(0.0), first(0.5))
    assert not np.array_equal(first(0.0), second(0.0))


@pytest.mark.parametrize("kind", THINGS)
@pytest.mark.parametrize("colour", PAINTS)
def test_things_show_their_paint_where_a_model_looks(kind: str, colour: str) -> None:
    subject = Subject(kind, colour)
    seen, unseen = (painted(on_grey(subject, when)[:, MIDDLE], colour) for when in (ALWAYS, NEVER))
    assert seen - unseen > 1_500, f"of the {360 * 360:,} pixels"


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("colour", PAINTS)
def test_signs_show_their_paint_where_a_model_looks(word: str, colour: str) -> None:
    subject = Subject(SIGN, colour, word=word)
    assert painted(on_grey(subject)[:, MIDDLE], colour) > 4_000


def test_signs_say_different_words() -> None:
    pictures = [on_grey(Subject(SIGN, "red", word=word)) for word in WORDS]
    for n, picture in enumerate(pictures):
        for other in pictures[:n]:
            assert (picture != other).any(axis=2).sum() > 500


@pytest.mark.parametrize("kind", THINGS)
def test_things_are_as_big_as_their_size(kind: str) -> None:
    def area(size: Size) -> int:
        subject = Subject(kind, "red", size)
        return int((on_grey(subject) != on_grey(subject, NEVER)).any(axis=2).sum())

    assert 1.5 * area("small") < area("medium") < area("big") / 1.5


@pytest.mark.parametrize("size", ["small", "medium"])
@pytest.mark.parametrize("kind", THINGS)
def test_a_thing_comes_and_goes(kind: str, size: Size) -> None:
    subject, span = Subject(kind, "red", size), (2.0, 4.0)
    for seed in range(2):
        for t in (1.0, 5.0):
            without = on_grey(subject, NEVER, t=t, seed=seed)
            assert np.array_equal(on_grey(subject, span, t=t, seed=seed), without)
        for t in (2.0, 3.0, 4.0):
            always = on_grey(subject, t=t, seed=seed)
            assert np.array_equal(on_grey(subject, span, t=t, seed=seed), always)


@pytest.mark.parametrize("kind", THINGS)
def test_a_model_sees_no_big_thing_a_second_before_it_comes(kind: str) -> None:
    subject, span = Subject(kind, "red", "big"), (2.0, 4.0)
    for t in (1.0, 5.0):
        picture, without = (on_grey(subject, when, t=t) for when in (span, NEVER))
        assert np.array_equal(picture[:, MIDDLE], without[:, MIDDLE])


@pytest.mark.parametrize("place", PLACES)
def test_it_comes_in_smoothly_in_every_place(place: str) -> None:
    roles = (Role(Subject("bus", "purple"), (2.0, 4.0)),)
    picture = shot(place, "day", roles, np.random.default_rng(4))
    counts = [painted(picture(t), "purple") for t in (1.0, 1.9, 2.0, 3.0, 4.0, 5.0)]
    assert max(counts[0], counts[-1]) < 400 < 2_000 < min(counts[2:-1])


@pytest.mark.parametrize("place", PLACES)
def test_night_is_darker_than_day(place: str) -> None:
    day, sunset, night = (brightness(place, time) for time in ("day", "sunset", "night"))
    assert night < sunset < day
    assert night < 0.6 * day


def test_two_things_are_both_seen() -> None:
    roles = (Role(Subject("car", "red")), Role(Subject("balloon", "green")))
    for seed in range(4):
        random = np.random.default_rng(seed)
        seen = stage(PLACES["road"], "day", grey_wall, roles, random)(1.0)[:, MIDDLE]
        assert min(painted(seen, "red"), painted(seen, "green")) > 2_000
