"""What the ffprobe program says of a file's frames: the third opinion of the matrix."""

from __future__ import annotations

import json
import shutil
import subprocess
from fractions import Fraction
from pathlib import Path

import numpy as np

from pipeline.data import Float64Array

FFPROBE = shutil.which("ffprobe")

NO_FFPROBE = "ffprobe is not installed here (Debian: apt-get install ffmpeg)"


def frame_times(path: Path, stream: int, frame_s: float) -> Float64Array:
    """Times of the frames that ffprobe's decoder gives, from 0 at the first.

    Args:
        path: The file.
        stream: Number of the video stream.
        frame_s: How long a frame lasts, for those of which ffprobe says no time: the last ones of
            containers that tell decoding times alone, and all of raw streams.
    """
    command = [str(FFPROBE), "-v", "error", "-select_streams", str(stream), "-of", "json"]
    command += ["-show_entries", "stream=time_base:frame=best_effort_timestamp", str(path)]
    said = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    tick = Fraction(said["streams"][0]["time_base"])
    times: list[float] = []
    for frame in said["frames"]:
        stamp = frame.get("best_effort_timestamp")
        if stamp is not None:
            times.append(float(int(stamp) * tick))
        else:
            times.append(times[-1] + frame_s if times else 0.0)
    return np.asarray(times) - times[0]
