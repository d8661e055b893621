"""Starting processes of our own, wherever one is needed."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker

SPAWN = multiprocessing.get_context("spawn")
"""A process that inherits nothing: neither torch nor its threads."""


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
