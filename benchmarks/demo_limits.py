"""What the demo's CLIP tells apart in single pictures, one property at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import numpy as np

from benchmarks.result import Ratio
from pipeline.config import EncodeConfig
from pipeline.demo.captions import Asked, Caption, ask
from pipeline.demo.facts import SIGN, Facts, Subject, random_facts
from pipeline.demo.picture import still
from pipeline.demo.things import PAINTS, THINGS, WORDS
from pipeline.models import load_encoder

PICTURES = 200

Choice = Callable[[Facts], list[Caption]]
"""Captions of a picture, of which only the first is true."""


def limits(seed: int) -> Iterator[Ratio]:
    """How often the true caption is nearer than the wrong ones."""
    encoder = load_encoder(EncodeConfig(backend="demo"))
    random = np.random.default_rng((seed, 1))
    for name, (allowed, choice) in CHOICES.items():
        facts = [random_facts(random, allowed=allowed) for _ in range(PICTURES)]
        pictures = encoder.encode_images([still(each, random)(0.5) for each in facts])
        choices = [choice(each) for each in facts]
        texts = (encoder.encode_text([caption.text for caption in each]) for each in choices)
        right = [
            (text @ picture).argmax() == 0 for text, picture in zip(texts, pictures, strict=True)
        ]
        note = f"of {PICTURES}; 1 of {len(choices[0])} by chance"
        share = float(np.mean(right))
        yield Ratio("demo_model", f"seed {seed}: tells {name}", share, 1.0, "", "more", None, note)


def _things(facts: Facts) -> list[Caption]:
    (subject,) = facts.subjects
    others = (kind for kind in THINGS if kind != subject.kind)
    return [ask(Asked(kind)) for kind in (subject.kind, *others)]


def _colours(facts: Facts) -> list[Caption]:
    (subject,) = facts.subjects
    others = (colour for colour in PAINTS if colour != subject.colour)
    return [ask(Asked(subject.kind, colour)) for colour in (subject.colour, *others)]


def _swapped(facts: Facts) -> list[Caption]:
    one, two = facts.subjects
    pairs = (one, two), (replace(one, colour=two.colour), replace(two, colour=one.colour))
    return [ask(*(Asked(s.kind, s.colour) for s in pair)) for pair in pairs]


def _words(facts: Facts) -> list[Caption]:
    (subject,) = facts.subjects
    others = (word for word in WORDS if word != subject.word)
    return [ask(Asked(SIGN, word=word)) for word in (subject.word, *others)]


def _is_thing(subject: Subject) -> bool:
    return subject.kind in THINGS


def _one(facts: Facts) -> bool:
    return len(facts.subjects) == 1 and _is_thing(facts.subjects[0])


def _two(facts: Facts) -> bool:
    return len({subject.colour for subject in facts.subjects}) == 2


def _sign(facts: Facts) -> bool:
    return len(facts.subjects) == 1 and not _is_thing(facts.subjects[0])


CHOICES: Mapping[str, tuple[Callable[[Facts], bool], Choice]] = {
    "which of twelve things": (_one, _things),
    "which of eight colours": (_one, _colours),
    "which word is on a sign": (_sign, _words),
    "which of two things has which colour": (_two, _swapped),
}
