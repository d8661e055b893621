"""Answers as notebooks show them: tables with pictures of the moments, and curves as a chart."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from pipeline.data import (
    Answer,
    ScoreCurve,
    SequenceAnswer,
    SequenceHit,
    SequenceStep,
    VideoHit,
    VideoRecord,
)
from pipeline.errors import MediaError
from pipeline.media.chart import draw_chart
from pipeline.media.source import find_source
from pipeline.media.thumbnail import frame_at
from pipeline.search.plot import chart_of
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


@dataclass(frozen=True, slots=True)
class ShownSequence(SequenceAnswer):
    """A sequence's answer that a notebook can show."""

    def _repr_html_(self) -> str:
        return sequence_html(self)


@dataclass(frozen=True, slots=True, eq=False)
class ShownCurve(ScoreCurve):
    """A curve that a notebook can show."""

    def _repr_html_(self) -> str:
        return curve_html(self)


def answer_html(answer: Answer) -> str:
    """An answer as HTML: a table of its results, or why there is none and what comes nearest.

    A video that cannot be shown costs its picture, not the table.
    """
    videos = "1 video" if len(answer.results) == 1 else f"{len(answer.results)} videos"
    took = f"<p>{videos} in {answer.took_s * 1000:.0f} ms</p>"
    if answer.results:
        return _answers(answer.results) + took
    none = _no_match(answer.reason)
    if not answer.nearest:
        return none
    return f"{none}<p>nearest, though hardly what was asked for:</p>{_answers(answer.nearest)}"


def sequence_html(answer: SequenceAnswer) -> str:
    """A sequence's answer as HTML: a row for each moment, with a picture of each step.

    The steps stand in the order of the texts. A video that cannot be shown costs its pictures.
    """
    if not answer.results:
        return _no_match(answer.reason)
    steps = answer.results[0].steps
    headings = ("", "score", "video", *(_escaped(step.text) for step in steps), "moment")
    pictured = MOST_PICTURES // len(steps)
    rows = [_sequence_row(n, hit, n <= pictured) for n, hit in enumerate(answer.results, start=1)]
    moments = "1 moment" if len(rows) == 1 else f"{len(rows)} moments"
    took = f"{moments} in {answer.took_s * 1000:.0f} ms, {answer.compared} videos compared"
    return f"{_table(headings, rows)}<p>{took}</p>"


def curve_html(curve: ScoreCurve) -> str:
    """A curve as HTML: the chart that `vsearch plot` draws."""
    best = f"best {curve.scores[curve.best]:.3f} at {clock(float(curve.times_s[curve.best]))}"
    return _image(draw_chart(chart_of(curve, heading=best)))


def _no_match(reason: str) -> str:
    return f"<p><b>no match</b>: {html.escape(reason)}</p>"


def _answers(results: Sequence[VideoHit]) -> str:
    return _table(_HEADINGS, [_row(place, found) for place, found in enumerate(results, start=1)])


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{name}</th>" for name in headings)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _row(place: int, found: VideoHit) -> tuple[str, ...]:
    best_s = found.moments[0].best_s
    spans = ", ".join(f"{clock(m.start_s)}-{clock(m.end_s)}" for m in found.moments[:3])
    return (
        str(place),
        _picture(found.record, best_s) if place <= MOST_PICTURES else "",
        f"{found.score:.3f}",
        "" if found.confidence is None else f"{found.confidence:.3f}",
        _name(found.record),
        f"best at {clock(best_s)}<br>{spans}",
    )


def _sequence_row(place: int, hit: SequenceHit, pictured: bool) -> tuple[str, ...]:
    return (
        str(place),
        f"{hit.score:.3f}",
        _name(hit.record),
        *(_step(hit.record, step, pictured) for step in hit.steps),
        f"{clock(hit.start_s)}-{clock(hit.end_s)}",
    )


def _step(record: VideoRecord, step: SequenceStep, pictured: bool) -> str:
    picture = f"{_picture(record, step.best_s)}<br>" if pictured else ""
    return f"{picture}{clock(step.best_s)} ({step.score:.1f})"


def _name(record: VideoRecord) -> str:
    path = Path(record.video.path)
    return f'<span title="{_escaped(str(path))}">{_escaped(path.name)}</span>'


def _escaped(text: str) -> str:
    return html.escape(printable(text))


def _picture(record: VideoRecord, seconds: float) -> str:
    try:
        frame = frame_at(find_source(record), seconds, whole=not record.video.covered)
    except MediaError as error:
        return html.escape(error.message)
    image = Image.fromarray(frame)
    image.thumbnail((_WIDTH, _WIDTH))
    return _image(image)


def _image(image: Image.Image) -> str:
    packed = io.BytesIO()
    image.save(packed, "JPEG", quality=80)
    return f'<img src="data:image/jpeg;base64,{base64.b64encode(packed.getvalue()).decode()}">'
