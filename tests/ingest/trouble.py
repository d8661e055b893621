"""A decode process in which files do, by their names, what hostile ones might do to a decoder.

It is the real one but for that: its limits, its pipe and its way of ending are those of `serve`.
"""

from __future__ import annotations

import ctypes
import os
import signal
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from pipeline.data import SceneSamples
from pipeline.ingest import child
from pipeline.ingest.decode import DecodeSettings, Step, decode_video
from pipeline.ingest.limits import Limits

_MEGABYTES = 1 << 20
_kept: list[np.ndarray] = []


def serve(pipe: Connection, settings: DecodeSettings, limits: Limits) -> None:
    child.decode_video = _by_name
    child.serve(pipe, settings, limits)


def _by_name(
    path: Path,
    settings: DecodeSettings,
    *,
    on_progress: Callable[[float], None] = lambda pts_s: None,
) -> Iterator[Step]:
    if "crash" in path.name:
        ctypes.string_at(0)
    if "hang" in path.name:
        part = path.with_suffix(".part")
        part.write_text(str(os.getpid()))
        part.replace(path.with_suffix(".pid"))
        ctypes.PyDLL(None).pause()  # and no other thread of this process gets the interpreter
    if "for_ever" in path.name:
        while True:
            on_progress(0.0)
            time.sleep(0.01)
    if "ask" in path.name:
        np.empty(1 << 45, np.uint8)
    if "eat" in path.name:
        held = []
        while True:
            held.append(np.ones(8 * _MEGABYTES, np.uint8))
    if "keep" in path.name:
        _kept.append(_share_of_memory(settings, 0.6))
    if "full" in path.name:
        # Dies with nearly all of its memory taken, before anybody had to end it.
        held = [_share_of_memory(settings, 0.9)]
        time.sleep(1.0)  # to be seen
        os.abort()
    steps = decode_video(path, settings, on_progress=on_progress)
    if "killed" in path.name:
        with path.with_suffix(".tries").open("a") as tries:
            first = not tries.tell()
            tries.write("x")
        if first or "again" in path.name:
            yield from _until_a_scene(steps)
            os.kill(os.getpid(), signal.SIGKILL)
    yield from steps


def _until_a_scene(steps: Iterator[Step]) -> Iterator[Step]:
    for step in steps:
        yield step
        if isinstance(step, SceneSamples):
            return


def _share_of_memory(settings: DecodeSettings, share: float) -> np.ndarray:
    assert settings.decode.memory_mb != "auto"
    return np.ones(int(share * settings.decode.memory_mb * 10**6), np.uint8)
