"""`vsearch sequence`: several texts, and the moments in which they follow each other."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.documents import sequence_document
from pipeline.cli.options import (
    AsJson,
    ConfigFile,
    Overrides,
    json_errors,
    load,
    on_terminal,
    print_json,
)
from pipeline.cli.searching import (
    FILTERS,
    ContactSheet,
    TopK,
    Where,
    check_sheet,
    draw_sheet,
    searching,
    working,
)
from pipeline.text import clock, printable

if TYPE_CHECKING:
    from pipeline.data import SequenceAnswer, SequenceHit, SequenceQuestion

EPILOG = f"""\b
  vsearch sequence "a man at a door" "a red car" --within 30s
  vsearch sequence fireworks "a crowd" --order any --where 'tag = night'

{FILTERS}"""


Texts = Annotated[
    list[str] | None,
    typer.Argument(help='What to look for, two to five texts, such as "a man" "a red car".'),
]
Within = Annotated[
    str,
    typer.Option(
        "--within",
        metavar="TIME",
        help="Most time from the end of one step to the start of the next: 10s, 1m30s, 1:30.",
    ),
]
InOrder = Annotated[
    str, typer.Option(metavar="strict|any", help="As the texts stand, or in any order.")
]
StepsAre = Annotated[
    str, typer.Option(metavar="scene|frame", help="Steps are scenes, or single sampled frames.")
]
PerVideo = Annotated[
    int, typer.Option(min=1, max=1000, help="Most moments of one video; none overlaps another.")
]


def sequence_cli(
    texts: Texts = None,
    within: Within = "10s",
    order: InOrder = "strict",
    granularity: StepsAre = "scene",
    where: Where = None,
    top_k: TopK = None,
    per_video: PerVideo = 1,
    contact_sheet: ContactSheet = None,
    config: ConfigFile = None,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Find moments in which one thing follows another in the same video.

    A score says how far a moment stands out from the average of the videos that were compared, in
    standard deviations: scores of two answers do not compare.
    """
    with json_errors(as_json):
        from pipeline.search.sequence import sequence_question

        question = sequence_question(
            texts or (), within=within, order=order, granularity=granularity, where=where
        )
        check_sheet(contact_sheet)
        with searching(load(config, overrides).config) as searcher, working("searching"):
            answer = searcher.sequence(
                question.texts,
                within=question.within_s,
                order=question.order,
                granularity=question.granularity,
                where=question.where,
                top_k=top_k,
                per_video=per_video,
            )
    _print_answer(answer, question, as_json)
    if contact_sheet is not None:
        from pipeline.search.sheet import write_sequence_sheet

        joined = (" then " if question.order == "strict" else " and ").join(question.texts)
        draw_sheet(contact_sheet, lambda path: write_sequence_sheet(path, answer, heading=joined))


def _print_answer(answer: SequenceAnswer, question: SequenceQuestion, as_json: bool) -> None:
    if as_json:
        print_json(sequence_document(answer))
    elif not answer.results:
        typer.echo(f"no match: {answer.reason}", err=True)
    elif on_terminal():
        _print_table(answer, question)
    else:
        for place, hit in enumerate(answer.results, start=1):
            times = ", ".join(clock(step.best_s) for step in hit.steps)
            path = printable(hit.record.video.path)
            typer.echo(f"{place}\t{hit.score:.3f}\t{times}\t{_span(hit)}\t{path}")


def _print_table(answer: SequenceAnswer, question: SequenceQuestion) -> None:
    from rich.console import Console
    from rich.table import Table

    texts = [printable(text) for text in question.texts]
    table = Table("", "score", "video", *texts, "moment", highlight=False)
    table.columns[1].justify = "right"
    for place, hit in enumerate(answer.results, start=1):
        name = printable(Path(hit.record.video.path).name)
        times = [f"{clock(step.best_s)} ({step.score:.1f})" for step in hit.steps]
        table.add_row(str(place), f"{hit.score:.3f}", name, *times, _span(hit))
    console = Console(file=sys.stdout)
    console.print(table, markup=False)
    took = f"{len(answer.results)} moments in {answer.took_s * 1000:.0f} ms"
    console.print(f"{took}, {answer.compared} videos compared", style="dim")


def _span(hit: SequenceHit) -> str:
    return f"{clock(hit.start_s)}-{clock(hit.end_s)}"
