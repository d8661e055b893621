"""What decode processes cost: a whole ingest against the same with threads in their place.

The same chain into Milvus Lite in turns. The reference is the fastest that could be without
processes: it decodes as many files at once, as far ahead of the encoder, hands pictures over
without copying them, and starts nothing. Decoding holds the GIL little, so that threads go on
beside the encoder as processes do.
"""

from __future__ import annotations

import queue
import resource
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from unittest.mock import patch

from benchmarks import media
from benchmarks.result import Ratio, middle
from pipeline.config import Config, DecodeConfig, EncodeConfig, RunConfig, SourceConfig, StoreConfig
from pipeline.data import Failure, Video
from pipeline.errors import MediaError
from pipeline.ingest import chain
from pipeline.ingest.child import Event
from pipeline.ingest.decode import DecodeSettings, decode_video
from pipeline.ingest.run import ingest
from pipeline.ingest.stop import Stop
from pipeline.ingest.workers import worker_count
from pipeline.models import write_untrained

ROUNDS = 3
TARGET = 1.1
AHEAD = 6
"""Events that a decode process and its pipe hold, so that a thread is as far ahead."""

ARCHIVE = ((640, 360, 30, 12), (1280, 720, 60, 6))
"""Width, height, seconds, and how many of them: 12 minutes in all."""


def measure() -> list[Ratio]:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "videos").mkdir()
        for width, height, seconds, many in ARCHIVE:
            for number in range(many):
                target = place / "videos" / f"{height}p-{number}.mp4"
                media.copy(media.video(width, height, seconds), target, number)
        return [
            *_compared(place, "vit_b32", "ViT-B/32"), *_compared(place, "tiny", "a tiny model"),
        ]  # fmt: skip


def _compared(place: Path, architecture: str, name: str) -> list[Ratio]:
    weights = place / f"{architecture}.safetensors"
    write_untrained(weights, architecture=architecture)
    walls: dict[str, list[float]] = {"processes": [], "threads": []}
    cpu: dict[str, list[float]] = {"processes": [], "threads": []}
    videos, video_s = sum(many for *_, many in ARCHIVE), 0.0
    for number in range(1 + ROUNDS):
        for kind, seconds in walls.items():
            with (
                tempfile.TemporaryDirectory() as folder,
                patch.object(chain, "decode_pool", _threads)
                if kind == "threads"
                else nullcontext(),
            ):
                before = _cpu_s()
                report = ingest(_config(place / "videos", weights, Path(folder)))
            assert report.videos.ingested == videos, report
            video_s = report.video_s
            if number:  # the first one warms up
                seconds.append(report.wall_s)
                cpu[kind].append(_cpu_s() - before)
    note = f"{videos} videos, {video_s:.0f} s"
    return [
        _ratio(f"ingest in processes, in threads, {name}", walls, target=TARGET, note=note),
        _ratio(f"its CPU time, {name}", cpu, note="with set-up; steady where others work too"),
    ]


def _ratio(
    name: str, seconds: dict[str, list[float]], *, target: float | None = None, note: str
) -> Ratio:
    ours, reference = middle(seconds["processes"]), middle(seconds["threads"])
    return Ratio("isolation", name, ours, reference, "s", target=target, note=note)


def _cpu_s() -> float:
    """CPU seconds that this process and its children that ended have used."""
    spent = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in spent)


def _config(source: Path, weights: Path, folder: Path) -> Config:
    return Config(
        source=SourceConfig(paths=(str(source),)),
        # decord is kept out of a process that holds torch.
        decode=DecodeConfig(backend="pyav"),
        encode=EncodeConfig(weights=str(weights), device="cpu"),
        store=StoreConfig(uri=str(folder / "vsearch.db")),
        run=RunConfig(state_dir=str(folder / "state")),
    )


@contextmanager
def _threads(settings: DecodeSettings) -> Iterator[_ThreadPool]:
    yield _ThreadPool(settings)


class _ThreadPool:
    """Gives what a pool of decode processes gives, and protects from nothing."""

    def __init__(self, settings: DecodeSettings) -> None:
        self._settings = settings

    def run(
        self, paths: Iterable[Path], *, wanted: Callable[[Video], bool], stop: Stop
    ) -> Iterator[Event]:
        waiting: queue.SimpleQueue[Path] = queue.SimpleQueue()
        for path in paths:
            waiting.put(path)
        events: queue.Queue[Event | None] = queue.Queue(AHEAD)
        threads = [
            threading.Thread(target=self._decode, args=(waiting, wanted, events), daemon=True)
            for _ in range(worker_count(self._settings.decode))
        ]
        for thread in threads:
            thread.start()
        ended = 0
        while ended < len(threads) and not stop.told:
            event = events.get()
            if event is None:
                ended += 1
            else:
                yield event

    def _decode(
        self,
        waiting: queue.SimpleQueue[Path],
        wanted: Callable[[Video], bool],
        events: queue.Queue[Event | None],
    ) -> None:
        while path := _next(waiting):
            try:
                for event in decode_video(path, self._settings):
                    events.put(event)
                    if isinstance(event, Video) and not wanted(event):
                        break
            except MediaError as error:
                events.put(Failure(str(path), error.code, error.message))
        events.put(None)


def _next(waiting: queue.SimpleQueue[Path]) -> Path | None:
    try:
        return waiting.get_nowait()
    except queue.Empty:
        return None
