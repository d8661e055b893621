"""Decode processes: a crash or a hang of a decoder costs one video, never the run.

The parent hands out one path at a time and reads what comes back; a process that dies or falls
silent is replaced and its file reported as failed. The processes are spawned, so that they inherit
neither torch nor its threads, and they block when the parent does not read: memory stays bounded by
the pipes. What runs in the process is in `child.py`.
"""

from __future__ import annotations

import logging
import os
import queue
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.config import DecodeConfig
from pipeline.data import Decoded, Failure, Video
from pipeline.errors import Code
from pipeline.ingest.child import Event, serve
from pipeline.ingest.decode import DecodeSettings
from pipeline.ingest.stop import Stop
from pipeline.processes import SPAWN, interrupts_blocked

SILENCE_S = 120.0
"""With `decode.deadline_s: auto`, how long a process may show no progress before it is killed."""

_WAKE_EVERY_S = 0.5
_UNREAD_EVENTS = 2
_FAREWELL_S = 5.0

_log = logging.getLogger(__name__)


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
        self._inbox: queue.Queue[tuple[_Worker, Event | None]] = queue.Queue(_UNREAD_EVENTS)

    def run(
        self,
        paths: Iterable[Path],
        *,
        wanted: Callable[[Video], bool],
        stop: Stop | None = None,
    ) -> Iterator[Event]:
        """Decode files, several at once.

        Args:
            paths: What to decode; drawn from as processes become free.
            wanted: Asked once a file was probed; if it says no, the file is not decoded and nothing
                more is said of it.
            stop: Told or due, no further file is begun; told, those begun are left where they are.

        Yields:
            What `decode_video` yields, files intermingled, and `Progress`; a `Failure` ends a file
            too.
        """
        waiting = iter(paths)
        again: deque[Path] = deque()
        more = True
        stop = stop or Stop()
        while not stop.told:
            more = more and not stop.closing
            while (again or more) and (worker := self._free_worker()):
                path = again.popleft() if again else next(waiting, None)
                if path is None:
                    more = False
                else:
                    worker.start(path)
            if not any(worker.path for worker in self._workers):
                return
            yield from self._heard(wanted, again)

    def close(self) -> None:
        """End all processes, at once."""
        for worker in self._workers:
            worker.kill()
        self._workers.clear()

    def _free_worker(self) -> _Worker | None:
        free = next((worker for worker in self._workers if worker.path is None), None)
        if free is None and len(self._workers) < self._most:
            free = _Worker(self._settings, self._inbox)
            self._workers.append(free)
        return free

    def _heard(self, wanted: Callable[[Video], bool], again: deque[Path]) -> Iterator[Event]:
        try:
            worker, event = self._inbox.get(timeout=_WAKE_EVERY_S)
        except queue.Empty:
            yield from self._end_the_silent()
            return
        if worker not in self._workers:
            return  # the last words of one that was killed
        if event is None:
            yield from self._end_the_dead(worker, again)
            return
        worker.told = True
        ends = isinstance(event, Decoded | Failure)
        if isinstance(event, Video):
            ends = not worker.reply(wanted(event))
        if ends:
            worker.path = None
        yield event

    def _end_the_silent(self) -> Iterator[Failure]:
        for worker in list(self._workers):
            if worker.path and worker.silent_s > self._silence_s:
                self._bury(worker)
                yield Failure(
                    str(worker.path),
                    Code.DECODE_TIMEOUT,
                    f"showed no progress for {self._silence_s:g} s; raise decode.deadline_s if the"
                    " storage is slow",
                )

    def _end_the_dead(self, worker: _Worker, again: deque[Path]) -> Iterator[Failure]:
        exit_code = self._bury(worker)
        if worker.path is None:
            return
        if worker.files > 1 and not worker.told:
            # It died before it said a word of this file: what it did before may have killed it. A
            # new process says whether the file itself does.
            _log.debug("%s is tried in another process", worker.path)
            again.append(worker.path)
            return
        yield Failure(
            str(worker.path),
            Code.DECODE_CRASH,
            f"the decoder died reading it ({_cause(exit_code)})",
        )

    def _bury(self, worker: _Worker) -> int | None:
        self._workers.remove(worker)
        return worker.kill()


class _Worker:
    """One process, the parent's end of its pipe, and the file it is at.

    A thread reads the pipe, so that a process which stops in the middle of a message stops nothing
    but itself.
    """

    def __init__(
        self, settings: DecodeSettings, inbox: queue.Queue[tuple[_Worker, Event | None]]
    ) -> None:
        self.path: Path | None = None
        self.told = False
        self.files = 0
        self._inbox = inbox
        self._killed = threading.Event()
        self._waits_since: float | None = time.monotonic()
        self._pipe, theirs = SPAWN.Pipe()
        self._process = SPAWN.Process(
            target=serve, args=(theirs, settings), name="vsearch-decode", daemon=True
        )
        with interrupts_blocked():
            self._process.start()
        theirs.close()
        self._reader = threading.Thread(target=self._read, name="decode-reader", daemon=True)
        self._reader.start()

    @property
    def silent_s(self) -> float:
        """How long this end has waited for a message; 0 while one waits to be taken."""
        since = self._waits_since
        return 0.0 if since is None else time.monotonic() - since

    def start(self, path: Path) -> None:
        """Hand out a file; a process that died idle says so on the next read."""
        self.path, self.told = path, False
        self.files += 1
        self._waits_since = time.monotonic()
        self._tell(path)

    def reply(self, go_on: bool) -> bool:
        """Answer whether a probed file is wanted."""
        self._tell(go_on)
        return go_on

    def kill(self) -> int | None:
        """End the process; its exit code, or None if it cannot end (a dead network disk)."""
        self._killed.set()
        self._process.kill()
        self._process.join(_FAREWELL_S)
        self._reader.join(_FAREWELL_S)
        if not self._reader.is_alive():
            self._pipe.close()
        return self._process.exitcode

    def _tell(self, word: Path | bool) -> None:
        try:
            self._pipe.send(word)
        except ConnectionError:
            _log.debug("decode process is gone; its pipe says so on the next read")

    def _read(self) -> None:
        while not self._killed.is_set():
            self._waits_since = time.monotonic()
            try:
                event: Event | None = self._pipe.recv()
            except (EOFError, OSError):
                event = None
            self._waits_since = None
            self._put(event)
            if event is None:
                return

    def _put(self, event: Event | None) -> None:
        while not self._killed.is_set():
            try:
                self._inbox.put((self, event), timeout=_WAKE_EVERY_S)
            except queue.Full:
                continue
            return


def _cause(exit_code: int | None) -> str:
    if exit_code is not None and exit_code < 0:
        return signal.Signals(-exit_code).name
    return f"exit code {exit_code}"
