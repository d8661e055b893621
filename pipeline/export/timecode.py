"""Seconds -> frames -> timecode, as SMPTE ST 12-1 counts them. Pure functions."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

# How far from a frame's start, in frames, a time may be and still mean that frame: containers
# round times, to milliseconds in Matroska.
_SLACK = 0.1

_NTSC = Fraction(1000, 1001)
_SLOWEST, _FASTEST = 20.0, 61.0


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate that editors know.

    Args:
        base: Whole frames a second that timecode counts: 24, 25, 30, 48, 50 or 60.
        ntsc: It runs 0.1 % slower: 23.976, 29.97, 59.94.
    """

    base: int
    ntsc: bool

    @property
    def exact(self) -> Fraction:
        """Frames a second."""
        return self.base * _NTSC if self.ntsc else Fraction(self.base)

    @property
    def drops(self) -> bool:
        """Timecode leaves numbers out, to keep up with the clock: 29.97 and 59.94."""
        return self.ntsc and self.base % 30 == 0

    @property
    def name(self) -> str:
        """`25`, `23.976`, `29.97`."""
        return f"{float(self.exact):.5g}"


RATES = tuple(Rate(base, ntsc) for base in (24, 25, 30, 48, 50, 60) for ntsc in (True, False) if
              not (ntsc and base in (25, 50)))  # fmt: skip


def nearest_rate(frames_a_second: float) -> Rate:
    """The rate of editors that is nearest to a video's average.

    A slow or fast one is taken for the double or the half, so that each of its frames still has a
    number; a variable rate has none, and the nearest one names its times as well as any.

    Raises:
        ValueError: It is no positive number.
    """
    if not (math.isfinite(frames_a_second) and frames_a_second > 0):
        raise ValueError(f"a frame rate is a positive number, not {frames_a_second}")
    rate = frames_a_second
    while rate < _SLOWEST:
        rate *= 2
    while rate > _FASTEST:
        rate /= 2
    return min(RATES, key=lambda known: abs(math.log(float(known.exact) / rate)))


def frames_between(start_s: float, end_s: float, rate: Rate) -> tuple[int, int]:
    """`[start_s, end_s)` as `[first, behind the last)` frame: those shown in it, at least one."""
    first = max(0, math.floor(float(start_s * rate.exact) + _SLACK))
    return first, max(first + 1, math.ceil(float(end_s * rate.exact) - _SLACK))


def timecode(frame: int, rate: Rate) -> str:
    """A frame's number as `HH:MM:SS:FF`; with `;` before the frames where numbers are dropped.

    Dropping leaves out the first two numbers (four at 59.94) of each minute that is no tenth one.
    After 24 hours it starts again.
    """
    if rate.drops:
        frame = _with_dropped(frame, rate.base)
    seconds, frames = divmod(frame, rate.base)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    mark = ";" if rate.drops else ":"
    return f"{hours % 24:02d}:{minutes:02d}:{seconds:02d}{mark}{frames:02d}"


def _with_dropped(frame: int, base: int) -> int:
    dropped = base // 15
    minute = 60 * base - dropped
    ten = 10 * minute + dropped
    tens, rest = divmod(frame, ten)
    # The first minute of ten is a whole one.
    later = max(0, rest - dropped) // minute
    return frame + dropped * (9 * tens + later)
