"""The process that ingests: what it is told, what it tells.

It is the parent of the decode processes. It is a process of its own here too, so that a crash or a
hang of it can be seen, and its memory and descriptors be counted.
"""

from __future__ import annotations

import faulthandler
import gc
import os
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from pipeline.data import Committed, Failure, Scope, Video, VideoCounts
from pipeline.errors import VSearchError
from pipeline.ingest.chain import RunEvent
from pipeline.ingest.run import ingest
from pipeline.ingest.stop import Stop
from pipeline.settings import load_config
from pipeline.store import VideoStore

Row = tuple[str, int, float, float, float, tuple[float, ...]]

TOLD = signal.SIGUSR1
"""Makes the process write where its threads are to its standard error."""


@dataclass(frozen=True, slots=True)
class Order:
    """One ingest to be done.

    Args:
        folder: Of the videos.
        place: An empty folder for archive and notes.
        weights: Of the encoder.
        options: More settings, as `section.key=value`.
        good: Names of the files whose rows are told.
        after_s: When no further file is begun.
    """

    folder: Path
    place: Path
    weights: Path
    options: tuple[str, ...]
    good: frozenset[str]
    after_s: float | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """What a process holds, by number; threads are Python's own."""

    descriptors: int
    threads: int
    children: int


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """What became of one ingest.

    Args:
        counts: Of the report.
        failures: Of the report.
        indexed: Video ids by file name, as the archive has them in the end.
        partial: Those of them of which a part was read.
        rows: Of the good files, with their vectors.
        memory: Of this process in MiB, while it went on.
        decoder_memory: Most that a decode process held when one was looked at, in MiB.
    """

    counts: VideoCounts
    failures: tuple[Failure, ...]
    indexed: dict[str, str]
    partial: frozenset[str]
    rows: dict[Row, np.ndarray]
    memory: tuple[float, ...]
    decoder_memory: float


def serve(pipe: Connection, log: Path) -> None:
    """Do what is ordered until nothing more is; tell the path of each file as it is begun or ended.

    Args:
        pipe: Gives `Order`s, anything else to ask for `Held`, None at the end; takes paths (text),
            then `Told`, or the text of an error in a list.
        log: Takes what this process and its children write.
    """
    with log.open("ab") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    faulthandler.enable()
    faulthandler.register(TOLD, all_threads=True)
    while (order := pipe.recv()) is not None:
        try:
            pipe.send(obey(order, pipe.send) if isinstance(order, Order) else held())
        except VSearchError as error:
            pipe.send([f"{error.code}: {error}"])


def obey(order: Order, tell: Callable[[Any], None]) -> Told:
    """Do one ingest, and look at the archive."""
    order.place.mkdir(parents=True)
    (order.place / "empty.yaml").touch()
    ours = (
        f"source.paths=[{order.folder}]",
        f"encode.weights={order.weights}",
        "encode.device=cpu",
        f"store.uri={order.place}/archive.db",
        f"run.state_dir={order.place}/state",
    )
    config = load_config(order.place / "empty.yaml", [*ours, *order.options]).config
    this = psutil.Process()
    memory: list[float] = []
    decoders: list[float] = []

    def watch(event: RunEvent) -> None:
        match event:
            case Video():
                tell(event.path)
            case Failure():
                tell(event.uri)
            case Committed():
                tell(event.record.video.path)
            case _:
                return
        memory.append(_mib(this))
        decoders.append(max(map(_mib, this.children()), default=0.0))

    stop = Stop(order.after_s)
    report = ingest(config, watch=watch, stop=stop)
    with VideoStore.connect(config.store) as store:
        store.open_for_reading()
        records = list(store.iterate_videos())
        indexed = {
            Path(path).name: record.video.video_id for record in records for path in record.paths
        }
        partial = frozenset(
            Path(path).name for record in records if record.video.covered for path in record.paths
        )
        only = frozenset(indexed[name] for name in order.good & indexed.keys())
        rows = {
            (hit.video_id, hit.scene_index, hit.start_s, hit.end_s, hit.pts_s, hit.box): vector
            for hit, vector in (store.scan(Scope(only=only)) if only else ())
        }
    return Told(
        report.videos,
        report.failures,
        indexed,
        partial,
        rows,
        tuple(memory),
        max(decoders, default=0.0),
    )


def held() -> Held:
    """What this process holds now."""
    gc.collect()
    this = psutil.Process()
    return Held(this.num_fds(), threading.active_count(), len(this.children(recursive=True)))


def _mib(process: psutil.Process) -> float:
    try:
        return float(process.memory_info().rss / 2**20)
    except psutil.NoSuchProcess:
        return 0.0
