"""Decode processes: a crash or a hang of a decoder costs one video, never the run.

The parent hands out one path at a time and reads what comes back; a process that dies or falls
silent is replaced and its file reported as failed. The processes are spawned, so that they inherit
neither torch nor its threads, and they block when the parent does not read: memory stays bounded by
the pipes.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import queue
import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection, wait
from pathlib import Path

from pipeline.config import DecodeConfig
from pipeline.data import Decoded, Failure, Progress, SceneSamples, Video
from pipeline.errors import Code, MediaError
from pipeline.ingest.decode import DecodeSettings, decode_video

Event = Video | Progress | SceneSamples | Decoded | Failure

SILENCE_S = 120.0
"""With `decode.deadline_s: auto`, how long a process may show no progress before it is killed."""

_PROGRESS_EVERY_S = 0.5
_WAKE_EVERY_S = 1.0
_UNSENT_EVENTS = 4

_log = logging.getLogger(__name__)
_spawn = multiprocessing.get_context("spawn")


def worker_count(config: DecodeConfig) -> int:
    """How many files are decoded at once; `auto` is one for two cores, at least 1, at most 16."""
    if config.workers != "auto":
        return config.workers
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return min(16, max(1, (cores or 1) // 2))


@contextmanager
def decode_pool(settings: DecodeSettings) -> Iterator[DecodePool]:
    """A pool whose processes are gone when the block ends, however it ends."""
    pool = DecodePool(settings)
    try:
        yield pool
    finally:
        pool.close()


class DecodePool:
    """Processes that decode files. Use `decode_pool`.

    Args:
        settings: What every process does.
    """

    def __init__(self, settings: DecodeSettings) -> None:
        self._settings = settings
        deadline_s = settings.decode.deadline_s
        self._silence_s = SILENCE_S if deadline_s == "auto" else deadline_s
        self._most = worker_count(settings.decode)
        self._workers: list[_Worker] = []

    def run(self, paths: Iterable[Path], *, wanted: Callable[[Video], bool]) -> Iterator[Event]:
        """Decode files, several at once.

        Args:
            paths: What to decode; drawn from as processes become free.
            wanted: Asked once a file was probed; if it says no, the file is not decoded and nothing
                more is said of it.

        Yields:
            What `decode_video` yields, files intermingled, and `Progress`; a `Failure` ends a file
            too.
        """
        waiting = iter(paths)
        more = True
        while True:
            while more and (worker := self._free_worker()):
                path = next(waiting, None)
                if path is None:
                    more = False
                else:
                    worker.start(path)
            busy = [worker for worker in self._workers if worker.path]
            if not busy:
                return
            yield from self._heard(busy, wanted)

    def close(self) -> None:
        """End all processes, at once."""
        for worker in self._workers:
            worker.kill()
        self._workers.clear()

    def _free_worker(self) -> _Worker | None:
        free = next((worker for worker in self._workers if worker.path is None), None)
        if free is None and len(self._workers) < self._most:
            free = _Worker(self._settings)
            self._workers.append(free)
        return free

    def _heard(self, busy: list[_Worker], wanted: Callable[[Video], bool]) -> Iterator[Event]:
        ready = wait([worker.pipe for worker in busy], timeout=_WAKE_EVERY_S)
        now = time.monotonic()
        for worker in busy:
            if worker.pipe in ready:
                yield from self._read(worker, wanted)
            elif now - worker.heard_at > self._silence_s:
                yield self._bury(
                    worker,
                    Code.DECODE_TIMEOUT,
                    f"showed no progress for {self._silence_s:g} s; raise decode.deadline_s if the"
                    " storage is slow",
                )

    def _read(self, worker: _Worker, wanted: Callable[[Video], bool]) -> Iterator[Event]:
        try:
            event = worker.pipe.recv()
            if isinstance(event, Video) and not _reply(worker, wanted(event)):
                worker.path = None
        except (EOFError, ConnectionError):
            exit_code = worker.kill()
            yield self._bury(
                worker, Code.DECODE_CRASH, f"the decoder died reading it ({_cause(exit_code)})"
            )
            return
        worker.heard_at = time.monotonic()
        if isinstance(event, Decoded | Failure):
            worker.path = None
        yield event

    def _bury(self, worker: _Worker, code: Code, message: str) -> Failure:
        worker.kill()
        self._workers.remove(worker)
        return Failure(str(worker.path), code, message)


class _Worker:
    """One process, the parent's end of its pipe, and the file it is at."""

    def __init__(self, settings: DecodeSettings) -> None:
        self.path: Path | None = None
        self.heard_at = 0.0
        self.pipe, theirs = _spawn.Pipe()
        self.process = _spawn.Process(
            target=_serve, args=(theirs, settings), name="vsearch-decode", daemon=True
        )
        with _interrupts_blocked():
            self.process.start()
        theirs.close()

    def start(self, path: Path) -> None:
        self.path, self.heard_at = path, time.monotonic()
        try:
            self.pipe.send(path)
        except ConnectionError:
            _log.debug("decode process died idle; its pipe says so on the next read")

    def kill(self) -> int | None:
        self.process.kill()
        self.process.join()
        self.pipe.close()
        return self.process.exitcode


@contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """What is started in here never gets Ctrl-C, which goes to the whole process group: the parent
    decides what becomes of it. Blocked before the start, since an interpreter that is interrupted
    while it starts prints a traceback.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _reply(worker: _Worker, go_on: bool) -> bool:
    worker.pipe.send(go_on)
    return go_on


def _cause(exit_code: int | None) -> str:
    if exit_code is not None and exit_code < 0:
        return signal.Signals(-exit_code).name
    return f"exit code {exit_code}"


def _serve(pipe: Connection, settings: DecodeSettings) -> None:
    """The life of a decode process: paths in, events out, until the parent is gone."""
    outbox = _Outbox(pipe)
    try:
        while True:
            path = pipe.recv()
            outbox.put(*_attempt(path, settings, outbox, pipe))
    except (EOFError, ConnectionError):
        return


def _attempt(
    path: Path, settings: DecodeSettings, outbox: _Outbox, pipe: Connection
) -> tuple[Event, ...]:
    """Decode one file; what ends it is returned, all before goes through the outbox."""
    try:
        for step in decode_video(
            path, settings, on_progress=lambda pts_s: outbox.progress(str(path), pts_s)
        ):
            if isinstance(step, Decoded):
                return (step,)
            outbox.put(step)
            if isinstance(step, Video) and not pipe.recv():
                return ()
    except MediaError as error:
        return (Failure(str(path), error.code, error.message),)
    except (EOFError, ConnectionError):
        raise
    except Exception as error:  # noqa: BLE001  a fault on one file must not stop the others
        _log.error("decoding %s failed\n%s", path, traceback.format_exc())
        message = f"{type(error).__name__}: {error}"
        return (Failure(str(path), Code.INTERNAL, " ".join(message.split())),)
    return ()


class _Outbox:
    """Sends in a thread, so that decoding goes on while the parent is busy with a batch."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self._unsent: queue.Queue[Event] = queue.Queue(_UNSENT_EVENTS)
        self._progress_at = 0.0
        threading.Thread(target=self._send, name="outbox", daemon=True).start()

    def put(self, *events: Event) -> None:
        for event in events:
            self._unsent.put(event)

    def progress(self, path: str, pts_s: float) -> None:
        if (now := time.monotonic()) - self._progress_at >= _PROGRESS_EVERY_S:
            self._progress_at = now
            self.put(Progress(path, pts_s))

    def _send(self) -> None:
        while True:
            try:
                self._pipe.send(self._unsent.get())
            except ConnectionError:
                # The parent is gone: nobody is left to decode for.
                os._exit(1)
