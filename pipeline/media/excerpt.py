"""(path, span of seconds) -> the frames that a player shows in it, reached without reading it all.

As in `thumbnail.py`, a seek is believed only where decoding came upon a key frame no later than the
span's start; where no seek does, the file is read from its own start.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from pipeline.errors import Code, MediaError
from pipeline.media.appearance import Looks, looks_of
from pipeline.media.container import open_container
from pipeline.media.presented import presented, start_of, times_are_guesses

# How long before the span's start a seek aims, one after the other.
_BACK_S = (0, 1, 4, 16, 64)

Beat = Callable[[], None]
_Timed = tuple[int, av.VideoFrame]


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
    """

    path: Path
    tick_s: Fraction
    origin: int
    start: int
    end: int
    rate: Fraction
    looks: Looks

    @property
    def start_s(self) -> Fraction:
        """When it starts by the container's clock, which need not be 0 at the first frame."""
        return self.start * self.tick_s

    @property
    def length_s(self) -> Fraction:
        """How long it is."""
        return (self.end - self.start) * self.tick_s


def locate(path: Path, start_s: float, end_s: float) -> Excerpt:
    """Find `[start_s, end_s)` of a file on its stream's clock; times are meant to half a tick.

    Args:
        path: A local video file.
        start_s: Presentation time, 0 at the first presented frame; earlier is taken for 0.
        end_s: The same; where it is no later, the span is the one frame shown at `start_s`.

    Raises:
        ValueError: A time is not finite.
        MediaError: As `open_container`, NO_FRAMES, or DECODE_ERROR.
    """
    if not (math.isfinite(start_s) and math.isfinite(end_s)):
        raise ValueError(f"times must be finite, not {start_s} and {end_s}")
    with open_container(path) as (container, stream):
        _, first = next(presented(path, container, stream), (0, None))
        rate = stream.average_rate or Fraction(25)
        if first is None or first.time_base is None:
            raise MediaError("has no frames", code=Code.NO_FRAMES, uri=str(path))
        looks = looks_of(stream, first)
    origin = start_of(path)
    start, end = (
        origin + math.floor(Fraction(max(0.0, seconds)) / first.time_base + Fraction(1, 2))
        for seconds in (start_s, end_s)
    )
    return Excerpt(path, first.time_base, origin, start, max(end, start + 1), rate, looks)


def frames_of(excerpt: Excerpt, *, beat: Beat = lambda: None) -> Iterator[_Timed]:
    """Decode the frames that a player shows in a span, at least one.

    Args:
        excerpt: The span.
        beat: Called with each decoded frame, also of those before the span.

    Yields:
        Tick and frame, ticks strictly increasing and before `end`. The first is the frame shown at
        `start`, which may have come earlier; behind the end of the file it is the last one.

    Raises:
        MediaError: As `open_container`, NO_FRAMES, or DECODE_ERROR when decoding ends early.
    """
    for back_s in _BACK_S:
        aim = excerpt.start - math.ceil(back_s / excerpt.tick_s)
        if aim <= excerpt.origin:
            break
        frames = _sought(excerpt, aim, beat)
        if (first := next(frames, None)) is not None:
            yield first
            yield from frames
            return
    yield from _read_on(excerpt, beat)


def _sought(excerpt: Excerpt, aim: int, beat: Beat) -> Iterator[_Timed]:
    """The frames behind a seek; none where it does not prove the first one."""
    proven = False
    with open_container(excerpt.path) as (container, stream):
        if times_are_guesses(container, stream):
            return
        stream.thread_type = "AUTO"
        try:
            container.seek(aim, stream=stream)
            for tick, frame in _from_start(_standing(container, stream), excerpt, beat):
                proven = True
                yield tick, frame
        except (av.FFmpegError, IndexError, OverflowError) as error:
            if proven:
                raise _stopped(excerpt.path, error) from None


def _read_on(excerpt: Excerpt, beat: Beat) -> Iterator[_Timed]:
    given = False
    with open_container(excerpt.path) as (container, stream):
        stream.thread_type = "AUTO"
        for timed in _from_start(presented(excerpt.path, container, stream), excerpt, beat):
            given = True
            yield timed
    if not given:
        raise MediaError("has no frames", code=Code.NO_FRAMES, uri=str(excerpt.path))


def _from_start(frames: Iterable[_Timed], excerpt: Excerpt, beat: Beat) -> Iterator[_Timed]:
    """Of frames in order, those that are shown in the span."""
    shown: _Timed | None = None
    for tick, frame in frames:
        beat()
        if tick > excerpt.start:
            if shown is None:
                return  # what is shown at the start was not among them
            yield shown
        if tick >= excerpt.end:
            return
        shown = tick, frame
    if shown is not None:
        yield shown


def _standing(container: InputContainer, stream: VideoStream) -> Iterator[_Timed]:
    """Decoded frames from the first key frame on, as long as they have times."""
    newest: int | None = None
    for frame in container.decode(stream):
        if frame.pts is None:
            # Then a time is a guess that depends on where decoding began.
            raise IndexError("a frame has no time")
        # What comes before the key frame may lean on frames that were not decoded.
        if frame.key_frame if newest is None else frame.pts > newest:
            newest = frame.pts
            yield newest, frame


def _stopped(path: Path, error: Exception) -> MediaError:
    return MediaError(
        f"decoding stopped ({' '.join(str(error).split())})",
        code=Code.DECODE_ERROR,
        uri=str(path),
    )
