"""path -> Iterator[FrameBatch]: one forward pass over the presented frames, upright, with PTS.

Two decoders give the same frames of a whole file. PyAV decodes no further than it is asked to, and
says which frames are damaged. decord decodes ahead without a bound, counts wrong on files with an
edit list, repeats frames of MPEG-TS, and shows a damaged frame as if it were whole: `auto` is PyAV.
decord's random access is not dependable; nothing here seeks.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import av
import cv2
import numpy as np

from pipeline.data import FrameBatch, UInt8Array
from pipeline.errors import Code, MediaError
from pipeline.media.appearance import Looks, beyond_decord, looks_of
from pipeline.media.container import open_container
from pipeline.media.decoded import Upright
from pipeline.media.look import is_plain_container
from pipeline.media.presented import Told, presented
from pipeline.media.timeline import Timeline, read_timeline

Backend = Literal["auto", "decord", "pyav"]

COLOUR_VERSION = 2
"""Counts changes of how stored pictures become BGR; part of an archive's identity."""

DECORD_THREADS = 2
"""With more, or its own choice, decord gives up in the middle of VP9 files."""

_NO_FAULT = 1e-9
"""The share of frames that decord may put others in the place of; 0 is any."""

BATCH_FRAMES = 16
BATCH_BYTES = 48 << 20

_TimedFrame = tuple[int, UInt8Array]
"""A tick of the stream's clock, and the picture that is presented then."""

_log = logging.getLogger(__name__)


def open_frames(
    path: Path,
    *,
    backend: Backend = "auto",
    threads: int = 0,
    timeline: Timeline | None = None,
    beat: Told = lambda: None,
) -> Iterator[FrameBatch]:
    """Read every presented frame, once and in order.

    Frames that cannot be decoded, and those that lean on them, do not come: then a frame starts
    later than the one before it ended, or the last one ends before the timeline does.

    Args:
        path: A local video file.
        backend: `pyav`, which `auto` is too, or `decord`.
        threads: PyAV's decoding threads; 0 lets it choose.
        timeline: Of this file, if it was read already.
        beat: Called often, also where PyAV decodes for long and nothing comes.

    Yields:
        Batches of at most 16 frames and 48 MB (at least one frame): upright BGR, all of one size,
        times strictly increasing, from 0 unless the first frames are lost.

    Raises:
        MediaError: As `open_container`, NO_FRAMES, or DECODE_ERROR when no frame can be decoded.
    """
    timeline = timeline or read_timeline(path, beat=beat)
    if backend == "decord":
        frames = _decord_frames(path, timeline)
    else:
        frames = _pyav_frames(path, timeline, threads, beat)
    yield from _batches(frames, timeline)


def _batches(frames: Iterable[_TimedFrame], timeline: Timeline) -> Iterator[FrameBatch]:
    following = np.append(timeline.ticks, timeline.end)

    def batch(pictures: list[UInt8Array], ticks: list[int]) -> FrameBatch:
        """Frames with their times; each lasts until the next one, even if that one is lost."""
        starts = np.asarray(ticks, dtype=np.int64)
        ends = following[np.searchsorted(timeline.ticks, starts, side="right")]
        # A damaged file may give times that its timeline does not have.
        ends = np.maximum(ends, starts + 1)
        return FrameBatch(tuple(pictures), timeline.seconds(starts), timeline.seconds(ends))

    pictures: list[UInt8Array] = []
    ticks: list[int] = []
    for tick, picture in frames:
        pictures.append(picture)
        ticks.append(tick)
        if len(pictures) == BATCH_FRAMES or len(pictures) * picture.nbytes >= BATCH_BYTES:
            yield batch(pictures, ticks)
            pictures, ticks = [], []
    if pictures:
        yield batch(pictures, ticks)


def _pyav_frames(path: Path, timeline: Timeline, threads: int, beat: Told) -> Iterator[_TimedFrame]:
    """The frames as PyAV decodes them.

    Several threads may lose frames next to an error. So they decode as long as each frame is the
    next one of the timeline; from where one is not, a second pass on one thread decides.
    """
    upright: Upright | None = None
    last: int | None = None
    done = 0
    for kind, count in (("AUTO", threads), ("SLICE", 1)):
        try:
            for tick, frame, ratio in _decode(path, kind, count, beat):
                if last is not None and tick <= last:
                    continue
                if kind == "AUTO" and (done == len(timeline.ticks) or tick != timeline.ticks[done]):
                    break
                upright = upright or Upright(path, frame, ratio)
                yield tick, upright.picture(frame)
                last, done = tick, done + 1
        except MediaError as error:
            # As many threads as frames may lose all of them to one error.
            if kind != "AUTO" or error.code is not Code.DECODE_ERROR:
                raise
        if done == len(timeline.ticks):
            return
        _log.debug("%s: frame %d of %d is missing", path, done, len(timeline.ticks))


def _decode(
    path: Path, kind: str, threads: int, beat: Told
) -> Iterator[tuple[int, av.VideoFrame, Fraction | None]]:
    """Ticks, frames, and the shape of the stream's pixels."""
    with open_container(path, beat=beat) as (container, stream):
        stream.thread_type = kind
        stream.codec_context.thread_count = threads
        for tick, frame in presented(path, container, stream, beat=beat):
            yield tick, frame, stream.sample_aspect_ratio


def _decord_frames(path: Path, timeline: Timeline) -> Iterator[_TimedFrame]:
    """Decord's frames; an error where it cannot read the file, or is wrong about it."""
    # decord takes whatever its FFmpeg makes of a file, and can be told neither formats nor
    # protocols: it is given what PyAV opened, and of that the plainest containers.
    if not (timeline.plain and is_plain_container(path)):
        raise _decord_error(path, "it is right about whole MP4, MOV, MKV and WebM files alone")
    if need := beyond_decord(_looks(path)):
        raise _decord_error(path, f"its pictures {need}")
    import decord

    decord.logging.set_level(decord.logging.QUIET)
    try:
        reader = decord.VideoReader(
            str(path.absolute()), num_threads=DECORD_THREADS, fault_tol=_NO_FAULT
        )
        if not _same_timeline(reader, timeline):
            raise _decord_error(path, "its timeline is not the presented one")
        for tick in timeline.ticks:
            rgb = reader.next().asnumpy()
            yield int(tick), np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), dtype=np.uint8)
    except StopIteration:
        return
    except (
        decord.DECORDError, decord.DECORDLimitReachedError, RuntimeError, UnicodeEncodeError,
    ) as error:  # fmt: skip
        raise _decord_error(path, str(error)) from None


def _looks(path: Path) -> Looks:
    with open_container(path) as (container, stream):
        _, first = next(presented(path, container, stream), (0, None))
        if first is None:
            raise MediaError("has no frames", code=Code.NO_FRAMES, uri=str(path))
        return looks_of(stream, first)


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
