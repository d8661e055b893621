"""The living things of the drawn world: tree, flower, person and dog.

Each function paints one in its own units, about (0, 0), the middle of its foot; see `things.Thing`.
"""

from __future__ import annotations

import numpy as np

from pipeline.demo.brush import Brush, Colour, Point, shade
from pipeline.demo.ink import COAL, CREAM, SKIN, WOOD, inked, limb, oval, rounded, turned

_LEAF: Colour = (72, 128, 62)
_BUDS = [(-25.0, -54.0, 20.0), (24.0, -52.0, 20.0), (-17.0, -74.0, 20.0), (18.0, -73.0, 20.0)]
_CROWN = [(oval(x, y, r, r), y) for x, y, r in [*_BUDS, (0.0, -58.0, 26.0), (0.0, -82.0, 16.0)]]
_PETAL = oval(20, 0, 15, 11)[::2]
_BLADE = rounded([(0, -4), (12, -24), (31, -27), (17, -6)], rounds=2)
_TORSO = rounded([(-15, -72), (15, -72), (17, -38), (-17, -38)])
_BACK = rounded([(-36, -50), (-28, -57), (14, -56), (26, -54), (24, -24), (-32, -26)])
_EAR = rounded([(14, -78), (24, -74), (22, -52), (14, -48), (8, -56)], rounds=2)
_SNOUT = rounded([(24, -66), (38, -64), (51, -57), (51, -46), (40, -42), (24, -44)])


def draw_tree(brush: Brush, paint: Colour, t: float) -> None:
    """A broad tree; the paint is its crown's."""
    sway = 1.8 * np.sin(1.5 * t)
    inked(brush, WOOD, [(-6, -44), (6, -44), (8, -6), (12, 0), (-12, 0), (-8, -6)])
    inked(brush, paint, *(np.add(bud, (-sway * y / 60, 0)) for bud, y in _CROWN))
    for n, (x, y, r) in enumerate(_BUDS):
        flutter = sway + 0.9 * np.sin(4 * t + 2 * n)
        brush.ellipse(x + flutter, y + 8, 0.5 * r, 0.28 * r, shade(paint, 0.8))
        brush.ellipse(0.5 * x + flutter, y - 6, 0.34 * r, 0.2 * r, shade(paint, 1.35))


def draw_flower(brush: Brush, paint: Colour, t: float) -> None:
    """A flower with six petals, a stem and two leaves; the paint is its petals'."""
    sway = 3 * np.sin(1.7 * t)
    limb(brush, _LEAF, [(0, -1), (0.15 * sway, -24), (sway, -60)], 4.5)
    for side in (-1, 1):
        leaf = turned(_BLADE, 3 * np.sin(2.3 * t + side)) * (side, 1)
        inked(brush, _LEAF, leaf)
    petals = [np.add(turned(_PETAL, 2 * sway + 60 * n), (sway, -63)) for n in range(6)]
    for colour, part in ((paint, petals[::2]), (shade(paint, 0.88), petals[1::2])):
        for petal in part:
            inked(brush, colour, petal, edge=shade(paint, 0.55))
    inked(brush, (206, 148, 40), oval(sway, -63, 9.5, 9.5), edge=(110, 70, 30))
    brush.disc(sway, -63, 4.5, (140, 90, 36))


def draw_person(brush: Brush, paint: Colour, t: float) -> None:
    """Somebody who walks; the paint is the clothes'."""
    swing = np.sin(5 * t)
    trousers = shade(paint, 0.78)
    for side in (-1, 1):
        foot, lift = 13 * side * swing, max(0.0, side * 4 * np.cos(5 * t))
        limb(brush, paint if side > 0 else trousers, _arm(side, swing), 9)
        knee = (6 * side + 0.35 * foot, -22.0)
        limb(brush, trousers, [(5.5 * side, -40), knee, (6 * side + foot, -7 - lift)], 12)
        brush.ellipse(8.5 * side + foot, -3.5 - lift, 8.5, 4.5, COAL)
    inked(brush, paint, _TORSO)
    brush.rectangle(-16, -44, 32, 4, shade(paint, 0.6))
    limb(brush, paint, _arm(1, swing), 9)
    for side in (-1, 1):
        brush.disc(*_arm(side, swing)[-1], 5, SKIN)
    _head(brush)


def _arm(side: int, swing: float) -> list[Point]:
    return [
        (14.0 * side, -66),
        (21.0 * side - 2 * side * swing, -54),
        (23.0 * side - 6 * swing, -42),
    ]


def _head(brush: Brush) -> None:
    hair: Colour = (72, 50, 40)
    brush.disc(0, -87, 14, hair)
    brush.ellipse(1.5, -84, 11.5, 11.5, SKIN)
    brush.ellipse(-1, -95, 10, 4, hair)
    for x in (-2.5, 6.0):
        brush.disc(x, -84.5, 1.8, COAL)
    brush.line([(-2, -78.5), (2, -77), (6, -78.5)], 1.6, (150, 70, 60))


def draw_dog(brush: Brush, paint: Colour, t: float) -> None:
    """A dog that trots to the right and wags its tail; the paint is its fur's."""
    wag, stride = 9 * np.sin(9 * t), 6 * np.sin(6 * t)
    edge, far = shade(paint, 0.55), shade(paint, 0.78)
    limb(brush, paint, [(-32, -48), (-42, -58), (-44 + wag, -76)], 7)
    for x, step in ((-20, -stride), (20, stride)):
        limb(brush, far, [(x, -30), (x + step, -5)], 8)
    for x, step in ((-29, stride), (12, -stride)):
        limb(brush, paint, [(x, -34), (x + step, -5)], 10)
        brush.ellipse(x + step + 3, -4, 8, 4, edge)
    neck = [(8, -52), (20, -72), (36, -60), (26, -34)]
    inked(brush, paint, _BACK, neck, _SNOUT, oval(26, -64, 16, 15))
    brush.line([(13, -49), (20, -44), (31, -44)], 4.5, CREAM)
    flop = 1.5 * np.sin(6 * t)
    inked(brush, shade(paint, 0.66), np.add(_EAR, (flop, 0)), edge=shade(paint, 0.4))
    brush.disc(34, -66, 2.8, COAL)
    brush.ellipse(50, -56, 4.5, 4, COAL)
    brush.line([(49, -48), (42, -47), (38, -49)], 1.6, edge)
