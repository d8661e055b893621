"""Answers as notebooks show them: a table with a picture of each best moment."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from pipeline.data import Answer, VideoHit
from pipeline.errors import MediaError
from pipeline.media.source import find_source
from pipeline.media.thumbnail import frame_at
from pipeline.text import clock, printable

MOST_PICTURES = 20
"""Each is decoded when the answer is shown."""

_WIDTH = 160
_HEADINGS = ("", "", "score", "confidence", "video", "moments")


@dataclass(frozen=True, slots=True)
class ShownAnswer(Answer):
    """An answer that a notebook can show."""

    def _repr_html_(self) -> str:
        return answer_html(self)


def answer_html(answer: Answer) -> str:
    """An answer as HTML: a table of its results, or why there is none and what comes nearest.

    A video that cannot be shown costs its picture, not the table.
    """
    videos = "1 video" if len(answer.results) == 1 else f"{len(answer.results)} videos"
    took = f"<p>{videos} in {answer.took_s * 1000:.0f} ms</p>"
    if answer.results:
        return _table(answer.results) + took
    none = f"<p><b>no match</b>: {html.escape(answer.reason)}</p>"
    if not answer.nearest:
        return none
    return f"{none}<p>nearest, though hardly what was asked for:</p>{_table(answer.nearest)}"


def _table(results: Sequence[VideoHit]) -> str:
    head = "".join(f"<th>{name}</th>" for name in _HEADINGS)
    rows = "".join(_row(place, found) for place, found in enumerate(results, start=1))
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _row(place: int, found: VideoHit) -> str:
    path = Path(found.record.video.path)
    sure = "" if found.confidence is None else f"{found.confidence:.3f}"
    spans = ", ".join(f"{clock(m.start_s)}-{clock(m.end_s)}" for m in found.moments[:3])
    name = html.escape(printable(path.name))
    cells = (
        str(place),
        _picture(found) if place <= MOST_PICTURES else "",
        f"{found.score:.3f}",
        sure,
        f'<span title="{html.escape(printable(str(path)))}">{name}</span>',
        f"best at {clock(found.moments[0].best_s)}<br>{spans}",
    )
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _picture(found: VideoHit) -> str:
    try:
        frame = frame_at(find_source(found.record), found.moments[0].best_s)
    except MediaError as error:
        return html.escape(error.message)
    image = Image.fromarray(frame)
    image.thumbnail((_WIDTH, _WIDTH))
    packed = io.BytesIO()
    image.save(packed, "JPEG", quality=80)
    return f'<img src="data:image/jpeg;base64,{base64.b64encode(packed.getvalue()).decode()}">'
