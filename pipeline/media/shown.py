"""(path, tick) -> the frames that a player shows from then on, reached without reading it all.

Seeking is what containers and decoders get wrong. A seek is believed only where decoding then came
upon a key frame no later than the tick that is wanted, and went on from there; where no seek does,
or may, the file is read from its start. Which decoded frames count is decided in `presented.py`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from pathlib import Path

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from pipeline.errors import Code, MediaError
from pipeline.media.container import open_container, packets_of
from pipeline.media.presented import Timed, Told, may_be_sought, presented

# How long before the wanted time a seek aims, one after the other. MP4 is sought by decoding time
# and MPEG-TS by bytes: both may arrive behind the key frame that is needed.
_BACK_S = (0, 1, 4, 16, 64)


def shown_from(
    path: Path, start: int, *, origin: int, whole: bool = False, beat: Told = lambda: None
) -> Iterator[Timed]:
    """Decode the frames that `open_frames` gives, from the one that is shown at a tick.

    Args:
        path: A local video file.
        start: Tick of its best video stream's clock.
        origin: Tick of its first presented frame.
        whole: All of it was read when it was indexed. Where that is not known, MPEG-TS is read,
            not decoded, up to `start`: behind a clock that starts again times are there twice.
        beat: Called with each packet.

    Yields:
        Tick and frame, ticks strictly increasing. The first is the last frame that comes no later
        than `start`, or the file's first.

    Raises:
        MediaError: As `open_container`, NO_FRAMES, or DECODE_ERROR when no frame can be decoded.
    """
    with open_container(path, beat=beat) as (container, stream):
        _decode_alone(stream)
        within = None if whole else _bound(path, container, start, beat)
        for aim in _aims(container, stream, start, origin):
            if not _seek(container, stream, aim):
                break
            if not _seek_ends(container, stream, aim, within):
                continue
            frames = presented(path, container, stream, sought=start, beat=beat)
            shown = _from_start(frames, start)
            if (first := next(shown, None)) is not None:
                yield first
                yield from shown
                return
    yield from _read_on(path, start, beat)


def _decode_alone(stream: VideoStream) -> None:
    """Several threads lose frames next to an error, or take a damaged frame for a whole one."""
    stream.thread_type = "SLICE"
    stream.codec_context.thread_count = 1


def _aims(container: InputContainer, stream: VideoStream, start: int, origin: int) -> Iterator[int]:
    for back_s in _BACK_S if may_be_sought(container, stream) else ():
        aim = start - math.ceil(back_s / (stream.time_base or 1))
        if aim <= origin:
            return
        yield aim


def _seek(container: InputContainer, stream: VideoStream, aim: int) -> bool:
    try:
        container.seek(aim, stream=stream)
    except (av.FFmpegError, OverflowError):
        return False
    return True


def _bound(path: Path, container: InputContainer, start: int, beat: Told) -> int | None:
    """A place in an MPEG-TS that is behind the picture shown at a tick, and before a second clock.

    Others are sought by an index, or not at all.
    """
    if container.format.name != "mpegts":
        return None
    place = 0
    with open_container(path) as (reading, stream):
        for packet in packets_of(reading, stream):
            beat()
            if packet is None:
                continue
            place = max(place, packet.pos or 0)
            if packet.dts is not None and packet.dts > start:
                break
    return place


def _seek_ends(
    container: InputContainer, stream: VideoStream, aim: int, within: int | None
) -> bool:
    """Whether a seek ends no later than at a place in the file; it is then done again."""
    if within is None:
        return True
    first = next((packet for packet in packets_of(container, stream) if packet is not None), None)
    if first is None or first.pos is None or first.pos > within:
        return False
    return _seek(container, stream, aim)


def _read_on(path: Path, start: int, beat: Told) -> Iterator[Timed]:
    with open_container(path, beat=beat) as (container, stream):
        _decode_alone(stream)
        frames = presented(path, container, stream, beat=beat)
        first = next(frames, None)
        if first is None:
            raise MediaError("has no frames", code=Code.NO_FRAMES, uri=str(path))
        yield from _from_start(frames, start, first)


def _from_start(frames: Iterable[Timed], start: int, shown: Timed | None = None) -> Iterator[Timed]:
    """Of frames in order, those from the one shown at `start`; none if that was not among them."""
    begun = False
    for tick, frame in frames:
        if not begun and tick > start:
            if shown is None:
                return
            begun = True
            yield shown
        if begun:
            yield tick, frame
        else:
            shown = tick, frame
    if not begun and shown is not None:
        yield shown
