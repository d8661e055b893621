"""`vsearch query`: a question, and the videos and moments that answer it."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.answers import show_answer
from pipeline.cli.export import (
    ExportAll,
    ExportFolder,
    ExportFormat,
    Open,
    Overwrite,
    export_order,
)
from pipeline.cli.options import AsJson, ConfigFile, Overrides, json_errors, load
from pipeline.cli.searching import (
    FILTERS,
    ContactSheet,
    Images,
    MinConfidence,
    Text,
    TopK,
    Where,
    Without,
    check_sheet,
    searching,
    working,
)

if TYPE_CHECKING:
    from pipeline.data import Aggregate

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


MoreTexts = Annotated[
    list[str] | None,
    typer.Option("--text", "-t", metavar="TEXT", help="And look for this; can be repeated."),
]
Like = Annotated[
    list[str] | None,
    typer.Option(metavar="VIDEO[@TIME]", help="Like this one of the archive; can be repeated."),
]
More = Annotated[
    list[str] | None,
    typer.Option(metavar="VIDEO@TIME", help="More like this; can be repeated."),
]
Less = Annotated[
    list[str] | None,
    typer.Option(metavar="VIDEO@TIME", help="Less like this; can be repeated."),
]
Aggregation = Annotated[
    Aggregates | None,
    typer.Option(
        help="A video's score: max, its best row; top_mean, its three best; softmax, all, the"
        " best count most; mean, all alike. Else search.aggregate."
    ),
]
Explain = Annotated[bool, typer.Option("--explain", help="Show the rows behind each score.")]


def query_cli(
    text: Text = None,
    texts: MoreTexts = None,
    image: Images = None,
    without: Without = None,
    like: Like = None,
    more: More = None,
    less: Less = None,
    where: Where = None,
    top_k: TopK = None,
    aggregate: Aggregation = None,
    min_confidence: MinConfidence = None,
    explain: Explain = False,
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

        sought = [*([text] if text is not None else ()), *(texts or ())]
        question = question_of(
            sought, image=image, without=without, like=like, more=more, less=less, where=where
        )
        check_sheet(contact_sheet)
        asked = describe(question)
        order = export_order(export, export_format, export_all, overwrite, asked)
        by: Aggregate | None = None if aggregate is None else aggregate.value
        with searching(load(config, overrides).config) as searcher, working("searching"):
            answer = searcher.ask(
                question, top_k=top_k, aggregate=by, min_confidence=min_confidence, explain=explain
            )
    show_answer(answer, asked, as_json, contact_sheet, order, open_best=open_best)
