"""Captions of what is not in this world, so that the model learns to keep away from them."""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np

from pipeline.demo.captions import UNANSWERABLE, random_caption
from pipeline.demo.facts import random_facts
from pipeline.demo.things import PAINTS

_FORMS = ("a {n}", "a {c} {n}", "a {n} {p}", "a {n} and a {m}", "two {n}", "a {n} on a {m}")
_PLACES = ("on a road", "in the snow", "at sea", "in a city", "on a meadow", "at night")
_ENOUGH_CAPTIONS = 5_000

# What is in the pictures by names that no caption uses, or nearly: to call these unknown would be
# wrong, and to call them known would be untrue.
_NEAR = frozenset(
    """
    vehicle vehicles truck lorry van jeep cab traffic drive driving wheel wheels motor auto
    vessel yacht sail sails sailing sailor ships flight flying airlines airline jet jets
    building buildings tower towers window windows door roof chimney cottage homes hotel town
    towns cities urban streets highway highways lane avenue asphalt roads downtown skyscraper
    mountain mountains hill hills valley landscape scenery scene view nature outdoors horizon
    cloud clouds cloudy sky skies sun sunny sunrise sunshine dusk dawn twilight evening morning
    noon afternoon midnight nights days daytime dark darkness light lights lamp lamps moon
    moonlight shadow starry wave waves ocean oceans beach island coast shore lake river bay
    water waters seaside marine dune dunes sand sandy cactus winter wintry snowy snowing ice icy
    frozen cold summer field fields lawn grass grassy prairie pasture countryside rural garden
    forest wood woods bush leaf leaves plant plants blossom blossoms bloom petals rose roses tulip
    daisy puppy puppies hound pets animal animals people girl girls boy boys woman women men lady
    guy child children kid kids someone somebody figure character toy toys sphere globe round
    balls letters letter word words text board sign signs signboard poster billboard fence rail
    violet crimson scarlet navy cyan gold golden silver grey gray black brown magenta lime teal
    turquoise maroon coloured colored colour color bright pale
    picture photo image drawing cartoon illustration painting video
    """.split()  # noqa: SIM905  words read better than a list
)


def unknown_words(vocabulary: Iterable[str]) -> tuple[str, ...]:
    """Whole words of a tokenizer's vocabulary that have nothing to do with this world.

    The questions without an answer are left out too: they are kept for testing.

    Args:
        vocabulary: Tokens; those that end a word end in `</w>`.
    """
    random = np.random.default_rng(0)
    captions = (random_caption(random_facts(random), random) for _ in range(_ENOUGH_CAPTIONS))
    told = " ".join((*(caption.text for caption in captions), *UNANSWERABLE)).lower()
    used = set(re.findall("[a-z]+", told))
    stems = tuple(word for word in used if len(word) > 2)
    words = (token.removesuffix("</w>") for token in vocabulary if token.endswith("</w>"))
    return tuple(
        word
        for word in words
        # Also "cars" and "boathouse", and with them "scarf": there are enough others.
        if re.fullmatch("[a-z]{4,}", word)
        and word not in _NEAR
        and not any(stem in word for stem in stems)
    )


def strange_caption(words: tuple[str, ...], random: np.random.Generator) -> str:
    """A caption that is true of no picture, in the forms of those that are.

    Args:
        words: From `unknown_words`.
        random: Chooses.
    """
    form, colour, place, n, m = (
        options[int(random.integers(len(options)))]
        for options in (_FORMS, tuple(PAINTS), _PLACES, words, words)
    )
    return form.format(n=n, m=m, c=colour, p=place)
