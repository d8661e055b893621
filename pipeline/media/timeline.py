"""The presented timeline of a file: which frames a player shows when, before they are decoded."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.video.stream import VideoStream

from pipeline.data import Float64Array, Int64Array
from pipeline.errors import Code, MediaError
from pipeline.media.container import format_of, open_container, packets_of
from pipeline.media.ending import ends_early
from pipeline.media.origin import Origin
from pipeline.media.presented import frame_ticks, has_no_times, presented

_EXACT = frozenset({"mov", "matroska"})
"""Containers in which every packet has a presentation time."""

MOST_DAYS = 31
"""A stream that would last longer has damaged times: scenes of seconds would be made of years."""


@dataclass(frozen=True, slots=True, eq=False)
class Timeline:
    """The frames of a stream as they would be presented if all can be decoded.

    Args:
        ticks: Presentation times, int64 (n,), ascending, in ticks of the stream's clock.
        tick_s: Seconds a tick lasts.
        end: Tick at which the last of them ends.
        due: Tick at which the stream should end; later only in a file that is cut short.
        frame_bytes: Size of a decoded BGR frame.
        cut_short: The file ends before its container says, or goes on with another clock.
        plain: Every packet has a presentation time, all are shown, and nothing is missing.
    """

    ticks: Int64Array
    tick_s: Fraction
    end: int
    due: int
    frame_bytes: int
    cut_short: bool
    plain: bool

    @property
    def pts_s(self) -> Float64Array:
        """Presentation times in seconds, float64 (n,), the first is 0."""
        return self.seconds(self.ticks)

    @property
    def end_s(self) -> float:
        """When the stream should end, in seconds."""
        return float(self.seconds(np.asarray([self.due]))[0])

    @property
    def frame_rate(self) -> float:
        """Frames a second, on average."""
        return len(self.ticks) / float(self.seconds(np.asarray([self.end]))[0])

    def seconds(self, ticks: Int64Array) -> Float64Array:
        """Ticks in seconds from the first frame; a division rounds once: 8.008 stays 8.008."""
        from_start = (ticks - self.ticks[0]) * self.tick_s.numerator / self.tick_s.denominator
        return np.asarray(from_start, dtype=np.float64)


def read_timeline(path: Path, *, beat: Callable[[], None] = lambda: None) -> Timeline:
    """The presented timeline by the container's packets, and by decoding the first frame.

    Packets that the container says to discard (lead-in before an edit list's start) are decoded by
    a player but not shown, and those before the first frame that comes out of the decoder cannot be
    (a cut amid an open group of pictures): neither is counted, but for a first key frame that is
    damaged and what leans on it (`Origin`). Nor is what comes after the clock started again. A raw
    stream has no times, so that only decoding it says how many frames it has.

    Args:
        path: The file, which is read once from end to end.
        beat: Called with each packet, to show that work goes on.

    Raises:
        MediaError: As `open_container`, NO_FRAMES, or DECODE_ERROR if no frame can be decoded, or
            the times cannot be true.
    """
    with open_container(path, beat=beat) as (container, stream):
        seen = _Packets(path, container, stream)
        seen.read(beat)
        promised = _promised_end(container, stream)
        tick_s, step = Fraction(stream.time_base or Fraction(1, 1000)), seen.step
        frame_bytes = stream.codec_context.width * stream.codec_context.height * 3
        form = format_of(path, container)
        exact = not _EXACT.isdisjoint(form.split(","))
        cut_short = seen.cut_short or ends_early(path, form)
    if not seen.packets:
        raise MediaError("has no frames", code=Code.NO_FRAMES, uri=str(path))
    if seen.zero is None:
        raise MediaError("none of its frames can be decoded", code=Code.DECODE_ERROR, uri=str(path))
    ticks = seen.ticks() if seen.times else _by_decoding(path, step, beat)
    end = max(seen.end, int(ticks[-1]) + _last_ticks(ticks, step))
    if (days := (end - int(ticks[0])) * tick_s / 86400) > MOST_DAYS:
        raise MediaError(
            f"would last {float(days):,.0f} days, and {MOST_DAYS} at most are believed: its times"
            " are damaged",
            code=Code.DECODE_ERROR,
            uri=str(path),
        )
    # How long a file with two clocks is, FFmpeg guesses from the ends of both.
    believed = cut_short and not seen.restarted
    due = max(end, promised) if believed and promised is not None else end
    plain = exact and not cut_short and seen.whole and len(ticks) == seen.packets
    return Timeline(ticks, tick_s, end, due, frame_bytes, cut_short, plain)


class _Packets:
    """What the packets of a stream say, compact: a long file has 100,000s of them."""

    def __init__(self, path: Path, container: InputContainer, stream: VideoStream) -> None:
        self.step = frame_ticks(stream)
        self.times = array("q")
        self.packets = 0
        self.end = 0
        self.zero: int | None = None
        self.whole = True
        self.cut_short = False
        self.restarted = False
        self._container = container
        self._stream = stream
        self._origin = Origin(path, container, stream)
        self._by_decoding = has_no_times(container)

    def read(self, beat: Callable[[], None]) -> None:
        """Read all of them, and decode until a frame comes."""
        for packet in packets_of(self._container, self._stream, restarts=self._restarts):
            beat()
            if packet is None:
                self.whole, self.cut_short = False, True
                continue
            self.packets += 1
            self.cut_short = packet.is_corrupt
            self.whole = self.whole and not packet.is_corrupt
            self._origin.seen(packet)
            if packet.is_discard:
                continue
            time = packet.dts if self._by_decoding else packet.pts
            if time is not None:
                self.times.append(time)
                self.end = max(self.end, time + (packet.duration or 0))
        self._origin.end()
        if self._origin.decoded is not None:
            self.zero = self._origin.tick()
            self.whole = self.whole and self.zero == self._origin.decoded

    def _restarts(self) -> None:
        self.whole, self.cut_short, self.restarted = False, True, True

    def ticks(self) -> Int64Array:
        """Their presentation times from the first frame on, ascending, each once."""
        times = np.unique(np.asarray(self.times, dtype=np.int64))
        assert self.zero is not None, "asked for once a frame was decoded"
        shown = times[times >= self.zero]
        if not self._by_decoding:
            return shown if len(shown) else np.asarray([self.zero], dtype=np.int64)
        # The decoder is so many packets behind its input: as many frames come at the end.
        behind = len(times) - len(shown)
        last = int(times[-1])
        tail = [last + (n + 1) * self.step for n in range(behind)]
        return np.concatenate([shown, np.asarray(tail, dtype=np.int64)])


def _promised_end(container: InputContainer, stream: VideoStream) -> int | None:
    """The tick at which the container says that the stream ends, if it does."""
    start = stream.start_time or 0
    if stream.duration is not None:
        return start + stream.duration
    if container.duration is None or stream.time_base is None:
        return None
    return start + round(Fraction(container.duration, av.time_base) / stream.time_base)


def _by_decoding(path: Path, step: int, beat: Callable[[], None]) -> Int64Array:
    """The timeline of a raw stream: as far as a frame comes out, one after the other."""
    last = 0
    with open_container(path, beat=beat) as (container, stream):
        for tick, _ in presented(path, container, stream, beat=beat):
            last = tick
    return np.arange(0, last + 1, step, dtype=np.int64)


def _last_ticks(ticks: Int64Array, step: int) -> int:
    # Some containers give packets no duration: then the last frame lasts as long as the usual one.
    return max(1, int(np.median(np.diff(ticks)))) if len(ticks) > 1 else step
