"""Starting processes of our own, wherever one is needed, and that none outlives who needs it."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker

SPAWN = multiprocessing.get_context("spawn")
"""A process that inherits nothing: neither torch nor its threads."""

_PR_SET_PDEATHSIG = 1


def end_with_parent() -> None:
    """From now on this spawned process is killed as soon as its parent is gone, on Linux.

    A process that hangs in C code with the interpreter's lock held never notices by itself that
    nobody waits for it any more. To be exact, it ends with the parent's *thread* that started it:
    start one from a thread that lives for as long as the process is needed.
    """
    parent = multiprocessing.parent_process()
    if sys.platform != "linux" or parent is None:
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL))
    if os.getppid() != parent.pid:  # it went before that call
        os._exit(0)


@contextmanager
def interrupts_blocked() -> Iterator[None]:
    """What is started in here never gets Ctrl-C, which goes to the whole process group.

    The parent decides what becomes of it. Blocked before the start, since an interpreter that is
    interrupted while it starts prints a traceback.
    """
    # multiprocessing starts this with its first process, and unblocks interrupts as it does.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
