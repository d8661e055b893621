"""Where a row stands in its video, and the keys that follow from it. Pure functions."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

ROWS_A_STRETCH = 8
"""About as many rows are named by one key; another number is another form: raise SCHEMA_VERSION."""


class Stretch(NamedTuple):
    """Scenes in a row of one revision of a video, whose rows are read together.

    Args:
        video_id: Whose.
        revision: Which of its.
        number: The how manyth: each has as many scenes as the archive's identity says.
    """

    video_id: str
    revision: int
    number: int

    @classmethod
    def over(cls, video_id: str, revision: int, scenes: range, wide: int) -> Iterator[Stretch]:
        """Those that hold some scenes in a row, at least one, where each has so many."""
        for number in range(scenes.start // wide, (scenes.stop - 1) // wide + 1):
            yield cls(video_id, revision, number)

    @property
    def key(self) -> int:
        """What its rows carry: 63 bits of a hash, the same on every run.

        Among ten billion stretches some have the same key as another one; that a question asks for
        one of these has a chance below one in ten million.
        """
        return _number(f"{self.video_id}/{self.revision}/{self.number}")


class Place(NamedTuple):
    """Where a row stands: in which scene of which revision of a video."""

    video_id: str
    revision: int
    scene_index: int

    def stretch(self, wide: int) -> Stretch:
        """The stretch that holds it, where each has so many scenes."""
        return Stretch(self.video_id, self.revision, self.scene_index // wide)


def video_key(video_id: str) -> int:
    """What a video's rows carry: 63 bits of a hash of its id, which is sooner compared than that.

    Among a billion videos two have the same with a chance of 5%.
    """
    return _number(video_id)


def _number(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) >> 1


def row_ids(
    video_id: str, revision: int, scenes: Iterable[int], samples: Sequence[int]
) -> dict[str, Place]:
    """Primary keys of rows, and where each stands: 32 hex digits, the same on every run.

    Args:
        video_id: Whose.
        revision: Which of its.
        scenes: Index of each scene.
        samples: The how manyth rows of each of these, from 0.
    """
    prefix = f"{video_id}/{revision}/".encode()
    found = {}
    for scene in scenes:
        place = Place(video_id, revision, scene)
        for sample in samples:
            digest = hashlib.sha256(b"%b%d/%d" % (prefix, scene, sample))
            found[digest.hexdigest()[:32]] = place
    return found
