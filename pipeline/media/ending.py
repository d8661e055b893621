"""Whether a file ends before it should, by what its container says of its own size.

FFmpeg reads a file that was cut off to where it ends and finds nothing wrong. What is looked at
here is only how long the parts of the file say that they are; nothing is decoded.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from pipeline.files import open_regular

_MOST_PARTS = 1_000_000
"""More boxes than this are not walked through; a fragmented file of a day has fewer."""

_BOXES = frozenset(
    b"ftyp moov mdat moof mfra sidx ssix styp free skip wide uuid udta meta pnot pdin prft".split()
)
"""What stands at the top of a file; whatever else is behind the last one, a camera put there."""

_TS_PACKETS = ((188, 0), (192, 4), (204, 0))
"""Sizes of MPEG-TS packets, and where in them the sync byte is."""


def ends_early(path: Path, container: str) -> bool:
    """Whether a file lacks its end.

    Args:
        path: A file that FFmpeg could open.
        container: FFmpeg's names of its format, with commas.

    Returns:
        True if it says that it is longer than it is; False also where its format does not say.
    """
    check = next((_CHECKS[name] for name in container.split(",") if name in _CHECKS), None)
    if check is None:
        return False
    with open_regular(path) as file:
        return check(file, os.fstat(file.fileno()).st_size)


def _mov(file: BinaryIO, size: int) -> bool:
    at = 0
    for _ in range(_MOST_PARTS):
        if at + 8 > size:
            break
        file.seek(at)
        head = file.read(16)
        length = int.from_bytes(head[:4], "big")
        if length == 1:
            length = int.from_bytes(head[8:16], "big")
        if length == 0:  # to the end of the file
            return False
        if length < 8:  # no box: something was put behind the last one
            return False
        at += length
        if at > size:
            return head[4:8] in _BOXES
    return False


def _riff(file: BinaryIO, size: int) -> bool:
    at = 0
    while at + 12 <= size:
        file.seek(at)
        head = file.read(8)
        if head[:4] != b"RIFF":
            return False
        length = int.from_bytes(head[4:], "little")
        if length == 0:  # written by a program that could not go back
            return False
        at += 8 + length
    return at > size


def _matroska(file: BinaryIO, size: int) -> bool:
    file.seek(0)
    head = file.read(4096)
    at = head.find(b"\x18\x53\x80\x67")
    if at < 0 or at + 12 > len(head):
        return False
    width = 9 - head[at + 4].bit_length()
    if width > 8:
        return False
    length = int.from_bytes(head[at + 4 : at + 4 + width], "big") & ~(1 << 7 * width)
    unknown = length == (1 << 7 * width) - 1
    return not unknown and at + 4 + width + length > size


def _mpegts(file: BinaryIO, size: int) -> bool:
    file.seek(0)
    head = file.read(8 * 204)
    for packet, sync in _TS_PACKETS:
        if all(head[at : at + 1] == b"\x47" for at in range(sync, len(head) - packet, packet)):
            return size % packet != 0
    return False


def _gif(file: BinaryIO, size: int) -> bool:
    file.seek(max(0, size - 4096))
    return not file.read().rstrip(b"\0\r\n").endswith(b";")


_CHECKS: dict[str, Callable[[BinaryIO, int], bool]] = {
    "mov": _mov,
    "avi": _riff,
    "matroska": _matroska,
    "mpegts": _mpegts,
    "gif": _gif,
}
