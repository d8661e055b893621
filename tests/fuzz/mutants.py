"""Source files and a seed -> damaged files, the same each time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random

from tests.fuzz import bytewise
from tests.fuzz.trees import BOXES, CHUNKS, ELEMENTS, surgery

Damage = Callable[[bytes, Random], bytes]

MOST_BYTES = 1 << 20
"""A mutant is never larger."""

ANYWHERE: Mapping[str, Damage] = {
    damage.__name__: damage
    for damage in (
        bytewise.flip_bits, bytewise.overwrite_numbers, bytewise.zero, bytewise.garble,
        bytewise.truncate, bytewise.behead, bytewise.repeat, bytewise.remove, bytewise.insert,
        bytewise.exchange,
    )
}  # fmt: skip

OF_FORMAT: Mapping[str, tuple[str, Damage]] = {
    "boxes": ("mp4 mov m4v 3gp", partial(surgery, form=BOXES)),
    "elements": ("mkv webm", partial(surgery, form=ELEMENTS)),
    "chunks": ("avi", partial(surgery, form=CHUNKS)),
    "packets": ("ts mts", bytewise.packets),
}
"""Damage that knows a format, by its name, with the endings of that format."""

_SPLICES = 0.08
_OWN = 0.5


@dataclass(frozen=True, slots=True)
class Mutant:
    """A damaged file.

    Args:
        number: Which of its seed, from 0.
        source: Name of the file that it was.
        damages: What was done to it, in order.
        data: What is left.
    """

    number: int
    source: str
    damages: tuple[str, ...]
    data: bytes

    @property
    def name(self) -> str:
        """A file name that says all of it."""
        source = Path(self.source)
        return f"{self.number:06d}-{source.stem}-{'-'.join(self.damages)}{source.suffix}"


def mutant(sources: Mapping[str, bytes], seed: int, number: int) -> Mutant:
    """Make one mutant; the same arguments give the same bytes.

    Args:
        sources: Valid files by name, at least one, none of them empty.
        seed: Another one gives other mutants.
        number: Which of them; any can be made without the others.

    Returns:
        Its bytes differ from its source's; they can be none at all.
    """
    random = Random(f"{seed} {number}")
    names = sorted(sources)
    source = random.choice(names)
    data, damages = sources[source], []
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        name, damage = _chosen(source, sources[random.choice(names)], random)
        data = damage(data, random)[:MOST_BYTES]
        damages.append(name)
    while data == sources[source]:
        data = bytewise.flip_bits(data, random)
    return Mutant(number, source, tuple(damages), data)


def _chosen(source: str, other: bytes, random: Random) -> tuple[str, Damage]:
    """A kind of damage, rather one that knows the file's format."""
    ending = Path(source).suffix[1:]
    own = [(name, do) for name, (endings, do) in OF_FORMAT.items() if ending in endings.split()]
    if own and random.random() < _OWN:
        return random.choice(own)
    if random.random() < _SPLICES:
        return "splice", lambda data, random: bytewise.splice(data, other, random)
    return random.choice(list(ANYWHERE.items()))
