"""Big letters made of thick strokes, for the words on drawn signs."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from pipeline.demo.brush import Brush, Colour, Point

Stroke = list[Point]


def _arc(centre: Point, radii: Point, start: float, stop: float) -> Stroke:
    angles = np.radians(np.linspace(start, stop, 14))
    xs, ys = centre[0] + radii[0] * np.cos(angles), centre[1] + radii[1] * np.sin(angles)
    return list(zip(xs.tolist(), ys.tolist(), strict=True))


# Strokes between (0, 0), top left, and (1, 1), bottom right.
_LETTERS: Mapping[str, list[Stroke]] = {
    "A": [[(0, 1), (0.5, 0), (1, 1)], [(0.2, 0.66), (0.8, 0.66)]],
    "C": [_arc((0.55, 0.5), (0.55, 0.5), -48, -312)],
    "E": [[(1, 0), (0, 0), (0, 1), (1, 1)], [(0, 0.5), (0.8, 0.5)]],
    "F": [[(1, 0), (0, 0), (0, 1)], [(0, 0.5), (0.8, 0.5)]],
    "I": [[(0.5, 0), (0.5, 1)]],
    "N": [[(0, 1), (0, 0), (1, 1), (1, 0)]],
    "O": [_arc((0.5, 0.5), (0.54, 0.5), 0, 360)],
    "P": [[(0, 1), (0, 0), (0.55, 0), *_arc((0.55, 0.28), (0.45, 0.28), -90, 90), (0, 0.56)]],
    "S": [
        [
            *_arc((0.5, 0.26), (0.48, 0.26), -25, -270),
            *_arc((0.5, 0.75), (0.5, 0.25), -90, 150),
        ]
    ],
    "T": [[(0, 0), (1, 0)], [(0.5, 0), (0.5, 1)]],
    "X": [[(0, 0), (1, 1)], [(1, 0), (0, 1)]],
    "Z": [[(0, 0), (1, 0), (0, 1), (1, 1)]],
}
_NARROW = {"I": 0.12}
_GAP = 0.62
_THICKNESS = 6.5


def write(brush: Brush, word: str, middle: Point, size: Point, colour: Colour) -> None:
    """A word that fills a box of this middle and size, in units; its letters are A C E ... Z above.

    Raises:
        KeyError: A letter for which there are no strokes.
    """
    widths = [_NARROW.get(letter, 1.0) for letter in word]
    wide = (size[0] - _THICKNESS) / (sum(widths) + _GAP * (len(word) - 1))
    tall = size[1] - _THICKNESS
    x, top = middle[0] - size[0] / 2 + _THICKNESS / 2, middle[1] - tall / 2
    for letter, width in zip(word, widths, strict=True):
        for stroke in _LETTERS[letter]:
            placed = [(x + wide * width * across, top + tall * down) for across, down in stroke]
            brush.line(placed, _THICKNESS, colour)
        x += wide * (width + _GAP)
