"""`vsearch query`: a question, and the videos and moments that answer it."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.answers import print_answer
from pipeline.cli.documents import answer_document
from pipeline.cli.export import (
    ExportAll,
    ExportFolder,
    ExportFormat,
    Open,
    Overwrite,
    export_document,
    export_order,
    play,
    print_report,
    run_export,
)
from pipeline.cli.ingest import SOME_FAILED
from pipeline.cli.options import (
    AsJson,
    ConfigFile,
    Overrides,
    json_errors,
    load,
    print_json,
)
from pipeline.cli.searching import (
    FILTERS,
    ContactSheet,
    Images,
    MinConfidence,
    TopK,
    Where,
    Without,
    check_sheet,
    draw_sheet,
    searching,
    working,
)

if TYPE_CHECKING:
    from pipeline.data import Answer
    from pipeline.export.run import ExportReport, Order

EPILOG = f"""A text, picture or moment can carry a weight: 'a red car^2'.
VIDEO is a path as ingested, a content id, or the start of one; VIDEO@1:30 is a moment of it.

{FILTERS}
\b
  vsearch query "a red car" --where 'path = cam1 and not time < 10'
  vsearch query --image car.jpg --text "at night" --not "a bus"
  vsearch query "a car" --more 3f2a91c0@12.5 --less 77d0e41b@3
"""


class Aggregates(StrEnum):
    """What `--aggregate` takes."""

    MAX = "max"
    MEAN = "mean"
    TOP_MEAN = "top_mean"
    SOFTMAX = "softmax"


Spots = list[str] | None


def query_cli(
    text: Annotated[
        str | None, typer.Argument(help='What to look for, such as "a red car".')
    ] = None,
    texts: Annotated[
        list[str] | None,
        typer.Option("--text", "-t", metavar="TEXT", help="And look for this; can be repeated."),
    ] = None,
    image: Images = None,
    without: Without = None,
    like: Annotated[
        Spots,
        typer.Option(metavar="VIDEO[@TIME]", help="Like this one of the archive; can be repeated."),
    ] = None,
    more: Annotated[
        Spots, typer.Option(metavar="VIDEO@TIME", help="More like this; can be repeated.")
    ] = None,
    less: Annotated[
        Spots, typer.Option(metavar="VIDEO@TIME", help="Less like this; can be repeated.")
    ] = None,
    where: Where = None,
    top_k: TopK = None,
    aggregate: Annotated[
        Aggregates | None,
        typer.Option(
            help="A video's score: max, its best row; top_mean, its three best; softmax, all, the"
            " best count most; mean, all alike. Else search.aggregate."
        ),
    ] = None,
    min_confidence: MinConfidence = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show the rows behind each score.")
    ] = False,
    contact_sheet: ContactSheet = None,
    export: ExportFolder = None,
    export_format: ExportFormat = None,
    export_all: ExportAll = False,
    overwrite: Overwrite = False,
    open_best: Open = False,
    config: ConfigFile = None,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Find videos and moments by what is seen.

    The best videos come first, and in each the best moments. Confidence is the share of unrelated
    questions that find nothing as good: where the best video has too little, there is no match.
    """
    with json_errors(as_json):
        from pipeline.search.ask import describe, question_of

        question = question_of(
            [*([text] if text is not None else ()), *(texts or ())],
            image=image,
            without=without,
            like=like,
            more=more,
            less=less,
            where=where,
        )
        check_sheet(contact_sheet)
        asked = describe(question)
        order = export_order(export, export_format, export_all, overwrite, asked)
        with searching(load(config, overrides).config) as searcher, working("searching"):
            answer = searcher.ask(
                question,
                top_k=top_k,
                aggregate=None if aggregate is None else aggregate.value,
                min_confidence=min_confidence,
                explain=explain,
            )
        # The one document of --json says what was exported too.
        early = run_export(answer, order) if order and as_json else None
    _print(answer, as_json, early)
    if contact_sheet is not None:
        from pipeline.search.sheet import write_contact_sheet

        draw_sheet(contact_sheet, lambda path: write_contact_sheet(path, {asked: answer}))
    _take_along(answer, order, early, open_best=open_best)


def _print(answer: Answer, as_json: bool, exported: ExportReport | None) -> None:
    if not as_json:
        print_answer(answer)
        return
    document = answer_document(answer)
    if exported is not None:
        document["export"] = export_document(exported)
    print_json(document)


def _take_along(
    answer: Answer, order: Order | None, early: ExportReport | None, *, open_best: bool
) -> None:
    report = run_export(answer, order) if order and not early else early
    if open_best:
        play(answer)
    if report is not None:
        print_report(report)
        if report.failures:
            raise typer.Exit(SOME_FAILED)
