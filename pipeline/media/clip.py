"""(path, span of seconds) -> an mp4 of just what a player shows and plays in it.

Copied where that is exact, and otherwise encoded again: H.264, upright, in the source's own times.
Sound is always encoded again, to AAC: its packets do not begin where pictures do.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Any

import av
from av.container import OutputContainer
from av.filter import Graph
from av.filter.context import FilterContext
from av.video.frame import PictureType
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream

from pipeline.errors import Code, MediaError
from pipeline.media.copying import copy_video
from pipeline.media.excerpt import Excerpt, frames_of, locate
from pipeline.media.sound import add_sound, encoded_sound, samples_of

_QUALITY = {"crf": "18", "preset": "fast"}
_TURNS = {90: ("transpose=cclock",), 180: ("hflip", "vflip"), 270: ("transpose=clock",)}

Watch = Callable[[float], None]
"""Told often how much is done, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Clip:
    """What was written.

    Args:
        frames: How many pictures it has.
        copied: The pictures are the source's own, not encoded again.
    """

    frames: int
    copied: bool


def write_clip(
    source: Path, target: Path, start_s: float, end_s: float, *, watch: Watch = lambda done: None
) -> Clip:
    """Write `[start_s, end_s)` of a video as an mp4 of its own.

    Its first picture is the one that a player shows at `start_s`, its last the one shown just
    before `end_s`, each for as long as it is shown in the span. The best video and audio stream are
    kept. Pictures become 8 bits with 4:2:0 colour when they are encoded again, and of even sides.

    Args:
        source: A local video file.
        target: Written from its start; what is there when this fails is half a file.
        start_s: Presentation time, 0 at the first presented frame.
        end_s: The same.
        watch: Told how far it is.

    Raises:
        ValueError: A time is not finite.
        MediaError: As `open_container`, NO_FRAMES, DECODE_ERROR, or UNWRITABLE.
    """
    excerpt = locate(source, start_s, end_s)
    try:
        frames = copy_video(
            excerpt,
            target,
            mux=lambda output, packets: _mux(excerpt, output, packets),
            beat=lambda: watch(0.0),
        )
        if frames:
            return Clip(frames, copied=True)
        return Clip(_encode(excerpt, target, watch), copied=False)
    except (OSError, ValueError) as error:
        # FFmpegError is both; reading has its own errors.
        reason = getattr(error, "strerror", None) or str(error)
        raise MediaError(
            f"the clip cannot be written ({' '.join(reason.split())})",
            code=Code.UNWRITABLE,
            uri=str(target),
        ) from None


def _encode(excerpt: Excerpt, target: Path, watch: Watch) -> int:
    with av.open(
        str(target.absolute()), "w", format="mp4", options={"movflags": "+faststart"}
    ) as output:
        pictures = _Pictures(excerpt, output, watch)
        _mux(excerpt, output, pictures.packets())
        return pictures.count


def _mux(excerpt: Excerpt, output: OutputContainer, pictures: Iterator[av.Packet[Any]]) -> None:
    """Pictures and sound in order of time, so that neither waits in memory for the other."""
    sounds = samples_of(excerpt.path, excerpt.start_s, excerpt.length_s)
    both: list[Iterator[av.Packet[Any]]] = [pictures]
    if (first := next(sounds, None)) is not None:
        stream = add_sound(output, first)
        both.append(encoded_sound(stream, chain((first,), sounds)))
    for packet in heapq.merge(*both, key=_decoding_time):
        output.mux(packet)


def _decoding_time(packet: av.Packet[Any]) -> Fraction:
    return (packet.dts or 0) * packet.time_base


class _Pictures:
    """A span's frames -> packets of H.264, each for as long as it is shown."""

    def __init__(self, excerpt: Excerpt, output: OutputContainer, watch: Watch) -> None:
        self.count = 0
        self._excerpt = excerpt
        self._durations: dict[int, int] = {}
        self._done = 0.0
        frames = frames_of(excerpt, beat=lambda: watch(self._done))
        first = next(frames)
        self._frames = chain((first,), frames)
        self._drawn = _Drawn(first[1])
        self._stream = output.add_stream("libx264", rate=excerpt.rate, options=_QUALITY)
        self._set_up(first[1])

    def packets(self) -> Iterator[av.Packet[VideoStream]]:
        """Encode to the end."""
        for frame in self._timed():
            yield from self._finished(frame)
        yield from self._finished(None)

    def _set_up(self, first: av.VideoFrame) -> None:
        context = self._stream.codec_context
        context.time_base = self._excerpt.tick_s
        like = self._drawn.frame(first)
        context.width, context.height, context.pix_fmt = like.width, like.height, like.format.name
        shape = self._excerpt.pixel_shape
        context.sample_aspect_ratio = 1 / shape if self._drawn.across else shape
        # Colours go through as they are, so that they mean what they meant.
        context.color_range = int(first.color_range)
        context.colorspace = int(first.colorspace)
        context.color_primaries = int(first.color_primaries)
        context.color_trc = int(first.color_trc)

    def _timed(self) -> Iterator[av.VideoFrame]:
        """Frames by the clip's own clock; how long each is shown is known before it goes on."""
        start, end = self._excerpt.start, self._excerpt.end
        upcoming = chain(self._frames, ((end, None),))
        tick, frame = next(upcoming)
        for next_tick, next_frame in upcoming:
            at = max(0, tick - start)
            self._durations[at] = next_tick - start - at
            if frame is not None:
                drawn = self._drawn.frame(frame)
                drawn.pts, drawn.time_base = at, self._excerpt.tick_s
                self.count += 1
                self._done = at / (end - start)
                yield drawn
            tick, frame = next_tick, next_frame

    def _finished(self, frame: av.VideoFrame | None) -> Iterator[av.Packet[VideoStream]]:
        for packet in self._stream.encode(frame):
            if packet.pts is not None:
                packet.duration = self._durations.pop(packet.pts, 0)
            yield packet


class _Drawn:
    """Decoded frames -> upright 4:2:0 with even sides, all of the first one's size."""

    def __init__(self, first: av.VideoFrame) -> None:
        self._form = (first.width, first.height, first.format.name)
        self._converter = VideoReformatter()
        self._graph = Graph()
        turn = first.rotation % 360
        across = turn % 180 != 0
        source = self._graph.add_buffer(
            width=first.width,
            height=first.height,
            format=first.format,
            time_base=first.time_base,
        )
        width, height = (first.height, first.width) if across else (first.width, first.height)
        steps = [self._step(name) for name in (*_TURNS.get(turn, ()), *_evened(width, height))]
        self._graph.link_nodes(
            source, *steps, self._step("format=yuv420p|yuvj420p"), self._graph.add("buffersink")
        ).configure()
        self.across = across

    def frame(self, frame: av.VideoFrame) -> av.VideoFrame:
        """The same picture, as it goes to the encoder."""
        width, height, form = self._form
        if (frame.width, frame.height, frame.format.name) != self._form:
            frame = self._converter.reformat(frame, width=width, height=height, format=form)
        self._graph.vpush(frame)
        drawn = self._graph.vpull()
        # Or the encoder would repeat the source's own choice of key frames.
        drawn.pict_type = PictureType.NONE
        return drawn

    def _step(self, text: str) -> FilterContext:
        name, _, options = text.partition("=")
        return self._graph.add(name, options or None)


def _evened(width: int, height: int) -> tuple[str, ...]:
    """4:2:0 has one colour for two pixels: an odd side gets its last line twice."""
    right, bottom = width % 2, height % 2
    if not (right or bottom):
        return ()
    return (
        f"pad={width + right}:{height + bottom}",
        f"fillborders=right={right}:bottom={bottom}:mode=smear",
    )
