"""What the processes of one test run make once for all of them."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from filelock import FileLock

from tests.servers import milvus_local


def made_once(place: Path, make: Callable[[Path], object]) -> Path:
    """A folder that whoever comes first makes, and that nobody changes."""
    done = place / "done"
    with FileLock(f"{place}.lock"):
        if not done.exists():
            place.mkdir()
            make(place)
            done.touch()
    return place


@contextmanager
def shared_milvus(place: Path) -> Iterator[str]:
    """A Milvus server, as its address.

    Whoever comes first starts it, and ends it once nobody uses it any more: each holds a lock that
    others can hold too, and who ends it waits for one that they cannot.
    """
    place.mkdir(exist_ok=True)
    address, changing = place / "address", FileLock(place / "changing.lock")
    with ExitStack() as ours, (place / "using.lock").open("a") as using:
        with changing:
            is_ours = not address.exists()
            if is_ours:
                uri = ours.enter_context(milvus_local(place / f"data-{os.getpid()}"))
                address.write_text(uri)
            uri = address.read_text()
            fcntl.flock(using, fcntl.LOCK_SH)
        try:
            yield uri
        finally:
            if is_ours:
                with changing:
                    address.unlink()
                fcntl.flock(using, fcntl.LOCK_EX)
