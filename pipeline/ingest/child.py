"""The life of a decode process: paths in, events out, until the parent is gone."""

from __future__ import annotations

import logging
import os
import queue
import threading
import time
import traceback
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from pipeline.data import Decoded, Failure, Progress, SceneSamples, Video
from pipeline.errors import Code, MediaError
from pipeline.ingest.decode import DecodeSettings, decode_video

Event = Video | Progress | SceneSamples | Decoded | Failure

_PROGRESS_EVERY_S = 0.5
_UNSENT_EVENTS = 4

_log = logging.getLogger(__name__)


def serve(pipe: Connection, settings: DecodeSettings) -> None:
    """Decode one file after another.

    Args:
        pipe: Gives paths, and after each `Video` whether to go on; takes events.
        settings: How.
    """
    outbox = _Outbox(pipe)
    while True:
        path = _hear(pipe)
        for event in _attempt(path, settings, outbox):
            outbox.put(event)
            if isinstance(event, Video) and not _hear(pipe):
                break


def _hear(pipe: Connection) -> Any:
    try:
        return pipe.recv()
    except (EOFError, OSError):
        # The parent is gone: nobody is left to decode for.
        os._exit(0)


def _attempt(path: Path, settings: DecodeSettings, outbox: _Outbox) -> Iterator[Event]:
    try:
        yield from decode_video(
            path, settings, on_progress=lambda pts_s: outbox.progress(str(path), pts_s)
        )
    except MediaError as error:
        yield Failure(str(path), error.code, error.message)
    except Exception as error:  # noqa: BLE001  a fault on one file must not stop the others
        _log.error("decoding %s failed\n%s", path, traceback.format_exc())
        message = f"{type(error).__name__}: {error}"
        yield Failure(str(path), Code.INTERNAL, " ".join(message.split()))


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
