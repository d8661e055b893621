"""Files, frames, scenes and samples: what decoding makes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pipeline.data.arrays import Float64Array, UInt8Array

DRAWN = "vsearch demo world"
"""The comment in the metadata of the videos that the demo draws."""

RecordedFrom = Literal["container", "filename"]
Boundary = Literal["start", "detected", "max_length"]


@dataclass(frozen=True, slots=True)
class FileStamp:
    """What a stat() says of a file: enough to see that it was touched.

    Args:
        size_bytes: Size of the file.
        mtime_ns: Time of the last change of its content, nanoseconds since the epoch.
    """

    size_bytes: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Video:
    """What `probe` found in one file.

    Args:
        video_id: SHA-256 of the file's bytes, 64 lower-case hex digits.
        path: Where it was found, absolute.
        stamp: Size and change time when it was hashed.
        codec: FFmpeg's name of the decoder, such as `h264`.
        container: FFmpeg's name of the format, such as `mov,mp4,m4a,3gp,3g2,mj2`.
        width: Of the picture as it is shown, upright and in square pixels.
        height: The same.
        rotation: Counter-clockwise turn in degrees that makes the stored picture upright: 0, 90,
            180 or 270. Where the file says so, it is mirrored from left to right after that.
        frames: Number of presented frames; of a file that can be read only in part, of those that
            could be read.
        duration_s: End of the last presented frame; of a file that is cut short, where its
            container says that it would be.
        frame_rate: Presented frames a second, on average.
        recorded_at: Capture time, ISO 8601 with its time zone, or None.
        recorded_from: Where that comes from: the `container`'s metadata, or the `filename`.
        comment: From the container's metadata, at most 200 characters, or None.
        covered: Of a file that can be read only in part, the spans that were, `[start_s, end_s)`
            each, in order; empty for one that is whole, and before it is decoded.
        cut_short: The file ends before its container says, even if nobody knows how much that is.
    """

    video_id: str
    path: str
    stamp: FileStamp
    codec: str
    container: str
    width: int
    height: int
    rotation: int
    frames: int
    duration_s: float
    frame_rate: float
    recorded_at: str | None = None
    recorded_from: RecordedFrom | None = None
    comment: str | None = None
    covered: tuple[tuple[float, float], ...] = ()
    cut_short: bool = False

    @property
    def read_s(self) -> float:
        """How many presented seconds could be read."""
        spans = self.covered or ((0.0, self.duration_s),)
        return sum(end_s - start_s for start_s, end_s in spans)

    def __post_init__(self) -> None:
        if self.width < 1 or self.height < 1 or self.frames < 1:
            raise ValueError(f"a video has at least one pixel and one frame, not {self!r}")


@dataclass(frozen=True, slots=True, eq=False)
class FrameBatch:
    """Consecutive presented frames.

    Args:
        frames: Upright BGR pictures, uint8 (height, width, 3) each, all of one size. BGR because
            PySceneDetect reads BGR, and every frame goes there while few become samples.
        pts_s: Their presentation times, float64 (n,), strictly increasing.
        ends_s: Until when each is shown, float64 (n,): the time of the next frame of the video,
            even if that one could not be read.
    """

    frames: tuple[UInt8Array, ...]
    pts_s: Float64Array
    ends_s: Float64Array

    def __post_init__(self) -> None:
        if not len(self.frames) == len(self.pts_s) == len(self.ends_s) or not self.frames:
            raise ValueError(
                f"{len(self.frames)} frames with {len(self.pts_s)} times, {len(self.ends_s)} ends"
            )


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One presented frame: `[pts_s, end_s)`, and its picture, upright BGR, (height, width, 3)."""

    pts_s: float
    picture: UInt8Array
    end_s: float


@dataclass(frozen=True, slots=True)
class Scene:
    """A shot, `[start_s, end_s)`.

    Args:
        index: Position in its video, from 0.
        start_s: Time of its first frame.
        end_s: Time of the first frame after it (even of one that cannot be read), or the end of the
            video.
        boundary: Why it starts there: the `start` of the video, or of what can be read behind
            damage; a `detected` cut; or `max_length`.
    """

    index: int
    start_s: float
    end_s: float
    boundary: Boundary

    def __post_init__(self) -> None:
        if not 0 <= self.start_s < self.end_s:
            raise ValueError(f"a scene needs 0 <= start_s < end_s, not {self!r}")


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in fractions of the upright frame, `[x0, x1) x [y0, y1)`, origin top left."""

    x0: float
    y0: float
    x1: float
    y1: float

    def __post_init__(self) -> None:
        if not (0 <= self.x0 < self.x1 <= 1 and 0 <= self.y0 < self.y1 <= 1):
            raise ValueError(f"a box needs 0 <= x0 < x1 <= 1 and 0 <= y0 < y1 <= 1, not {self!r}")


WHOLE_FRAME = Box(0.0, 0.0, 1.0, 1.0)


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """A picture chosen to stand for its scene: a frame, or a tile of one.

    Args:
        pts_s: When its frame is presented.
        kind: `frame` or `tile`.
        box: Which part of the frame it is.
        pixels: Upright RGB, uint8 (height, width, 3).
    """

    pts_s: float
    kind: Literal["frame", "tile"]
    box: Box
    pixels: UInt8Array


@dataclass(frozen=True, slots=True, eq=False)
class SceneSamples:
    """One scene of one video with all its samples, in order of time."""

    video_id: str
    scene: Scene
    samples: tuple[Sample, ...]
