"""What the ffmpeg program itself presents of a file: the second opinion of the reader's tests."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from pipeline.data import Float64Array, UInt8Array
from tests.media_factory import FFMPEG


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """A whole decode.

    Args:
        pts_s: Presentation times from 0.
        size: Upright width and height.
        samples: Every `every`-th frame, upright RGB, from the first.
    """

    pts_s: Float64Array
    size: tuple[int, int]
    samples: UInt8Array


def decode(path: Path, *, every: int, stream: int | None = None) -> Truth:
    """Decode with ffmpeg, which turns frames upright by itself.

    Args:
        path: The file.
        every: Which frames are kept.
        stream: Number of the stream; None lets ffmpeg choose the best.
    """
    chain = rf"showinfo=checksum=0,select=not(mod(n\,{every})),format=rgb24"
    command = [FFMPEG, "-nostdin", "-hide_banner", "-i", str(path), "-vf", chain, "-an"]
    command += [] if stream is None else ["-map", f"0:{stream}"]
    command += ["-fps_mode", "passthrough", "-f", "rawvideo", "-"]
    done = subprocess.run(command, check=True, capture_output=True)
    said = done.stderr.decode(errors="replace")
    tick = Fraction(re.findall(r"config in time_base: (\d+/\d+)", said)[-1])
    shown = re.findall(r"showinfo.* pts: *(-?\d+) .* s:(\d+)x(\d+)", said)
    ticks = np.array([int(pts) for pts, _, _ in shown])
    width, height = (int(part) for part in shown[0][1:])
    samples = np.frombuffer(done.stdout, np.uint8).reshape(-1, height, width, 3)
    return Truth((ticks - ticks[0]) * float(tick), (width, height), samples)


def shown(path: Path, chain: str, size: tuple[int, int]) -> UInt8Array:
    """All frames as a chain of ffmpeg's filters shows them, RGB, uint8 (n, height, width, 3)."""
    command = [FFMPEG, "-nostdin", "-v", "error", "-i", str(path), "-vf", f"{chain},format=rgb24"]
    command += ["-an", "-fps_mode", "passthrough", "-f", "rawvideo", "-"]
    done = subprocess.run(command, check=True, capture_output=True)
    return np.frombuffer(done.stdout, np.uint8).reshape(-1, size[1], size[0], 3)
