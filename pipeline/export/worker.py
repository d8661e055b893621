"""One thing after another in a process of its own: what crashes or hangs there costs one thing.

A spawned process inherits neither torch nor its threads. It is replaced when it dies or falls
silent, and is gone when the block ends. It never gets Ctrl-C: the parent decides about that.
"""

from __future__ import annotations

import logging
import os
import signal
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, TypeVar

from pipeline.errors import Code, MediaError, VSearchError
from pipeline.processes import SPAWN, end_with_parent, interrupts_blocked

SILENCE_S = 120.0
"""How long the process may show no progress before it is killed."""

_TELL_EVERY_S = 0.2

T = TypeVar("T")
Watch = Callable[[float], None]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Done:
    value: Any


@contextmanager
def worker(*, silence_s: float = SILENCE_S) -> Iterator[Worker]:
    """A process to do things in; it is gone when the block ends, however it ends."""
    opened = Worker(silence_s)
    try:
        yield opened
    finally:
        opened.close()


class Worker:
    """Use `worker`.

    Its process is started by the first `do`, and killed when the thread that called that ends.
    """

    def __init__(self, silence_s: float) -> None:
        self._silence_s = silence_s
        self._process: Any = None
        self._pipe: Connection | None = None

    def do(
        self, task: Callable[..., T], *args: object, uri: str, watch: Watch = lambda done: None
    ) -> T:
        """Call a function there.

        Args:
            task: Of a module, so that the process can import it. It is called with `args` and
                `watch=`, a function to be told often how much is done, 0 to 1.
            args: For it.
            uri: What it is about, for errors.
            watch: Told here what the task tells.

        Raises:
            VSearchError: What the task raised, or DECODE_CRASH or DECODE_TIMEOUT.
        """
        pipe = self._started()
        try:
            pipe.send((task, args))
            while True:
                if not pipe.poll(self._silence_s):
                    self.close()
                    raise MediaError(
                        f"showed no progress for {self._silence_s:g} s",
                        code=Code.DECODE_TIMEOUT,
                        uri=uri,
                    )
                said = pipe.recv()
                if isinstance(said, _Done):
                    value: T = said.value
                    return value
                if isinstance(said, VSearchError):
                    raise said
                watch(said)
        except (EOFError, ConnectionError):
            cause = self.close()
            raise MediaError(
                f"the decoder died reading it ({cause})", code=Code.DECODE_CRASH, uri=uri
            ) from None
        except VSearchError:
            raise
        except BaseException:  # also Ctrl-C: nothing goes on with what nobody waits for
            self.close()
            raise

    def close(self) -> str:
        """End the process, at once; how it ended."""
        process, self._process = self._process, None
        pipe, self._pipe = self._pipe, None
        if process is None:
            return "not started"
        process.join(0.2)
        process.kill()
        process.join(5.0)
        if pipe is not None:
            pipe.close()
        code = process.exitcode
        return signal.Signals(-code).name if code is not None and code < 0 else f"exit code {code}"

    def _started(self) -> Connection:
        if self._pipe is None:
            self._pipe, theirs = SPAWN.Pipe()
            self._process = SPAWN.Process(
                target=_serve, args=(theirs,), name="vsearch-export", daemon=True
            )
            with interrupts_blocked():
                self._process.start()
            theirs.close()
        return self._pipe


def _serve(pipe: Connection) -> None:
    end_with_parent()
    while True:
        try:
            task, args = pipe.recv()
            pipe.send(_answer(task, args, _Teller(pipe)))
        except (EOFError, OSError):
            os._exit(0)  # the parent is gone: nobody is left to work for


def _answer(task: Callable[..., Any], args: tuple[Any, ...], watch: Watch) -> object:
    try:
        return _Done(task(*args, watch=watch))
    except VSearchError as error:
        return error
    except Exception as error:  # noqa: BLE001  a fault on one thing must not stop the others
        _log.error("%s failed\n%s", task.__name__, traceback.format_exc())
        message = " ".join(f"{type(error).__name__}: {error}".split())
        return MediaError(message, code=Code.INTERNAL)


class _Teller:
    """Tells the parent how far it is, but not at each frame."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self._told_at = 0.0

    def __call__(self, done: float) -> None:
        if (now := time.monotonic()) - self._told_at >= _TELL_EVERY_S:
            self._told_at = now
            self._pipe.send(done)
