"""Takes -> a video file, and the truth about it: what is seen from when to when."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from pathlib import Path

import cv2
import numpy as np

from pipeline.data import DRAWN, UInt8Array
from pipeline.demo.captions import Caption
from pipeline.demo.facts import Facts
from pipeline.demo.picture import Picture, Role, shot
from pipeline.media.writer import write_video

FADE_S = 0.6


@dataclass(frozen=True, slots=True)
class Take:
    """An uncut shot; things may come and go in it.

    Args:
        place: One of `PLACES`.
        time: One of `TIMES`.
        roles: What is seen, when, in seconds of the take.
        seconds: How long it is.
    """

    place: str
    time: str
    roles: tuple[Role, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class Clip:
    """A video to be drawn.

    Args:
        name: Its file name; the suffix names the container.
        takes: In order.
        fades: Takes fade into each other; otherwise they are cut.
        fps: Frames a second.
        codec: FFmpeg's name of the encoder.
    """

    name: str
    takes: tuple[Take, ...]
    fades: bool = False
    fps: int = 20
    codec: str = "libx264"

    @property
    def duration_s(self) -> float:
        """Seconds."""
        return sum(take.seconds for take in self.takes)


@dataclass(frozen=True, slots=True)
class Span:
    """What is seen during `[start_s, end_s)`; in a fade, the truth changes in its middle."""

    start_s: float
    end_s: float
    facts: Facts


def still_take(facts: Facts, seconds: float) -> Take:
    """A take in which the same things are seen all the time."""
    return Take(facts.place, facts.time, tuple(Role(s) for s in facts.subjects), seconds)


def truth_of(clip: Clip) -> tuple[Span, ...]:
    """What is seen when, in order and without gaps."""
    return tuple(
        replace(span, start_s=_exact(span.start_s + start), end_s=_exact(span.end_s + start))
        for take, start in zip(clip.takes, _starts(clip), strict=False)
        for span in _spans(take)
    )


def answers(caption: Caption, clip: Clip) -> tuple[tuple[float, float], ...]:
    """When a caption is true in a clip, `[start_s, end_s)` each; neighbours are joined."""
    joined: list[tuple[float, float]] = []
    for span in truth_of(clip):
        if not caption.holds(span.facts):
            continue
        if joined and joined[-1][1] == span.start_s:
            joined[-1] = (joined[-1][0], span.end_s)
        else:
            joined.append((span.start_s, span.end_s))
    return tuple(joined)


def shows(clip: Clip, caption: Caption, at_s: float) -> bool:
    """Whether a caption is true at a time of a clip, in seconds."""
    return any(start <= at_s < end for start, end in answers(caption, clip))


def render(clip: Clip, folder: Path, random: np.random.Generator) -> Path:
    """Write the video into a folder that is there.

    The same clip, random numbers and versions of the encoders give the same file.

    Returns:
        The file.
    """
    path = folder / clip.name
    shots = [shot(take.place, take.time, take.roles, random) for take in clip.takes]
    write_video(path, _frames(clip, shots), fps=clip.fps, codec=clip.codec, comment=DRAWN)
    return path


def _frames(clip: Clip, shots: Sequence[Picture]) -> Iterator[UInt8Array]:
    starts = list(_starts(clip))
    for frame in range(round(clip.duration_s * clip.fps)):
        t = frame / clip.fps
        n = sum(start <= t for start in starts[1:-1])
        picture = shots[n](t - starts[n])
        # The cut at one end of the take or the other.
        for cut in (n, n + 1):
            share = _faded(t, starts[cut]) if clip.fades and 0 < cut < len(shots) else 0.0
            if share:
                other = n - 1 if cut == n else n + 1
                # Before its own start a take stands still.
                late = max(0.0, t - starts[other])
                picture = _mixed(picture, shots[other](late), share)
        yield picture


def _faded(t: float, cut: float) -> float:
    """Share of the other take in a fade about a cut: a half at the cut."""
    return max(0.0, 0.5 - abs(t - cut) / FADE_S)


def _mixed(picture: UInt8Array, other: UInt8Array, share: float) -> UInt8Array:
    mixed = cv2.addWeighted(picture, 1 - share, other, share, 0.0)
    return np.asarray(mixed, dtype=np.uint8)


def _starts(clip: Clip) -> tuple[float, ...]:
    """Starts of the takes, and the end."""
    ends = accumulate(take.seconds for take in clip.takes)
    return (0.0, *(_exact(end) for end in ends))


def _exact(seconds: float) -> float:
    """Without what adding tenths leaves behind: neighbours must meet."""
    return round(seconds, 6)


def _spans(take: Take) -> Iterator[Span]:
    changes = {edge for role in take.roles for edge in role.span if 0 < edge < take.seconds}
    for start, end in pairwise(sorted({0.0, take.seconds, *changes})):
        middle = (start + end) / 2
        there = tuple(r.subject for r in take.roles if r.span[0] <= middle < r.span[1])
        yield Span(start, end, Facts(take.place, take.time, there))
