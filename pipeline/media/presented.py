"""A container's packets -> the frames that a player shows, each with its time.

Damage costs what it damaged: decoding goes on behind it, and frames that lean on what could not be
decoded are not given out as if they were whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer
from av.video.frame import PictureType
from av.video.stream import VideoStream

from pipeline.errors import Code, MediaError
from pipeline.media.container import packets_of

Told = Callable[[], None]
Timed = tuple[int, av.VideoFrame]

_MOST_HELD = 16
"""Frames that may be shown before one that they lean on: as many as H.264 and HEVC allow."""

_USUAL_RATE = Fraction(25)
"""Frames a second, as FFmpeg takes it, of a stream that says nothing."""


def presented(
    path: Path,
    container: InputContainer,
    stream: VideoStream,
    *,
    sought: int | None = None,
    beat: Told = lambda: None,
) -> Iterator[Timed]:
    """Decode a container that was just opened, from its start, or that was just sought.

    Frames that the container says to discard do not come; nor do those with a time that was there
    already. Behind an error, or a frame that the decoder calls corrupt, nothing comes before the
    next key frame that is whole, nor do the B-frames right before it: they may lean on it. So it is
    behind a seek.

    Threads that decode a frame each (`stream.thread_type`) may lose frames next to an error, and
    may not see that one is corrupt; one thread does neither.

    Args:
        path: The file, for errors.
        container: As `open_container` gives it.
        stream: Of the container.
        sought: The tick for whose sake the container was sought, which `may_be_sought` allows.
            Where decoding comes upon no whole key frame by then, nothing comes.
        beat: Called with each packet, also where no frame comes for long.

    Yields:
        Time in ticks of `stream.time_base`, strictly increasing, and the frame. The first need not
        be at 0: `Timeline` says where the file's timeline starts.

    Raises:
        MediaError: DECODE_ERROR, no frame can be decoded though there are packets.
    """
    clock = Clock(container, stream)
    held: list[Timed] = []
    last: int | None = None
    trusted, seen = sought is None, False
    for frame in _frames(container, stream, beat):
        seen = True
        tick = clock.lost() if frame is None else clock.tick(frame)
        if frame is None or frame.is_corrupt:
            trusted = False
            held.clear()
            continue
        if sought is not None and last is None and (frame.pts is None or tick > sought):
            return  # a time is a guess, or no key frame came by then
        trusted = trusted or frame.key_frame
        if trusted and (last is None or tick > last):
            last = tick
            held.append((tick, frame))
        if frame.pict_type != PictureType.B or len(held) == _MOST_HELD:
            yield from held
            held.clear()
    yield from held
    if last is None and seen and sought is None:
        raise MediaError("none of its frames can be decoded", code=Code.DECODE_ERROR, uri=str(path))


def may_be_sought(container: InputContainer, stream: VideoStream) -> bool:
    """Whether a frame has the same time wherever decoding began.

    In AVI it is the time of the packet that brought the frame out: that of the frame itself only
    where frames stand alone. MPEG-PS has a time now and then; FFmpeg guesses the others from those
    before.
    """
    if has_no_times(container):
        return bool(stream.codec_context.codec.intra_only)
    return container.format.name != "mpeg"


def has_no_times(container: InputContainer) -> bool:
    """Whether a container's times say only in which order packets are decoded.

    AVI has no others; what FFmpeg gives as presentation times there is a guess.
    """
    return "avi" in container.format.name.split(",")


class Clock:
    """The times of frames, in ticks, as they come from a decoder.

    Times as FFmpeg's own programs give them: presentation times where the container has them. In
    AVI frame by frame the time of the packet that brought it out, in raw streams a frame's duration
    after the other; both need one decoding thread.

    Args:
        container: Just opened: nothing was decoded yet.
        stream: Of the container.
    """

    def __init__(self, container: InputContainer, stream: VideoStream) -> None:
        self.step = frame_ticks(stream)
        self._by_decoding = has_no_times(container)
        self._next = 0
        self._lost = 0

    def tick(self, frame: av.VideoFrame) -> int:
        """When a frame is presented; one without a time follows the one before."""
        stamp = frame.dts if self._by_decoding else frame.pts
        if stamp is None:
            stamp = self._next + self._lost * self.step
        self._next, self._lost = stamp + self.step, 0
        return stamp

    def lost(self) -> int:
        """A packet gave no frame: in a stream without times its time passes all the same."""
        self._lost += 1
        return self._next


def frame_ticks(stream: VideoStream) -> int:
    """How many ticks of a stream's clock a frame lasts on average, at least 1."""
    rate = stream.average_rate or stream.guessed_rate or _USUAL_RATE
    return max(1, round(1 / (rate * (stream.time_base or Fraction(1, 1000)))))


def _frames(
    container: InputContainer, stream: VideoStream, beat: Told = lambda: None
) -> Iterator[av.VideoFrame | None]:
    """Frames as the decoder gives them, in order; None where something could not be read."""
    if has_no_times(container):
        stream.thread_type = "SLICE"
    doubts: list[int] = []
    damaged = False
    for packet in packets_of(container, stream):
        beat()
        if packet is None:
            yield None
            continue
        if packet.pts is None and packet.dts is None and not stream.codec_context.is_open:
            stream.thread_type = "SLICE"
        # FFmpeg's parsers put the mark of a packet on the frame that ends where it begins.
        if (packet.is_corrupt or damaged) and packet.pts is not None:
            doubts.append(packet.pts)
        damaged = packet.is_corrupt
        yield from _doubted(_decoded(stream, packet), doubts)
    end: av.Packet[Any] = av.Packet()
    end.time_base = stream.time_base or Fraction(1, 1000)
    yield from _doubted(_decoded(stream, end), doubts)


def _doubted(
    frames: Iterator[av.VideoFrame | None], doubts: list[int]
) -> Iterator[av.VideoFrame | None]:
    """Frames, None in the place of each whose packet the container calls damaged.

    Decoders may hold a frame back for as many packets as they have threads.

    Args:
        frames: As they come out.
        doubts: Times of those packets; who was reached is taken out.
    """
    for frame in frames:
        pts = None if frame is None else frame.pts
        reached = [] if pts is None else [doubt for doubt in doubts if doubt <= pts]
        if reached:
            doubts[:] = [doubt for doubt in doubts if doubt > max(reached)]
            yield None
            if pts in reached:
                continue
        yield frame


def _decoded(stream: VideoStream, packet: av.Packet[Any]) -> Iterator[av.VideoFrame | None]:
    try:
        yield from stream.codec_context.decode(packet)
    except MemoryError:  # PyAV's, too: the file may be whole
        raise
    except av.FFmpegError:
        yield None
