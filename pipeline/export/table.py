"""Picks -> a table in CSV, for spreadsheets and scripts."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from pathlib import Path

from pipeline.export.picks import Pick

HEADER = (
    "rank", "moment", "score", "start_s", "end_s", "best_s", "path", "file_url", "video_id",
)  # fmt: skip


def csv_text(picks: Iterable[Pick]) -> str:
    """A header and a line for each pick (RFC 4180); times in seconds, to the microsecond.

    No cell starts with what a spreadsheet takes for a formula: paths are absolute. A path that is
    no Unicode is escaped; its `file_url` has its bytes.
    """
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(HEADER)
    for pick in picks:
        moment, video = pick.moment, pick.record.video
        writer.writerow(
            (
                pick.rank,
                pick.number,
                f"{moment.score:.6f}",
                *(f"{s:.6f}" for s in (moment.start_s, moment.end_s, moment.best_s)),
                video.path.encode("utf-8", "backslashreplace").decode(),
                Path(video.path).as_uri(),
                video.video_id,
            )
        )
    return out.getvalue()
