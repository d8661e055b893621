"""What the commands that ask questions share: their options, an open Searcher, contact sheets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.text import printable

if TYPE_CHECKING:
    from pipeline.config import Config
    from pipeline.search.searcher import Searcher

FILTERS = """A filter joins conditions with and, or, not and parentheses:

\b
  time in 1:30..2:00              moments there: seconds, m:ss or h:mm:ss
  duration < 60                   the video's length
  recorded >= 2024-05-01          days in UTC, or 2024-05-01T18:30+02:00
  path = "cam1/*"                 * in a name, ** across folders; cam1: all of it
  tag = night                     a label of the video
  kind = tile                     or frame, or scene
  video in (3f2a91c0, 77d0e41b)   the first 8 digits of their ids, or more

The first three take =, !=, <, <=, >, >= and in A..B; the others =, != and in (A, B).
"""

Text = Annotated[str | None, typer.Argument(help='What to look for, such as "a red car".')]
Images = Annotated[
    list[str] | None,
    typer.Option("--image", "-i", metavar="FILE", help="Look for a picture; can be repeated."),
]
Without = Annotated[
    list[str] | None,
    typer.Option("--not", "-n", metavar="TEXT", help="What is not wanted; can be repeated."),
]
Where = Annotated[
    str | None,
    typer.Option(
        "--where",
        "-w",
        metavar="FILTER",
        help="Search only there, such as 'tag = night'; see below.",
    ),
]
TopK = Annotated[
    int | None,
    typer.Option("--top-k", "-k", min=1, max=1000, help="Most results; else search.top_k."),
]
MinConfidence = Annotated[
    float | None,
    typer.Option(
        min=0,
        max=1,
        help="With less for the best video, say no match, below 1. Else search.min_confidence,"
        " for questions in words alone.",
    ),
]
ContactSheet = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Draw what was found into a picture (.png, .jpg, .webp), 100 pictures at most.",
    ),
]


@contextmanager
def searching(config: Config) -> Iterator[Searcher]:
    """A Searcher; on a terminal with a word on what takes so long."""
    from pipeline.models import refuse_early

    # What comes next takes seconds to import.
    refuse_early(config.encode)
    with working("loading the model"):
        from pipeline.search.searcher import Searcher

        searcher = Searcher(config)
    with searcher:
        yield searcher


@contextmanager
def working(on: str) -> Iterator[None]:
    """A word on what is going on, on a terminal."""
    from rich.console import Console

    with Console(stderr=True).status(on):
        yield


def check_sheet(path: Path | None) -> None:
    """Refuse a picture that cannot be written, before a model is loaded."""
    if path is not None:
        from pipeline.media.picture import check_picture_path

        check_picture_path(path)


def draw_sheet(path: Path, draw: Callable[[Path], None]) -> None:
    """Draw a contact sheet, and say where it is."""
    with working("drawing the contact sheet"):
        draw(path)
    typer.echo(f"contact sheet: {printable(str(path))}", err=True)
