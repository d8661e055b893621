"""A video of the archive -> what a list says of its file."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pipeline.data import VideoRecord
from pipeline.media.sound import Sound, sound_of
from pipeline.media.source import find_source


@dataclass(frozen=True, slots=True)
class Source:
    """A file that has what was indexed.

    Args:
        path: Absolute.
        sound: Its best audio stream, or None.
    """

    path: Path
    sound: Sound | None


def look_at(record: VideoRecord, *, beat: Callable[[], None] = lambda: None) -> Source:
    """Find a video's file and look into it.

    Raises:
        MediaError: As `find_source` and `open_container`.
    """
    path = find_source(record, beat=beat)
    return Source(Path(os.path.abspath(path)), sound_of(path, beat=beat))
