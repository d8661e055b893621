"""Answers: what search says to questions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.data.arrays import Float32Array, Float64Array
from pipeline.data.media import Box
from pipeline.data.rows import Hit, VideoRecord


@dataclass(frozen=True, slots=True)
class Moment:
    """Hits of one video merged in time.

    Args:
        start_s: Start of the time that the first merged sample stands for.
        end_s: End of the last one's.
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
class Evidence:
    """A row behind a video's score.

    Args:
        hit: The row; its score is the cosine with the question.
        weight: Its share in the video's score, which is the sum of weights times cosines.
    """

    hit: Hit
    weight: float


@dataclass(frozen=True, slots=True)
class VideoHit:
    """A video that answers, with its moments, best first.

    Args:
        record: The video.
        score: Its score under `search.aggregate`.
        confidence: How sure it is that its best moment is no accident, 0 to 1: the share of
            unrelated questions of the same form that find nothing as good in this archive. None
            where the archive is too small to tell.
        moments: At least one, best first.
        evidence: The rows behind the score, the heaviest first, if they were asked for.
    """

    record: VideoRecord
    score: float
    confidence: float | None
    moments: tuple[Moment, ...]
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """What a question gives: videos, best first.

    Args:
        results: At most `top_k` distinct videos; none if nothing answers.
        took_s: Wall time of composing, searching and ranking.
        reason: Why there is no result, as a phrase; empty where there is one.
        nearest: Where nothing answers, what comes nearest, in the form of results.
        bound: No other video scores more than this; None if it is proven that none scores more
            than the last result.
    """

    results: tuple[VideoHit, ...]
    took_s: float
    reason: str = ""
    nearest: tuple[VideoHit, ...] = ()
    bound: float | None = None

    @property
    def no_match(self) -> bool:
        """Whether nothing in the archive answers."""
        return not self.results


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
