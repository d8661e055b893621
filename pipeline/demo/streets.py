"""The places that people have paved: a road and a city, by time of day."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pipeline.demo.brush import Brush, Colour
from pipeline.demo.skies import View, hills, mix, pale, scene, sky, tone
from pipeline.demo.strips import SPAN, Strip, everywhere, glow, land, level

_STEPS = np.linspace(0, 1, 13)


def road(time: str, random: np.random.Generator) -> View:
    """A country road with a guard rail and telegraph poles."""
    heaven = sky(time, random, 210, day=((122, 182, 220), (236, 240, 228)), clouds=4)
    far = hills(time, random, 188, 26, (138, 164, 158), 0.4)
    near = hills(time, random, 216, 16, (126, 152, 108), 0.12)
    asphalt, paint = tone((98, 101, 110), time), pale((238, 236, 226), time)
    grey, wood = tone((176, 182, 188), time), tone((104, 92, 84), time)
    start = float(random.uniform(0, 256))

    def poles(brush: Brush) -> None:
        for n in range(-1, 8):
            x = start + 256 * n
            for drop in (60, 74):
                wire = [(x + 256 * s, drop + 14 * (1 - (2 * s - 1) ** 2)) for s in _STEPS]
                brush.line(wire, 1, wood)
            brush.rectangle(x - 3, 46, 6, 200, wood)
            brush.rectangle(x - 21, 58, 42, 4, wood)
            brush.rectangle(x - 16, 72, 32, 4, wood)

    def surface(brush: Brush) -> None:
        verge = tone((132, 148, 96), time)
        land(brush, level(236), (verge, tone((112, 128, 84), time)), bottom=256)
        for n in range(-1, 28):
            brush.rectangle(64 * n + 20, 226, 6, 26, tone((132, 138, 146), time))
        brush.rectangle(-8, 222, 1700, 13, grey)
        brush.rectangle(-8, 227, 1700, 3, tone((132, 138, 146), time))
        land(brush, level(250), (asphalt, tone((74, 76, 84), time)))
        brush.rectangle(-8, 256, 1700, 4, paint)
        brush.rectangle(-8, 349, 1700, 6, paint)
        for n in range(-1, 14):
            x = n * 128
            brush.polygon([(x, 300), (x + 74, 300), (x + 72, 308), (x - 2, 308)], paint)

    return scene(heaven, [(0.12, far), (0.3, near), (0.7, Strip(poles)), (1.0, Strip(surface))])


def city(time: str, random: np.random.Generator) -> View:
    """A paved square before towers."""
    heaven = sky(time, random, 200, day=((142, 184, 212), (232, 236, 234)), clouds=3)
    return scene(
        heaven,
        [
            (0.08, Strip(_towers(time, random, 26, (84, 170), (158, 170, 188), 0.45))),
            (0.25, Strip(_towers(time, random, 15, (92, 196), (136, 142, 158), 0.08))),
            (1.0, Strip(_pavement(time, random))),
        ],
    )


def _towers(
    time: str,
    random: np.random.Generator,
    number: int,
    tops: tuple[float, float],
    colour: Colour,
    far: float,
) -> Callable[[Brush], None]:
    gap, seed = SPAN / number, int(random.integers(1 << 32))
    wall, glass = tone(colour, time, far), tone((204, 220, 230), time, far)
    if time == "night" and far < 0.2:
        wall = mix(wall, (16, 20, 48), 0.5)
    lamp: Colour = mix((250, 222, 152), wall, 0.6 if far > 0.2 else 0.0)
    share = {"day": 0.0, "sunset": 0.4, "night": 0.5}[time]

    def tower(brush: Brush, random: np.random.Generator, x: float, n: int) -> None:
        top = float(random.uniform(*tops))
        wide, tint = gap * float(random.uniform(0.78, 1.02)), float(random.uniform(-0.1, 0.22))
        front = mix(wall, tone((70, 74, 96), time), max(0.0, tint * 2))
        brush.rectangle(x, top, wide, 262 - top, front)
        brush.rectangle(x + wide * 0.8, top, wide * 0.2, 262 - top, mix(front, (20, 22, 44), 0.22))
        if n % 3 == 0:
            brush.rectangle(x + wide * 0.2, top - 12, wide * 0.4, 13, front)
            brush.rectangle(x + wide * 0.38, top - 34, 2.5, 24, front)
        for y in np.arange(top + 9, 232, 17):
            for column in np.arange(x + 6, x + wide * 0.8 - 8, 13):
                on = random.random() < share
                brush.rectangle(column, y, 8, 10, lamp if on else mix(front, glass, 0.55))

    def paint(brush: Brush) -> None:
        for n in range(number):
            for x in everywhere(n * gap):
                tower(brush, np.random.default_rng((seed, n)), x, n)

    return paint


def _pavement(time: str, random: np.random.Generator) -> Callable[[Brush], None]:
    stone, joint = tone((186, 184, 182), time), tone((142, 142, 146), time)
    low, iron = tone((160, 158, 160), time), tone((62, 68, 78), time)
    start = float(random.uniform(0, 256))

    def paint(brush: Brush) -> None:
        land(brush, level(246), (tone((128, 130, 138), time), tone((110, 112, 120), time)))
        land(brush, level(258), (stone, low))
        for n, y in enumerate((258, 272, 290, 312, 338)):
            brush.rectangle(-8, y, 1700, 2, joint)
            for x in range(-64 + 32 * (n % 2), 1700, 64):
                brush.rectangle(x, y, 2, (14, 18, 22, 26, 24)[n], joint)
        for n in range(4):
            for at in everywhere(start + 256 * n):
                _lamp(brush, at, iron, lit=time != "day")

    return paint


def _lamp(brush: Brush, x: float, iron: Colour, *, lit: bool) -> None:
    if lit:
        glow(brush.canvas, x, 126, 56, (255, 226, 160), 0.75)
    brush.rectangle(x - 2.5, 134, 5, 132, iron)
    brush.rectangle(x - 6, 250, 12, 16, iron)
    shine: Colour = (255, 240, 196) if lit else (226, 230, 228)
    brush.polygon([(x - 9, 116), (x + 9, 116), (x + 6, 136), (x - 6, 136)], shine)
    brush.polygon([(x - 12, 117), (x + 12, 117), (x, 106)], iron)
    brush.rectangle(x - 7, 135, 14, 3, iron)
