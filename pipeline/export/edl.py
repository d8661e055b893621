"""Picks -> CMX 3600 edit decision lists, which nearly every editor imports."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence

from pipeline.export.picks import Pick
from pipeline.export.source import Source
from pipeline.export.timecode import Rate, frames_between, nearest_rate, timecode
from pipeline.text import printable

_REEL_LETTERS = 8
_STARTS_AT_H = 1

Found = tuple[Pick, Source]


def by_rate(found: Iterable[Found]) -> dict[Rate, list[Found]]:
    """Picks by their videos' rate: one list counts in one rate only."""
    groups: defaultdict[Rate, list[Found]] = defaultdict(list)
    for pick, source in found:
        groups[nearest_rate(pick.record.video.frame_rate)].append((pick, source))
    return dict(groups)


def edl_text(found: Sequence[Found], rate: Rate, *, title: str) -> str:
    """One list: the picks one after the other, from 01:00:00:00 on.

    Source timecodes start at 00:00:00:00, as editors take them for files that carry none. Events
    are numbered with three digits; CMX 3600 itself knows 999 of them.

    Args:
        found: Picks of videos of one rate, with their files.
        rate: That rate.
        title: What was asked.
    """
    mode = "DROP FRAME" if rate.drops else "NON-DROP FRAME"
    lines = [f"TITLE: {_line(title)}", f"FCM: {mode}", ""]
    reels = _reels(found)
    at = _first_frame(rate)
    for number, (pick, source) in enumerate(found, start=1):
        first, last = frames_between(pick.moment.start_s, pick.moment.end_s, rate)
        end = at + last - first
        times = (timecode(frame, rate) for frame in (first, last, at, end))
        channels = "AA/V" if source.sound else "V"
        reel = reels[pick.record.video.video_id]
        lines += [
            f"{number:03d}  {reel:<8} {channels:<5} C        {' '.join(times)}",
            f"* FROM CLIP NAME: {_line(source.path.name)}",
            f"* SOURCE FILE: {_line(str(source.path))}",
            f"* COMMENT: SCORE {pick.moment.score:.3f}",
            "",
        ]
        at = end
    return "\n".join(lines)


def _first_frame(rate: Rate) -> int:
    """The frame whose timecode is 01:00:00:00."""
    frames = 3600 * _STARTS_AT_H * rate.base
    dropped = rate.base // 15 * 54 * _STARTS_AT_H if rate.drops else 0
    return frames - dropped


def _reels(found: Sequence[Found]) -> dict[str, str]:
    """A reel name for each video: eight letters and digits of its file's name, none twice."""
    reels: dict[str, str] = {}
    taken: set[str] = set()
    for pick, source in found:
        video_id = pick.record.video.video_id
        if video_id not in reels:
            reels[video_id] = _free(_letters(source.path.stem), taken)
            taken.add(reels[video_id])
    return reels


def _letters(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).upper()
    return "".join(char for char in plain if char.isascii() and char.isalnum())[:_REEL_LETTERS]


def _free(wanted: str, taken: set[str]) -> str:
    # AX is no reel in an EDL, and BL is black.
    name = stem = wanted if wanted not in ("", "AX", "BL") else "CLIP"
    number = 1
    while name in taken:
        number += 1
        name = f"{stem[: _REEL_LETTERS - len(str(number))]}{number}"
    return name


def _line(text: str) -> str:
    return " ".join(printable(text).split())
