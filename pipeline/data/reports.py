"""What a run says while it goes on, and at its end."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.data.media import FileStamp, Video
from pipeline.data.rows import VideoRecord


@dataclass(frozen=True, slots=True)
class Failure:
    """One thing that could not be done, by its place, its stable code and a sentence."""

    uri: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Killed(Failure):
    """A file whose decoder was killed from outside, which need not be the file's doing."""


@dataclass(frozen=True, slots=True)
class FailedFile:
    """A file whose last attempt failed.

    Args:
        failure: How.
        stamp: The file as it was tried; None if nothing could be said of it, or was not noted.
        tried_with: The version of what read it, and the settings that it was read with.
        since: When it first failed with this content, ISO 8601 in UTC; None if it was not noted.
        last: When it last failed.
        attempts: How often it failed with this content.
    """

    failure: Failure
    stamp: FileStamp | None
    tried_with: str
    since: str | None
    last: str | None
    attempts: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run is about to do: files found, and those of them that need no look inside."""

    found: int
    unchanged: int
    failed_before: int = 0


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


@dataclass(frozen=True, slots=True)
class Told:
    """Something that a run did besides videos."""

    message: str


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
    """How many files of a run ended how; their sum without `removed` is `found`.

    Args:
        found: Files and names that were looked at, or would have been.
        ingested: Decoded, and in the archive now.
        unchanged: In the archive already, though perhaps under another path.
        partial: In the archive as far as they could be read.
        failed: Not in the archive, or not as they are now.
        failed_before: Failed in an earlier run, unchanged since, and so not tried again.
        removed: Videos that left the archive, since no file of theirs is left.
        left: Not begun or not finished, since the run ended early; the next one takes them.
    """

    found: int = 0
    ingested: int = 0
    unchanged: int = 0
    partial: int = 0
    failed: int = 0
    failed_before: int = 0
    removed: int = 0
    left: int = 0


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What one ingest did.

    Args:
        videos: Files by outcome.
        rows_written: Rows of `segments`.
        video_s: Presented seconds that were decoded.
        setup_s: Wall time of loading the model and connecting.
        wall_s: All the rest.
        failures: Every file that failed in this run, once, and what else went wrong.
    """

    videos: VideoCounts
    rows_written: int
    video_s: float
    setup_s: float
    wall_s: float
    failures: tuple[Failure, ...] = ()
