"""What a filter says, as types: which videos, and which rows of them, a search may return.

Two forms. A `Filter` is what somebody asked for, as `search/where` reads it from text. A
`Selection` is what that means for one archive: for each video the times and kinds of its rows. Both
are data alone; a question carries the first, a `Scope` the second. All video time is presentation
time in seconds, ranges are half-open.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, get_args

Kind = Literal["frame", "scene", "tile"]
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A range of seconds, `[start_s, end_s)`, not empty; `end_s` may be infinite."""

    start_s: float = 0.0
    end_s: float = math.inf

    def __post_init__(self) -> None:
        if not 0 <= self.start_s < self.end_s:
            raise ValueError(f"a span needs 0 <= start_s < end_s, not {self!r}")

    def __contains__(self, seconds: float) -> bool:
        return self.start_s <= seconds < self.end_s


Spans = tuple[Span, ...]
"""Disjoint spans in order of time that do not touch: each set of times has one such form."""

ALWAYS: Spans = (Span(),)


@dataclass(frozen=True, slots=True)
class RowMask:
    """Which rows of a video: for each kind, the presentation times that their frames may have."""

    frame: Spans = ()
    scene: Spans = ()
    tile: Spans = ()

    def spans(self, kind: Kind) -> Spans:
        """The times of one kind."""
        return {"frame": self.frame, "scene": self.scene, "tile": self.tile}[kind]

    def admits(self, kind: Kind, pts_s: float) -> bool:
        """Whether a row is one of them."""
        return any(pts_s in span for span in self.spans(kind))


ALL_ROWS = RowMask(ALWAYS, ALWAYS, ALWAYS)
NO_ROWS = RowMask()


@dataclass(frozen=True, slots=True)
class Selection:
    """Which rows of which videos.

    Args:
        masks: By video id.
        rest: What holds for every video that is not in `masks`.
    """

    masks: Mapping[str, RowMask] = field(default_factory=dict)
    rest: RowMask = ALL_ROWS

    def mask(self, video_id: str) -> RowMask:
        """Which rows of one video."""
        return self.masks.get(video_id, self.rest)


EVERY_ROW = Selection()


@dataclass(frozen=True, slots=True)
class TimeIn:
    """Rows whose frame is presented in a span of their video."""

    span: Span


@dataclass(frozen=True, slots=True)
class KindIs:
    """Rows of one kind."""

    kind: Kind


@dataclass(frozen=True, slots=True)
class VideoIs:
    """One video.

    Args:
        prefix: The first 8 to 64 lower-case hex digits of its id.
    """

    prefix: str

    def __post_init__(self) -> None:
        if not re.fullmatch("[0-9a-f]{8,64}", self.prefix):
            raise ValueError(f"a video's id begins with 8 hex digits or more, not {self.prefix!r}")


@dataclass(frozen=True, slots=True)
class PathIs:
    """Videos with a path, of all that they have, that a pattern names.

    Args:
        pattern: Names between slashes. `*` stands for any characters of a name, `?` for one, `**`
            for any names. With a leading slash it begins at the root, else at any folder. Without
            wildcards it is a file, or a folder with all that is beneath it. No name in it is `.` or
            `..`, which no stored path has.
    """

    pattern: str

    def __post_init__(self) -> None:
        if {".", ".."} & set(self.pattern.split("/")):
            raise ValueError(
                "a path begins at the root (/archive/cam1) or at any folder (cam1): write no . or"
                " .."
            )


@dataclass(frozen=True, slots=True)
class TagIs:
    """Videos with this tag."""

    tag: str


@dataclass(frozen=True, slots=True)
class RecordedIn:
    """Videos recorded in `[start, end)`; not those whose recording time is unknown.

    Args:
        start: An instant with its time zone, or None for no limit.
        end: Likewise.
    """

    start: datetime | None
    end: datetime | None

    def __post_init__(self) -> None:
        if any(limit and limit.tzinfo is None for limit in (self.start, self.end)):
            raise ValueError(f"an instant needs its time zone: {self!r}")


@dataclass(frozen=True, slots=True)
class DurationIn:
    """Videos whose length lies in a span."""

    span: Span


@dataclass(frozen=True, slots=True)
class And:
    """All of its parts, of which there is at least one."""

    parts: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one of its parts, of which there is at least one."""

    parts: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """What its part is not."""

    part: Filter


RowCondition = TimeIn | KindIs
"""What rows say themselves."""

VideoCondition = VideoIs | PathIs | TagIs | RecordedIn | DurationIn
"""What only a video's record says, or its id."""

Filter = RowCondition | VideoCondition | And | Or | Not
