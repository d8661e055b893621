"""How the demo's model is trained, and how that went. No torch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Recipe:
    """How it is trained.

    Args:
        pictures: Drawn once, before.
        steps: Batches.
        batch_size: Pictures, with a caption each.
        learning_rate: The highest, of one cycle.
        weight_decay: Of matrices; not of token and position tables, gains and offsets.
        seed: Of the pictures, the captions, the first weights and the batches.
        begin: Weights to go on from, as training writes them; None for random ones.
    """

    pictures: int = 30_000
    steps: int = 1_600
    batch_size: int = 192
    learning_rate: float = 1.5e-3
    weight_decay: float = 0.1
    seed: int = 7
    begin: Path | None = None


RECIPE = Recipe()
"""What the shipped weights were trained with."""


@dataclass(frozen=True, slots=True)
class Point:
    """A point of the curve.

    Args:
        step: Batches so far.
        loss: Mean since the last point.
        seen_r1: Share of 200 unseen pictures of pairs that training sees that are the nearest to
            their caption, or to one that is true of them as well.
        held_out_r1: The same of pairs that it does not see.
        minutes: Since the pictures were drawn.
    """

    step: int
    loss: float
    seen_r1: float
    held_out_r1: float
    minutes: float
