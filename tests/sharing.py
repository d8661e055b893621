"""What the processes of one test run make once for all of them."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TextIO

from filelock import FileLock

from tests.servers import milvus_local


def made_once(place: Path, make: Callable[[Path], object]) -> Path:
    """A folder that whoever comes first makes, and that nobody changes."""
    done = place / "done"
    with FileLock(f"{place}.lock"):
        if not done.exists():
            shutil.rmtree(place, ignore_errors=True)  # half made
            place.mkdir()
            make(place)
            done.touch()
    return place


def shared_milvus(place: Path, until: ExitStack) -> str:
    """The address of a Milvus server, which all processes use.

    Whoever comes first starts it, and ends it once nobody uses it any more. Locks say who does:
    they end with their process, however that ends.

    Args:
        place: A folder for all processes.
        until: Closed when this process is done with the server; it may have to wait for others.
    """
    place.mkdir(exist_ok=True)
    with FileLock(place / "changing.lock"):
        using = until.enter_context((place / "using.lock").open("a"))
        serving = (place / "serving.lock").open("a")
        if _is_free(serving):
            uri = until.enter_context(milvus_local(place / f"data-{os.getpid()}"))
            (place / "address").write_text(uri)
            until.callback(fcntl.flock, using, fcntl.LOCK_EX)
            # Whoever comes from now on starts another one.
            until.callback(serving.close)
        else:
            serving.close()
        fcntl.flock(using, fcntl.LOCK_SH)
        return (place / "address").read_text()


def _is_free(lock: TextIO) -> bool:
    """Take a lock if nobody has it."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
