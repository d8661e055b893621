"""Scenery painted once and then scrolled: strips that repeat, and the land on them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, lru_cache

import cv2
import numpy as np

from pipeline.data import Float64Array, UInt8Array
from pipeline.demo.brush import HEIGHT, WIDTH, Brush, Colour

SPAN = 1024
"""After so many pixels a strip repeats."""

_WIDE = SPAN + WIDTH + 4
_MARGIN = 12
XS: Float64Array = np.arange(-8, _WIDE + 12, 4.0)
"""Where the heights of a crest are given, in pixels from the strip's left end."""


class Strip:
    """A layer of scenery with soft edges, as wide as `SPAN`, that can be laid on at any offset.

    Args:
        paint: Paints the layer; called twice, so it must do the same each time.
        loose: It moves up and down too, by less than 12 pixels.
    """

    def __init__(self, paint: Callable[[Brush], None], *, loose: bool = False) -> None:
        # What differs on black and on white is see-through: this gives the alpha of any painting.
        black = np.zeros((HEIGHT, _WIDE, 3), np.uint8)
        white = np.full_like(black, 255)
        for canvas in (black, white):
            paint(Brush(canvas))
        clear = cv2.subtract(white, black)
        rows = np.flatnonzero(clear.min(axis=(1, 2)) < 255)
        margin = _MARGIN if loose else 0
        self._top = max(0, int(rows[0]) - margin)
        bottom = min(HEIGHT, int(rows[-1]) + 1)
        self._colour = black[self._top : bottom].copy()
        self._clear = clear[self._top : bottom].copy()
        self._rows = bottom - self._top
        open_rows = np.flatnonzero(self._clear.max(axis=(1, 2)) > 0)
        solid = int(open_rows[-1]) + 1 if len(open_rows) else 0
        self._solid = min(self._rows, solid + margin)

    def lay(self, canvas: UInt8Array, along: float, down: float = 0.0) -> None:
        """Lays it on a canvas, seen from `along` pixels to the right of its left end."""
        left, split = along % SPAN, self._solid
        part = canvas[self._top : self._top + self._rows]
        colour = _seen(self._colour, left, -down, self._rows)
        if split:
            clear = _seen(self._clear, left, -down, split)
            cv2.multiply(part[:split], clear, dst=part[:split], scale=1 / 255)
            cv2.add(part[:split], colour[:split], dst=part[:split])
        part[split:] = colour[split:]


def _seen(image: UInt8Array, left: float, top: float, rows: int) -> UInt8Array:
    # getRectSubPix moves by fractions of a pixel: slow layers would stutter otherwise.
    middle = (left + (WIDTH - 1) / 2, top + (rows - 1) / 2)
    seen: UInt8Array = cv2.getRectSubPix(image, (WIDTH, rows), middle)
    return seen


def everywhere(x: float) -> Iterator[float]:
    """Where something at x has to be painted, so that the strip repeats without a seam."""
    for left in (x - SPAN, x, x + SPAN):
        if -220 < left < _WIDE + 220:
            yield left


def rolling(
    random: np.random.Generator,
    base: float,
    height: float,
    waves: tuple[int, ...] = (2, 3, 5),
) -> Float64Array:
    """Heights of a soft crest at `XS`, in pixels from the top, of so many waves a span."""
    phases = random.random(len(waves)) * 2 * np.pi
    parts = [np.sin(2 * np.pi * k * XS / SPAN + p) for k, p in zip(waves, phases, strict=True)]
    shares = 1 / np.arange(1, len(waves) + 1)
    crest: Float64Array = base - height * (shares @ np.array(parts)) / shares.sum()
    return crest


def land(
    brush: Brush,
    crest: Float64Array,
    colours: tuple[Colour, Colour],
    *,
    bottom: float = HEIGHT + 4,
    rim: Colour | None = None,
) -> None:
    """Land from its crest at `XS` down to `bottom`, that fades from one colour to another.

    The crest itself gets the `rim`'s colour, as land does that has the light behind it.
    """
    corners = [(XS[-1], bottom), (XS[0], bottom)]
    brush.polygon([*zip(XS, crest, strict=True), *corners], rim or colours[0])
    inside = np.zeros(brush.canvas.shape[:2], np.uint8)
    lower = np.array([*zip(XS, crest + 1.5, strict=True), *corners])
    cv2.fillPoly(inside, [np.rint(lower).astype(np.int32)], 255)
    rows = slice(max(0, int(crest.min())), min(HEIGHT, int(bottom) + 1))
    cv2.copyTo(_fade(*colours, rows.start, rows.stop), inside[rows], brush.canvas[rows])


def slope(crest: Float64Array, colours: tuple[Colour, Colour], bottom: float, rim: Colour) -> Strip:
    """A strip of land alone; see `land`."""
    return Strip(lambda brush: land(brush, crest, colours, bottom=bottom, rim=rim))


def level(y: float) -> Float64Array:
    """The crest of flat land."""
    return np.full(len(XS), y)


@lru_cache(maxsize=4)
def _fade(top: Colour, bottom: Colour, start: int, end: int) -> UInt8Array:
    share = np.linspace(0, 1, end - start)[:, None, None]
    fade = (np.asarray(top) * (1 - share) + np.asarray(bottom) * share).astype(np.float32)
    grainy: UInt8Array = (fade + _grain()[start:end]).astype(np.uint8)
    return grainy


@cache
def _grain() -> np.ndarray:
    grain = np.random.default_rng(1).random((HEIGHT, _WIDE, 1), np.float32)
    return np.repeat(grain, 3, axis=2) * 0.99


def glow(
    canvas: UInt8Array, x: float, y: float, radius: float, colour: Colour, strength: float
) -> None:
    """Soft light around a point, on a canvas of any size; `strength` 0 to 1 in its middle."""
    left, right = max(0, int(x - radius)), min(canvas.shape[1], int(x + radius) + 1)
    top, bottom = max(0, int(y - radius)), min(canvas.shape[0], int(y + radius) + 1)
    if left >= right or top >= bottom:
        return
    ys, xs = np.mgrid[top:bottom, left:right].astype(np.float32)
    near = np.clip(1 - np.hypot(xs - x, ys - y) / radius, 0, 1)[..., None] ** 2 * strength
    part = canvas[top:bottom, left:right]
    part[...] = (part + (np.asarray(colour, np.float32) - part) * near).astype(np.uint8)
