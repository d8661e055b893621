"""Every domain type: what flows between the stages, and nothing else.

Frozen dataclasses, no behaviour beyond validation and what follows from the fields alone. All time
is presentation time (PTS) in seconds, zero at the first presented frame, as a player shows it.
Ranges are half-open: `[start_s, end_s)`. Pictures are upright RGB unless a name says otherwise.
"""

from __future__ import annotations

from pipeline.data.answers import (
    Answer,
    Evidence,
    Moment,
    ScoreCurve,
    SequenceAnswer,
    SequenceHit,
    SequenceStep,
    VideoHit,
)
from pipeline.data.arrays import Float32Array, Float64Array, UInt8Array
from pipeline.data.media import (
    DRAWN,
    WHOLE_FRAME,
    Boundary,
    Box,
    FileStamp,
    Frame,
    FrameBatch,
    Sample,
    Scene,
    SceneSamples,
    Video,
)
from pipeline.data.questions import (
    Aggregate,
    Granularity,
    Order,
    Picture,
    Question,
    SequenceQuestion,
    Spot,
    Words,
)
from pipeline.data.reports import (
    Committed,
    Decoded,
    Failure,
    IngestReport,
    Plan,
    Progress,
    Told,
    VideoCounts,
    Warned,
)
from pipeline.data.rows import (
    Embedding,
    Hit,
    Identity,
    MeanCosine,
    RowCosine,
    SceneEmbeddings,
    Scope,
    Totals,
    VideoEntry,
    VideoFacts,
    VideoRecord,
    row_id,
)
from pipeline.filters import Kind

__all__ = [
    "DRAWN",
    "WHOLE_FRAME",
    "Aggregate",
    "Answer",
    "Boundary",
    "Box",
    "Committed",
    "Decoded",
    "Embedding",
    "Evidence",
    "Failure",
    "FileStamp",
    "Float32Array",
    "Float64Array",
    "Frame",
    "FrameBatch",
    "Granularity",
    "Hit",
    "Identity",
    "IngestReport",
    "Kind",
    "MeanCosine",
    "Moment",
    "Order",
    "Picture",
    "Plan",
    "Progress",
    "Question",
    "RowCosine",
    "Sample",
    "Scene",
    "SceneEmbeddings",
    "SceneSamples",
    "Scope",
    "ScoreCurve",
    "SequenceAnswer",
    "SequenceHit",
    "SequenceQuestion",
    "SequenceStep",
    "Spot",
    "Told",
    "Totals",
    "UInt8Array",
    "Video",
    "VideoCounts",
    "VideoEntry",
    "VideoFacts",
    "VideoHit",
    "VideoRecord",
    "Warned",
    "Words",
    "row_id",
]
