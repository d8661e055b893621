"""One file -> its scenes with samples: what a decode process does with a path."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from pipeline.config import DecodeConfig, SampleConfig, ScenesConfig
from pipeline.data import Decoded, Frame, FrameBatch, SceneSamples, Video
from pipeline.errors import Code, MediaError
from pipeline.ingest.coverage import Coverage
from pipeline.ingest.limits import MEGABYTE
from pipeline.ingest.sample import Sampler
from pipeline.ingest.scenes import split
from pipeline.media.look import stamp_of
from pipeline.media.probe import examine
from pipeline.media.reader import open_frames

_BATCHES_AHEAD = 2

Step = Video | SceneSamples | Decoded


@dataclass(frozen=True, slots=True)
class DecodeSettings:
    """What a decode process needs to know.

    Args:
        decode: Which decoder.
        scenes: How frames become scenes.
        sample: Which frames stand for them, or None for the scenes alone.
        input_size: Side in pixels of what the model sees.
        threads: Decoding threads of one file; 0 lets the decoder choose.
    """

    decode: DecodeConfig
    scenes: ScenesConfig
    sample: SampleConfig | None
    input_size: int = 224
    threads: int = 0


def decode_video(
    path: Path,
    settings: DecodeSettings,
    *,
    on_progress: Callable[[float], None] = lambda pts_s: None,
) -> Iterator[Step]:
    """Read one file in a single pass.

    Args:
        path: The file.
        settings: How.
        on_progress: Called often with the presented seconds read so far, 0 before that; also from
            another thread, and while frames are decoded that do not come.

    Yields:
        The `Video` first (a caller that does not want it stops there), then a `SceneSamples` for
        each scene in order, and `Decoded` last.

    Raises:
        MediaError: As `examine` and `open_frames`, FILE_TOO_LARGE, or FILE_CHANGED when the file is
            not what was hashed.
    """
    _check_size(path, settings.decode.max_file_mb)
    progress = _Progress(on_progress)
    video, timeline = examine(path, beat=progress.beat)
    yield video
    coverage = Coverage()
    sampler = Sampler(settings.sample, settings.input_size) if settings.sample else None
    batches = open_frames(
        path,
        backend=settings.decode.backend,
        threads=settings.threads,
        timeline=timeline,
        beat=progress.beat,
    )
    del timeline
    with closing(_ahead(batches)) as ready:
        frames = coverage.watch(_frames(ready, progress))
        watched = sampler.watch(frames) if sampler else frames
        count = 0
        for scene in split(watched, settings.scenes, frame_rate=video.frame_rate):
            yield SceneSamples(video.video_id, scene, sampler.take(scene) if sampler else ())
            count += 1
    if stamp_of(path) != video.stamp:
        raise MediaError(
            "changed while it was read; it is left for the next run",
            code=Code.FILE_CHANGED,
            uri=str(path),
        )
    yield Decoded(coverage.of(video), count)


def _check_size(path: Path, most_mb: float | None) -> None:
    size_mb = stamp_of(path).size_bytes / MEGABYTE
    if most_mb is not None and size_mb > most_mb:
        raise MediaError(
            f"has {size_mb:.1f} MB, and decode.max_file_mb lets in {most_mb:g}: raise it, or move"
            " the file out",
            code=Code.FILE_TOO_LARGE,
            uri=str(path),
        )


class _Progress:
    """How far a file was read; told by whoever reads in it, in whichever thread."""

    def __init__(self, tell: Callable[[float], None]) -> None:
        self._tell = tell
        self._pts_s = 0.0

    def beat(self) -> None:
        """Work goes on, though no frame need have come of it."""
        self._tell(self._pts_s)

    def reached(self, pts_s: float) -> None:
        """A frame has come."""
        self._pts_s = pts_s
        self.beat()


def _frames(batches: Iterable[FrameBatch], progress: _Progress) -> Iterator[Frame]:
    for batch in batches:
        progress.reached(float(batch.pts_s[0]))
        for pts_s, picture, end_s in zip(batch.pts_s, batch.frames, batch.ends_s, strict=True):
            yield Frame(float(pts_s), picture, float(end_s))


def _ahead(batches: Iterator[FrameBatch]) -> Generator[FrameBatch, None, None]:
    """Read on in a thread while the consumer works, at most `_BATCHES_AHEAD` batches."""
    ready: queue.Queue[FrameBatch | BaseException | None] = queue.Queue(_BATCHES_AHEAD)
    stopped = threading.Event()

    def offer(item: FrameBatch | BaseException | None) -> bool:
        while not stopped.is_set():
            try:
                ready.put(item, timeout=0.1)
            except queue.Full:
                continue
            return True
        return False

    def read() -> None:
        try:
            for batch in batches:
                if not offer(batch):
                    return
            offer(None)
        except BaseException as error:  # noqa: BLE001  whatever it is, it belongs to the consumer
            offer(error)

    reader = threading.Thread(target=read, name="read-ahead", daemon=True)
    reader.start()
    try:
        while (item := ready.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        stopped.set()
        reader.join()
