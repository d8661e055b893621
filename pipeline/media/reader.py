"""path -> Iterator[FrameBatch]: one forward pass over the presented frames, upright, with PTS.

Two decoders give the same frames. PyAV decodes no further than it is asked to; decord decodes ahead
without a bound, so that `auto` leaves it the files whose decoded frames fit `DECORD_BYTES`
altogether, and of those only the ones where decord's timeline is the presented one (it counts wrong
on files with an edit list). decord's random access is not dependable; nothing here seeks.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np

from pipeline.data import FrameBatch, UInt8Array
from pipeline.errors import Code, MediaError
from pipeline.media.container import Timeline, open_container, read_timeline
from pipeline.media.decoded import Upright, presented
from pipeline.media.look import is_plain_container

Backend = Literal["auto", "decord", "pyav"]

DECORD_BYTES = 256 << 20
"""Most bytes of decoded frames that `auto` lets decord hold."""

COLOUR_VERSION = 1
"""Counts changes of how stored colours become BGR; part of an archive's identity."""

DECORD_THREADS = 2
"""With more, or its own choice, decord gives up in the middle of VP9 files."""

BATCH_FRAMES = 16
BATCH_BYTES = 48 << 20

_TimedFrame = tuple[float, UInt8Array]

_log = logging.getLogger(__name__)


def open_frames(
    path: Path,
    *,
    backend: Backend = "auto",
    threads: int = 0,
    timeline: Timeline | None = None,
) -> Iterator[FrameBatch]:
    """Read every presented frame, once and in order.

    Args:
        path: A local video file.
        backend: `pyav`, `decord`, or `auto`: decord where it gives the presented timeline and all
            frames fit its memory bound; PyAV otherwise, and from where decord fails.
        threads: PyAV's decoding threads; 0 lets it choose.
        timeline: Of this file, if it was read already.

    Yields:
        Batches of at most 16 frames and 48 MB (at least one frame): upright BGR, all of one size,
        times strictly increasing, the first is 0.

    Raises:
        MediaError: As `open_container`, NO_FRAMES, or DECODE_ERROR when decoding ends early.
    """
    timeline = timeline or read_timeline(path)
    expected = len(timeline.pts_s)
    if backend == "decord":
        frames = _decord_frames(path, timeline)
    elif backend == "pyav" or expected * timeline.frame_bytes > DECORD_BYTES:
        frames = _pyav_frames(path, threads)
    else:
        frames = _either(path, timeline, threads)
    # The timeline of a long file is large, and PyAV does not need it.
    del timeline
    yield from _batches(_checked(frames, path, expected))


def _either(path: Path, timeline: Timeline, threads: int) -> Iterator[_TimedFrame]:
    """Decord as far as it is right, then PyAV."""
    last_s = -1.0
    try:
        for pts_s, picture in _decord_frames(path, timeline):
            yield pts_s, picture
            last_s = pts_s
    except MediaError as error:
        _log.debug("decord at %.3f s: %s; going on with PyAV", last_s, error)
    if last_s == timeline.pts_s[-1]:
        return
    for pts_s, picture in _pyav_frames(path, threads):
        if pts_s > last_s:
            yield pts_s, picture


def _checked(frames: Iterable[_TimedFrame], path: Path, expected: int) -> Iterator[_TimedFrame]:
    """Refuse plain success when a decoder stops early without an error."""
    count = 0
    for frame in frames:
        count += 1
        yield frame
    # A stream may start or end with packets that no decoder presents (open groups of pictures).
    if count < expected - max(8, expected // 50):
        raise MediaError(
            f"is damaged: only {count} of {expected} frames can be decoded",
            code=Code.DECODE_ERROR if count else Code.NO_FRAMES,
            uri=str(path),
        )


def _batches(frames: Iterable[_TimedFrame]) -> Iterator[FrameBatch]:
    pictures: list[UInt8Array] = []
    times: list[float] = []
    for pts_s, picture in frames:
        pictures.append(picture)
        times.append(pts_s)
        if len(pictures) == BATCH_FRAMES or len(pictures) * picture.nbytes >= BATCH_BYTES:
            yield FrameBatch(tuple(pictures), np.asarray(times))
            pictures, times = [], []
    if pictures:
        yield FrameBatch(tuple(pictures), np.asarray(times))


def _pyav_frames(path: Path, threads: int) -> Iterator[_TimedFrame]:
    with open_container(path) as (container, stream):
        stream.thread_type = "AUTO"
        stream.codec_context.thread_count = threads
        start = 0
        upright: Upright | None = None
        for tick, frame in presented(path, container, stream):
            if upright is None:
                start, upright = tick, Upright(path, frame)
            assert frame.time_base is not None, "a presented frame has a time"
            yield float((tick - start) * frame.time_base), upright.picture(frame)


def _decord_frames(path: Path, timeline: Timeline) -> Iterator[_TimedFrame]:
    """Decord's frames; an error where it cannot read the file, or is wrong about it."""
    import decord

    decord.logging.set_level(decord.logging.QUIET)
    try:
        # decord takes whatever its FFmpeg makes of a file, and can be told neither formats nor
        # protocols: it is given what PyAV opened, and of that the plainest containers.
        if not is_plain_container(path):
            raise _decord_error(path, "neither MP4 nor Matroska")
        reader = decord.VideoReader(str(path.absolute()), num_threads=DECORD_THREADS)
        if not _same_timeline(reader, timeline):
            raise _decord_error(path, "its timeline is not the presented one")
        for pts_s in timeline.pts_s:
            rgb = reader.next().asnumpy()
            yield float(pts_s), np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), dtype=np.uint8)
    except StopIteration:
        return
    except (decord.DECORDError, RuntimeError, UnicodeEncodeError) as error:
        raise _decord_error(path, str(error)) from None


def _decord_error(path: Path, detail: str) -> MediaError:
    return MediaError(
        f"cannot be read by decord ({' '.join(detail.split())[:200]}); set decode.backend to auto",
        code=Code.DECODE_ERROR,
        uri=str(path),
    )


def _same_timeline(reader: Any, timeline: Timeline) -> bool:
    starts = np.asarray([reader.get_frame_timestamp(i)[0] for i in range(len(reader))])
    if len(starts) != len(timeline.pts_s):
        return False
    gaps = [after - before for before, after in pairwise(timeline.pts_s)]
    return bool(np.abs(starts - starts[0] - timeline.pts_s).max() <= min(gaps, default=1.0) / 4)
