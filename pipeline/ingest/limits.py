"""What a decode process may take: memory, and time for a file. Decisions; others see to them."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from pipeline.config import DecodeConfig
from pipeline.data import Video

SILENCE_S = 120.0
"""With `decode.deadline_s: auto`, how long a process may show no progress before it is killed."""

MEGABYTE = 10**6

ENOUGH_BYTES = 8000 * MEGABYTE
"""An 8K HEVC with 16 threads takes 3.1 GB; nothing that plays needs more than this."""

FEWEST_BYTES = 4000 * MEGABYTE
"""One such file fits, even where all processes at once would not fit with it."""

_START_S = 600.0
_BYTES_A_SECOND = 250_000
_FRAME_S = 0.1
_PIXELS_A_SECOND = 5_000_000

_SPARE_BYTES = 1000 * MEGABYTE
_SPARE_BYTES_A_CORE = 32 * MEGABYTE

_OWN = ("RssAnon:", "RssShmem:", "VmSwap:")
"""Lines of `/proc/PID/status`: without pages of files, such as the libraries that decord brings."""

_CGROUPS = Path("/sys/fs/cgroup")
_CGROUP_LIMITS = ("memory.max", "memory.high", "memory/memory.limit_in_bytes")


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one decode process.

    Args:
        memory_bytes: Most memory that it may hold.
        silence_s: Longest time without progress.
        file_s: Longest time for one file; None for what `file_deadline_s` says.
    """

    memory_bytes: int
    silence_s: float
    file_s: float | None

    @property
    def reserved_bytes(self) -> int:
        """Most memory that it may ask for: threads reserve stacks and pools that they never use."""
        return self.memory_bytes + _SPARE_BYTES + _SPARE_BYTES_A_CORE * (os.cpu_count() or 1)

    @property
    def too_much(self) -> str:
        """What is said of a file that needs more memory."""
        return (
            f"needs more than the {self.memory_bytes // MEGABYTE} MB that a decode process may"
            " take: raise decode.memory_mb if it is sound"
        )


def limits_of(config: DecodeConfig, processes: int) -> Limits:
    """The limits of each of some decode processes on this machine."""
    if config.memory_mb == "auto":
        memory_bytes = fair_bytes(machine_bytes(), processes)
    else:
        memory_bytes = config.memory_mb * MEGABYTE
    return Limits(
        memory_bytes=memory_bytes,
        silence_s=SILENCE_S if config.deadline_s == "auto" else config.deadline_s,
        file_s=None if config.file_deadline_s == "auto" else config.file_deadline_s,
    )


def fair_bytes(machine: int, processes: int) -> int:
    """What `decode.memory_mb: auto` stands for.

    Each process has its share of three quarters of the machine, 8 GB at most; at least 4 GB, so
    that a large file can be read where many small ones are read at once, but never more than half
    of the machine for that.

    Args:
        machine: All memory of the machine, bytes.
        processes: How many files are decoded at once.
    """
    share = machine * 3 // 4 // processes
    return min(ENOUGH_BYTES, max(share, min(FEWEST_BYTES, machine // 2)))


def machine_bytes() -> int:
    """Memory of this machine, or of the container or the service that this runs in."""
    found = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for folder in _own_cgroups():
        for name in _CGROUP_LIMITS:
            try:
                found.append(int((folder / name).read_text()))
            except (OSError, ValueError):  # none, or "max"
                continue
    return min(found)


def _own_cgroups() -> list[Path]:
    """Folders of the control groups that this process is in, up to that of all."""
    try:
        lines = Path("/proc/self/cgroup").read_text().splitlines()
    except OSError:
        return []
    own = next((line.removeprefix("0::/") for line in lines if line.startswith("0::/")), "")
    return [_CGROUPS / part for part in (Path(own), *Path(own).parents)]


def file_deadline_s(size_bytes: int, video: Video | None = None) -> float:
    """How long a process may work at one file, with `decode.file_deadline_s: auto`.

    It grows with what there is to read and, once that is known, to decode: the frames, which are
    duration times rate, and their pixels. It is there for files that go on for ever, not for slow
    machines, so that it is some hundred times what one core takes: 10 minutes, a second for each
    250 kB, and for each frame 0.1 s and a second for each 5 million pixels. An hour of 1920 x 1080
    at 25 frames a second has 13 hours and more. Frames are counted from the file's packets: no
    header can promise any.

    Args:
        size_bytes: Of the file.
        video: What was found in it, once it was probed.
    """
    reading_s = _START_S + size_bytes / _BYTES_A_SECOND
    if video is None:
        return reading_s
    frame_s = _FRAME_S + video.width * video.height / _PIXELS_A_SECOND
    return reading_s + video.frames * frame_s


def held_bytes(pid: int) -> int:
    """Memory that a process keeps from others, in RAM or swapped out; 0 if nobody can say."""
    if sys.platform != "linux":
        return 0
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    parts = (line.split() for line in lines if line.startswith(_OWN))
    return sum(int(kilobytes) << 10 for _, kilobytes, _ in parts)
