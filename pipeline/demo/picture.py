"""Facts -> a moving picture: where things stand, how they and the camera move, light and noise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

from pipeline.data import Float32Array, UInt8Array
from pipeline.demo.brush import HEIGHT, WIDTH, Brush, Colour
from pipeline.demo.facts import SIGN, Facts, Subject
from pipeline.demo.places import PLACES, TIMES, Place, footing
from pipeline.demo.things import PAINTS, THINGS, Thing, sign

Picture = Callable[[float], UInt8Array]
"""Seconds since the shot's start -> RGB, uint8 (360, 640, 3)."""

ALWAYS = (-1e9, 1e9)

# Pixels of a thing's larger side.
_SIZES = {"small": (76.0, 96.0), "medium": (125.0, 165.0), "big": (205.0, 250.0)}
_ENTRANCE_PX_S = 420.0
_POST: Colour = (54, 52, 58)
_NOISE_MARGIN = 64


@dataclass(frozen=True, slots=True)
class Role:
    """A subject and when it is in the picture, in seconds of the shot: it comes in and goes out."""

    subject: Subject
    span: tuple[float, float] = ALWAYS


@dataclass(frozen=True, slots=True)
class _Actor:
    thing: Thing
    paint: Colour
    x: float
    y: float
    scale: float
    flip: bool
    speed: float
    span: tuple[float, float]

    def place_at(self, t: float) -> tuple[float, float]:
        start, end = self.span
        outside = max(start - t, 0.0) - max(t - end, 0.0)
        bob = 4 * np.sin(1.3 * t + self.x) if self.thing.flies else 0.0
        side = -1 if self.x < WIDTH / 2 else 1
        x = self.x + self.speed * t + side * _ENTRANCE_PX_S * abs(outside)
        return x, self.y + bob


def still(facts: Facts, random: np.random.Generator) -> Picture:
    """A shot in which the same things are seen all the time."""
    return shot(facts.place, facts.time, tuple(Role(s) for s in facts.subjects), random)


def shot(place: str, time: str, roles: tuple[Role, ...], random: np.random.Generator) -> Picture:
    """A shot of these things in this place; all that is not said is left to chance."""
    return stage(PLACES[place], time, PLACES[place].backdrop(time, random), roles, random)


def stage(
    place: Place,
    time: str,
    backdrop: Callable[[float, float], UInt8Array],
    roles: tuple[Role, ...],
    random: np.random.Generator,
) -> Picture:
    """A shot before a backdrop that is there already."""
    actors = sorted(_actors(place, roles, random), key=lambda actor: actor.y)
    pan_from, pan_speed = random.uniform(0, 400), random.uniform(-22, 22)
    zoom_from, zoom_speed = random.uniform(1.0, 1.12), random.uniform(0.0, 0.012)
    post = random.uniform(150, 490) if random.random() < 0.12 else None
    finish = _finish(random)

    def picture(t: float) -> UInt8Array:
        canvas = backdrop(pan_from + pan_speed * t, t)
        for actor in actors:
            _paint(canvas, actor, place, time, t)
        if post is not None:
            x = post - 1.5 * pan_speed * t
            Brush(canvas, light=TIMES[time]).rectangle(x, 0, 15, HEIGHT, _POST)
        return finish(_zoomed(canvas, zoom_from + zoom_speed * t), t)

    return picture


def _actors(place: Place, roles: tuple[Role, ...], random: np.random.Generator) -> list[_Actor]:
    order = random.permutation(len(roles))
    return [
        _actor(place, role, _middle(len(roles), int(n), random), random)
        for role, n in zip(roles, order, strict=True)
    ]


def _middle(count: int, n: int, random: np.random.Generator) -> float:
    # A model sees the middle 360 pixels of the width.
    if count == 1:
        return float(random.uniform(240, 400))
    return float((240, 400)[n] + random.uniform(-22, 22))


def _actor(place: Place, role: Role, x: float, random: np.random.Generator) -> _Actor:
    subject = role.subject
    thing = sign(subject.word) if subject.kind == SIGN and subject.word else THINGS[subject.kind]
    scale = random.uniform(*_SIZES[subject.size]) / 100
    low, high = place.sky_y if thing.flies else place.ground_y
    y = random.uniform(low, high)
    tall = thing.height * scale
    # Nothing is cut off at the top, also when the camera has zoomed in.
    y = max(y, tall / 2 + 30) if thing.flies else max(y, tall + 30)
    return _Actor(
        thing=thing,
        paint=_tinted(PAINTS[subject.colour], random),
        x=x,
        y=float(y),
        scale=float(scale),
        flip=bool(random.random() < 0.5),
        speed=float(random.uniform(-7, 7)),
        span=role.span,
    )


def _tinted(paint: Colour, random: np.random.Generator) -> Colour:
    red, green, blue = np.clip(np.asarray(paint) + random.normal(0, 6, 3), 0, 255).astype(int)
    return int(red), int(green), int(blue)


def _paint(canvas: UInt8Array, actor: _Actor, place: Place, time: str, t: float) -> None:
    x, y = actor.place_at(t)
    brush = Brush(canvas, (x, y), actor.scale, actor.flip, TIMES[time])
    if not actor.thing.flies and not (place.name == "sea" and actor.thing.name == "boat"):
        footing(brush, place.name, actor.thing.width)
    actor.thing.draw(brush, actor.paint, t)


def _zoomed(canvas: UInt8Array, zoom: float) -> UInt8Array:
    if zoom <= 1:
        return canvas
    move = np.array([[zoom, 0, WIDTH / 2 * (1 - zoom)], [0, zoom, HEIGHT * 0.55 * (1 - zoom)]])
    return np.asarray(cv2.warpAffine(canvas, move, (WIDTH, HEIGHT)), dtype=np.uint8)


def _finish(random: np.random.Generator) -> Callable[[UInt8Array, float], UInt8Array]:
    """The camera: exposure, and a little noise that changes with each picture."""
    gain, lift = random.uniform(0.88, 1.08), random.uniform(-8, 8)
    strength = random.uniform(0, 4)

    def finish(canvas: UInt8Array, t: float) -> UInt8Array:
        left, top = np.random.default_rng(round(t * 1000)).integers(_NOISE_MARGIN, size=2)
        noise = _noise()[top : top + HEIGHT, left : left + WIDTH]
        seen = cv2.addWeighted(canvas, gain, noise, strength, lift, dtype=cv2.CV_8U)
        return np.asarray(seen, dtype=np.uint8)

    return finish


@cache
def _noise() -> Float32Array:
    # Coarse grain: finer grain is what a video codec throws away first.
    height, width = HEIGHT + _NOISE_MARGIN, WIDTH + _NOISE_MARGIN
    grain = np.random.default_rng(3).normal(0, 1.6, (height // 2, width // 2)).astype(np.float32)
    return np.asarray(cv2.resize(grain, (width, height))[..., None].repeat(3, 2), np.float32)
