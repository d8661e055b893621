"""The life of a decode process: paths in, events out, until the parent is gone.

It confines itself before it opens anything: it ends with its parent, cannot ask for more memory
than it may take, leaves no core file, and is the first that a system without memory ends.
"""

from __future__ import annotations

import logging
import os
import queue
import resource
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from pipeline.data import Decoded, Failure, Progress, SceneSamples, Video
from pipeline.errors import Code, MediaError
from pipeline.ingest.decode import DecodeSettings, decode_video
from pipeline.ingest.limits import Limits
from pipeline.processes import end_with_parent

Event = Video | Progress | SceneSamples | Decoded | Failure

_PROGRESS_EVERY_S = 0.5
_UNSENT_EVENTS = 4

_ENDED_FIRST = 500
"""For `oom_score_adj`, -1000 to 1000: rather a decoder than the process that holds the model."""

_OUT_OF_MEMORY = ("bad_alloc", "Cannot allocate memory", "Insufficient memory")
"""How decord, FFmpeg and OpenCV say it where it is no MemoryError."""

_log = logging.getLogger(__name__)


def serve(pipe: Connection, settings: DecodeSettings, limits: Limits) -> None:
    """Decode one file after another.

    Args:
        pipe: Gives paths, and after each `Video` whether to go on; takes events.
        settings: How.
        limits: What this process may take.
    """
    end_with_parent()
    _confine(limits)
    outbox = _Outbox(pipe)
    while True:
        path = _hear(pipe)
        for event in _attempt(path, settings, limits, outbox):
            outbox.put(event)
            if isinstance(event, Video) and not _hear(pipe):
                break


def _confine(limits: Limits) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform != "linux":
        return
    # Not RLIMIT_AS: threads reserve address space by the gigabyte that costs nobody anything.
    most = limits.reserved_bytes
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    if hard != resource.RLIM_INFINITY:
        most = min(most, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    score = Path("/proc/self/oom_score_adj")
    with suppress(OSError):  # a container that forbids it
        score.write_text(str(max(_ENDED_FIRST, int(score.read_text()))))


def _hear(pipe: Connection) -> Any:
    try:
        return pipe.recv()
    except (EOFError, OSError):
        # The parent is gone: nobody is left to decode for.
        os._exit(0)


def _attempt(
    path: Path, settings: DecodeSettings, limits: Limits, outbox: _Outbox
) -> Iterator[Event]:
    try:
        yield from decode_video(
            path, settings, on_progress=lambda pts_s: outbox.progress(str(path), pts_s)
        )
    except Exception as error:  # noqa: BLE001  a fault on one file must not stop the others
        yield _failure(path, error, limits)


def _failure(path: Path, error: Exception, limits: Limits) -> Failure:
    if _ran_out(error):
        return Failure(str(path), Code.DECODE_MEMORY, limits.too_much)
    if isinstance(error, MediaError):
        return Failure(str(path), error.code, error.message)
    _log.error("decoding %s failed\n%s", path, "".join(traceback.format_exception(error)))
    message = f"{type(error).__name__}: {error}"
    return Failure(str(path), Code.INTERNAL, " ".join(message.split()))


def _ran_out(error: BaseException | None) -> bool:
    """Whether an error, or one that it came from, says that there is no memory."""
    while error is not None:
        if isinstance(error, MemoryError) or any(sign in str(error) for sign in _OUT_OF_MEMORY):
            return True
        error = error.__cause__ or error.__context__
    return False


class _Outbox:
    """Sends in a thread, so that decoding goes on while the parent is busy with a batch."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self._unsent: queue.Queue[Event] = queue.Queue(_UNSENT_EVENTS)
        self._progress_at = 0.0
        threading.Thread(target=self._send, name="outbox", daemon=True).start()

    def put(self, event: Event) -> None:
        self._unsent.put(event)

    def progress(self, path: str, pts_s: float) -> None:
        if (now := time.monotonic()) - self._progress_at >= _PROGRESS_EVERY_S:
            self._progress_at = now
            self.put(Progress(path, pts_s))

    def _send(self) -> None:
        while True:
            try:
                self._pipe.send(self._unsent.get())
            except OSError:
                os._exit(0)
