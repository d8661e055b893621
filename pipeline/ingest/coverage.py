"""Frames of one video -> which spans of it were read, and whether that is all of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from pipeline.data import Frame, Video


class Coverage:
    """Sees every frame of one video, and says at its end what was missing."""

    def __init__(self) -> None:
        self._spans: list[tuple[float, float]] = []
        self._frames = 0

    def watch(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        """Pass frames on."""
        for frame in frames:
            self._frames += 1
            if self._spans and frame.pts_s <= self._spans[-1][1]:
                self._spans[-1] = (self._spans[-1][0], frame.end_s)
            else:
                self._spans.append((frame.pts_s, frame.end_s))
            yield frame

    def of(self, video: Video) -> Video:
        """The video as it was read.

        Args:
            video: As it was probed.

        Returns:
            The same, or if not all of it was read, what of it was.
        """
        if self._spans == [(0.0, video.duration_s)] and not video.cut_short:
            return video
        return replace(video, frames=self._frames, covered=tuple(self._spans))
