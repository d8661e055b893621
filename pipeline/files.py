"""Opening what somebody named: a regular file, or an error at once.

A named pipe that nobody writes to makes `open` wait for ever, and opening a device can do things.
So whatever a user, a folder or a backup names is opened here, and nowhere else by its name alone.
"""

from __future__ import annotations

import errno
import os
import stat
from io import FileIO
from pathlib import Path

_KINDS = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFDIR: "a folder",
}


class NotRegularError(OSError):
    """What was named is there and is no regular file; `strerror` says what it is."""

    def __init__(self, path: Path, mode: int) -> None:
        kind = _KINDS.get(stat.S_IFMT(mode), "something else")
        number = errno.EISDIR if stat.S_ISDIR(mode) else errno.EINVAL
        super().__init__(number, f"is {kind}, not a regular file", str(path))


def regular(path: Path) -> os.stat_result:
    """What the system says of a regular file, links followed.

    Raises:
        OSError: It cannot be looked at; NotRegularError, it is something else.
    """
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        raise NotRegularError(path, found.st_mode)
    return found


def told(error: OSError) -> str:
    """Why something could not be read, to stand behind its name."""
    if isinstance(error, NotRegularError) or error.errno == errno.EFBIG:
        return str(error.strerror)
    return f"cannot be read: {error.strerror or error}"


def open_regular(path: Path) -> FileIO:
    """Open a regular file for reading bytes, unbuffered, without ever waiting for a writer.

    It is looked at before, since opening a device can do things, and again once it is open, since
    the name may have come to mean something else in between.

    Raises:
        OSError: It cannot be read; NotRegularError, it is no regular file.
    """
    regular(path)
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        raise NotRegularError(path, mode)
    return FileIO(descriptor)


def read_regular(path: Path, *, most_bytes: int) -> bytes:
    """All bytes of a regular file.

    Raises:
        OSError: As `open_regular`, or it has more bytes (EFBIG).
    """
    with open_regular(path) as file:
        content = bytearray()
        while chunk := file.read(most_bytes + 1 - len(content)):
            content += chunk
    if len(content) > most_bytes:
        raise OSError(errno.EFBIG, f"has more than {most_bytes:,} bytes", str(path))
    return bytes(content)
