"""`vsearch similar`: videos like some videos or moments of the archive."""

from __future__ import annotations

from typing import Annotated

import typer

from pipeline.cli.answers import show_answer
from pipeline.cli.options import AsJson, ConfigFile, Overrides, json_errors, load
from pipeline.cli.searching import (
    FILTERS,
    ContactSheet,
    TopK,
    Where,
    check_sheet,
    searching,
    working,
)

EPILOG = f"""\b
  vsearch similar holiday.mp4             videos like this one, as a whole
  vsearch similar holiday.mp4@1:30        like what is seen there
  vsearch similar 3f2a91c0 77d0e41b^2     like several, the second counts twice

{FILTERS}"""


def similar_cli(
    videos: Annotated[
        list[str],
        typer.Argument(
            metavar="VIDEO[@TIME]...",
            help="Paths as ingested, content ids, or the starts of such; with a time, a moment.",
        ),
    ],
    where: Where = None,
    top_k: TopK = None,
    contact_sheet: ContactSheet = None,
    config: ConfigFile = None,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Find videos like one of the archive, or like several.

    The videos that are named are left out. A whole video is the mean of what is seen in it.
    """
    with json_errors(as_json):
        from pipeline.search.ask import describe, question_of

        question = question_of(like=videos, where=where)
        check_sheet(contact_sheet)
        with searching(load(config, overrides).config) as searcher, working("searching"):
            answer = searcher.ask(question, top_k=top_k)
    show_answer(answer, describe(question), as_json, contact_sheet)
