"""Questions that have nothing to do with each other, and hardly with any one archive.

They stand for all unrelated questions: how well an archive seems to answer them is what
`confidence` compares a question with. Things of many kinds, each a plain noun, none of them so
common that most archives would show several. `confidence` allows for the few that one does show.
"""

from __future__ import annotations

import hashlib
import json
import logging
import math
import uuid
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pipeline.data import Float32Array
from pipeline.models import Encoder
from pipeline.search.prompts import encode_texts

_TEXTS = """
an abacus, an accordion, an airport terminal, an anvil, an aquarium, an archery target, an
artichoke, an avocado, a badger, a ballet dancer, a bamboo grove, a banjo, a barber shop, a barn
owl, a baseball pitcher, a bathtub, a beaver, a beehive, a beetle, a birthday card, a blacksmith, a
bonfire, a bowling alley, a broccoli, a broom, a bulldozer, a butterfly, a candlestick, a carousel,
a castle, a caterpillar, a cathedral, a cello, a chainsaw, a cheetah, a cherry pie, a church organ,
a circuit board, a coal mine, a coconut, a compass, a coral reef, a crab, a crocodile, a dentist, a
diver, a dolphin, a drum kit, a duck, an eagle, an escalator, a factory, a falcon, a ferris wheel, a
fire engine, a fish market, a fishing rod, a flute, a fountain, a frog, a frying pan, a gas station,
a glacier, a golf course, a gorilla, a grand piano, a greenhouse, a gymnast, a hair dryer, a
hamburger, a hammer, a hammock, a hamster, a harp, a hedgehog, a hippopotamus, a hockey goalkeeper,
an ice cream cone, an iguana, a jellyfish, a judge, a karate fight, a kettle, a keyboard, a kitchen,
a kite, a ladder, a lemon, a leopard, a library, a lion, a lizard, a lobster, a loom, a magician, a
map, a mask, a mattress, a mechanic, a monk, a mosque, a nurse, an oil rig, an omelette, an onion,
an ostrich, an owl, a paint brush, a panda, a pineapple, a pair of scissors, a parachute, a peacock,
a pelican, a pharmacy, a photocopier, a pirate, a polar bear, a potter, a printing press, a pumpkin,
a pyramid, a rabbit, a radio, a railway station, a rat, a rhinoceros, a rocket, a saddle, a salad, a
salmon, a sandwich, a saxophone, a scorpion, a screwdriver, a seal, a shark, a shopping trolley, a
sink, a skateboard, a ski jump, a snail, a snake, a squirrel, a stapler, a statue, a stethoscope, a
suitcase, a sushi roll, a swimming pool, a swordfish, a teapot, a telescope, a theatre, a toaster, a
toothbrush, a treadmill, a turkey, a vase, a vineyard, a vulture, a walrus, a wardrobe, a
weightlifter, a wheelchair, a wrestler, a yoga class, a zipper
"""

COHORT = tuple(" ".join(_TEXTS.split()).split(", "))
"""Each a text."""

_STORED = np.dtype("<f4")
_SEAL_BYTES = 32

_log = logging.getLogger(__name__)


def cohort_vectors(encoder: Encoder, templates: Sequence[str], cache: Path) -> Float32Array:
    """The cohort's vectors, computed once for each model and kept in a file.

    Args:
        encoder: Whose.
        templates: Prompts that questions are put into.
        cache: A folder, made if it is missing. Where it cannot be written to, nothing is kept.

    Returns:
        Unit vectors, float32 (len(COHORT), dim).
    """
    facts = json.dumps([dict(encoder.facts), list(templates), COHORT], sort_keys=True, default=str)
    path = cache / f"cohort-{hashlib.sha256(facts.encode()).hexdigest()[:16]}.f32"
    known = _read(path, (len(COHORT), encoder.dim))
    if known is not None:
        return known
    vectors = encode_texts(encoder, COHORT, templates)
    _write(path, vectors)
    return vectors


def _read(path: Path, shape: tuple[int, int]) -> Float32Array | None:
    # NumPy's own files hold no checksum, and damaged ones end in errors of many kinds.
    try:
        kept = path.read_bytes()
    except OSError:
        return None
    if _sealed(kept[_SEAL_BYTES:]) != kept or len(kept) - _SEAL_BYTES != 4 * math.prod(shape):
        return None
    return np.frombuffer(kept, _STORED, offset=_SEAL_BYTES).reshape(shape).astype(np.float32)


def _write(path: Path, vectors: Float32Array) -> None:
    partial = path.with_name(f"{path.stem}.{uuid.uuid4().hex}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(_sealed(vectors.astype(_STORED).tobytes()))
        partial.replace(path)
    except OSError as error:
        _log.debug("the cohort's vectors are not kept in %s: %s", path.parent, error)


def _sealed(content: bytes) -> bytes:
    return hashlib.sha256(content).digest() + content
