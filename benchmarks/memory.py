"""Peak memory of ingest's decode processes: a two-hour file against a two-minute one.

Each file is decoded through the real pool in a process of its own, which takes each scene's
samples and forgets them as the encoder does; both processes ask the kernel for their peak. The
long file is the short one played 60 times, so that both have the same scenes; it is small in
pixels to be done in minutes, which makes anything that grows with time weigh more, not less.
"""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

from benchmarks import media
from benchmarks.result import Ratio
from pipeline.config import DecodeConfig, SampleConfig, ScenesConfig
from pipeline.data import Decoded
from pipeline.ingest.child import Event
from pipeline.ingest.decode import DecodeSettings
from pipeline.ingest.workers import decode_pool

TARGET = 1.1


def measure() -> list[Ratio]:
    short = media.video(320, 180, 120)
    # Peaks depend a little on who waits for whom: the largest of three cheap runs.
    short_child, short_parent = map(max, zip(*(_peaks(short) for _ in range(3)), strict=True))
    long_child, long_parent = _peaks(media.video(320, 180, 120, repeats=60))
    name = "2 h against 2 min: {} process"
    return [
        Ratio("memory", name.format("decode"), long_child, short_child, "MiB", target=TARGET),
        Ratio("memory", name.format("parent"), long_parent, short_parent, "MiB", target=TARGET),
    ]


def _peaks(path: Path) -> tuple[float, float]:
    """Most MiB that the decode process and its parent held while they read a file."""
    command = [sys.executable, "-m", "benchmarks.memory", str(path)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return float(said[0]), float(said[1])


def _read(path: Path) -> None:
    settings = DecodeSettings(DecodeConfig(workers=1), ScenesConfig(), SampleConfig())
    last: Event | None = None
    with decode_pool(settings) as pool:
        for event in pool.run([path], wanted=bool):
            last = event
    assert isinstance(last, Decoded), f"{path} was not decoded: {last}"


def _peak_mib(who: int) -> float:
    # Linux counts in KiB, macOS in bytes.
    return resource.getrusage(who).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


if __name__ == "__main__":
    _read(Path(sys.argv[1]))
    print(_peak_mib(resource.RUSAGE_CHILDREN), _peak_mib(resource.RUSAGE_SELF))
