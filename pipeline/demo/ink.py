"""Outlined shapes and small parts that several drawn things share; no whole thing is drawn here."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from pipeline.data import Float64Array
from pipeline.demo.brush import Brush, Colour, Point, shade

CREAM: Colour = (250, 244, 226)
COAL: Colour = (38, 40, 48)
GLASS: Colour = (186, 214, 224)
WOOD: Colour = (122, 84, 56)
SKIN: Colour = (236, 188, 152)

_EDGE = 2.5
_TURNS = np.linspace(0, 2 * np.pi, 32, endpoint=False)
_CIRCLE = np.stack([np.cos(_TURNS), np.sin(_TURNS)], axis=1)

Shape = Sequence[Point] | Float64Array


def inked(brush: Brush, colour: Colour, *shapes: Shape, edge: Colour | None = None) -> None:
    """Shapes of one colour that grow into one, with a darker outline around them all."""
    for shape in shapes:
        brush.line([*shape, *shape[:2]], 2 * _EDGE, edge or shade(colour, 0.55))
    for shape in shapes:
        brush.polygon(shape, colour)


def limb(brush: Brush, colour: Colour, points: Sequence[Point], width: float) -> None:
    """A thick line with round ends and the outline that `inked` gives."""
    brush.line(points, width + 2 * _EDGE, shade(colour, 0.55))
    brush.line(points, width, colour)


def oval(x: float, y: float, rx: float, ry: float, *, turn: float = 0.0) -> Float64Array:
    """Points of an ellipse by its centre and radii, turned by degrees: float64 (32, 2)."""
    placed: Float64Array = turned(_CIRCLE * (rx, ry), turn) + np.array([x, y])
    return placed


def turned(shape: Shape, degrees: float) -> Float64Array:
    """The shape turned clockwise about (0, 0)."""
    angle = math.radians(degrees)
    cosine, sine = math.cos(angle), math.sin(angle)
    around: Float64Array = np.asarray(shape, np.float64) @ [[cosine, sine], [-sine, cosine]]
    return around


def rounded(points: Shape, *, rounds: int = 3) -> Float64Array:
    """The closed shape with its corners cut again and again (Chaikin, 1974)."""
    smooth = np.asarray(points, np.float64)
    for _ in range(rounds):
        after = np.roll(smooth, -1, axis=0)
        cut = np.stack([0.82 * smooth + 0.18 * after, 0.18 * smooth + 0.82 * after], axis=1)
        smooth = cut.reshape(-1, 2)
    return smooth


def wheel(brush: Brush, x: float, radius: float, turn: float) -> None:
    """A wheel on the ground, turned by radians, with spokes that show it."""
    brush.disc(x, -radius, radius, COAL)
    brush.disc(x, -radius, 0.55 * radius, (196, 200, 206))
    for spoke in (turn, turn + np.pi / 2):
        across, down = 0.5 * radius * np.cos(spoke), 0.5 * radius * np.sin(spoke)
        brush.line([(x - across, -radius - down), (x + across, -radius + down)], 1.6, COAL)
