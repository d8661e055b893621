"""Smooth shapes on a small canvas: what the drawn worlds are painted with."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from pipeline.data import Float64Array, UInt8Array

WIDTH, HEIGHT = 640, 360

Colour = tuple[int, int, int]
Point = tuple[float, float]

_SUBPIXEL_BITS = 4
_ANGLES = np.linspace(0, 2 * np.pi, 64, endpoint=False)
_CIRCLE = np.stack([np.cos(_ANGLES), np.sin(_ANGLES)], axis=1)


class Brush:
    """Paints anti-aliased shapes, at fractions of a pixel so that slow movement is smooth.

    Args:
        canvas: RGB, uint8 (height, width, 3); painted on in place.
    """

    def __init__(self, canvas: UInt8Array) -> None:
        self.canvas = canvas

    def polygon(self, points: Sequence[Point] | Float64Array, colour: Colour) -> None:
        """A filled polygon."""
        fixed = np.rint(np.asarray(points) * (1 << _SUBPIXEL_BITS)).astype(np.int32)
        cv2.fillPoly(self.canvas, [fixed], colour, cv2.LINE_AA, _SUBPIXEL_BITS)

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
        one = 1 << _SUBPIXEL_BITS
        centre = (round(x * one), round(y * one))
        cv2.circle(
            self.canvas, centre, round(radius * one), colour, -1, cv2.LINE_AA, _SUBPIXEL_BITS
        )

    def line(self, points: Sequence[Point], width: int, colour: Colour) -> None:
        """A polyline."""
        fixed = np.rint(np.asarray(points) * (1 << _SUBPIXEL_BITS)).astype(np.int32)
        cv2.polylines(self.canvas, [fixed], False, colour, width, cv2.LINE_AA, _SUBPIXEL_BITS)

    def hills(
        self, base: float, height: float, colour: Colour, *, at: float, wave: float = 190
    ) -> None:
        """Rolling land from its crest down to the bottom.

        Args:
            base: Height of the crest's middle, in pixels from the top.
            height: How far it rises and falls about that.
            colour: Its colour.
            at: How far the camera has moved along it, in pixels.
            wave: Distance of its larger crests.
        """
        xs = np.arange(-8, WIDTH + 12, 8.0)
        phase = (xs + at) * 2 * np.pi / wave
        ys = base - height * (0.62 * np.sin(phase) + 0.38 * np.sin(0.37 * phase + 1.7))
        crest = list(zip(xs, ys, strict=True))
        self.polygon([*crest, (WIDTH + 12, HEIGHT + 4), (-8, HEIGHT + 4)], colour)

    def glow(self, x: float, y: float, radius: float, colour: Colour, strength: float) -> None:
        """Soft light around a point; `strength` 0 to 1 in its middle."""
        left, right = max(0, int(x - radius)), min(WIDTH, int(x + radius) + 1)
        top, bottom = max(0, int(y - radius)), min(HEIGHT, int(y + radius) + 1)
        if left >= right or top >= bottom:
            return
        ys, xs = np.mgrid[top:bottom, left:right].astype(np.float32)
        near = np.clip(1 - np.hypot(xs - x, ys - y) / radius, 0, 1)[..., None] ** 2 * strength
        part = self.canvas[top:bottom, left:right]
        part[...] = (part + (np.asarray(colour, np.float32) - part) * near).astype(np.uint8)


def gradient(top: Colour, bottom: Colour, *, until: float = HEIGHT) -> UInt8Array:
    """A fresh canvas that fades from one colour to another, dithered against visible bands."""
    share = np.clip(np.arange(HEIGHT) / until, 0, 1)[:, None, None]
    fade = np.asarray(top) * (1 - share) + np.asarray(bottom) * share
    noise = np.random.default_rng(1).random((HEIGHT, WIDTH, 1))
    return (fade + noise).clip(0, 255).astype(np.uint8)
