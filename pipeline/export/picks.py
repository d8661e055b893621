"""An answer -> the spans of videos to take along, and what their files are called. Pure functions.

A file name that comes from somebody else's file may hold anything but a slash and a zero.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from pathlib import Path

from pipeline.data import Answer, Moment, VideoRecord

_MOST_STEM_BYTES = 120
_KEPT_MARKS = frozenset(" -_.,()+&'")


@dataclass(frozen=True, slots=True)
class Pick:
    """One moment of one video.

    Args:
        rank: Place of its video in the answer, from 1.
        number: Place of the moment in its video, from 1, the best first.
        record: The video.
        moment: What of it.
        name: What a clip of it is called, without a suffix; no two of an answer have one name.
    """

    rank: int
    number: int
    record: VideoRecord
    moment: Moment
    name: str


def picks_of(answer: Answer, *, every: bool = False) -> tuple[Pick, ...]:
    """The best moment of each result, or all of them, best video first.

    Args:
        answer: What was found.
        every: All moments, the best of a video first.
    """
    digits = max(2, len(str(len(answer.results))))
    return tuple(
        Pick(rank, number, found.record, moment, _name(rank, number, digits, found.record, moment))
        for rank, found in enumerate(answer.results, start=1)
        for number, moment in enumerate(found.moments[: None if every else 1], start=1)
    )


def safe_name(text: str) -> str:
    """A part of a file name that every system takes: letters and digits of any script, few marks.

    It starts with none of the marks that hide a file or make it an option, is never empty, and has
    at most 120 bytes in UTF-8.
    """
    composed = unicodedata.normalize("NFC", text)
    kept = "".join(char if char.isalnum() or char in _KEPT_MARKS else "_" for char in composed)
    short = kept.encode("utf-8", "replace")[:_MOST_STEM_BYTES].decode("utf-8", "ignore")
    return short.strip(" .-") or "video"


def _name(rank: int, number: int, digits: int, record: VideoRecord, moment: Moment) -> str:
    place = f"{rank:0{digits}d}" + (f"-{number}" if number > 1 else "")
    stem = safe_name(Path(record.video.path).stem)
    return f"{place} {stem} {_time(moment.start_s)}-{_time(moment.end_s)}"


def _time(seconds: float) -> str:
    """`75.25` as `00h01m15.250s`: a colon is no part of a name on all systems."""
    thousandths = round(seconds * 1000)
    minutes, thousandths = divmod(thousandths, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}h{minutes:02d}m{thousandths // 1000:02d}.{thousandths % 1000:03d}s"
