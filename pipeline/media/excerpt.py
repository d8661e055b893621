"""(path, span of seconds) -> the frames that a player shows in it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from pipeline.errors import Code, MediaError
from pipeline.media.appearance import Looks, looks_of
from pipeline.media.container import open_container
from pipeline.media.origin import start_of
from pipeline.media.presented import Timed, Told, presented
from pipeline.media.shown import shown_from


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A span of a file, in ticks of its best video stream.

    Args:
        path: The file.
        tick_s: Length of a tick in seconds.
        origin: Tick of the first presented frame: second 0.
        start: Tick at which the span starts; the frame shown then may have come before.
        end: Tick at which it ends, greater than `start`; a frame that comes then is not in it.
        rate: Frames a second on average, as the container has it.
        looks: How its pictures are to be shown.
        whole: All of the file was read when it was indexed.
    """

    path: Path
    tick_s: Fraction
    origin: int
    start: int
    end: int
    rate: Fraction
    looks: Looks
    whole: bool = False

    @property
    def start_s(self) -> Fraction:
        """When it starts by the container's clock, which need not be 0 at the first frame."""
        return self.start * self.tick_s

    @property
    def length_s(self) -> Fraction:
        """How long it is."""
        return (self.end - self.start) * self.tick_s


def locate(
    path: Path,
    start_s: float,
    end_s: float,
    *,
    whole: bool = False,
    beat: Told = lambda: None,
) -> Excerpt:
    """Find `[start_s, end_s)` of a file on its stream's clock; times are meant to half a tick.

    Args:
        path: A local video file.
        start_s: Presentation time, 0 at the first presented frame; earlier is taken for 0.
        end_s: The same; where it is no later, the span is the one frame shown at `start_s`.
        whole: As for `shown_from`.
        beat: Called often, to show that work goes on.

    Raises:
        ValueError: A time is not finite.
        MediaError: As `open_container`, NO_FRAMES, or DECODE_ERROR.
    """
    if not (math.isfinite(start_s) and math.isfinite(end_s)):
        raise ValueError(f"times must be finite, not {start_s} and {end_s}")
    with open_container(path, beat=beat) as (container, stream):
        _, first = next(presented(path, container, stream, beat=beat), (0, None))
        rate = stream.average_rate or Fraction(25)
        if first is None or first.time_base is None:
            raise MediaError("has no frames", code=Code.NO_FRAMES, uri=str(path))
        looks = looks_of(stream, first)
    origin = start_of(path, beat=beat)
    start, end = (
        origin + math.floor(Fraction(max(0.0, seconds)) / first.time_base + Fraction(1, 2))
        for seconds in (start_s, end_s)
    )
    return Excerpt(path, first.time_base, origin, start, max(end, start + 1), rate, looks, whole)


def frames_of(excerpt: Excerpt, *, beat: Told = lambda: None) -> Iterator[Timed]:
    """Decode the frames that a player shows in a span, at least one.

    Args:
        excerpt: The span.
        beat: Called with each frame, and with each packet that is read for them.

    Yields:
        Tick and frame, ticks strictly increasing and before `end`. The first is the frame shown at
        `start`, which may have come earlier; behind the end of the file it is the last one.

    Raises:
        MediaError: As `open_container`, NO_FRAMES, or DECODE_ERROR when no frame can be decoded.
    """
    frames = shown_from(
        excerpt.path, excerpt.start, origin=excerpt.origin, whole=excerpt.whole, beat=beat
    )
    for n, (tick, frame) in enumerate(frames):
        if n and tick >= excerpt.end:
            return
        beat()
        yield tick, frame
