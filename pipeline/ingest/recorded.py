"""When a video was recorded, where its container does not say: by its file's name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import PurePath

from pipeline.config import SourceConfig, zone_of
from pipeline.data import RecordedFrom, Video, VideoEntry, VideoRecord
from pipeline.ingest.places import outside
from pipeline.text import time_in_name


def recorded(
    video: Video, paths: Iterable[str], source: SourceConfig, *, keep: bool = False
) -> Video:
    """A video with its capture time.

    The container's stands whatever the name says. A name belongs to a path and not to content, so
    that this is asked again whenever paths or settings changed.

    Args:
        video: As it is stored, or was probed.
        paths: All paths with its content.
        source: What file names say.
        keep: Leave what a name said earlier as it is where these settings say nothing, and at paths
            that the source does not cover: their names are another source's.
    """
    at, origin = _by(video.recorded_at, video.recorded_from, paths, source, keep)
    return replace(video, recorded_at=at, recorded_from=origin)


def dated(record: VideoRecord, source: SourceConfig, *, keep: bool) -> VideoRecord:
    """A record with its capture time, by its paths; `keep` as in `recorded`."""
    return replace(record, video=recorded(record.video, record.paths, source, keep=keep))


def is_recorded_else(
    entry: VideoEntry, paths: Iterable[str], source: SourceConfig, *, keep: bool
) -> bool:
    """Whether a video at these paths has another capture time than is stored."""
    at, _ = _by(entry.recorded_at, entry.recorded_from, paths, source, keep)
    return at != entry.recorded_at


def _by(
    at: str | None,
    origin: RecordedFrom | None,
    paths: Iterable[str],
    source: SourceConfig,
    keep: bool,
) -> tuple[str | None, RecordedFrom | None]:
    """The capture time and where it comes from, of what was known of them and the paths now."""
    # Rows of earlier versions say no origin: then there was the container only.
    if at is not None and origin != "filename":
        return at, "container"
    if source.recorded_at is None:
        return (at, origin) if keep else (None, None)
    if keep:
        paths = list(paths)
        paths = set(paths).difference(outside(paths, source))
    zone = zone_of(source.recorded_zone)
    names = (PurePath(path).name for path in sorted(paths))
    times = (time_in_name(name, source.recorded_at, zone) for name in names)
    found = next((time for time in times if time), None)
    if found is None and keep:
        return at, origin
    return found, "filename" if found else None
