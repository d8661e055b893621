"""The places of the drawn world: what is behind the things, by day, at sunset and at night."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from pipeline.demo.brush import Brush, Light
from pipeline.demo.outdoors import desert, meadow, sea, snow
from pipeline.demo.skies import View
from pipeline.demo.streets import city, road

# Brighter at night than a night is: a colour must still be seen as the colour that it is.
TIMES: Mapping[str, Light] = {
    "day": (1.0, 1.0, 1.0),
    "sunset": (1.0, 0.88, 0.78),
    "night": (0.8, 0.82, 0.98),
}
"""The light that things stand in, by the time of day."""


@dataclass(frozen=True, slots=True)
class Place:
    """Somewhere things can be.

    Args:
        name: "road".
        ground_y: Where feet of standing things may be, in pixels from the top; nearer is lower.
        sky_y: Where middles of flying things may be.
        backdrop: (time, random) -> (pan, t) -> a fresh canvas; `pan` is how far the camera has
            moved to the right, in pixels of the ground; `t` is in seconds.
    """

    name: str
    ground_y: tuple[float, float]
    sky_y: tuple[float, float]
    backdrop: Callable[[str, np.random.Generator], View]


def footing(brush: Brush, place: str, width: float) -> None:
    """What a standing thing stands on, painted before it: its shadow, or an islet at sea.

    Args:
        brush: The thing's own: its origin is the middle of the foot.
        place: Name of the place.
        width: The thing's, in its units.
    """
    half = 0.5 * width + 4
    if place == "sea":
        rx = half + 16
        brush.ellipse(0, 5, rx + 9, 13, (150, 186, 194))
        brush.ellipse(0, 4, rx + 5, 11, (236, 244, 244))
        brush.ellipse(0, 3, rx, 9, (186, 160, 118))
        brush.ellipse(0, 1.5, rx - 3, 7.5, (226, 206, 162))
    _shadow(brush, half, 0.24 if place == "sea" else 0.46)


def _shadow(brush: Brush, half: float, strength: float) -> None:
    (x, y), rx, ry = brush.origin, half * brush.scale * 1.1, max(5.0, 7 * brush.scale)
    height, width = brush.canvas.shape[:2]
    left, right = max(0, int(x - rx)), min(width, int(x + rx) + 1)
    top, bottom = max(0, int(y - ry)), min(height, int(y + ry) + 1)
    if left >= right or top >= bottom:
        return
    ys, xs = np.mgrid[top:bottom, left:right].astype(np.float32)
    inside = np.clip(1 - np.hypot((xs - x) / rx, (ys - y) / ry), 0, 1)[..., None]
    part = brush.canvas[top:bottom, left:right]
    part[...] = (part * (1 - strength * np.clip(1.5 * inside, 0, 1))).astype(np.uint8)


PLACES: Mapping[str, Place] = {
    place.name: place
    for place in (
        Place("road", (282.0, 338.0), (56.0, 140.0), road),
        Place("sea", (262.0, 322.0), (56.0, 130.0), sea),
        Place("snow", (290.0, 342.0), (56.0, 140.0), snow),
        Place("meadow", (278.0, 338.0), (56.0, 140.0), meadow),
        Place("desert", (292.0, 342.0), (56.0, 140.0), desert),
        Place("city", (278.0, 340.0), (56.0, 140.0), city),
    )
}
