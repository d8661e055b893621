"""Captions are true of what they were made for, and of nothing that differs from what they say."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pipeline.demo import captions
from pipeline.demo.captions import UNANSWERABLE, Asked, ask, plain, random_caption
from pipeline.demo.facts import SIGN, SIZES, Facts, Subject
from pipeline.demo.places import PLACES, TIMES
from pipeline.demo.things import PAINTS, THINGS, WORDS
from tests.demo.drawn import any_facts, colours, pairs, places, seeds, times


def _words(text: str) -> set[str]:
    return set(re.findall(r"[a-z]+", text.lower()))


_FUNCTION_WORDS = _words("a an the of on in at with under over its from two old full")


def _vocabulary() -> set[str]:
    """Every word that a caption can contain."""
    tables = (
        captions._KIND_WORDS,
        captions._SIZE_WORDS,
        captions._PLACE_WORDS,
        captions._PLACE_NOUNS,
        captions._TIME_WORDS,
    )
    phrases = [phrase for table in tables for said in table.values() for phrase in said]
    glue = ("a an the and something that says", *captions._FRAMES)
    many = (captions._PLURALS.get(kind, f"{kind}s") for kind in (*THINGS, SIGN))
    return _words(" ".join([*phrases, *glue, *THINGS, *many, *PAINTS, *WORDS]))


@pytest.mark.parametrize(
    ("caption", "text"),
    [
        (plain(Facts("road", "night", (Subject("car", "red", "small"),))),
         "a small red car on a road at night"),
        (plain(Facts("sea", "day", (Subject("boat", "orange"),))), "an orange boat at sea"),
        (plain(Facts("city", "sunset", (Subject(SIGN, "red", word="CAFE"),))),
         "a red sign that says CAFE in a city at sunset"),
        (plain(Facts("meadow", "day", (Subject("dog", "white", "big"), Subject("ball", "blue")))),
         "a big white dog and a blue ball on a meadow"),
        (plain(Facts("snow", "night", ())), "snow at night"),
        (plain(Facts("desert", "day", ())), "a desert"),
        (ask(Asked("boat"), Asked("tree")), "a boat and a tree"),
        (ask(Asked("plane", "orange")), "an orange plane"),
        (ask(Asked("plane", "orange", "big")), "a big orange plane"),
        (ask(Asked(colour="red")), "something red"),
        (ask(Asked(SIGN, word="ZOO"), place="meadow"), "a sign that says ZOO on a meadow"),
        (ask(place="sea", time="sunset"), "the sea at sunset"),
    ],
)  # fmt: skip
def test_the_usual_words(caption: captions.Caption, text: str) -> None:
    assert caption.text == text


@given(facts=any_facts, seed=seeds)
def test_captions_are_true_of_their_facts(facts: Facts, seed: int) -> None:
    random = np.random.default_rng(seed)
    assert plain(facts).holds(facts)
    assert random_caption(facts, random).holds(facts)


@given(facts=any_facts, seed=seeds)
def test_captions_say_something_in_good_form(facts: Facts, seed: int) -> None:
    for text in (plain(facts).text, random_caption(facts, np.random.default_rng(seed)).text):
        assert text
        assert text == " ".join(text.split())
        assert "None" not in text
        for article, first in re.findall(r"\b(an?) (\w)", text):
            assert (article == "an") == (first in "aeiou"), text


@given(facts=any_facts, seed=seeds)
def test_a_caption_says_in_words_what_it_means(facts: Facts, seed: int) -> None:
    caption = random_caption(facts, np.random.default_rng(seed))
    text = f" {caption.text} "
    for asked in caption.subjects:
        assert asked.colour is None or f" {asked.colour} " in text
        assert asked.word is None or f" that says {asked.word} " in text
        kinds = captions._KIND_WORDS.get(asked.kind or "", (asked.kind or "something",))
        many = captions._PLURALS.get(asked.kind or "", f"{asked.kind}s")
        assert any(f" {kind} " in text for kind in (*kinds, many))
        assert not asked.size or any(f" {s} " in text for s in captions._SIZE_WORDS[asked.size])
    if caption.place:
        table = captions._PLACE_WORDS if caption.subjects else captions._PLACE_NOUNS
        assert any(f" {words} " in text for words in table[caption.place])
    if caption.time:
        assert any(f" {words} " in text for words in captions._TIME_WORDS[caption.time])


_OTHERS = {
    "kind": (*THINGS, SIGN),
    "colour": tuple(PAINTS),
    "size": SIZES,
    "word": (*WORDS, None),
}


@given(facts=any_facts, data=st.data())
def test_one_other_thing_makes_it_false(facts: Facts, data: st.DataObject) -> None:
    assume(facts.subjects)
    caption = plain(facts)
    n = data.draw(st.integers(0, len(facts.subjects) - 1))
    said = [name for name in _OTHERS if getattr(caption.subjects[n], name) is not None]
    name = data.draw(st.sampled_from(said))
    had = getattr(facts.subjects[n], name)
    other = data.draw(st.sampled_from([value for value in _OTHERS[name] if value != had]))
    changed = list(facts.subjects)
    changed[n] = replace(changed[n], **{name: other})
    assert not caption.holds(replace(facts, subjects=tuple(changed)))


@given(facts=any_facts, seed=seeds, place=places, time=times)
def test_another_place_or_time_makes_it_false(
    facts: Facts, seed: int, place: str, time: str
) -> None:
    caption = random_caption(facts, np.random.default_rng(seed))
    elsewhere, later = replace(facts, place=place), replace(facts, time=time)
    assert caption.holds(elsewhere) == (caption.place in (None, place))
    assert caption.holds(later) == (caption.time in (None, time))


@given(facts=any_facts)
def test_a_missing_thing_makes_it_false(facts: Facts) -> None:
    assume(facts.subjects)
    assert not plain(facts).holds(replace(facts, subjects=facts.subjects[1:]))


@given(place=places, time=times, two=pairs, first=colours, second=colours)
def test_colours_are_bound_to_their_things(
    place: str, time: str, two: tuple[Subject, Subject], first: str, second: str
) -> None:
    assume(first != second)
    kinds = [subject.kind for subject in two]

    def facts(*paints: str) -> Facts:
        return Facts(place, time, tuple(map(Subject, kinds, paints)))

    caption = ask(*map(Asked, kinds, (first, second)))
    assert caption.holds(facts(first, second))
    assert caption.holds(
        replace(facts(first, second), subjects=facts(first, second).subjects[::-1])
    )
    assert not caption.holds(facts(second, first))


def test_a_red_boat_and_a_green_tree() -> None:
    caption = ask(Asked("boat", "red"), Asked("tree", "green"))
    assert caption.text == "a red boat and a green tree"
    assert not caption.holds(
        Facts("sea", "day", (Subject("boat", "green"), Subject("tree", "red")))
    )


def test_one_thing_is_not_two() -> None:
    one = Facts("sea", "day", (Subject("boat", "red"),))
    assert ask(Asked(colour="red")).holds(one)
    assert not ask(Asked("boat"), Asked(colour="red")).holds(one)
    assert not ask(Asked("boat"), Asked("boat")).holds(one)


def test_an_open_question_is_true_of_any() -> None:
    facts = Facts("sea", "night", (Subject("boat", "red", "big"), Subject("tree", "green")))
    assert ask(Asked("boat")).holds(facts)
    assert ask(Asked(colour="green"), place="sea").holds(facts)
    assert ask(time="night").holds(facts)
    # Nobody says "a medium boat", nor "by day": plain captions leave these open.
    usual = plain(Facts("sea", "day", (Subject("tree", "green"),)))
    assert usual.holds(Facts("sea", "night", (Subject("tree", "green", "big"),)))


def test_fifty_questions_have_no_answer() -> None:
    assert len(UNANSWERABLE) == len({text.lower() for text in UNANSWERABLE}) == 50
    known = _vocabulary() | _FUNCTION_WORDS
    assert not {text for text in UNANSWERABLE if _words(text) <= known}


@given(facts=any_facts, seed=seeds)
def test_no_caption_is_one_of_them(facts: Facts, seed: int) -> None:
    texts = {plain(facts).text, random_caption(facts, np.random.default_rng(seed)).text}
    assert all(_words(text) <= _vocabulary() for text in texts)
    assert not texts & set(UNANSWERABLE)


def test_every_part_of_the_world_has_words() -> None:
    assert set(captions._KIND_WORDS) <= {*THINGS, SIGN}
    assert set(captions._PLACE_WORDS) == set(captions._PLACE_NOUNS) == set(PLACES)
    assert set(captions._TIME_WORDS) == set(TIMES)
    assert set(captions._SIZE_WORDS) == set(SIZES)
