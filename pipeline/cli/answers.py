"""Answers as people get them: a table on a terminal, lines in a pipe, and what goes along."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from pipeline.cli.documents import answer_document
from pipeline.cli.export import export_document, run_export, take_along
from pipeline.cli.options import json_errors, on_terminal, print_json
from pipeline.cli.searching import draw_sheet
from pipeline.text import bar, clock, printable

if TYPE_CHECKING:
    from rich.console import Console

    from pipeline.data import Answer, VideoHit
    from pipeline.export.run import ExportReport, Order

MOMENTS_A_LINE = 3
BAR_COLUMNS = 8
ROWS_EXPLAINED = 10


def show_answer(
    answer: Answer,
    asked: str,
    as_json: bool,
    sheet: Path | None = None,
    order: Order | None = None,
    *,
    open_best: bool = False,
) -> None:
    """Print an answer, and draw, export and play it as far as that is wanted.

    Args:
        answer: What was found.
        asked: The question in one line.
        as_json: `--json`.
        sheet: `--contact-sheet`.
        order: What the options say of an export.
        open_best: `--open`.

    Raises:
        VSearchError: As `export` and `play`, or the sheet cannot be written.
        typer.Exit: Some of it could not be exported.
    """
    with json_errors(as_json):
        # The one document of --json says what was exported too.
        early = run_export(answer, order) if order and as_json else None
    if as_json:
        _print_document(answer, early)
    else:
        print_answer(answer)
    if sheet is not None:
        from pipeline.search.sheet import write_contact_sheet

        draw_sheet(sheet, lambda path: write_contact_sheet(path, {asked: answer}))
    take_along(answer, order, early, open_best=open_best)


def print_answer(answer: Answer) -> None:
    """The results on stdout; that nothing answers, and what comes nearest, on stderr."""
    if answer.no_match:
        typer.echo(f"no match: {answer.reason}", err=True)
        _print_nearest(answer.nearest)
    elif on_terminal():
        from rich.console import Console

        console = Console(file=sys.stdout)
        _print_table(answer.results, console)
        console.print(_footer(answer), style="dim", highlight=False)
    else:
        for place, found in enumerate(answer.results, start=1):
            typer.echo(_line(place, found))
            for line in _behind(found):
                typer.echo(line)


def _print_document(answer: Answer, exported: ExportReport | None) -> None:
    document = answer_document(answer)
    if exported is not None:
        document["export"] = export_document(exported)
    print_json(document)


def _print_nearest(nearest: Sequence[VideoHit]) -> None:
    if not nearest:
        return
    from rich.console import Console

    typer.echo("nearest, though hardly what was asked for:", err=True)
    console = Console(stderr=True)
    if console.is_terminal:
        _print_table(nearest, console, style="dim")
        return
    for place, found in enumerate(nearest, start=1):
        typer.echo(_line(place, found), err=True)


def _print_table(results: Sequence[VideoHit], console: Console, style: str = "") -> None:
    from rich.table import Table

    headings = ("", "score", "", "confidence", "video", "at", "moments")
    table = Table(*headings, highlight=False, style=style)
    for column in (1, 3):
        table.columns[column].justify = "right"
    best = max(found.score for found in results)
    for place, found in enumerate(results, start=1):
        table.add_row(
            str(place),
            f"{found.score:.3f}",
            bar(found.score / best if best > 0 else 0.0, BAR_COLUMNS),
            confidence(found),
            printable(Path(found.record.video.path).name),
            clock(found.moments[0].best_s),
            _spans(found),
            style=style,
        )
        for line in _behind(found):
            table.add_row("", "", "", "", line.strip(), "", "", style="dim")
    console.print(table, markup=False)


def confidence(found: VideoHit) -> str:
    """A confidence in two digits; rounded down, since 1.00 would be certain."""
    return "?" if found.confidence is None else f"{math.floor(found.confidence * 100) / 100:.2f}"


def _footer(answer: Answer) -> str:
    videos = "1 video" if len(answer.results) == 1 else f"{len(answer.results)} videos"
    bound = "" if answer.bound is None else f"; another may score up to {answer.bound:.3f}"
    return f"{videos} in {answer.took_s * 1000:.0f} ms{bound}"


def _line(place: int, found: VideoHit) -> str:
    return "\t".join(
        (
            str(place),
            f"{found.score:.3f}",
            clock(found.moments[0].best_s),
            _spans(found),
            printable(found.record.video.path),
        )
    )


def _behind(found: VideoHit) -> list[str]:
    """The rows behind a score, if they were asked for."""
    shown = [
        f"\t{each.weight:.3f} x {each.hit.score:.3f} at {clock(each.hit.pts_s)},"
        f" scene {each.hit.scene_index}, {each.hit.kind}"
        for each in found.evidence[:ROWS_EXPLAINED]
    ]
    rest = found.evidence[ROWS_EXPLAINED:]
    if rest:
        shown.append(f"\t{sum(each.weight for each in rest):.3f} on {len(rest)} other rows")
    return shown


def _spans(found: VideoHit) -> str:
    shown = [f"{clock(m.start_s)}-{clock(m.end_s)}" for m in found.moments[:MOMENTS_A_LINE]]
    rest = len(found.moments) - len(shown)
    return ", ".join(shown) + (f" and {rest} more" if rest else "")
