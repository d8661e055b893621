"""Decode processes: a crash or a hang of a decoder costs one video, never the run.

The parent hands out one path at a time and reads what comes back; a process that dies, falls
silent, or takes more time or memory than it may is replaced and its file reported as failed. The
processes are spawned, so that they inherit neither torch nor its threads, and they block when the
parent does not read: memory stays bounded by the pipes. One of them is in `worker.py`, what runs
in it in `child.py`.
"""

from __future__ import annotations

import logging
import os
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.config import DecodeConfig
from pipeline.data import Decoded, Failure, Killed, Video
from pipeline.errors import Code
from pipeline.ingest.child import Event
from pipeline.ingest.decode import DecodeSettings
from pipeline.ingest.limits import limits_of
from pipeline.ingest.stop import Stop
from pipeline.ingest.worker import Inbox, Worker

_LOOK_EVERY_S = 0.5
_WEIGH_EVERY_S = 0.1
_UNREAD_EVENTS = 2

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

    They are started by whichever thread draws from `run`, and are killed when that one ends: all of
    it is drawn by one thread, which lives for as long as the pool.

    Args:
        settings: What every process does.
    """

    def __init__(self, settings: DecodeSettings) -> None:
        self._settings = settings
        self._most = worker_count(settings.decode)
        self._limits = limits_of(settings.decode, self._most)
        self._workers: list[Worker] = []
        self._tried: set[Path] = set()
        self._inbox: Inbox = queue.Queue(_UNREAD_EVENTS)
        self._look_at = 0.0
        self._closed = threading.Event()
        self._scales = threading.Thread(target=self._weigh, name="decode-scales", daemon=True)
        self._scales.start()

    def run(
        self,
        paths: Iterable[Path],
        *,
        wanted: Callable[[Video], bool],
        stop: Stop | None = None,
        fresh: bool = False,
    ) -> Iterator[Event]:
        """Decode files, several at once.

        Args:
            paths: What to decode; drawn from as processes become free.
            wanted: Asked once a file was probed; if it says no, the file is not decoded and nothing
                more is said of it.
            stop: Told or due, no further file is begun; told, those begun are left where they are.
            fresh: Each file in a process that has read no other.

        Yields:
            What `decode_video` yields, files intermingled, and `Progress`; a `Failure` ends a file
            too. A `Killed` file is worth another try: it comes once for a file, and only if this
            was its first process.
        """
        waiting = iter(paths)
        again: deque[Path] = deque()
        more = True
        stop = stop or Stop()
        while not stop.told:
            more = more and not stop.closing
            while (again or more) and (worker := self._free_worker(fresh=fresh or bool(again))):
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
        self._closed.set()
        self._scales.join()
        for worker in self._workers:
            worker.kill()
        self._workers.clear()

    def _free_worker(self, *, fresh: bool) -> Worker | None:
        """A process without a file, if there is one or may be one more.

        Args:
            fresh: It has read no file before.
        """
        free = [worker for worker in self._workers if worker.path is None]
        for worker in free:
            if not (fresh and worker.files) and not worker.is_worn:
                return worker
        if free:
            self._bury(free[0])
        if len(self._workers) == self._most:
            return None
        self._workers.append(Worker(self._settings, self._limits, self._inbox))
        return self._workers[-1]

    def _heard(self, wanted: Callable[[Video], bool], again: deque[Path]) -> Iterator[Event]:
        if (now := time.monotonic()) >= self._look_at:
            # By the clock: processes that talk must not hide one that is silent.
            self._look_at = now + _LOOK_EVERY_S
            yield from self._end_the_late()
        try:
            worker, event = self._inbox.get(timeout=_LOOK_EVERY_S)
        except queue.Empty:
            return
        if worker not in self._workers:
            return  # the last words of one that was killed
        worker.heard(event)
        if event is None:
            yield from self._end_the_dead(worker, again)
            return
        ends = isinstance(event, Decoded | Failure)
        if isinstance(event, Video):
            ends = not worker.reply(wanted(event))
        if ends:
            worker.path = None
        yield event

    def _end_the_late(self) -> Iterator[Failure]:
        for worker in list(self._workers):
            if message := worker.lateness():
                self._bury(worker)
                yield Failure(str(worker.path), Code.DECODE_TIMEOUT, message)

    def _end_the_dead(self, worker: Worker, again: deque[Path]) -> Iterator[Failure]:
        exit_code = self._bury(worker)
        if worker.path is None:
            return
        if worker.files > 1 and not worker.told:
            # It died before it said a word of this file: what it did before may have killed it. A
            # new process says whether the file itself does.
            _log.debug("%s is tried in another process", worker.path)
            self._tried.add(worker.path)
            again.append(worker.path)
            return
        failure = worker.obituary(exit_code)
        if isinstance(failure, Killed) and worker.path in self._tried:
            failure = Failure(failure.uri, failure.code, failure.message)
        self._tried.add(worker.path)
        yield failure

    def _bury(self, worker: Worker) -> int | None:
        self._workers.remove(worker)
        return worker.kill()

    def _weigh(self) -> None:
        """In a thread, since whoever reads the events may be busy for minutes."""
        while not self._closed.wait(_WEIGH_EVERY_S):
            for worker in list(self._workers):
                worker.watch()
