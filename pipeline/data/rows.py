"""What the store holds, and what it gives back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from pipeline.data.arrays import Float32Array
from pipeline.data.media import Box, RecordedFrom, Scene, Video
from pipeline.data.places import ROWS_A_STRETCH, Place, row_ids
from pipeline.filters import EVERY_ROW, Kind, Selection


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
        """The row's primary key."""
        [key] = row_ids(self.video_id, revision, [self.scene.index], [self.sample_index])
        return key


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
class VideoEntry:
    """What a run needs to know of each committed video: which rows are its, and where it is found.

    Args:
        video_id: Which video.
        revision: The revision that its rows carry.
        rows: How many rows it has.
        paths: Every path with this content.
        tags: Labels given to the video.
        recorded_at: Capture time, ISO 8601, or None.
        recorded_from: Where that comes from.
    """

    video_id: str
    revision: int
    rows: int
    paths: tuple[str, ...]
    tags: tuple[str, ...] = ()
    recorded_at: str | None = None
    recorded_from: RecordedFrom | None = None


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

    @property
    def kind(self) -> Kind | None:
        """What all rows are, and of whole frames, where the content leaves one kind."""
        sample = self.content.get("sample")
        if sample is None or sample.get("tiles"):
            return None
        return "scene" if sample.get("pooling") == "mean" else "frame"

    @property
    def most_rows(self) -> int | None:
        """Rows of a scene at most, where the content says so."""
        sample = self.content.get("sample")
        if sample is None or sample.get("tiles"):
            return None
        if sample.get("pooling") == "mean":
            return 1
        return None if sample.get("fps") else int(sample["per_scene"])

    @property
    def stretch(self) -> int:
        """How many scenes a stretch has."""
        return max(1, ROWS_A_STRETCH // (self.most_rows or ROWS_A_STRETCH))


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
class Totals:
    """Sums over all committed videos.

    Args:
        videos: How many there are.
        rows: How many rows of `segments` are theirs.
        video_s: Their presented seconds.
        oldest_indexed_at: When the first of them was committed, ISO 8601 in UTC; None if there is
            none.
        newest_indexed_at: When the last one was.
        partial: Those that could be read only in part, by path: the spans that were, as in `Video`.
    """

    videos: int
    rows: int
    video_s: float
    oldest_indexed_at: str | None
    newest_indexed_at: str | None
    partial: Mapping[str, tuple[tuple[float, float], ...]] = field(default_factory=dict)


class MeanCosine(NamedTuple):
    """Of one committed video: which rows it has, and the mean of a query's cosines with them."""

    video_id: str
    revision: int
    rows: int
    mean: float


class RowCosine(NamedTuple):
    """Of one row that Milvus returned, only whose it is and its cosine with the query."""

    video_id: str
    revision: int
    score: float


class Hit(NamedTuple):
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

    @property
    def place(self) -> Place:
        """Where the row stands."""
        return Place(self.video_id, self.revision, self.scene_index)


class ByKey(NamedTuple):
    """Rows that were read with cosines.

    Args:
        hits: By key; their scores are the cosines with the first vector that was asked with.
        others: For each other vector its cosines with at least these rows, by key.
    """

    hits: dict[str, Hit]
    others: Sequence[dict[str, float]]

    @classmethod
    def none(cls, vectors: int) -> ByKey:
        """No row yet, with so many vectors."""
        return cls({}, [{} for _ in range(vectors - 1)])

    def add(self, more: ByKey) -> None:
        """Take in further rows, with the same vectors."""
        self.hits.update(more.hits)
        for cosines, others in zip(self.others, more.others, strict=True):
            cosines.update(others)
