"""The things of the drawn world: what may stand or fly in a picture, in which paint.

Here are the registry and all that is made by hand; what grows or walks is in `creatures`, the
letters on signs are in `letters`, and where things are put is not decided here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from pipeline.data import Float64Array
from pipeline.demo.brush import Brush, Colour, shade
from pipeline.demo.creatures import draw_dog, draw_flower, draw_person, draw_tree
from pipeline.demo.ink import (
    COAL,
    CREAM,
    GLASS,
    WOOD,
    inked,
    limb,
    oval,
    rounded,
    turned,
    wheel,
)
from pipeline.demo.letters import write


@dataclass(frozen=True, slots=True)
class Thing:
    """A kind of thing.

    Args:
        name: What it is called, as in "a red car".
        flies: It is in the sky; otherwise it stands on the ground.
        width: In its own units, about; the larger side is about 100.
        height: The same.
        draw: Paints it in a colour as it is at a time, in seconds. (0, 0) is its middle where it
            flies, and the middle of its foot where it stands. It looks to the right.
    """

    name: str
    flies: bool
    width: float
    height: float
    draw: Callable[[Brush, Colour, float], None]


_CAR = rounded(
    [(-49, -11), (-49, -30), (-34, -33), (-22, -50), (12, -50), (28, -33), (47, -29), (49, -11)]
)
_BUS = [(-50.0, -9.0), (-50.0, -50.0), (-46.0, -55.0), (43.0, -55.0), (48.0, -50.0), (50.0, -30.0)]
_BUS += [(50.0, -9.0)]
_POLE = np.array([13.0, -9.0])
_FUSELAGE = rounded([(-47, -7), (30, -11), (50, 2), (40, 10), (-18, 10), (-47, -1)])
_ENVELOPE = rounded(
    [
        *[(-0.26, 21), (-0.82, -1), (-1, -17), (-0.86, -37), (-0.4, -50)],
        *[(0.4, -50), (0.86, -37), (1, -17), (0.82, -1), (0.26, 21)],
    ]
)
_BOARD = [(-52.0, -22.0), (-48.0, -26.0), (48.0, -26.0), (52.0, -22.0)]
_BOARD += [(-x, -y) for x, y in _BOARD]


def _draw_car(brush: Brush, paint: Colour, t: float) -> None:
    inked(brush, paint, _CAR)
    brush.polygon([(-26, -33), (-18, -45), (-6, -45), (-6, -33)], GLASS)
    brush.polygon([(-1, -33), (-1, -45), (10, -45), (20, -33)], GLASS)
    brush.rectangle(-49, -18, 98, 6, shade(paint, 0.78))
    brush.line([(-3.5, -32), (-3.5, -13)], 1.5, shade(paint, 0.55))
    brush.rectangle(2, -28, 7, 2.5, shade(paint, 0.55))
    brush.ellipse(45, -25, 4, 3.5, (255, 240, 170))
    brush.rectangle(-50, -28, 4, 6, (150, 40, 40))
    for x in (-28, 28):
        wheel(brush, x, 11.5, 8 * t)


def _draw_bus(brush: Brush, paint: Colour, t: float) -> None:
    inked(brush, paint, _BUS)
    for n in range(6):
        brush.rectangle(-46 + 13 * n, -47, 10, 14, GLASS)
    brush.polygon([(34, -47), (44, -47), (48, -28), (34, -28)], GLASS)
    brush.rectangle(-50, -24, 100, 5, shade(paint, 0.7))
    brush.rectangle(46, -19, 4.5, 6, (255, 240, 170))
    for x in (-29, 25):
        wheel(brush, x, 9.5, 8 * t)


def _draw_boat(brush: Brush, paint: Colour, t: float) -> None:
    full = 3 * np.sin(1.3 * t)
    edge = shade(paint, 0.55)
    brush.rectangle(-2, -97, 4, 78, WOOD)
    main = [(5, -94), (24 + full, -72), (39 + full, -48), (46, -29), (5, -27)]
    jib = [(-5, -84), (-22 + full, -58), (-39, -29), (-5, -27)]
    inked(brush, paint, main)
    inked(brush, shade(paint, 0.85), jib, edge=edge)
    brush.polygon([(2, -99), (2, -92), (-14, -96 + 0.6 * full)], edge)
    hull = [(-50, -21), (50, -21), (37, -4), (30, 0), (-32, 0), (-40, -5)]
    inked(brush, paint, hull)
    brush.polygon(
        [(-44, -12), (44, -12), (37, -4), (30, 0), (-32, 0), (-40, -5)], shade(paint, 0.75)
    )
    brush.rectangle(-50, -22, 100, 3.5, CREAM)


def _draw_plane(brush: Brush, paint: Colour, t: float) -> None:
    edge, wing = shade(paint, 0.55), shade(paint, 0.82)
    inked(brush, wing, [(8, -6), (-6, -6), (-20, -24), (-11, -24)], edge=edge)
    inked(brush, paint, [(-28, -6), (-42, -28), (-51, -28), (-46, -4)], _FUSELAGE)
    inked(brush, wing, [(-30, 0), (-44, 0), (-54, 9), (-47, 10)], edge=edge)
    for n in range(6):
        brush.disc(-24 + 8.5 * n, -3.5, 2.3, GLASS)
    brush.polygon([(31, -7), (38, -5), (43, -0.5), (31, -0.5)], GLASS)
    inked(brush, shade(paint, 0.7), oval(2, 14, 8, 4.5), edge=edge)
    inked(brush, wing, [(14, 3), (-8, 3), (-32, 27), (-22, 28)], edge=edge)
    if np.sin(7 * t) > 0:
        brush.disc(-47, -29, 1.6, (255, 250, 220))


def _draw_balloon(brush: Brush, paint: Colour, t: float) -> None:
    dark = shade(paint, 0.8)
    for side in (-1, 1):
        brush.line([(8.0 * side, 20), (8.0 * side, 38)], 2, WOOD)
    flame = 8 + 2 * np.sin(17 * t)
    brush.polygon([(-4, 34), (4, 34), (0.8 * np.sin(11 * t), 34 - flame)], (255, 190, 80))
    inked(brush, dark, _ENVELOPE * (35, 1), edge=shade(paint, 0.55))
    for half, colour in ((27, paint), (15, dark), (7, paint)):
        brush.polygon(_ENVELOPE * (half, 1), colour)
    brush.line([(-8, 21), (8, 21)], 3.5, shade(paint, 0.55))
    inked(brush, (176, 128, 78), [(-11, 35), (11, 35), (9, 49), (-9, 49)], edge=(96, 66, 42))
    brush.line([(-10, 41), (10, 41)], 1.8, (96, 66, 42))


def _draw_house(brush: Brush, paint: Colour, t: float) -> None:
    roof, edge = shade(paint, 0.74), shade(paint, 0.45)
    for puff in range(3):
        old = (0.5 * t + puff / 3) % 1
        brush.disc(25 - 9 * old, -92 - 8 * old, (1 - old) * (2 + 7 * old), (214, 214, 216))
    inked(brush, (140, 112, 100), [(20, -90), (31, -90), (31, -60), (20, -60)])
    inked(brush, paint, [(-41, -58), (41, -58), (41, 0), (-41, 0)])
    inked(brush, roof, [(-50, -52), (0, -94), (50, -52)], edge=edge)
    for x in (-35, 17):
        brush.rectangle(x, -42, 18, 18, CREAM)
        brush.rectangle(x + 2, -40, 14, 14, (120, 150, 172))
        brush.line([(x + 9, -41), (x + 9, -25)], 1.6, CREAM)
        brush.line([(x + 1, -33), (x + 17, -33)], 1.6, CREAM)
    inked(brush, WOOD, [(-9, -34), (9, -34), (9, 0), (-9, 0)])
    brush.disc(5, -16, 1.8, CREAM)


def _draw_ball(brush: Brush, paint: Colour, t: float) -> None:
    inked(brush, paint, oval(0, -48, 47, 47))
    roll = 60 * t
    for n in range(3):
        panel = np.add(turned(_panel(120.0 * n), roll), (0, -48))
        brush.polygon(panel, shade(paint, 0.7))
    x, y = turned(_POLE, roll)
    brush.disc(x, y - 48, 7, CREAM)
    brush.ellipse(-20, -74, 9, 5, shade(paint, 1.7), turn=-38)


def _panel(start: float) -> Float64Array:
    """One of the panels of a ball about (0, 0), from the pole to 60 degrees of the rim."""
    angles = np.radians(np.linspace(start, start + 60, 9))
    rim = 47 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    share = np.linspace(0, 1, 7)[:, None]
    bow = 9 * np.sin(np.pi * share)
    first, last = rim[0], rim[-1]
    out = _POLE + (first - _POLE) * share + bow * first / 47
    back = _POLE + (last - _POLE) * share + bow * last / 47
    return np.concatenate([out, rim, back[::-1]])


def _draw_star(brush: Brush, paint: Colour, t: float) -> None:
    angles = np.arange(10) * np.pi / 5 - np.pi / 2
    radii = np.where(np.arange(10) % 2, 24.0, 50.0)
    corners = np.stack([radii * np.cos(angles), radii * np.sin(angles)], axis=1)
    corners = turned(corners, 5 * np.sin(1.2 * t))
    shine = 4 * np.sin(3 * t)
    for inner in corners[1::2] / 24:
        limb(brush, paint, [tuple(34 * inner), tuple((42 + shine) * inner)], 3)
    inked(brush, paint, corners)
    for n in range(0, 10, 2):
        brush.polygon([corners[n], corners[n + 1], (0, 0)], shade(paint, 0.8))


SIGN_WIDTH, SIGN_HEIGHT = 106.0, 88.0


def draw_sign(brush: Brush, word: str, paint: Colour, t: float) -> None:
    """A board on two posts with a word of `WORDS` on it, which reads from left to right always."""
    brush = replace(brush, flip=False)
    for x in (-34, 34):
        inked(brush, (128, 130, 136), [(x - 4, -50), (x + 4, -50), (x + 4, 0), (x - 4, 0)])
    y = -60 + 0.8 * np.sin(2 * t)
    inked(brush, paint, np.add(_BOARD, (0, y)))
    bright = float(np.dot(paint, (0.3, 0.59, 0.11))) > 130
    write(brush, word, (0, y), (90, 38), COAL if bright else (255, 255, 255))


def sign(word: str) -> Thing:
    """The sign with this word, one of `WORDS`, as a thing."""

    def draw(brush: Brush, paint: Colour, t: float) -> None:
        draw_sign(brush, word, paint, t)

    return Thing(f"{word} sign", False, SIGN_WIDTH, SIGN_HEIGHT, draw)


THINGS: Mapping[str, Thing] = MappingProxyType(
    {
        thing.name: thing
        for thing in (
            Thing("car", False, 104, 52, _draw_car),
            Thing("bus", False, 104, 54, _draw_bus),
            Thing("boat", False, 104, 100, _draw_boat),
            Thing("plane", True, 108, 60, _draw_plane),
            Thing("balloon", True, 70, 100, _draw_balloon),
            Thing("house", False, 104, 98, _draw_house),
            Thing("tree", False, 92, 100, draw_tree),
            Thing("flower", False, 72, 100, draw_flower),
            Thing("person", False, 58, 101, draw_person),
            Thing("dog", False, 106, 84, draw_dog),
            Thing("ball", False, 99, 98, _draw_ball),
            Thing("star", True, 100, 100, _draw_star),
        )
    }
)

PAINTS: Mapping[str, Colour] = MappingProxyType(
    {
        "red": (206, 24, 36),
        "orange": (246, 124, 10),
        "yellow": (252, 222, 44),
        "green": (34, 156, 66),
        "blue": (34, 90, 214),
        "purple": (126, 44, 172),
        "pink": (255, 146, 186),
        "white": (248, 248, 248),
    }
)

WORDS: tuple[str, ...] = ("STOP", "OPEN", "EXIT", "TAXI", "CAFE", "ZOO")
