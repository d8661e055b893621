"""Steps over time -> a picture with axes. What the steps mean is not known here."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont, ImageOps
from PIL.ImageFont import FreeTypeFont
from PIL.ImageFont import ImageFont as BitmapFont

from pipeline.data import UInt8Array
from pipeline.text import clock, printable

WIDTH = 1200
_LEFT, _RIGHT, _TOP = 84, 32, 92
_PLOT_HEIGHT = 300
_STRIP = 8
"""Pictures along the bottom."""
_THUMB = (130, 73)
_BOTTOM = 40 + _THUMB[1] + 28

_PAGE = "#fbfbf9"
_INK = "#1c1c1e"
_FAINT = "#6b6b70"
_GRID = "#e6e6e2"
_LINE = "#2f6db5"
_FILL = "#d5e3f3"
_BEST = "#d2452d"

_TIME_STEPS_S = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)

_Font = FreeTypeFont | BitmapFont


@dataclass(frozen=True, slots=True)
class Step:
    """A value over `[start_s, end_s)`."""

    start_s: float
    end_s: float
    value: float


@dataclass(frozen=True, slots=True, eq=False)
class Chart:
    """What is drawn.

    Args:
        title: First line.
        subtitle: Second line.
        duration_s: Where the axis of time ends.
        steps: In order of time, at least one.
        best_s: Which time is marked.
        pictures: Along the bottom, spread evenly over the time: RGB, uint8 (height, width, 3), None
            where there is none. `strip_times` says when they are from.
    """

    title: str
    subtitle: str
    duration_s: float
    steps: Sequence[Step]
    best_s: float
    pictures: Sequence[UInt8Array | None] = ()


def strip_times(duration_s: float) -> list[float]:
    """The times that the pictures along the bottom show: the middles of equal parts."""
    return [(place + 0.5) * duration_s / _STRIP for place in range(_STRIP)]


def draw_chart(chart: Chart) -> Image.Image:
    """Draw a chart.

    Returns:
        RGB, `WIDTH` wide.
    """
    page = Image.new("RGB", (WIDTH, _TOP + _PLOT_HEIGHT + _BOTTOM), _PAGE)
    plot = _Plot(chart, ImageDraw.Draw(page))
    plot.headings()
    plot.values()
    plot.times()
    plot.curve()
    plot.best()
    for place, picture in enumerate(chart.pictures):
        if picture is not None:
            left = plot.x((place + 0.5) * chart.duration_s / len(chart.pictures)) - _THUMB[0] // 2
            top = _TOP + _PLOT_HEIGHT + 40
            page.paste(ImageOps.pad(Image.fromarray(picture), _THUMB, color=_GRID), (left, top))
    return page


def ticks(low: float, high: float, *, most: int = 6) -> list[float]:
    """Round values from `low` to `high`: 1, 2 or 5 times a power of ten apart."""
    span = max(high - low, 1e-6)
    power = 10.0 ** math.floor(math.log10(span / most))
    apart = next(power * n for n in (1, 2, 5, 10) if span / (power * n) <= most)
    first = math.ceil(low / apart - 1e-9)
    last = math.floor(high / apart + 1e-9)
    return [number * apart for number in range(first, last + 1)]


def time_ticks(duration_s: float, *, most: int = 9) -> list[float]:
    """Times that clocks have marks for, from 0 on."""
    apart = next((step for step in _TIME_STEPS_S if duration_s / step <= most), None)
    if apart is None:
        apart = 3600 * math.ceil(duration_s / 3600 / most)
    return [number * apart for number in range(math.floor(duration_s / apart + 1e-9) + 1)]


class _Plot:
    """Where things are, and how they are drawn."""

    def __init__(self, chart: Chart, draw: ImageDraw.ImageDraw) -> None:
        self._chart = chart
        self._draw = draw
        self._font = ImageFont.load_default(14)
        values = [step.value for step in chart.steps]
        room = max(0.02, 0.08 * (max(values) - min(values)))
        self._low, self._high = min(values) - room, max(values) + room

    def x(self, seconds: float) -> int:
        """Column of a time."""
        share = min(1.0, max(0.0, seconds / self._chart.duration_s))
        return _LEFT + round(share * (WIDTH - _LEFT - _RIGHT))

    def y(self, value: float) -> int:
        """Row of a value."""
        share = (value - self._low) / (self._high - self._low)
        return _TOP + _PLOT_HEIGHT - round(share * _PLOT_HEIGHT)

    def headings(self) -> None:
        """Both lines on top."""
        font = ImageFont.load_default(22)
        room = WIDTH - _LEFT - _RIGHT
        self._draw.text((_LEFT, 20), _fitted(self._chart.title, font, room), _INK, font)
        subtitle = _fitted(self._chart.subtitle, self._font, room)
        self._draw.text((_LEFT, 52), subtitle, _FAINT, self._font)

    def values(self) -> None:
        """The axis of values, with a line for each mark."""
        marks = ticks(self._low, self._high)
        digits = 2 if len(marks) < 2 or marks[1] - marks[0] >= 0.00999 else 3
        for value in marks:
            row = self.y(value)
            self._draw.line((_LEFT, row, WIDTH - _RIGHT, row), _GRID)
            label = f"{value:.{digits}f}"
            self._draw.text((_LEFT - 10, row), label, _FAINT, self._font, anchor="rm")

    def times(self) -> None:
        """The axis of time."""
        bottom = _TOP + _PLOT_HEIGHT
        self._draw.line((_LEFT, bottom, WIDTH - _RIGHT, bottom), _FAINT)
        for seconds in time_ticks(self._chart.duration_s):
            column = self.x(seconds)
            self._draw.line((column, bottom, column, bottom + 5), _FAINT)
            label = clock(seconds)
            label = label if self._chart.duration_s < 5 else label.removesuffix(".0")
            self._draw.text((column, bottom + 10), label, _FAINT, self._font, anchor="mt")

    def curve(self) -> None:
        """Steps, filled down to the axis."""
        bottom = _TOP + _PLOT_HEIGHT - 1
        path: list[tuple[int, int]] = []
        for step in self._chart.steps:
            left, right, row = self.x(step.start_s), self.x(step.end_s), self.y(step.value)
            self._draw.rectangle((left, row, max(left, right), bottom), _FILL)
            path += [(left, row), (right, row)]
        self._draw.line(path, _LINE, 2)

    def best(self) -> None:
        """A mark at the best time, with its value."""
        best = max(self._chart.steps, key=lambda step: step.value)
        column, row = self.x(self._chart.best_s), self.y(best.value)
        self._draw.line((column, row, column, _TOP + _PLOT_HEIGHT), _BEST)
        self._draw.ellipse((column - 5, row - 5, column + 5, row + 5), _BEST)
        label = f"{clock(self._chart.best_s)}  {best.value:.3f}"
        anchor = "lb" if column < WIDTH // 2 else "rb"
        at = (column + (8 if anchor == "lb" else -8), row - 4)
        self._draw.text(at, label, _BEST, self._font, anchor=anchor)


def _fitted(text: str, font: _Font, room: int) -> str:
    whole = printable(text)
    while whole and font.getlength(whole) > room:
        whole = f"{whole[: min(len(whole) - 2, int(len(whole) * 0.95))]}…"
    return whole
