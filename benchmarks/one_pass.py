"""One pass against two: decoding, cuts and samples of H.264 files.

Ours is `decode_video` with the default settings. The references are PySceneDetect on its OpenCV
backend with the same detector and minimum length, and then OpenCV again for the very samples that
ours gave: by reading on (frames between samples are grabbed, not converted), or by seeking. The
cuts must be the same.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import cv2
import numpy as np
from scenedetect import AdaptiveDetector, SceneManager, open_video

from benchmarks import media
from benchmarks.result import Ratio, in_turns
from pipeline.config import DecodeConfig, SampleConfig, ScenesConfig
from pipeline.data import SceneSamples, UInt8Array
from pipeline.ingest.decode import DecodeSettings, decode_video

ROUNDS = 3
SETTINGS = DecodeSettings(DecodeConfig(), ScenesConfig(), SampleConfig())
TARGET = 1.4


def measure() -> list[Ratio]:
    return [
        *_compared("720p", media.video(1280, 720, 20, repeats=3)),
        *_compared("1080p", media.video(1920, 1080, 15, repeats=4)),
    ]


def _compared(label: str, path: Path) -> list[Ratio]:
    scenes = ours(path)
    wanted = [round(sample.pts_s * media.FPS) for scene in scenes for sample in scene.samples]
    cuts = {
        round(found.scene.start_s * media.FPS)
        for found in scenes
        if found.scene.boundary == "detected"
    }
    theirs = set(detect(path))
    frames = int(cv2.VideoCapture(str(path)).get(cv2.CAP_PROP_FRAME_COUNT))
    seconds = in_turns(
        {
            "ours": partial(ours, path),
            "reading": lambda: (detect(path), read_on(path, wanted)),
            "seeking": lambda: (detect(path), seek(path, wanted)),
        },
        rounds=ROUNDS,
    )
    # What disturbs a run only makes it slower: the fastest round is the nearest to the truth.
    rate = {name: frames / min(times) for name, times in seconds.items()}
    about = f"{frames} frames, {len(wanted)} samples"
    row = partial(Ratio, "one_pass", ours=rate["ours"], unit="frames/s", better="more")
    return [
        row(f"{label}: detect, then read on", reference=rate["reading"], target=TARGET, note=about),
        row(f"{label}: detect, then seek", reference=rate["seeking"]),
        Ratio(
            "one_pass",
            f"{label}: cuts that both find",
            len(cuts & theirs),
            len(cuts | theirs),
            "cuts",
            better="more",
            target=1.0,
            note="equal" if cuts == theirs else f"not both: {sorted(cuts ^ theirs)}",
        ),
    ]


def ours(path: Path) -> list[SceneSamples]:
    return [step for step in decode_video(path, SETTINGS) if isinstance(step, SceneSamples)]


def detect(path: Path) -> list[int]:
    """PySceneDetect's cuts, as frame numbers."""
    manager = SceneManager()
    manager.add_detector(AdaptiveDetector(min_scene_len=SETTINGS.scenes.min_length_s))
    manager.detect_scenes(open_video(str(path), backend="opencv"))
    return [start.frame_num for start, _ in manager.get_scene_list()[1:]]


def read_on(path: Path, wanted: list[int]) -> list[UInt8Array]:
    """RGB frames by number, in one forward read."""
    numbers, frames = set(wanted), []
    capture = cv2.VideoCapture(str(path))
    for number in range(max(wanted) + 1):
        capture.grab()
        if number in numbers:
            frames.append(_rgb(capture.retrieve()))
    return frames


def seek(path: Path, wanted: list[int]) -> list[UInt8Array]:
    """RGB frames by number, each after a seek."""
    capture, frames = cv2.VideoCapture(str(path)), []
    for number in wanted:
        capture.set(cv2.CAP_PROP_POS_FRAMES, number)
        frames.append(_rgb(capture.read()))
    return frames


def _rgb(read: tuple[bool, UInt8Array]) -> UInt8Array:
    found, picture = read
    assert found, "OpenCV did not give the frame"
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), dtype=np.uint8)
