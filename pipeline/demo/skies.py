"""The sky by time of day, and what that light makes of the colours below it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pipeline.data import Float64Array, UInt8Array
from pipeline.demo.brush import Brush, Colour, Light, gradient, shade
from pipeline.demo.strips import SPAN, Strip, everywhere, glow, rolling, slope

View = Callable[[float, float], UInt8Array]
"""(pan, t) -> a fresh canvas."""

_TONES: dict[str, Light] = {
    "day": (1.0, 1.0, 1.0),
    "sunset": (0.86, 0.66, 0.66),
    "night": (0.38, 0.44, 0.64),
}
_HAZE: dict[str, Colour] = {
    "day": (214, 228, 236),
    "sunset": (238, 148, 122),
    "night": (60, 82, 142),
}
_CLOUD: dict[str, tuple[Colour, Colour]] = {
    "day": ((254, 254, 255), (222, 232, 242)),
    "sunset": ((255, 190, 168), (196, 112, 146)),
    "night": ((58, 74, 126), (40, 54, 102)),
}


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """A colour between two; `share` is that of the second, 0 to 1."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


def tone(colour: Colour, time: str, far: float = 0.0) -> Colour:
    """What a colour of the land looks like at a time of day; `far` 0 to 1 adds haze."""
    red, green, blue = (round(c * f) for c, f in zip(colour, _TONES[time], strict=True))
    return mix((red, green, blue), _HAZE[time], far)


def pale(colour: Colour, time: str) -> Colour:
    """What snow, foam or road paint looks like: it keeps more light than the land does."""
    return mix(tone(colour, time), colour, {"day": 0.0, "sunset": 0.4, "night": 0.2}[time])


@dataclass(frozen=True, slots=True)
class Sky:
    """A sky whose clouds drift and whose stars twinkle.

    Args:
        time: "day", "sunset" or "night".
        x: Where the sun or moon is, in pixels.
        back: All that stands still.
        clouds: What drifts.
        stars: (n, 3): x and y in pixels, and when it twinkles, in radians.
    """

    time: str
    x: float
    back: UInt8Array
    clouds: Strip
    stars: Float64Array

    def at(self, pan: float, t: float) -> UInt8Array:
        """A fresh canvas of it."""
        brush = Brush(self.back.copy())
        for x, y, phase in self.stars:
            light = 0.72 + 0.28 * np.sin(2.2 * t + phase)
            brush.disc(x, y, 1.6 + 0.5 * np.sin(phase), shade((250, 248, 226), light))
        self.clouds.lay(brush.canvas, 0.05 * pan + 4 * t)
        return brush.canvas


def sky(
    time: str,
    random: np.random.Generator,
    horizon: float,
    *,
    day: tuple[Colour, Colour] = ((104, 174, 222), (226, 240, 242)),
    clouds: int = 5,
) -> Sky:
    """A sky down to a horizon, in pixels from the top; `day` is its colour by day, top and bottom.

    The sun or moon is in the middle half of the picture.
    """
    x = float(random.uniform(190, 450))
    if time == "night":
        back, stars = _night(random, x, horizon)
    else:
        back = _day(day, x, random) if time == "day" else _sunset(random, x, horizon)
        stars = np.zeros((0, 3))
    return Sky(time, x, back, _clouds(time, random, clouds, horizon), stars)


def _day(colours: tuple[Colour, Colour], x: float, random: np.random.Generator) -> UInt8Array:
    high = shade(colours[0], float(random.uniform(0.96, 1.12)))
    canvas = gradient(high, colours[1], until=240)
    y = float(random.uniform(40, 62))
    glow(canvas, x, y, 130, (255, 252, 228), 0.6)
    Brush(canvas).disc(x, y, 17, (255, 249, 214))
    return canvas


def _sunset(random: np.random.Generator, x: float, horizon: float) -> UInt8Array:
    high = mix((76, 56, 124), (112, 62, 128), float(random.random()))
    middle = mix((222, 104, 128), (214, 110, 108), float(random.random()))
    upper = gradient(high, middle, until=horizon * 0.55)
    lower = gradient(middle, (255, 192, 116), until=horizon * 0.5)
    split = int(horizon * 0.55)
    upper[split:] = lower[: len(upper) - split]
    y = horizon - float(random.uniform(62, 84))
    glow(upper, x, y, 220, (255, 214, 130), 0.75)
    Brush(upper).disc(x, y, 23, (255, 240, 184))
    return upper


def _night(
    random: np.random.Generator, x: float, horizon: float
) -> tuple[UInt8Array, Float64Array]:
    canvas = gradient((10, 16, 46), (48, 66, 124), until=horizon + 20)
    brush = Brush(canvas)
    for left, top, light in random.random((90, 3)):
        brush.disc(left * 640, top**1.3 * horizon, 0.7 + 0.6 * light, shade((214, 222, 248), 0.85))
    y = float(random.uniform(44, 62))
    glow(canvas, x, y, 120, (170, 190, 236), 0.5)
    brush.polygon(_crescent(x, y, 23), (250, 244, 214))
    stars = random.random((18, 3)) * (640, horizon * 0.9, 2 * np.pi)
    apart = np.hypot(stars[:, 0] - x, stars[:, 1] - y) > 42
    return canvas, stars[apart]


def _crescent(x: float, y: float, radius: float) -> list[tuple[float, float]]:
    # A waxing moon, not a full one, which might be a white ball.
    outer = [(radius * np.cos(a), radius * np.sin(a)) for a in np.linspace(-1.9, 1.9, 40)]
    horn_x, horn_y = outer[-1]
    inner = [(horn_x + 0.72 * radius * np.cos(a), horn_y * np.sin(a)) for a in _HALF_TURN]
    return [(x + a, y + b) for a, b in (*outer, *inner)]


_HALF_TURN = np.linspace(np.pi / 2, -np.pi / 2, 24)


def _clouds(time: str, random: np.random.Generator, number: int, horizon: float) -> Strip:
    light, dark = _CLOUD[time]
    # They drift below the high sun and the moon, and above the low sun: it must be seen.
    top, bottom = (30.0, 84.0) if time == "sunset" else (98.0, max(104.0, 0.62 * horizon))
    places = random.random((number, 3))
    puffs = random.uniform(0.75, 1.15, (number, 5))

    def paint(brush: Brush) -> None:
        for n, ((x, y, size), sizes) in enumerate(zip(places, puffs, strict=True)):
            left = (n + 0.7 * x) * SPAN / number
            for at in everywhere(left):
                middle = top + y * (bottom - top)
                _cloud(brush, at, middle, 0.5 + 0.45 * size, sizes, (light, dark))

    return Strip(paint)


def _cloud(
    brush: Brush,
    x: float,
    y: float,
    size: float,
    puffs: Float64Array,
    colours: tuple[Colour, Colour],
) -> None:
    light, dark = colours
    shape = [(-46, 2, 13), (-24, -7, 19), (2, -13, 24), (28, -6, 19), (48, 2, 13)]
    for colour, lift in ((dark, 0.0), (light, 4.0)):
        for (dx, dy, radius), puff in zip(shape, puffs, strict=True):
            brush.disc(x + dx * size, y + (dy - lift) * size, radius * size * puff, colour)
        brush.ellipse(x, y + (9 - lift) * size, 66 * size, 8 * size, colour)


def scene(heaven: Sky, layers: list[tuple[float, Strip]]) -> View:
    """Layers before a sky, each with its share of the camera's movement."""

    def view(pan: float, t: float) -> UInt8Array:
        canvas = heaven.at(pan, t)
        for share, strip in layers:
            strip.lay(canvas, share * pan)
        return canvas

    return view


def hills(
    time: str, random: np.random.Generator, base: float, height: float, colour: Colour, far: float
) -> Strip:
    """Soft hills in so much haze (`far`, 0 to 1)."""
    top, low = tone(colour, time, far), tone(colour, time, min(1.0, far + 0.22))
    crest = rolling(random, base, height)
    return slope(crest, (top, low), base + 70, mix(top, low, 0.8))
