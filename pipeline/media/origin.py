"""Where a file's timeline starts: at its first frame, also where just that one is damaged.

What a cut amid a group of pictures left in front of the first whole frame no player shows, and it
is not missed. A first key frame that cannot be decoded is: its whole group is lost. The two look
alike to FFmpeg, which calls a packet a key frame by its content; here the container is asked.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from pipeline.errors import Code, MediaError
from pipeline.files import open_regular
from pipeline.media.container import open_container, packets_of
from pipeline.media.presented import Clock, Told

_FLAGGED = frozenset({"mov", "matroska", "flv"})
"""Containers that say themselves which packets are key frames."""

_TS_SIZES = (188, 192, 204)
_TS_HEAD_BYTES = 8 << 20
"""How far into an MPEG-TS its first picture is looked for."""


def start_of(path: Path, *, beat: Told = lambda: None) -> int:
    """The tick at which a file's timeline starts, of `stream.time_base`; its head is decoded.

    Raises:
        MediaError: As `open_container`, or NO_FRAMES.
    """
    with open_container(path, beat=beat) as (container, stream):
        origin = Origin(path, container, stream)
        for packet in packets_of(container, stream):
            beat()
            if packet is not None and origin.seen(packet):
                break
        else:
            origin.end()
        if origin.decoded is None:
            raise MediaError("has no frames", code=Code.NO_FRAMES, uri=str(path))
        return origin.tick()


class Origin:
    """Sees the packets of a stream, in order, until a frame comes out of the decoder.

    Args:
        path: The file.
        container: Of the file, at its start.
        stream: Of the container.
    """

    def __init__(self, path: Path, container: InputContainer, stream: VideoStream) -> None:
        self.decoded: int | None = None
        """When the first frame is shown that came, whole or not: a player shows it."""
        self._path = path
        self._formats = frozenset(container.format.name.split(","))
        self._stream = stream
        self._clock = Clock(container, stream)
        self._first: av.Packet[Any] | None = None
        self._earliest = 0

    def seen(self, packet: av.Packet[Any]) -> bool:
        """Take the next packet; whether a frame came by now."""
        if self.decoded is not None:
            return True
        if packet.pts is not None and not packet.is_discard:
            self._earliest = packet.pts if self._first is None else min(self._earliest, packet.pts)
            self._first = self._first or packet
        return self._decode(packet)

    def end(self) -> None:
        """There are no more packets."""
        if self.decoded is None:
            self._decode(av.Packet())

    def tick(self) -> int:
        """Where the timeline starts: at the first frame, or the key frame that should have come."""
        assert self.decoded is not None, "asked for once a frame was decoded"
        promised: int | None = None
        if self._first is None or self._earliest >= self.decoded:
            return self.decoded
        if not _FLAGGED.isdisjoint(self._formats):
            promised = _first_key(self._path, self.decoded)
        elif "mpegts" in self._formats and self._first.pos is not None:
            promised = self._first.pts if _lacks_key(self._path, self._first.pos) else None
        return self.decoded if promised is None else min(self.decoded, promised)

    def _decode(self, packet: av.Packet[Any]) -> bool:
        try:
            frames = self._stream.codec_context.decode(packet)
        except MemoryError:  # PyAV's, too: the file may be whole
            raise
        except av.FFmpegError:
            return False
        if frames:
            self.decoded = self._clock.tick(frames[0])
        return bool(frames)


def _first_key(path: Path, before: int) -> int | None:
    """When the first packet is shown that the container calls a key frame; None if it says of none.

    If there is none before a packet that is shown no earlier than at `before`, when that is shown.
    """
    with open_container(path, parse=False) as (container, stream):
        try:
            for packet in container.demux(stream):
                if packet.is_discard or packet.pts is None:
                    continue
                if packet.is_keyframe or packet.pts >= before:
                    return packet.pts
        except (av.FFmpegError, IndexError):  # as in `packets_of`
            pass
    return None


def _lacks_key(path: Path, at: int) -> bool:
    """Whether the first picture of an MPEG-TS, by its place, is a damaged key frame or behind one.

    It is flagged as a place to start from, or there is something in front that is no TS packet.
    """
    if at > _TS_HEAD_BYTES:
        return False
    with open_regular(path) as file:
        head = file.read(at + 2 * max(_TS_SIZES) + 1)
    flagged = len(head) > at + 5 and head[at + 3] & 0x20 and head[at + 4] and head[at + 5] & 0x40
    for size in _TS_SIZES:
        if all(head[n : n + 1] == b"\x47" for n in (at, at + size, at + 2 * size)):
            return bool(flagged) or any(head[n] != 0x47 for n in range(at % size, at, size))
    return False
