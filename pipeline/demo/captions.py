"""Words for what is seen, in several forms, and of which pictures they are true."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import permutations
from types import MappingProxyType

import numpy as np

from pipeline.demo.facts import SIGN, Facts, Subject


@dataclass(frozen=True, slots=True)
class Asked:
    """What a caption says of one subject; None leaves it open."""

    kind: str | None = None
    colour: str | None = None
    size: str | None = None
    word: str | None = None

    def fits(self, subject: Subject) -> bool:
        """Whether the subject is as asked."""
        asked = (self.kind, self.colour, self.size, self.word)
        found = (subject.kind, subject.colour, subject.size, subject.word)
        return all(a is None or a == f for a, f in zip(asked, found, strict=True))


@dataclass(frozen=True, slots=True)
class Caption:
    """A question and what it means."""

    text: str
    subjects: tuple[Asked, ...] = ()
    place: str | None = None
    time: str | None = None

    def holds(self, facts: Facts) -> bool:
        """Whether it is true of a picture: each subject that it names is another one there."""
        if self.place not in (None, facts.place) or self.time not in (None, facts.time):
            return False
        return any(
            all(asked.fits(subject) for asked, subject in zip(self.subjects, chosen, strict=True))
            for chosen in permutations(facts.subjects, len(self.subjects))
        )


_KIND_WORDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "car": ("car", "automobile"),
        "bus": ("bus", "coach"),
        "boat": ("boat", "sailing boat", "ship"),
        "plane": ("plane", "airplane", "aeroplane", "aircraft"),
        "balloon": ("balloon", "hot-air balloon"),
        "house": ("house", "cottage", "home"),
        "flower": ("flower", "blossom"),
        "person": ("person", "man", "human"),
        "dog": ("dog", "puppy"),
        SIGN: ("sign", "signboard"),
    }
)
_PLURALS: Mapping[str, str] = MappingProxyType({"bus": "buses", "person": "people"})
_SIZE_WORDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "small": ("small", "little", "tiny"),
        "medium": ("medium-sized",),
        "big": ("big", "large", "huge"),
    }
)
_PLACE_WORDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "road": ("on a road", "on the road", "on a street"),
        "sea": ("at sea", "on the sea", "on the water"),
        "snow": ("in the snow", "on snow", "in winter"),
        "meadow": ("on a meadow", "on grass", "on the grass", "in a field"),
        "desert": ("in the desert", "in a desert", "on sand"),
        "city": ("in a city", "in the city", "in town"),
    }
)
_PLACE_NOUNS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "road": ("a road", "a street"),
        "sea": ("the sea", "water"),
        "snow": ("snow", "a snowy landscape"),
        "meadow": ("a meadow", "grass"),
        "desert": ("a desert", "sand dunes"),
        "city": ("a city", "a skyline"),
    }
)
_TIME_WORDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "day": ("by day", "in daylight"),
        "sunset": ("at sunset", "in the evening"),
        "night": ("at night", "by night"),
    }
)
_FRAMES = (
    "{}",
    "{}",
    "{}",
    "{}",
    "a photo of {}",
    "a picture of {}",
    "a video of {}",
    "there is {}",
)


def plain(facts: Facts) -> Caption:
    """The whole truth in the usual words: "a small red car on a road at night"."""
    subjects = tuple(
        Asked(s.kind, s.colour, None if s.size == "medium" else s.size, s.word)
        for s in facts.subjects
    )
    time = None if facts.time == "day" else facts.time
    return _say(subjects, facts.place, time, None)


def ask(*subjects: Asked, place: str | None = None, time: str | None = None) -> Caption:
    """A caption of these things in the usual words."""
    return _say(subjects, place, time, None)


def random_caption(facts: Facts, random: np.random.Generator) -> Caption:
    """Some of the truth in some words: "a red car", "a boat and a tree", "snow at night"."""
    subjects = list(facts.subjects)
    random.shuffle(subjects)
    if len(subjects) > 1 and random.random() < 0.3:
        subjects.pop()
    asked = tuple(_partly(subject, random) for subject in subjects)
    place = facts.place if not asked or random.random() < 0.55 else None
    time = facts.time if random.random() < (0.3 if facts.time == "day" else 0.6) else None
    return _say(asked, place, time, random)


def _partly(subject: Subject, random: np.random.Generator) -> Asked:
    dice = random.random()
    colour = subject.colour if dice < 0.85 else None
    size = subject.size if subject.size != "medium" and random.random() < 0.5 else None
    if subject.kind == SIGN:
        return Asked(SIGN, colour, None, subject.word if random.random() < 0.8 else None)
    if 0.8 < dice < 0.85:
        return Asked(None, colour)
    return Asked(subject.kind, colour, size)


def _say(
    subjects: tuple[Asked, ...],
    place: str | None,
    time: str | None,
    random: np.random.Generator | None,
) -> Caption:
    """In the usual words, or in any with `random`."""
    words = [" and ".join(_subject_words(asked, random) for asked in subjects)]
    if place:
        words.append(_pick((_PLACE_WORDS if subjects else _PLACE_NOUNS)[place], random))
    if time:
        words.append(_pick(_TIME_WORDS[time], random))
    text = " ".join(word for word in words if word)
    return Caption(_pick(_FRAMES, random).format(text), subjects, place, time)


def _subject_words(asked: Asked, random: np.random.Generator | None) -> str:
    size = _pick(_SIZE_WORDS[asked.size], random) if asked.size else None
    if asked.kind is None:
        return " ".join(word for word in ("something", size, asked.colour) if word)
    kind = _pick(_KIND_WORDS.get(asked.kind, (asked.kind,)), random)
    article = _pick(("a", "a", "a", "the", "", "several"), random)
    if article == "several":
        # Who asks for "cars" is glad of one.
        article, kind = "", _PLURALS.get(asked.kind, f"{asked.kind}s")
    noun = " ".join(word for word in (size, asked.colour, kind) if word)
    says = f" that says {asked.word}" if asked.word else ""
    if article == "a" and noun[0] in "aeiou":
        article = "an"
    return f"{article} {noun}{says}".strip()


def _pick(words: tuple[str, ...], random: np.random.Generator | None) -> str:
    return words[0] if random is None else words[int(random.integers(len(words)))]


UNANSWERABLE = (
    "a purple elephant",
    "a red guitar",
    "a giraffe in the snow",
    "a slice of pizza",
    "a violin on a table",
    "a blue whale under water",
    "two penguins",
    "a wedding cake",
    "a man playing chess",
    "a cup of coffee",
    "a green parrot",
    "a laptop on a desk",
    "a zebra at a river",
    "a football match in a stadium",
    "a woman with an umbrella",
    "a yellow submarine",
    "an old typewriter",
    "a plate of spaghetti",
    "a knight in armour",
    "a roller coaster",
    "a bowl of strawberries",
    "a helicopter over a volcano",
    "a pink flamingo",
    "a surgeon in an operating room",
    "a bookshelf full of books",
    "an orange tiger",
    "a skeleton",
    "a clown with a trumpet",
    "a windmill with tulips",
    "a tractor ploughing",
    "a wolf howling",
    "a bunch of bananas",
    "a microscope in a laboratory",
    "a robot vacuum cleaner",
    "a waterfall in a jungle",
    "a white swan",
    "a sewing machine",
    "a bicycle race",
    "a camel caravan",
    "a turtle laying eggs",
    "fireworks",
    "a tennis racket",
    "a spider in its web",
    "a bottle of wine",
    "a mushroom in the forest",
    "a kangaroo",
    "a telephone ringing",
    "an astronaut on the moon",
    "a crowd at a concert",
    "a cat on a sofa",
)
"""Questions without an answer in this world: no picture shows what they name."""
