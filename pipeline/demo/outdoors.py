"""The places in nature: sea, snow, meadow and desert, by time of day."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pipeline.data import Float64Array, UInt8Array
from pipeline.demo.brush import HEIGHT, WIDTH, Brush, Colour
from pipeline.demo.skies import View, hills, mix, pale, scene, sky, tone
from pipeline.demo.strips import SPAN, XS, Strip, everywhere, land, level, rolling, slope


def sea(time: str, random: np.random.Generator) -> View:
    """Open water in waves, with the sun or moon on it."""
    horizon = 182
    heaven = sky(time, random, 230, day=((92, 172, 214), (230, 242, 240)), clouds=4)
    deep, shoal = tone((72, 140, 162), time), tone((156, 204, 208), time, 0.25)
    water = Strip(lambda brush: land(brush, level(horizon), (shoal, deep)))
    rows = [_waves(time, random, n) for n in range(6)]
    spark = {"day": (236, 246, 244), "sunset": (255, 214, 150), "night": (176, 196, 236)}[time]
    glints = random.uniform((-1, 0, 0), (1, 1, 2 * np.pi), (16, 3))

    def view(pan: float, t: float) -> UInt8Array:
        canvas = heaven.at(pan, t)
        water.lay(canvas, 0)
        for n, strip in enumerate(rows):
            speed = (9 + 5 * n) * (1 if n % 2 else -0.6)
            bob = (1 + 0.6 * n) * np.sin(1.3 * t + 2 * n)
            strip.lay(canvas, (0.3 + 0.16 * n) * pan + speed * t, bob)
            if n == 3:
                _glitter(Brush(canvas), heaven.x, horizon + 4, glints, spark, t)
        return canvas

    return view


def _waves(time: str, random: np.random.Generator, row: int) -> Strip:
    """One row of waves with foam on their crests; row 0 is the farthest."""
    y = 200 + 8 * row + 3.6 * row**2
    height, number = 2.5 + 1.5 * row, 22 - 3 * row
    phase = 2 * np.pi * (number * XS / SPAN + random.random())
    swell = 0.25 * np.sin(2 * np.pi * 3 * XS / SPAN + 2 * np.pi * random.random())
    crest = y - height * (np.abs(np.sin(phase / 2)) * -2 + 1 + swell)
    near = row / 5
    top = mix(tone((146, 196, 202), time, 0.15), tone((92, 160, 178), time), near)
    low = mix(tone((104, 166, 184), time), tone((46, 106, 136), time), near)
    foam = pale((240, 248, 246), time)

    def paint(brush: Brush) -> None:
        land(
            brush, crest, (top, low), bottom=min(HEIGHT, y + 30 + 8 * row), rim=mix(top, foam, 0.8)
        )
        if row > 1:
            brush.line(list(zip(XS, crest + 0.5, strict=True)), 0.6 * row, foam)

    return Strip(paint, loose=True)


def _glitter(
    brush: Brush, x: float, y: float, glints: Float64Array, colour: Colour, t: float
) -> None:
    for side, depth, phase in glints:
        wide = (4 + 14 * depth) * (0.6 + 0.4 * np.sin(2.6 * t + phase))
        middle = x + side * (7 + 40 * depth)
        brush.ellipse(middle, y + 60 * depth, wide, 0.8 + 1.1 * depth, colour)


def snow(time: str, random: np.random.Generator) -> View:
    """White fields and a fence before mountains, while it snows."""
    heaven = sky(time, random, 200, day=((160, 196, 222), (240, 244, 248)), clouds=4)
    layers = [
        (0.08, _mountains(time, random, 88, 0.35)),
        (0.2, _snowfield(time, random, 218, 10, (212, 224, 238))),
        (0.45, _snowfield(time, random, 238, 9, (226, 235, 244))),
        (0.75, Strip(_snowy_fence(time, random))),
        (1.0, _snowfield(time, random, 268, 6, (242, 246, 250))),
    ]
    still = scene(heaven, layers)
    flakes = random.random((46, 3))
    white = mix(tone((255, 255, 255), time), (255, 255, 255), 0.6)

    def view(pan: float, t: float) -> UInt8Array:
        brush = Brush(still(pan, t))
        for x, y, size in flakes:
            across = (x * WIDTH - 0.6 * pan + 12 * np.sin(1.5 * t + 9 * size)) % WIDTH
            down = (y * HEIGHT + (26 + 26 * size) * t) % HEIGHT
            brush.disc(across, down, 1.3 + 1.7 * size, white)
        return brush.canvas

    return view


def _snowfield(
    time: str, random: np.random.Generator, base: float, height: float, colour: Colour
) -> Strip:
    top, low = pale(colour, time), pale(mix(colour, (176, 200, 226), 0.6), time)
    return slope(rolling(random, base, height), (top, low), HEIGHT, pale((252, 253, 254), time))


def _mountains(time: str, random: np.random.Generator, top: float, far: float) -> Strip:
    peaks = [(170.0 * n + random.uniform(-26, 26), random.uniform(0, 46)) for n in range(6)]
    lit, dark = tone((150, 166, 190), time, far), tone((112, 130, 160), time, far)
    cap, shadow = pale((250, 252, 254), time), pale((206, 220, 238), time)

    def paint(brush: Brush) -> None:
        for x, low in sorted(peaks, key=lambda peak: -peak[1]):
            for at in everywhere(x):
                _mountain(brush, at, top + low, (lit, dark, cap, shadow))

    return Strip(paint)


def _mountain(brush: Brush, x: float, y: float, colours: tuple[Colour, ...]) -> None:
    lit, dark, cap, shadow = colours
    wide, foot = 0.95 * (240 - y), 240
    brush.polygon([(x, y), (x - wide, foot), (x + wide, foot)], lit)
    brush.polygon(
        [(x, y), (x + 12, y + 50), (x - 8, y + 90), (x + 14, foot), (x + wide, foot)], dark
    )
    edge = [(-54, 57), (-34, 50), (-24, 66), (-6, 50), (8, 64)]
    brush.polygon([(x, y), *((x + a, y + b) for a, b in edge), (x + 12, y + 44)], cap)
    right = [(12, 40), (8, 64), (24, 50), (36, 66), (54, 57)]
    brush.polygon([(x, y), *((x + a, y + b) for a, b in right)], shadow)


def _snowy_fence(time: str, random: np.random.Generator) -> Callable[[Brush], None]:
    wood, white = tone((116, 96, 84), time), pale((252, 253, 254), time)
    lean = random.uniform(-2, 2, 16)

    def paint(brush: Brush) -> None:
        for y in (244, 258):
            brush.rectangle(-8, y, 1700, 5, wood)
            brush.rectangle(-8, y - 3, 1700, 3, white)
        for n, tilt in enumerate(lean):
            for x in everywhere(64 * n):
                brush.polygon(
                    [(x - 4 + tilt, 234), (x + 4 + tilt, 234), (x + 4, 284), (x - 4, 284)], wood
                )
                brush.ellipse(x + tilt, 234, 7, 4, white)

    return paint


def meadow(time: str, random: np.random.Generator) -> View:
    """Hills and grass that sways."""
    heaven = sky(time, random, 210)
    layers = [
        (0.1, hills(time, random, 186, 28, (136, 170, 150), 0.4)),
        (0.25, hills(time, random, 212, 18, (142, 178, 118), 0.15)),
        (0.5, hills(time, random, 232, 12, (142, 176, 110), 0.04)),
        (1.0, Strip(_grassland(time, random))),
    ]
    still = scene(heaven, layers)
    blades = random.uniform((0, 16, -9, 0), (SPAN, 36, 9, 6.3), (70, 4))
    greens = [tone(c, time) for c in ((84, 128, 62), (104, 148, 70), (124, 164, 84))]

    def view(pan: float, t: float) -> UInt8Array:
        brush = Brush(still(pan, t))
        for n, (x, height, lean, phase) in enumerate(blades):
            left = (x - 1.1 * pan) % SPAN - 40
            if left < WIDTH + 40:
                tip = left + lean + 3 * np.sin(1.7 * t + phase)
                blade = [(left - 3, 362), (tip, 362 - height), (left + 3, 362)]
                brush.polygon(blade, greens[n % 3])
        return brush.canvas

    return view


def _grassland(time: str, random: np.random.Generator) -> Callable[[Brush], None]:
    crest = rolling(random, 250, 5)
    light, dark = tone((152, 186, 112), time), tone((110, 148, 82), time)
    tufts = random.random((150, 2)) * (SPAN, 1)
    blossoms = random.random((120, 3)) * (SPAN, 1, 4)
    hues = [(248, 246, 236), (240, 222, 150), (232, 190, 206), (204, 196, 232)]

    def paint(brush: Brush) -> None:
        land(brush, crest, (light, dark), rim=tone((164, 200, 118), time))
        for x, near in tufts:
            y, size = 264 + 90 * near, 5 + 8 * near
            for at in everywhere(x):
                for lean in (-0.6, 0.0, 0.6):
                    blade = [(at - 1.5, y), (at + lean * size, y - size), (at + 1.5, y)]
                    brush.polygon(blade, mix(light, dark, 0.55 + 0.6 * near))
        for x, near, hue in blossoms:
            for at in everywhere(x):
                brush.disc(at, 262 + 94 * near, 1.2 + 1.5 * near, tone(hues[int(hue)], time))

    return paint


def desert(time: str, random: np.random.Generator) -> View:
    """Sand with dunes, cacti and table mountains."""
    heaven = sky(time, random, 205, day=((150, 192, 208), (246, 232, 204)), clouds=2)
    return scene(
        heaven,
        [
            (0.08, Strip(_mesas(time, random))),
            (0.2, _dunes(time, random, 222, 26, 5, (222, 192, 150))),
            (0.45, _dunes(time, random, 248, 20, 4, (226, 198, 154))),
            (0.75, Strip(_cacti(time, random))),
            (1.0, Strip(_sand(time, random))),
        ],
    )


def _mesas(time: str, random: np.random.Generator) -> Callable[[Brush], None]:
    rock, dark = tone((190, 148, 126), time, 0.3), tone((160, 122, 112), time, 0.3)
    rocks = [(205.0 * n, *random.uniform((40, 128), (78, 172))) for n in range(5)]

    def paint(brush: Brush) -> None:
        for x, half, top in rocks:
            for at in everywhere(x):
                crown = [(at - half, top), (at + half, top), (at + half + 9, top + 34)]
                foot = [(at + half + 40, 240), (at - half - 40, 240), (at - half - 9, top + 34)]
                brush.polygon([*crown, *foot], rock)
                side = [(at + half * 0.35, top), (at + half, top), (at + half + 9, top + 34)]
                brush.polygon([*side, (at + half + 40, 240), (at + half * 0.5, 240)], dark)

    return paint


def _dunes(
    time: str, random: np.random.Generator, base: float, height: float, number: int, colour: Colour
) -> Strip:
    """Dunes with sharp crests, whose right sides are in the shade."""
    gap, start = SPAN / number, float(random.uniform(0, SPAN / number))
    place = ((XS - start) / gap + 0.5) % 1 - 0.5
    crest = base - height * (1 - 2 * np.abs(place)) ** 1.6
    light, low = tone(colour, time), tone(mix(colour, (188, 146, 112), 0.6), time)
    dark = tone(mix(colour, (150, 108, 96), 0.55), time)
    flank = np.linspace(0, 0.48, 12)

    def paint(brush: Brush) -> None:
        land(brush, crest, (light, low), bottom=base + 50, rim=tone((246, 226, 186), time))
        for n in range(number):
            for x in everywhere(start + n * gap):
                outer = [(x + s * gap, base - height * (1 - 2 * s) ** 1.6 + 0.5) for s in flank]
                inner = [
                    (x + 0.3 * s * gap + 9 * np.sin(9 * s), base - height + 2 * s * (height + 22))
                    for s in flank[::-1]
                ]
                brush.polygon([*outer, *inner], dark)

    return Strip(paint)


def _cacti(time: str, random: np.random.Generator) -> Callable[[Brush], None]:
    green, dark = tone((98, 132, 100), time), tone((72, 104, 84), time)
    plants = [(146.0 * n + random.uniform(-26, 26), random.uniform(0.7, 1.15)) for n in range(7)]

    def paint(brush: Brush) -> None:
        for x, size in plants:
            for at in everywhere(x):
                _cactus(Brush(brush.canvas, (at, 284), size), green, dark)

    return paint


def _cactus(brush: Brush, green: Colour, dark: Colour) -> None:
    arms = [
        ([(0, 4), (0, -86)], 17),
        ([(0, -30), (-25, -34), (-26, -62)], 11),
        ([(0, -44), (24, -48), (25, -76)], 11),
    ]
    for points, width in arms:
        brush.line(points, width, green)
        for x, y in points[1:]:
            brush.disc(x, y, width / 2, green)
    brush.line([(5, 4), (5, -84)], 4, dark)
    brush.line([(-3, 4), (-3, -84)], 1.5, dark)


def _sand(time: str, random: np.random.Generator) -> Callable[[Brush], None]:
    crest = rolling(random, 272, 5)
    light, low = tone((234, 210, 168), time), tone((208, 172, 130), time)
    ripples = random.random((44, 3)) * (SPAN, 1, 1)

    def paint(brush: Brush) -> None:
        land(brush, crest, (light, low), rim=tone((248, 230, 192), time))
        for x, near, size in ripples:
            y, half = 284 + 74 * near, 16 + 40 * size * (0.5 + near)
            for at in everywhere(x):
                line = [(at + half * s, y - 4 * (1 - s * s)) for s in np.linspace(-1, 1, 9)]
                brush.line(line, 2, mix(low, tone((150, 112, 92), time), 0.35))

    return paint
