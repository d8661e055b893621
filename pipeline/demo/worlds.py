"""What the demo videos show: each function sets a scene up once and returns its picture at a time.

A picture is RGB, uint8 (360, 640, 3), and depends on the arguments and the time alone.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from pipeline.data import UInt8Array
from pipeline.demo.brush import HEIGHT, WIDTH, Brush, Colour, gradient

Picture = Callable[[float], UInt8Array]

_CREAM: Colour = (250, 244, 226)
_COAL: Colour = (38, 40, 48)


def car_on_road(paint: Colour) -> Picture:
    """A car on a country road; the hills pass by."""
    sky = gradient((112, 178, 228), (236, 240, 226), until=220)

    def picture(t: float) -> UInt8Array:
        brush = Brush(sky.copy())
        brush.disc(520, 70, 30, (255, 240, 178))
        brush.hills(205, 38, (142, 178, 150), at=14 * t, wave=330)
        brush.hills(238, 24, (98, 152, 92), at=40 * t, wave=240)
        brush.rectangle(0, 268, WIDTH, 92, (92, 138, 72))
        brush.rectangle(0, 282, WIDTH, 58, (84, 86, 94))
        for n in range(-1, 9):
            brush.rectangle(n * 90 - (190 * t) % 90, 309, 46, 4, _CREAM)
        _car(brush, 235 + 26 * t, 298 + 0.8 * np.sin(9 * t), paint, turn=t * 9)
        return brush.canvas

    return picture


def _car(brush: Brush, x: float, y: float, paint: Colour, *, turn: float) -> None:
    brush.ellipse(x + 82, y + 24, 92, 6, (62, 64, 70))
    cabin = [(x + 34, y - 22), (x + 52, y - 52), (x + 106, y - 52), (x + 132, y - 22)]
    body = [(x, y - 18), (x + 34, y - 24), (x + 132, y - 24), (x + 164, y - 12), (x + 166, y + 10)]
    brush.polygon(cabin, paint)
    brush.polygon([*body, (x, y + 10)], paint)
    glass: Colour = (196, 226, 238)
    brush.polygon([(x + 45, y - 25), (x + 57, y - 46), (x + 76, y - 46), (x + 76, y - 25)], glass)
    brush.polygon([(x + 82, y - 25), (x + 82, y - 46), (x + 103, y - 46), (x + 120, y - 25)], glass)
    brush.rectangle(x + 157, y - 9, 8, 7, (255, 238, 160))
    for wheel in (x + 36, x + 128):
        brush.disc(wheel, y + 10, 16, _COAL)
        brush.disc(wheel, y + 10, 8, (190, 194, 200))
        for spoke in (0.0, np.pi / 2):
            across, down = 8 * np.cos(turn + spoke), 8 * np.sin(turn + spoke)
            ends = [(wheel - across, y + 10 - down), (wheel + across, y + 10 + down)]
            brush.line(ends, 2, (120, 124, 130))


def boat_at_sea(sail: Colour, *, dusk: bool = False) -> Picture:
    """A sailing boat on waves, by day or before a low sun."""
    sky = (
        gradient((74, 62, 120), (250, 160, 98), until=200)
        if dusk
        else gradient((96, 176, 226), (220, 240, 244), until=200)
    )
    deep, near = ((64, 58, 112), (40, 44, 92)) if dusk else ((48, 132, 178), (26, 98, 150))

    def picture(t: float) -> UInt8Array:
        brush = Brush(sky.copy())
        if dusk:
            brush.glow(430, 196, 150, (255, 214, 130), 0.8)
            brush.disc(430, 196, 40, (255, 222, 150))
        else:
            for n, (x, y) in enumerate([(90.0, 60.0), (330.0, 42.0), (540.0, 86.0)]):
                _cloud(brush, x + 7 * t, y, 0.8 + 0.2 * n)
        brush.hills(204, 2, deep, at=20 * t, wave=70)
        x, y = 190 + 20 * t, 246 + 5 * np.sin(1.6 * t)
        brush.rectangle(x + 48, y - 118, 4, 112, (110, 78, 52))
        brush.polygon([(x + 55, y - 112), (x + 55, y - 18), (x + 122, y - 18)], sail)
        brush.polygon([(x + 45, y - 98), (x + 45, y - 18), (x, y - 18)], _CREAM)
        brush.polygon(
            [(x - 22, y - 10), (x + 132, y - 10), (x + 104, y + 24), (x + 8, y + 24)],
            (124, 70, 46),
        )
        brush.hills(266, 7, near, at=70 * t, wave=110)
        return brush.canvas

    return picture


def _cloud(brush: Brush, x: float, y: float, size: float) -> None:
    for dx, dy, radius in [(0, 0, 20), (24, -9, 25), (52, -3, 21), (74, 4, 14)]:
        brush.disc(x + dx * size, y + dy * size, radius * size, (252, 253, 254))


def night_sky(tint: Colour) -> Picture:
    """Stars that turn slowly over a forest, with a moon and a falling star."""
    sky = gradient((10, 14, 40), tint, until=330)
    Brush(sky).glow(500, 84, 120, (236, 232, 200), 0.45)
    random = np.random.default_rng(4)
    stars = random.random((420, 3)) ** (1, 0.6, 1.5) * (np.pi * 2, 560, 1.0)
    trees = np.sort(random.random(38)) * (WIDTH + 60) - 30
    heights = 36 + random.random(38) * 46

    def picture(t: float) -> UInt8Array:
        brush = Brush(sky.copy())
        for angle, far, bright in stars:
            x = 320 + far * np.cos(angle + 0.035 * t)
            y = 380 + far * np.sin(angle + 0.035 * t)
            light = int(120 + 130 * bright * (0.8 + 0.2 * np.sin(5 * t + 40 * bright)))
            brush.disc(x, y, 0.8 + 1.3 * bright, (light, light, min(255, light + 14)))
        brush.disc(500, 84, 34, (244, 240, 214))
        brush.disc(490, 76, 6, (222, 216, 186))
        brush.disc(511, 95, 8, (224, 219, 190))
        fall = (t - 0.8) * 260
        if 0 < fall < 300:
            brush.line([(120 + fall, 50 + fall * 0.4), (80 + fall, 34 + fall * 0.4)], 2, _CREAM)
        brush.hills(318, 10, (14, 24, 30), at=0, wave=420)
        for x, height in zip(trees, heights, strict=True):
            for part in range(3):
                top = 326 - height + part * height * 0.24
                half, down = 8 + 4 * part, height * 0.42
                brush.polygon(
                    [(x, top), (x - half, top + down), (x + half, top + down)], (9, 18, 24)
                )
        return brush.canvas

    return picture


def balloon_over_snow(stripes: tuple[Colour, Colour]) -> Picture:
    """A hot-air balloon that drifts over white mountains while it snows."""
    sky = gradient((168, 200, 228), (240, 246, 250), until=250)
    flakes = np.random.default_rng(8).random((90, 3))

    def picture(t: float) -> UInt8Array:
        brush = Brush(sky.copy())
        for x, top, half in [(110, 128, 190), (560, 112, 210), (340, 168, 170)]:
            left = x - 5 * t
            brush.polygon([(left - half, 340), (left, top), (left + half, 340)], (150, 166, 190))
            cap = [(left, top), (left - 44, top + 42), (left - 14, top + 34), (left + 8, top + 50)]
            brush.polygon([*cap, (left + 48, top + 42)], (248, 250, 252))
        brush.hills(300, 14, (234, 240, 246), at=12 * t, wave=360)
        _balloon(brush, 210 + 30 * t, 118 + 8 * np.sin(0.9 * t), stripes)
        for x, y, size in flakes:
            drift = (x * WIDTH + 14 * np.sin(2 * t + 9 * size)) % WIDTH
            brush.disc(drift, (y * HEIGHT + (30 + 30 * size) * t) % HEIGHT, 1 + 1.6 * size, _CREAM)
        return brush.canvas

    return picture


def _balloon(brush: Brush, x: float, y: float, stripes: tuple[Colour, Colour]) -> None:
    for n, half in enumerate([72, 52, 31, 10]):
        brush.ellipse(x, y, half, 76, stripes[n % 2])
        neck = [(x - half, y + 12), (x + half, y + 12), (x + half * 0.24, y + 92)]
        brush.polygon([*neck, (x - half * 0.24, y + 92)], stripes[n % 2])
    brush.line([(x - 15, y + 90), (x - 11, y + 116)], 2, (104, 82, 60))
    brush.line([(x + 15, y + 90), (x + 11, y + 116)], 2, (104, 82, 60))
    brush.rectangle(x - 14, y + 114, 28, 22, (150, 104, 62))


def train_on_bridge(paint: Colour) -> Picture:
    """A train that crosses a viaduct at golden hour."""
    sky = gradient((244, 186, 120), (252, 232, 190), until=240)

    def picture(t: float) -> UInt8Array:
        brush = Brush(sky.copy())
        brush.disc(150, 120, 34, (255, 246, 214))
        brush.hills(220, 40, (206, 160, 124), at=6 * t, wave=400)
        brush.hills(278, 26, (150, 132, 84), at=10 * t, wave=280)
        stone: Colour = (128, 104, 92)
        brush.rectangle(0, 222, WIDTH, 16, stone)
        for n in range(-1, 8):
            x = n * 104 - 10 * t
            brush.rectangle(x, 236, 24, 130, stone)
            arch = [(x + 24 + 80 * s, 236 + 26 * (2 * s - 1) ** 2) for s in np.linspace(0, 1, 9)]
            brush.polygon([(x + 24, 236), *arch, (x + 104, 236)], stone)
        x = 40.0 + 150 * t
        for n in range(4):
            _wagon(brush, x - n * 142, paint if n else _COAL, engine=n == 0)
        for puff in range(5):
            old = (t * 1.6 + puff) % 5
            brush.disc(x + 108 - 40 * old, 140 - 12 * old, 7 + 4 * old, (246, 226, 206))
        return brush.canvas

    return picture


def _wagon(brush: Brush, x: float, paint: Colour, *, engine: bool) -> None:
    brush.rectangle(x - 8, 208, 150, 5, (70, 62, 60))
    brush.rectangle(x, 168, 132, 42, paint)
    if engine:
        brush.rectangle(x, 150, 48, 24, paint)
        brush.rectangle(x + 100, 148, 16, 24, paint)
        brush.rectangle(x + 10, 156, 26, 15, (255, 226, 150))
        brush.rectangle(x, 196, 132, 6, (186, 60, 48))
    else:
        brush.rectangle(x - 3, 163, 138, 7, (88, 74, 70))
        for n in range(4):
            brush.rectangle(x + 9 + 31 * n, 178, 20, 16, (255, 238, 190))
    for wheel in (18, 48, 84, 114):
        brush.disc(x + wheel, 214, 9, (44, 42, 46))


def turning_rings(colours: tuple[Colour, ...], ground: Colour) -> Picture:
    """An abstract pattern: petals on rings that turn against each other."""
    paper = gradient(ground, ground)

    def picture(t: float) -> UInt8Array:
        brush = Brush(paper.copy())
        for ring in range(6, 0, -1):
            turn = t * (14 if ring % 2 else -14) + ring * 11
            petals = 6 + 4 * ring
            for n in range(petals):
                angle = np.radians(turn) + n * 2 * np.pi / petals
                far = 8 + 52 * ring
                x, y = 320 + far * np.cos(angle), 180 + far * np.sin(angle)
                colour = colours[(ring + n) % len(colours)]
                brush.ellipse(x, y, 24, 10, colour, turn=float(np.degrees(angle)))
        brush.disc(320, 180, 22, colours[0])
        return brush.canvas

    return picture


def city_at_night(lit: Colour) -> Picture:
    """Towers with lit windows; the camera moves past them."""
    sky = gradient((24, 22, 58), (132, 74, 118), until=300)
    random = np.random.default_rng(12)
    far = random.random(18) * 90 + 90
    near = random.random(12) * 110 + 110
    on = random.random((12, 5, 12)) < 0.55

    def picture(t: float) -> UInt8Array:
        brush = Brush(sky.copy())
        brush.disc(120, 74, 26, (248, 226, 206))
        for n, height in enumerate(far):
            brush.rectangle(n * 46 - 14 * t, 310 - height, 44, height + 60, (52, 42, 84))
        for n, height in enumerate(near):
            x, top = n * 78 - 34 * t, 340 - height
            brush.rectangle(x, top, 68, height + 30, (28, 26, 52))
            for column, row in np.argwhere(on[n]):
                if 10 + 19 * row < height - 16:
                    brush.rectangle(x + 7 + 11.5 * column, top + 10 + 19 * row, 7, 10, lit)
        brush.rectangle(0, 334, WIDTH, 26, (16, 16, 34))
        return brush.canvas

    return picture


def fish_under_water(scales: Colour) -> Picture:
    """A shoal among water plants and bubbles."""
    water = gradient((30, 148, 172), (8, 52, 92))
    for ray in range(4):
        Brush(water).glow(70 + 165 * ray, -30, 250, (150, 226, 224), 0.32)
    random = np.random.default_rng(21)
    shoal = random.random((9, 3)) * (WIDTH + 120, 190, 1.0) + (0, 60, 0.7)
    bubbles = random.random((26, 2)) * (WIDTH, HEIGHT)

    def picture(t: float) -> UInt8Array:
        brush = Brush(water.copy())
        brush.hills(330, 8, (196, 176, 128), at=0, wave=300)
        for plant in range(11):
            root = 24 + 60 * plant
            heights = np.linspace(0, 70 + 14 * (plant % 3), 10)
            sway = 0.012 * heights**1.6 * np.sin(1.4 * t + plant)
            stem = list(zip(root + sway, 342 - heights, strict=True))
            brush.line(stem, 5, (36, 122, 88) if plant % 2 else (54, 148, 92))
        for x, y, size in shoal:
            _fish(brush, (x + 46 * size * t) % (WIDTH + 120) - 60, y, size, scales, 7 * t + x)
        for x, y in bubbles:
            brush.disc(x + 4 * np.sin(3 * t + y), (y - 42 * t) % HEIGHT, 2.4, (178, 230, 236))
        return brush.canvas

    return picture


def _fish(brush: Brush, x: float, y: float, size: float, paint: Colour, beat: float) -> None:
    tail = 7 * np.sin(beat)
    brush.polygon(
        [
            (x - 22 * size, y),
            (x - 46 * size, y - 15 * size + tail),
            (x - 46 * size, y + 15 * size + tail),
        ],
        paint,
    )
    brush.ellipse(x, y, 30 * size, 15 * size, paint)
    brush.ellipse(x - 4 * size, y, 4 * size, 13 * size, _CREAM)
    brush.disc(x + 18 * size, y - 4 * size, 3.6 * size, _CREAM)
    brush.disc(x + 19 * size, y - 4 * size, 1.9 * size, _COAL)


def desert_cactus(sand: Colour) -> Picture:
    """Dunes with cacti under a big sun."""
    sky = gradient((250, 150, 92), (254, 222, 160), until=240)
    Brush(sky).glow(330, 150, 170, (255, 240, 190), 0.7)

    def picture(t: float) -> UInt8Array:
        brush = Brush(sky.copy())
        brush.disc(330, 150, 58, (255, 238, 176))
        brush.hills(232, 26, (214, 138, 88), at=8 * t, wave=420)
        brush.hills(276, 22, sand, at=22 * t, wave=340)
        for n, (x, size) in enumerate([(90, 1.0), (420, 1.35), (640, 0.8), (760, 1.1)]):
            _cactus(brush, x - 26 * t, 312 + 6 * (n % 2), size)
        return brush.canvas

    return picture


def _cactus(brush: Brush, x: float, y: float, size: float) -> None:
    green: Colour = (52, 116, 78)
    width = max(1, round(18 * size))
    brush.ellipse(x + 8 * size, y, 34 * size, 5 * size, (176, 112, 74))
    brush.line([(x, y - 4), (x, y - 96 * size)], width, green)
    left = [(x, y - 40 * size), (x - 30 * size, y - 40 * size), (x - 30 * size, y - 70 * size)]
    right = [(x, y - 54 * size), (x + 28 * size, y - 54 * size), (x + 28 * size, y - 82 * size)]
    brush.line(left, max(1, round(12 * size)), green)
    brush.line(right, max(1, round(12 * size)), green)


def lighthouse(bands: Colour) -> Picture:
    """A lighthouse at night whose beam sweeps over the sea."""
    sky = gradient((16, 26, 54), (46, 78, 112), until=260)

    def picture(t: float) -> UInt8Array:
        brush = Brush(sky.copy())
        reach = 1200 * np.cos(0.9 * t + 0.5)
        beam = sky.copy()
        Brush(beam).polygon([(206, 96), (206 + reach, 0), (206 + reach, 200)], (232, 224, 160))
        cv2.addWeighted(beam, 0.45, brush.canvas, 0.55, 0, dst=brush.canvas)
        brush.hills(262, 4, (20, 56, 84), at=30 * t, wave=120)
        rock: Colour = (44, 46, 54)
        brush.polygon([(90, 300), (140, 254), (268, 250), (330, 300)], rock)
        for n in range(5):
            top, bottom = 116 + 28 * n, 144 + 28 * n
            upper, lower = 20 + 3 * n, 23 + 3 * n
            colour = bands if n % 2 else _CREAM
            shaft = [(206 - upper, top), (206 + upper, top), (206 + lower, bottom)]
            brush.polygon([*shaft, (206 - lower, bottom)], colour)
        brush.rectangle(180, 110, 52, 6, _COAL)
        brush.rectangle(190, 84, 32, 26, (255, 240, 176))
        brush.polygon([(186, 84), (226, 84), (206, 64)], bands)
        brush.glow(206, 97, 74, (255, 244, 190), 0.75)
        brush.hills(306, 8, (10, 34, 58), at=60 * t, wave=160)
        return brush.canvas

    return picture


def rocket_launch(fins: Colour) -> Picture:
    """A rocket that climbs on its flame."""
    sky = gradient((44, 60, 124), (230, 168, 170), until=330)
    clouds = np.random.default_rng(31).random((9, 2)) * (WIDTH, HEIGHT * 1.5)

    def picture(t: float) -> UInt8Array:
        brush = Brush(sky.copy())
        for n, (x, y) in enumerate(clouds):
            _cloud(brush, x - 40, (y + 90 * t) % (HEIGHT * 1.5) - 60, 0.7 + 0.1 * (n % 4))
        x, y = 320 + 3 * np.sin(6 * t), 190 - 14 * t
        brush.glow(x, y + 104, 90, (255, 210, 120), 0.7)
        flame = 62 + 9 * np.sin(31 * t)
        brush.polygon([(x - 17, y + 78), (x + 17, y + 78), (x, y + 78 + flame)], (252, 164, 60))
        brush.polygon(
            [(x - 9, y + 78), (x + 9, y + 78), (x, y + 78 + 0.6 * flame)], (255, 238, 170)
        )
        for side in (-1, 1):
            fin = [(x + 20 * side, y + 28), (x + 50 * side, y + 84), (x + 20 * side, y + 72)]
            brush.polygon(fin, fins)
        brush.ellipse(x, y, 27, 92, (238, 240, 244))
        brush.rectangle(x - 19, y + 64, 38, 16, (120, 126, 140))
        nose = [(x + 27 * np.cos(a), y + 92 * np.sin(a)) for a in np.linspace(3.84, 5.585, 16)]
        brush.polygon(nose, fins)
        brush.disc(x, y - 14, 13, (90, 98, 116))
        brush.disc(x, y - 14, 9, (150, 214, 236))
        return brush.canvas

    return picture
