"""One decode process, seen from the parent: its pipe, its file, what it takes and how long."""

from __future__ import annotations

import logging
import queue
import signal
import threading
import time
from pathlib import Path

from pipeline.data import Failure, Killed, Video
from pipeline.errors import Code
from pipeline.ingest.child import Event, serve
from pipeline.ingest.decode import DecodeSettings
from pipeline.ingest.limits import Limits, file_deadline_s, held_bytes
from pipeline.processes import SPAWN, interrupts_blocked

_TRY_EVERY_S = 0.5
_FAREWELL_S = 5.0

_NEAR = 0.8
"""A process that dies with so much of its memory taken is thought to have died of that."""

_WORN = 0.5
"""A process that holds so much of its memory between two files gets no further one."""

_log = logging.getLogger(__name__)

Inbox = queue.Queue[tuple["Worker", Event | None]]
"""What processes said, and by None that they are gone."""


class Worker:
    """One process, and the file it is at.

    A thread reads the pipe, so that a process which stops in the middle of a message stops nothing
    but itself. The process is killed with the thread that made this (`end_with_parent`).

    Args:
        settings: What the process does.
        limits: What it may take.
        inbox: Where its words go.
    """

    def __init__(self, settings: DecodeSettings, limits: Limits, inbox: Inbox) -> None:
        self.path: Path | None = None
        self.told = False
        self.files = 0
        self._limits = limits
        self._inbox = inbox
        self._clock = _Clock()
        self._size_bytes = 0
        self._deadline_s = 0.0
        self._held_bytes = 0
        self._too_large = False
        self._killed = threading.Event()
        self._killing = threading.Lock()
        self._pipe, theirs = SPAWN.Pipe()
        self._process = SPAWN.Process(
            target=serve, args=(theirs, settings, limits), name="vsearch-decode", daemon=True
        )
        with interrupts_blocked():
            self._process.start()
        theirs.close()
        self._reader = threading.Thread(target=self._read, name="decode-reader", daemon=True)
        self._reader.start()

    @property
    def is_worn(self) -> bool:
        """Whether it holds on to so much memory that the next file would pay for earlier ones."""
        return self._weigh() > _WORN * self._limits.memory_bytes

    def start(self, path: Path) -> None:
        """Hand out a file; a process that died idle says so on the next read."""
        self.path, self.told = path, False
        self.files += 1
        self._held_bytes = 0
        try:
            self._size_bytes = path.stat().st_size
        except OSError:  # the process says what is wrong with it
            self._size_bytes = 0
        self._deadline_s = self._limits.file_s or file_deadline_s(self._size_bytes)
        self._clock.begin()
        self._tell(path)

    def heard(self, event: Event | None) -> None:
        """One of its words was taken from the inbox."""
        self._clock.heard()
        if event is None:
            return
        self.told = True
        if isinstance(event, Video) and self._limits.file_s is None:
            self._deadline_s = file_deadline_s(self._size_bytes, event)

    def reply(self, go_on: bool) -> bool:
        """Answer whether a probed file is wanted."""
        self._tell(go_on)
        return go_on

    def watch(self) -> None:
        """Kill the process if it holds too much memory; called by a thread, often."""
        if self._weigh() <= self._limits.memory_bytes:
            return
        with self._killing:
            if not self._killed.is_set():
                self._too_large = True
                self._process.kill()

    def lateness(self) -> str | None:
        """What it took too long for, and which setting allows more; None if it is in time."""
        if self.path is None:
            return None
        if self._clock.silent_s > self._limits.silence_s:
            return (
                f"showed no progress for {self._limits.silence_s:g} s; raise decode.deadline_s if"
                " the storage is slow"
            )
        if self._clock.worked_s > self._deadline_s:
            return (
                f"was not read to its end within {self._deadline_s:.0f} s; raise"
                " decode.file_deadline_s if this machine is so slow"
            )
        return None

    def obituary(self, exit_code: int | None) -> Failure:
        """What its death says of the file that it was at; `Killed` if it was not ended by us."""
        by_others = exit_code == -signal.SIGKILL and not self._too_large
        kind = Killed if by_others else Failure
        if self._too_large or self._held_bytes > _NEAR * self._limits.memory_bytes:
            return kind(str(self.path), Code.DECODE_MEMORY, self._limits.too_much)
        message = f"the decoder died reading it ({_cause(exit_code)})"
        return kind(str(self.path), Code.DECODE_CRASH, message)

    def kill(self) -> int | None:
        """End the process; its exit code, or None if it cannot end (a dead network disk)."""
        with self._killing:
            self._killed.set()
            self._process.kill()
        self._process.join(_FAREWELL_S)
        self._reader.join(_FAREWELL_S)
        if not self._reader.is_alive():
            self._pipe.close()
        exit_code = self._process.exitcode
        if exit_code is not None:
            self._process.close()
        return exit_code

    def _weigh(self) -> int:
        # A process that is dying holds nothing any more: what it held before is what counts.
        with self._killing:
            if not self._killed.is_set() and self._process.pid is not None:
                self._held_bytes = held_bytes(self._process.pid) or self._held_bytes
        return self._held_bytes

    def _tell(self, word: Path | bool) -> None:
        try:
            self._pipe.send(word)
        except ConnectionError:
            _log.debug("decode process is gone; its pipe says so on the next read")

    def _read(self) -> None:
        while not self._killed.is_set():
            try:
                event: Event | None = self._pipe.recv()
            except (EOFError, OSError):
                event = None
            self._clock.said()
            self._put(event)
            if event is None:
                return

    def _put(self, event: Event | None) -> None:
        while not self._killed.is_set():
            try:
                self._inbox.put((self, event), timeout=_TRY_EVERY_S)
            except queue.Full:
                continue
            return


class _Clock:
    """How long a process has worked; not while words of its own wait to be taken.

    The parent may be busy for minutes, with a store that is away: no decoder is late for that.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._untaken = 0
        self._since = time.monotonic()
        self._worked_s = 0.0

    def begin(self) -> None:
        """A file is begun."""
        with self._lock:
            self._since = time.monotonic()
            self._worked_s = 0.0

    def said(self) -> None:
        """The process said something."""
        with self._lock:
            if not self._untaken:
                self._worked_s += time.monotonic() - self._since
            self._untaken += 1

    def heard(self) -> None:
        """It was taken."""
        with self._lock:
            self._untaken -= 1
            self._since = time.monotonic()

    @property
    def silent_s(self) -> float:
        """Seconds since all that was said was taken; 0 while something waits."""
        with self._lock:
            return 0.0 if self._untaken else time.monotonic() - self._since

    @property
    def worked_s(self) -> float:
        """Seconds at the file, those in which something waited left out."""
        return self._worked_s + self.silent_s


def _cause(exit_code: int | None) -> str:
    if exit_code is not None and exit_code < 0:
        if exit_code == -signal.SIGKILL:
            return "SIGKILL from outside: the system may have had no memory left"
        return signal.Signals(-exit_code).name
    return f"exit code {exit_code}"
