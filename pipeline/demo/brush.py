"""Smooth shapes on a small canvas: what the drawn world is painted with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from pipeline.data import Float64Array, UInt8Array

WIDTH, HEIGHT = 640, 360

Colour = tuple[int, int, int]
Point = tuple[float, float]
Light = tuple[float, float, float]

DAYLIGHT: Light = (1.0, 1.0, 1.0)

_SUBPIXEL_BITS = 4
_ANGLES = np.linspace(0, 2 * np.pi, 64, endpoint=False)
_CIRCLE = np.stack([np.cos(_ANGLES), np.sin(_ANGLES)], axis=1)


@dataclass(frozen=True, slots=True)
class Brush:
    """Paints anti-aliased shapes, at fractions of a pixel so that slow movement is smooth.

    Coordinates are `origin + scale * (x, y)` pixels, y down; lengths are scaled too.

    Args:
        canvas: RGB, uint8 (height, width, 3); painted on in place.
        origin: Where (0, 0) is, in pixels.
        scale: Pixels a unit.
        flip: Left and right change places about the origin.
        light: What every colour is multiplied with, a factor a channel.
    """

    canvas: UInt8Array
    origin: Point = (0.0, 0.0)
    scale: float = 1.0
    flip: bool = False
    light: Light = DAYLIGHT

    def polygon(self, points: Sequence[Point] | Float64Array, colour: Colour) -> None:
        """A filled polygon."""
        cv2.fillPoly(
            self.canvas, [self._fixed(points)], self._lit(colour), cv2.LINE_AA, _SUBPIXEL_BITS
        )

    def rectangle(self, x: float, y: float, width: float, height: float, colour: Colour) -> None:
        """A filled rectangle by its top left corner."""
        right, bottom = x + width, y + height
        self.polygon([(x, y), (right, y), (right, bottom), (x, bottom)], colour)

    def ellipse(
        self, x: float, y: float, rx: float, ry: float, colour: Colour, *, turn: float = 0.0
    ) -> None:
        """A filled ellipse by its centre and radii, turned by degrees."""
        cosine, sine = np.cos(np.radians(turn)), np.sin(np.radians(turn))
        axes = np.array([[rx * cosine, rx * sine], [-ry * sine, ry * cosine]])
        self.polygon(_CIRCLE @ axes + (x, y), colour)

    def disc(self, x: float, y: float, radius: float, colour: Colour) -> None:
        """A filled circle."""
        centre = tuple(int(n) for n in self._fixed([(x, y)])[0])
        far = round(radius * self.scale * (1 << _SUBPIXEL_BITS))
        cv2.circle(self.canvas, centre, far, self._lit(colour), -1, cv2.LINE_AA, _SUBPIXEL_BITS)

    def line(self, points: Sequence[Point], width: float, colour: Colour) -> None:
        """A polyline; its width is at least a pixel."""
        thick = max(1, round(width * self.scale))
        cv2.polylines(
            self.canvas,
            [self._fixed(points)],
            False,
            self._lit(colour),
            thick,
            cv2.LINE_AA,
            _SUBPIXEL_BITS,
        )

    def _placed(self, points: Sequence[Point] | Float64Array) -> Float64Array:
        turned = (-self.scale, self.scale) if self.flip else (self.scale, self.scale)
        return np.asarray(points, np.float64) * turned + self.origin

    def _fixed(self, points: Sequence[Point] | Float64Array) -> np.ndarray:
        return np.rint(self._placed(points) * (1 << _SUBPIXEL_BITS)).astype(np.int32)

    def _lit(self, colour: Colour) -> tuple[float, ...]:
        return tuple(min(255.0, c * f) for c, f in zip(colour, self.light, strict=True))


def gradient(top: Colour, bottom: Colour, *, until: float = HEIGHT) -> UInt8Array:
    """A fresh canvas that fades from one colour to another, dithered against visible bands."""
    share = np.clip(np.arange(HEIGHT) / until, 0, 1)[:, None, None]
    fade = np.asarray(top) * (1 - share) + np.asarray(bottom) * share
    noise = np.random.default_rng(1).random((HEIGHT, WIDTH, 1))
    return (fade + noise).clip(0, 255).astype(np.uint8)


def shade(colour: Colour, factor: float) -> Colour:
    """A darker (factor below 1) or paler (above 1, towards white) colour of the same hue."""
    if factor <= 1:
        red, green, blue = (round(c * factor) for c in colour)
    else:
        red, green, blue = (round(c + (255 - c) * min(1.0, factor - 1)) for c in colour)
    return red, green, blue
