"""(path, span) -> the sound that is heard in it, to the sample, and its encoder."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from pathlib import Path

import av
import numpy as np
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer

from pipeline.data import Float32Array
from pipeline.media.container import open_container

# AAC's own; others are resampled to the last.
_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 88200, 96000, 48000)
_BIT_RATE = 192_000
# A decoder needs some packets to settle, and containers are sought by the time of the picture.
_BACK_S = (1, 8, 64)
# Containers round times, to milliseconds in Matroska: smaller steps are no gaps.
_JITTER_S = 0.04

_Piece = tuple[Fraction, Float32Array]


@dataclass(frozen=True, slots=True)
class Sound:
    """What a file's best audio stream is.

    Args:
        rate: Samples a second.
        channels: How many.
    """

    rate: int
    channels: int


def sound_of(path: Path, *, beat: Callable[[], None] = lambda: None) -> Sound | None:
    """The best audio stream of a video file; None without one that can be decoded.

    Raises:
        MediaError: As `open_container`.
    """
    with open_container(path, beat=beat) as (container, _):
        stream = _best(container)
        return Sound(stream.rate, stream.channels) if stream is not None else None


def samples_of(
    path: Path, start_s: Fraction, length_s: Fraction, *, beat: Callable[[], None] = lambda: None
) -> Iterator[av.AudioFrame]:
    """The sound of a span: mono or stereo, float, at a rate that AAC has.

    What the file leaves out inside the span is silence; packets that cannot be decoded are left
    out, as players do it.

    Args:
        path: A local video file.
        start_s: By the container's clock.
        length_s: How long.
        beat: Called often while the file is opened, to show that work goes on.

    Yields:
        Frames without a gap, the first at 0; none if there is no sound in the span.

    Raises:
        MediaError: As `open_container`.
    """
    for back_s in (*_BACK_S, None):
        with open_container(path, beat=beat) as (container, _):
            stream = _best(container)
            if stream is None:
                return
            pieces = _pieces(container, stream, None if back_s is None else start_s - back_s)
            first = next(pieces, None)
            # A seek may arrive late; a read from the start cannot.
            if back_s is None or (first is not None and first[0] <= start_s):
                rate = _rate_of(stream)
                pieces = chain(() if first is None else (first,), pieces)
                yield from _frames(_laid(pieces, start_s, rate, round(length_s * rate)), rate)
                return


def add_sound(output: OutputContainer, first: av.AudioFrame) -> AudioStream:
    """A stream of AAC for frames like this one."""
    stream = output.add_stream("aac", rate=first.rate, layout=first.layout.name)
    assert isinstance(stream, AudioStream), "aac is sound"
    stream.bit_rate = _BIT_RATE
    return stream


def encoded_sound(
    stream: AudioStream, frames: Iterable[av.AudioFrame]
) -> Iterator[av.Packet[AudioStream]]:
    """Encode to the end."""
    for frame in frames:
        yield from stream.encode(frame)
    yield from stream.encode(None)


def _best(container: InputContainer) -> AudioStream | None:
    stream = container.streams.best("audio")
    if not isinstance(stream, AudioStream):
        return None
    # PyAV types it as if there were a decoder for everything.
    context: object = stream.codec_context
    return stream if context is not None and stream.rate else None


def _rate_of(stream: AudioStream) -> int:
    return stream.rate if stream.rate in _RATES else _RATES[-1]


def _pieces(
    container: InputContainer, stream: AudioStream, aim_s: Fraction | None
) -> Iterator[_Piece]:
    """Decoded sound with its time: float32 (channels, n). From the start if `aim_s` is None."""
    tick_s = stream.time_base or Fraction(1, 1000)
    if aim_s is not None:
        try:
            container.seek(int(aim_s / tick_s), stream=stream)
        except (av.FFmpegError, OverflowError):
            return
    resampler = _resampler(stream)
    for frame in _decoded(container, stream):
        if frame.pts is None or frame.time_base is None:
            continue
        at = frame.pts * frame.time_base
        try:
            resampled = resampler.resample(frame)
        except ValueError:  # broadcasts change from stereo to more channels and back
            resampler = _resampler(stream)
            resampled = resampler.resample(frame)
        for piece in resampled:
            yield at, np.asarray(piece.to_ndarray(), dtype=np.float32)
            at += Fraction(piece.samples, piece.rate)


def _resampler(stream: AudioStream) -> AudioResampler:
    layout = "mono" if stream.channels == 1 else "stereo"
    return AudioResampler(format="fltp", layout=layout, rate=_rate_of(stream))


def _decoded(container: InputContainer, stream: AudioStream) -> Iterator[av.AudioFrame]:
    try:
        for packet in container.demux(stream):
            try:
                yield from packet.decode()
            except av.InvalidDataError:
                continue
    except (av.FFmpegError, IndexError):
        return  # the container ends here, for a player too


def _laid(
    pieces: Iterable[_Piece], start_s: Fraction, rate: int, total: int
) -> Iterator[Float32Array]:
    """Pieces end to end, `total` samples from `start_s` on: overlaps are cut, gaps are silence."""
    written, at = 0, None
    for time_s, piece in pieces:
        wanted = round((time_s - start_s) * rate)
        if at is None or abs(wanted - at) > _JITTER_S * rate:
            at = wanted
        while written < min(at, total) and at < total:
            silence = np.zeros((len(piece), min(rate, at - written)), np.float32)
            yield silence
            written += silence.shape[1]
        part = piece[:, max(0, written - at) : max(0, total - at)]
        if part.shape[1]:
            yield part
            written += part.shape[1]
        at += piece.shape[1]
        if at >= total:
            return


def _frames(parts: Iterable[Float32Array], rate: int) -> Iterator[av.AudioFrame]:
    written = 0
    for part in parts:
        layout = "mono" if len(part) == 1 else "stereo"
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(part), "fltp", layout)
        frame.rate, frame.pts, frame.time_base = rate, written, Fraction(1, rate)
        written += part.shape[1]
        yield frame
