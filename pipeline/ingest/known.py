"""What earlier runs noted of files, so that they need not be opened again."""

from __future__ import annotations

import os
from collections.abc import Container, Set
from enum import Enum, auto
from pathlib import Path

from pipeline.config import DecodeConfig
from pipeline.data import Failure, FileStamp, Video
from pipeline.errors import Code, MediaError
from pipeline.ingest.ledger import Ledger
from pipeline.ingest.places import Places
from pipeline.media.look import stamp_of
from pipeline.store.versions import library_versions

_NO_FILE = frozenset({Code.NOT_FOUND, Code.NO_VIDEOS})
_READERS = ("vsearch", "av", "decord2", "scenedetect-headless")


class Known(Enum):
    """What is known of a file before it is opened."""

    NOTHING = auto()
    IS_IN = auto()
    """It is in the archive, untouched since."""
    FAILED = auto()
    """It failed, and neither it nor what would read it has changed."""


class KnownFiles:
    """The ledger, believed where the archive agrees, and the files as this run found them.

    Args:
        ledger: Of the archive.
        places: Of the archive; it is told of what is seen.
        committed: Ids of the videos that are in the archive; looked at when asked.
        decode: How files are read.
        again: Paths of files that are tried again, though they failed.
    """

    def __init__(
        self,
        ledger: Ledger,
        places: Places,
        committed: Set[str],
        decode: DecodeConfig,
        again: Container[str] = (),
    ) -> None:
        self._ledger = ledger
        self._places = places
        self._committed = committed
        self._tried_with = tried_with(decode)
        self._again = again
        self._failed = frozenset(ledger.failed_paths())
        self._stamps: dict[str, FileStamp] = {}

    def look(self, path: Path) -> Known:
        """Look at a file from outside, and remember what it is now."""
        name = str(path)
        stamp = _stamp(path)
        if stamp is None:
            return Known.NOTHING
        self._stamps[name] = stamp
        video_id = self._ledger.video_at(name, stamp)
        if video_id and video_id in self._committed and self._places.has(video_id, name):
            self._places.saw(name, video_id)
            if name in self._failed:
                self._ledger.recovered(name)
            return Known.IS_IN
        if name not in self._again and self._ledger.fails(name, stamp, self._tried_with):
            return Known.FAILED
        return Known.NOTHING

    def changed(self, video: Video) -> bool:
        """Whether a probed file is another one than this run found."""
        return video.stamp != self._stamps.get(video.path, video.stamp)

    def failed(self, failure: Failure) -> None:
        """Note a failure of a file; not of a folder, or of a name or a glob without a file."""
        if failure.code not in _NO_FILE and not os.path.isdir(failure.uri):  # noqa: PTH112  never raises
            stamp = self._stamps.get(failure.uri)
            if failure.code == Code.BAD_LINK:
                stamp = _from_outside(Path(failure.uri))
            self._ledger.failed(failure, stamp, self._tried_with)


def tried_with(decode: DecodeConfig) -> str:
    """What reads files, and how: that of it which may turn a failure into success."""
    installed = library_versions()
    readers = [f"{name} {installed[name]}" for name in _READERS if name in installed]
    settings = decode.model_dump(exclude={"workers"})
    return ", ".join([*readers, *(f"{name} {value}" for name, value in settings.items())])


def _stamp(path: Path) -> FileStamp | None:
    try:
        return stamp_of(path)
    except MediaError as error:
        if error.code != Code.EMPTY_FILE:
            return None
    return _from_outside(path)


def _from_outside(path: Path) -> FileStamp | None:
    """A stamp without opening the file, such as one behind a link that is not followed."""
    try:
        found = path.stat()
    except OSError:
        return None
    return FileStamp(found.st_size, found.st_mtime_ns)
