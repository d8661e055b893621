"""A first look at a file, by its own bytes, before any decoder sees it: no FFmpeg here.

What a decoder is given has passed here. It is cheap, so that a command can say no before it
imports decoders, loads a model or reaches a store.
"""

from __future__ import annotations

import codecs
import os
from pathlib import Path

from pipeline.data import FileStamp
from pipeline.errors import Code, MediaError
from pipeline.files import open_regular, told

_HEAD_BYTES = 1024
_EBML = b"\x1a\x45\xdf\xa3"
_NOT_IN_TEXT = frozenset(range(32)) - set(b"\t\n\r\f\x1b") | {127}
_LISTS = {
    "#EXTM3U": "an HLS playlist",
    "ffconcat": "a concat list of FFmpeg",
    "<?xml": "XML, such as a DASH manifest",
    "<MPD": "a DASH manifest",
    "v=0": "a session description (SDP)",
    "[playlist]": "a playlist",
}


def stamp_of(path: Path) -> FileStamp:
    """A regular, readable, non-empty file's stamp.

    Raises:
        MediaError: NOT_FOUND, UNREADABLE (also for what is no regular file) or EMPTY_FILE.
    """
    return _opened(path)[0]


def look_at(path: Path) -> None:
    """Refuse what needs no decoder to be refused.

    Raises:
        MediaError: As `stamp_of`, or NOT_A_VIDEO: its bytes are text, as playlists and manifests
            are, by which FFmpeg would open other files and hosts.
    """
    _, head = _opened(path)
    if (text := _as_text(head)) is None:
        return
    start = text.lstrip("\ufeff \t\r\n")
    kind = next((kind for sign, kind in _LISTS.items() if start.startswith(sign)), "text")
    raise MediaError(f"is {kind}, not a video", code=Code.NOT_A_VIDEO, uri=str(path))


def is_plain_container(path: Path) -> bool:
    """Whether a file's first bytes are those of MP4, QuickTime, Matroska or WebM.

    A decoder that cannot be told what to take is given these alone. A file begins so, or as
    another container that FFmpeg tells by its first bytes, and not as both.

    Raises:
        MediaError: As `stamp_of`.
    """
    _, head = _opened(path)
    return head[4:8] == b"ftyp" or head.startswith(_EBML)


def _opened(path: Path) -> tuple[FileStamp, bytes]:
    """A file's stamp and its first bytes."""
    try:
        with open_regular(path) as file:
            found = os.fstat(file.fileno())
            head = file.read(_HEAD_BYTES)
    except FileNotFoundError:
        raise MediaError("no such file", code=Code.NOT_FOUND, uri=str(path)) from None
    except ValueError:  # a name with a NUL
        raise MediaError("is no name of a file", code=Code.NOT_FOUND, uri=str(path)) from None
    except OSError as error:
        raise MediaError(told(error), code=Code.UNREADABLE, uri=str(path)) from None
    if found.st_size == 0:
        raise MediaError("has zero bytes: copy it again", code=Code.EMPTY_FILE, uri=str(path))
    return FileStamp(found.st_size, found.st_mtime_ns), head


def _as_text(head: bytes) -> str | None:
    if _NOT_IN_TEXT.intersection(head):
        return None
    try:
        # A character may be cut in two where the head ends.
        return codecs.getincrementaldecoder("utf-8")().decode(head, len(head) < _HEAD_BYTES)
    except UnicodeDecodeError:
        return None
