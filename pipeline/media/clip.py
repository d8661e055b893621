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
from av.video.frame import PictureType
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream

from pipeline.errors import Code, MediaError
from pipeline.media.appearance import size_of
from pipeline.media.copying import copy_video
from pipeline.media.decoded import Upright
from pipeline.media.display import shown_size
from pipeline.media.excerpt import Excerpt, frames_of, locate
from pipeline.media.filtering import Chain
from pipeline.media.sound import add_sound, encoded_sound, samples_of

# MP4 says how long a frame lasts in the order of decoding: with B-frames, of another frame.
_QUALITY = {"crf": "18", "preset": "fast", "bf": "0"}
_BT709 = (1, 1, 1, 1)
_BT709_SCALE = "out_color_matrix=bt709:out_range=tv"
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
    source: Path,
    target: Path,
    start_s: float,
    end_s: float,
    *,
    whole: bool = False,
    watch: Watch = lambda done: None,
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
        whole: As for `shown_from`.
        watch: Told how far it is.

    Raises:
        ValueError: A time is not finite.
        MediaError: As `open_container`, NO_FRAMES, DECODE_ERROR, or UNWRITABLE.
    """
    excerpt = locate(source, start_s, end_s, whole=whole, beat=lambda: watch(0.0))
    try:
        frames = copy_video(
            excerpt,
            target,
            mux=lambda output, packets: _mux(excerpt, output, packets, watch),
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
        _mux(excerpt, output, pictures.packets(), watch)
        return pictures.count


def _mux(
    excerpt: Excerpt, output: OutputContainer, pictures: Iterator[av.Packet[Any]], watch: Watch
) -> None:
    """Pictures and sound in order of time, so that neither waits in memory for the other."""
    sounds = samples_of(excerpt.path, excerpt.start_s, excerpt.length_s, beat=lambda: watch(0.0))
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
        self._drawn = _Drawn(excerpt, first[1])
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
        context.sample_aspect_ratio = self._drawn.shape
        context.color_range, context.colorspace = self._drawn.colours[:2]
        context.color_primaries, context.color_trc = self._drawn.colours[2:]

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
    """Decoded frames -> upright 4:2:0 with even sides, all of the first one's size.

    Colours and lines go through as they are, so that they mean what they meant; where a player
    would do more than turn them, they are drawn again, in BT.709.

    Attributes:
        shape: Width of a pixel by its height.
        colours: Range, matrix, primaries and transfer, numbers of ITU-T H.273.
    """

    def __init__(self, excerpt: Excerpt, first: av.VideoFrame) -> None:
        looks = excerpt.looks
        self._form = (first.width, first.height, first.format.name)
        self._converter = VideoReformatter()
        self._upright: Upright | None = None
        if looks.as_stored:
            turn = looks.orientation.rotation
            width, height = shown_size(first.width, first.height, Fraction(1), looks.orientation)
            steps = (*_TURNS.get(turn, ()), *_evened(width, height), "format=yuv420p|yuvj420p")
            self.shape = 1 / looks.shape if looks.orientation.across else looks.shape
            self.colours = _colours_of(first)
        else:
            self._upright = Upright(excerpt.path, first, looks.shape)
            width, height = size_of(looks, first)
            steps = (*_evened(width, height), f"scale={_BT709_SCALE}", "format=yuv420p")
            self.shape, self.colours = Fraction(1), _BT709
        self._chain = Chain(*steps)

    def frame(self, frame: av.VideoFrame) -> av.VideoFrame:
        """The same picture, as it goes to the encoder."""
        width, height, form = self._form
        if self._upright is not None:
            frame = av.VideoFrame.from_ndarray(self._upright.picture(frame), format="bgr24")
        elif (frame.width, frame.height, frame.format.name) != self._form:
            frame = self._converter.reformat(frame, width=width, height=height, format=form)
        drawn = self._chain.frame(frame)
        # Or the encoder would repeat the source's own choice of key frames.
        drawn.pict_type = PictureType.NONE
        return drawn


def _colours_of(frame: av.VideoFrame) -> tuple[int, int, int, int]:
    return (
        int(frame.color_range),
        int(frame.colorspace),
        int(frame.color_primaries),
        int(frame.color_trc),
    )


def _evened(width: int, height: int) -> tuple[str, ...]:
    """4:2:0 has one colour for two pixels: an odd side gets its last line twice."""
    right, bottom = width % 2, height % 2
    if not (right or bottom):
        return ()
    return (
        f"pad={width + right}:{height + bottom}",
        f"fillborders=right={right}:bottom={bottom}:mode=smear",
    )
