"""What the small model learns from: pictures as it sees them, with the truth about each."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from itertools import islice

import numpy as np
from PIL import Image

from pipeline.data import UInt8Array
from pipeline.demo.captions import Caption
from pipeline.demo.facts import Facts, held_out, random_facts
from pipeline.demo.picture import Role, stage
from pipeline.demo.places import PLACES

_PER_BACKDROP = 8
_BACKDROPS_PER_TASK = 30


def seen(facts: Facts) -> bool:
    """Whether training may show this."""
    return not held_out(facts)


def draw(
    count: int,
    seed: int,
    size: int,
    *,
    allowed: Callable[[Facts], bool] = seen,
    workers: int | None = None,
    on_progress: Callable[[int], None] = lambda _: None,
) -> tuple[UInt8Array, list[Facts]]:
    """Draw pictures at random.

    Args:
        count: How many.
        seed: Another seed gives other pictures.
        size: Side of the square that the model sees, in pixels.
        allowed: Which facts may be shown; a function of a module, as it goes to other processes.
        workers: Processes; one a core by default.
        on_progress: Told how many more are done.

    Returns:
        Pictures, RGB, uint8 (count, size, size, 3), and the facts of each.
    """
    per_task = _PER_BACKDROP * _BACKDROPS_PER_TASK
    starts = range(0, count, per_task)
    pictures: list[UInt8Array] = []
    facts: list[Facts] = []
    spawn = multiprocessing.get_context("spawn")
    with ExitStack() as stack:
        run: Callable[..., Iterable[tuple[UInt8Array, list[Facts]]]] = map
        # A single task is shared with nobody: another process would only have to start first.
        if len(starts) > 1:
            pool = ProcessPoolExecutor(workers or os.cpu_count(), mp_context=spawn)
            run = stack.enter_context(pool).map
        lengths = (min(per_task, count - start) for start in starts)
        task = partial(_task, seed, size, allowed)
        for drawn, said in run(task, range(len(starts)), lengths):
            pictures.append(drawn)
            facts += said
            on_progress(len(said))
    return np.concatenate(pictures), facts


def as_seen(picture: UInt8Array, size: int) -> UInt8Array:
    """What CLIP's preprocessing leaves of a wide picture: its middle, bicubic, `size` high."""
    height, width = picture.shape[:2]
    # Rounded as `pipeline.models.preprocess` does, which would bring torch into each process.
    wide = int(size * width / height)
    small = Image.fromarray(picture).resize((wide, size), Image.Resampling.BICUBIC)
    left = round((wide - size) / 2)
    return np.asarray(small.crop((left, 0, left + size, size)), dtype=np.uint8)


def truth(captions: Sequence[Caption], facts: Sequence[Facts]) -> np.ndarray:
    """Which captions are true of which pictures: bool (captions, pictures)."""
    return np.array([[caption.holds(fact) for fact in facts] for caption in captions], dtype=bool)


def _task(
    seed: int, size: int, allowed: Callable[[Facts], bool], task: int, count: int
) -> tuple[UInt8Array, list[Facts]]:
    random = np.random.default_rng((seed, task))
    drawn, said = zip(*islice(_examples(random, size, allowed), count), strict=True)
    return np.stack(drawn), list(said)


def _examples(
    random: np.random.Generator, size: int, allowed: Callable[[Facts], bool]
) -> Iterator[tuple[UInt8Array, Facts]]:
    for _ in range(_BACKDROPS_PER_TASK):
        where = random_facts(random, allowed=allowed)
        place, time = PLACES[where.place], where.time
        # Setting up a backdrop costs more than painting before it.
        backdrop = place.backdrop(time, random)
        for _ in range(_PER_BACKDROP):
            facts = _before(place.name, time, random, allowed)
            roles = tuple(Role(subject) for subject in facts.subjects)
            picture = stage(place, time, backdrop, roles, random)
            yield as_seen(picture(random.uniform(0, 6)), size), facts


def _before(
    place: str, time: str, random: np.random.Generator, allowed: Callable[[Facts], bool]
) -> Facts:
    while True:
        facts = replace(random_facts(random), place=place, time=time)
        if allowed(facts):
            return facts
