"""The videos that benchmarks read, made once into `.bench/`, with the spectrum of a camera.

Each shot pans over a picture of 1/f noise, an object of another texture crosses it, and every
frame has its own grain, so that the decoder has motion, residue and about the bit rate of a camera
to work on.
"""

from __future__ import annotations

import shutil
import struct
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
from imageio_ffmpeg import get_ffmpeg_exe  # type: ignore[import-untyped]

from pipeline.data import UInt8Array
from pipeline.media.writer import write_video

CACHE = Path(".bench")
FPS = 25
SHOT_S = (2.2, 6.4)
GRAIN = 12


def video(width: int, height: int, seconds: float, *, repeats: int = 1) -> Path:
    """H.264 with a cut every few seconds: `seconds` of pictures, `repeats` times in a row."""
    path = CACHE / f"{height}p-{seconds:g}s.mp4"
    once = _made(path, lambda partial: write_video(partial, pictures(width, height, seconds)))
    return once if repeats == 1 else looped(once, repeats)


def looped(source: Path, times: int) -> Path:
    """A file played `times` times in a row, its packets copied."""
    path = source.with_name(f"{source.stem}-x{times}.mp4")

    def loop(partial: Path) -> None:
        command = [get_ffmpeg_exe(), "-v", "error", "-y", "-stream_loop", str(times - 1)]
        subprocess.run([*command, "-i", source, "-c", "copy", partial], check=True)

    return _made(path, loop)


def copy(source: Path, target: Path, number: int) -> None:
    """The same video with bytes, and so an id, of its own."""
    shutil.copy(source, target)
    with target.open("ab") as file:
        # A `free` box, which players pass over.
        file.write(struct.pack(">I4sQ", 16, b"free", number))


def pictures(width: int, height: int, seconds: float, seed: int = 0) -> Iterator[UInt8Array]:
    """RGB frames at `FPS`, uint8 (height, width, 3); the same arguments give the same frames."""
    random = np.random.default_rng(seed)
    grain = [
        random.normal(GRAIN, GRAIN / 3, (height, width, 3)).clip(0, 2 * GRAIN).astype(np.uint8)
        for _ in range(5)
    ]
    left = round(seconds * FPS)
    while left > 0:
        frames = min(left, round(random.uniform(*SHOT_S) * FPS))
        left -= frames
        scene = _texture(random, width, height)
        thing = _texture(random, width // 4, height // 3)
        turn, grow, *pan = random.uniform(-1, 1, 4)
        for index, at in enumerate(np.linspace(-0.5, 0.5, frames)):
            centre = (width / 2, height / 2)
            moved = cv2.getRotationMatrix2D(centre, 4 * turn * at, 1 + 0.1 * grow * at)
            moved[:, 2] += np.multiply(pan, height / 8) * at
            frame = cv2.warpAffine(scene, moved, (width, height), borderMode=cv2.BORDER_REFLECT)
            edge = int((at + 0.5) * (width - thing.shape[1]))
            frame[height // 3 : height // 3 + thing.shape[0], edge : edge + thing.shape[1]] = thing
            frame = cv2.subtract(cv2.add(frame, grain[index % len(grain)]), (GRAIN,) * 4)
            yield np.asarray(frame, dtype=np.uint8)


def _texture(random: np.random.Generator, width: int, height: int) -> UInt8Array:
    """Octaves of noise, each half as strong and twice as fine as the last, each tinted anew."""
    levels = np.full((height, width, 3), random.uniform(60, 190, 3), dtype=np.float32)
    strength, cells = 70.0, 3
    while cells < height // 2:
        noise = random.normal(0, strength, (cells, cells * width // height + 1, 1))
        octave = (noise * random.uniform(0.4, 1, 3)).astype(np.float32)
        levels += cv2.resize(octave, (width, height), interpolation=cv2.INTER_CUBIC)
        strength, cells = strength / 2, cells * 2
    return levels.clip(0, 255).astype(np.uint8)


def _made(path: Path, make: Callable[[Path], object]) -> Path:
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f"partial-{path.name}")
        make(partial)
        partial.replace(path)
    return path
