"""A score curve -> a picture in a file, with what is seen along the bottom."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pipeline.data import ScoreCurve, UInt8Array, VideoRecord
from pipeline.errors import MediaError
from pipeline.media.chart import Chart, Step, draw_chart, strip_times
from pipeline.media.picture import save_picture
from pipeline.media.source import find_source
from pipeline.media.thumbnail import frame_at


def write_plot(path: Path, curve: ScoreCurve, *, heading: str) -> None:
    """Draw a curve into a file; pictures that cannot be had are left out.

    Args:
        path: As `check_picture_path` allows; what is there is replaced.
        curve: Of one video.
        heading: What was asked.

    Raises:
        MediaError: UNWRITABLE.
    """
    save_picture(draw_chart(chart_of(curve, heading=heading)), path)


def chart_of(curve: ScoreCurve, *, heading: str) -> Chart:
    """What is drawn of a curve."""
    video = curve.record.video
    duration_s = max(video.duration_s, float(curve.ends_s[-1]))
    steps = tuple(
        Step(float(start_s), float(end_s), float(score))
        for start_s, end_s, score in zip(curve.starts_s, curve.ends_s, curve.scores, strict=True)
    )
    return Chart(
        title=heading,
        subtitle=f"{Path(video.path).name}: cosine of each scene's best sample",
        duration_s=duration_s,
        steps=steps,
        best_s=float(curve.times_s[curve.best]),
        pictures=tuple(_pictures(curve.record, strip_times(duration_s))),
    )


def _pictures(record: VideoRecord, times_s: list[float]) -> Iterator[UInt8Array | None]:
    try:
        path = find_source(record)
    except MediaError:
        yield from (None for _ in times_s)
        return
    for seconds in times_s:
        try:
            yield frame_at(path, seconds, whole=not record.video.covered)
        except MediaError:
            yield None
