"""decord against PyAV: reading alone, and a whole ingest with `decode.backend` forced to each.

Ingest runs with the small untrained model into Milvus Lite, so that decoding, not encoding, sets
the pace, as it does beside a GPU. `decord` here is ours, `pyav` the reference: a ratio under 0.75
means that decord costs more than a quarter of the ingest speed.
"""

from __future__ import annotations

import tempfile
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Literal

from benchmarks import media
from benchmarks.result import Ratio, in_turns
from pipeline.config import Config, DecodeConfig, EncodeConfig, RunConfig, SourceConfig, StoreConfig
from pipeline.ingest.run import ingest
from pipeline.media.reader import open_frames
from pipeline.models import write_untrained

ROUNDS = 3
CLIPS = 8
Forced = Literal["decord", "pyav"]
BACKENDS: tuple[Forced, ...] = ("decord", "pyav")


def measure() -> list[Ratio]:
    with tempfile.TemporaryDirectory() as folder:
        short, long = Path(folder, "short"), Path(folder, "long")
        short.mkdir()
        long.mkdir()
        for number in range(CLIPS):
            media.copy(media.video(640, 360, 8), short / f"{number}.mp4", number)
        media.copy(media.video(1280, 720, 20, repeats=4), long / "long.mp4", 0)
        weights = Path(folder, "tiny.safetensors")
        write_untrained(weights)
        return [
            _reads(long / "long.mp4"),
            _ingests(f"ingest of {CLIPS} clips of 8 s, 360p", short, weights),
            _ingests("ingest of 80 s, 720p", long, weights),
        ]


def _reads(path: Path) -> Ratio:
    # In a process of its own: decord must not be imported where torch is.
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as child:
        seconds = child.submit(_time_reads, path).result()
    return _ratio("reading 80 s, 720p", seconds, 80, note="open_frames alone")


def _time_reads(path: Path) -> dict[str, list[float]]:
    return in_turns({name: partial(_read, path, name) for name in BACKENDS}, rounds=ROUNDS)


def _read(path: Path, backend: Forced) -> None:
    for _ in open_frames(path, backend=backend):
        pass


def _ingests(name: str, source: Path, weights: Path) -> Ratio:
    walls: dict[str, list[float]] = {backend: [] for backend in BACKENDS}
    video_s = 0.0
    for _ in range(ROUNDS):
        for backend in BACKENDS:
            with tempfile.TemporaryDirectory() as folder:
                report = ingest(_config(source, weights, Path(folder), backend))
            assert not report.failures, report.failures
            walls[backend].append(report.wall_s)
            video_s = report.video_s
    return _ratio(name, walls, video_s, note="under 0.75 it costs more than a quarter")


def _config(source: Path, weights: Path, folder: Path, backend: Forced) -> Config:
    return Config(
        source=SourceConfig(paths=(str(source),)),
        decode=DecodeConfig(backend=backend),
        encode=EncodeConfig(weights=str(weights), device="cpu"),
        store=StoreConfig(uri=str(folder / "vsearch.db")),
        run=RunConfig(state_dir=str(folder / "state")),
    )


def _ratio(name: str, seconds: dict[str, list[float]], video_s: float, *, note: str) -> Ratio:
    decord, pyav = (video_s / min(seconds[backend]) for backend in BACKENDS)
    unit = "video s/s"
    return Ratio("backends", f"decord to pyav: {name}", decord, pyav, unit, "more", note=note)
