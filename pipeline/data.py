"""Every domain type: what flows between the stages, and nothing else.

Frozen dataclasses, no behaviour beyond validation and what follows from the fields alone. All time
is presentation time (PTS) in seconds, zero at the first presented frame, as a player shows it.
Ranges are half-open: `[start_s, end_s)`. Pictures are upright RGB unless a name says otherwise.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from pipeline.filters import EVERY_ROW, Selection
from pipeline.filters import Kind as Kind

UInt8Array = NDArray[np.uint8]
Float32Array = NDArray[np.float32]
Float64Array = NDArray[np.float64]

DRAWN = "vsearch demo world"
"""The comment in the metadata of the videos that the demo draws."""

Boundary = Literal["start", "detected", "max_length"]
Order = Literal["strict", "any"]
Granularity = Literal["scene", "frame"]


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
        width: Upright width in pixels.
        height: Upright height in pixels.
        rotation: Counter-clockwise turn in degrees that makes the stored picture upright: 0, 90,
            180 or 270.
        frames: Number of presented frames.
        duration_s: End of the last presented frame.
        frame_rate: Presented frames a second, on average.
        recorded_at: Capture time from the container's metadata, ISO 8601, or None.
        comment: From the container's metadata, at most 200 characters, or None.
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
    comment: str | None = None

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
    """

    frames: tuple[UInt8Array, ...]
    pts_s: Float64Array

    def __post_init__(self) -> None:
        if len(self.frames) != len(self.pts_s) or not self.frames:
            raise ValueError(f"{len(self.frames)} frames with {len(self.pts_s)} times")


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One presented frame: upright BGR, uint8 (height, width, 3), and its presentation time."""

    pts_s: float
    picture: UInt8Array


@dataclass(frozen=True, slots=True)
class Scene:
    """A shot, `[start_s, end_s)`.

    Args:
        index: Position in its video, from 0.
        start_s: Time of its first frame.
        end_s: Time of the first frame after it, or the end of the video.
        boundary: Why it starts there: the video's `start`, a `detected` cut, or `max_length`.
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


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the decoding of a file has come, in presented seconds."""

    path: str
    pts_s: float


@dataclass(frozen=True, slots=True)
class Decoded:
    """A file was read to its end; all its scenes went before this."""

    video: Video
    scenes: int


@dataclass(frozen=True, slots=True, eq=False)
class Embedding:
    """A unit vector with where it came from: one row to be.

    Args:
        video_id: Which video.
        scene: Which scene of it.
        sample_index: Position among the rows of its scene, from 0.
        pts_s: Time of the frame it shows; for a pooled scene, of its middle sample.
        kind: `frame`, `tile`, or `scene` when pooled.
        box: Which part of the frame.
        vector: float32 (dim,), unit length.
    """

    video_id: str
    scene: Scene
    sample_index: int
    pts_s: float
    kind: Kind
    box: Box
    vector: Float32Array

    def row_id(self, revision: int) -> str:
        """The row's primary key: the same facts give the same 32 hex digits on every run."""
        facts = f"{self.video_id}/{revision}/{self.scene.index}/{self.sample_index}"
        return hashlib.sha256(facts.encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True, eq=False)
class SceneEmbeddings:
    """All rows to be of one scene."""

    video_id: str
    embeddings: tuple[Embedding, ...]


@dataclass(frozen=True, slots=True, eq=False)
class VideoRecord:
    """A committed video: its row in the `videos` collection.

    Args:
        video: What `probe` found. `video.path` is where it was first found.
        revision: The revision that its rows carry; a row of another revision is not its.
        paths: Every path with this content, absolute, sorted.
        rows: How many rows of `segments` it has.
        scenes: How many scenes.
        mean: Mean of its rows' vectors, float32 (dim,), not normalized: the product of a unit query
            with it is the mean of the query's cosines with the rows.
        tags: Labels given to the video.
        indexed_at: When it was committed, ISO 8601 in UTC.
    """

    video: Video
    revision: int
    paths: tuple[str, ...]
    rows: int
    scenes: int
    mean: Float32Array
    indexed_at: str
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class VideoFacts:
    """What filters ask of a committed video: the part of its record that is quick to read.

    Args:
        video_id: Which video.
        paths: Every path with this content.
        tags: Labels given to the video.
        recorded_at: Capture time, ISO 8601, or None.
        duration_s: End of the last presented frame.
    """

    video_id: str
    paths: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    recorded_at: str | None = None
    duration_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Identity:
    """What gives an archive's vectors their meaning; vectors of two identities never meet.

    Args:
        encoder: Facts of the encoder that change vectors: backend, architecture, SHA-256 of the
            weights, preprocessing version. A query must be encoded by an encoder with the same
            facts.
        content: The other facts that change rows: frame and detector versions, `scenes`, `sample`.
        dim: Length of a vector.
    """

    encoder: Mapping[str, Any]
    content: Mapping[str, Any]
    dim: int


@dataclass(frozen=True, slots=True)
class Scope:
    """Which rows of `segments` a search may return.

    Args:
        only: Video ids to stay within, or None for all.
        exclude: Video ids to leave out.
        revisions: For these video ids, only rows of this revision.
        selection: What a filter leaves of each video.
    """

    only: frozenset[str] | None = None
    exclude: frozenset[str] = frozenset()
    revisions: Mapping[str, int] = field(default_factory=dict)
    selection: Selection = EVERY_ROW


@dataclass(frozen=True, slots=True)
class Hit:
    """One row that Milvus returned. `score` is the cosine with the query."""

    row_id: str
    video_id: str
    revision: int
    scene_index: int
    start_s: float
    end_s: float
    pts_s: float
    kind: Kind
    box: Box
    score: float


@dataclass(frozen=True, slots=True)
class Moment:
    """Hits of one video merged in time.

    Args:
        start_s: Start of the first merged scene.
        end_s: End of the last.
        best_s: When the best hit is presented.
        score: Its cosine.
        box: The part of the frame that it is.
    """

    start_s: float
    end_s: float
    best_s: float
    score: float
    box: Box


@dataclass(frozen=True, slots=True)
class VideoHit:
    """A video that answers, with its moments, best first.

    Args:
        record: The video.
        score: Its score under `search.aggregate`.
        confidence: How far the score stands out from the archive; None until it is calibrated.
        moments: At least one, best first.
    """

    record: VideoRecord
    score: float
    confidence: float | None
    moments: tuple[Moment, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a question gives: videos, best first.

    Args:
        results: At most `top_k` distinct videos.
        no_match: True when nothing in the archive answers.
        took_s: Wall time of composing, searching and ranking.
        reason: Why there is no result, as a phrase; empty where there is one.
    """

    results: tuple[VideoHit, ...]
    no_match: bool
    took_s: float
    reason: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class ScoreCurve:
    """How well each scene of one video answers a question, in order of time.

    Args:
        record: The video.
        starts_s: Starts of the scenes, float64 (n,), seconds, increasing.
        ends_s: Their ends, float64 (n,), seconds.
        times_s: When each scene's best row is presented, float64 (n,), seconds.
        scores: The cosine of that row with the question, float32 (n,), -1 to 1.
    """

    record: VideoRecord
    starts_s: Float64Array
    ends_s: Float64Array
    times_s: Float64Array
    scores: Float32Array

    def __post_init__(self) -> None:
        counts = {len(self.starts_s), len(self.ends_s), len(self.times_s), len(self.scores)}
        if len(counts) != 1 or counts == {0}:
            raise ValueError(f"a curve needs as many of each, and one at least, not {counts}")

    @property
    def best(self) -> int:
        """Which scene is best; of several, the first."""
        return int(np.argmax(self.scores))


@dataclass(frozen=True, slots=True)
class SequenceQuestion:
    """Several things that follow each other in one video.

    Args:
        texts: What each step shows, in words, two or more.
        within_s: Most seconds from the end of one step to the start of the next, above 0.
        order: `strict`: the steps follow each other as they stand here; `any`: in any order.
        granularity: What a step is: a `scene`, or a single sampled `frame`.
    """

    texts: tuple[str, ...]
    within_s: float
    order: Order
    granularity: Granularity


@dataclass(frozen=True, slots=True)
class SequenceStep:
    """Where one text of a question was found.

    Args:
        text: The text.
        start_s: Start of the scene; the time of the frame where a step is a frame.
        end_s: End of the scene; the same time again where a step is a frame.
        best_s: When the row that scored best is presented.
        score: How many spreads its cosine lies above that text's mean.
        cosine: The cosine of the row with the text.
    """

    text: str
    start_s: float
    end_s: float
    best_s: float
    score: float
    cosine: float


@dataclass(frozen=True, slots=True)
class SequenceHit:
    """A moment of a video in which all steps happen.

    Args:
        record: The video.
        score: Mean of the steps' scores.
        steps: In the order of the question's texts, which under `any` need not be that of time.
        start_s: Start of the step that comes first.
        end_s: End of the one that comes last.
    """

    record: VideoRecord
    score: float
    steps: tuple[SequenceStep, ...]
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class SequenceAnswer:
    """What a question for a sequence gives: moments, best first.

    Args:
        results: At most `top_k` moments.
        reason: Why there is none; empty if there is one.
        compared: How many videos were scored step by step.
        bound: No moment of any other video scores more; None if there is no other video.
        took_s: Wall time of composing, searching and ranking.
    """

    results: tuple[SequenceHit, ...]
    reason: str
    compared: int
    bound: float | None
    took_s: float


@dataclass(frozen=True, slots=True)
class Failure:
    """One thing that could not be done, by its place, its stable code and a sentence."""

    uri: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run is about to do: files found, and those of them that need no look inside."""

    found: int
    unchanged: int


@dataclass(frozen=True, slots=True)
class Warned:
    """Something about a run that its user should know; it went on."""

    message: str


@dataclass(frozen=True, slots=True, eq=False)
class Committed:
    """A video is in the store and can be found."""

    record: VideoRecord


@dataclass(frozen=True, slots=True)
class VideoCounts:
    """How many files of a run ended how; their sum without `removed` is `found`."""

    found: int = 0
    ingested: int = 0
    unchanged: int = 0
    partial: int = 0
    failed: int = 0
    removed: int = 0


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What one ingest did.

    Args:
        videos: Files by outcome.
        rows_written: Rows of `segments`.
        video_s: Presented seconds that were decoded.
        setup_s: Wall time of loading the model and connecting.
        wall_s: All the rest.
        failures: Every file that failed, once.
    """

    videos: VideoCounts
    rows_written: int
    video_s: float
    setup_s: float
    wall_s: float
    failures: tuple[Failure, ...] = ()
