"""`python -m pipeline.demo.ask CONFIG SHEET`: the demo's questions, their answers and a picture.

It holds each answer to the truth, and fails if a first one is wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from pipeline.data import Answer, VideoHit
from pipeline.demo.archive import QUESTIONS, is_right
from pipeline.demo.captions import Caption
from pipeline.errors import VSearchError
from pipeline.media.picture import check_picture_path
from pipeline.models.published import DEMO_NOTE
from pipeline.search.searcher import Searcher
from pipeline.search.sheet import write_contact_sheet
from pipeline.settings import load_config
from pipeline.text import clock

TOP_K = 2
_PIPE_WIDTH = 100

Answers = Mapping[Caption, Answer]


def ask_all(config: Path) -> Answers:
    """Ask the demo's questions of the archive that a configuration names."""
    with Searcher(load_config(config).config) as searcher:
        return {q: searcher.query(text=q.text, top_k=TOP_K) for q in QUESTIONS}


def table_of(answers: Answers) -> Table:
    """One line a video: its best moment, and whether it is right."""
    table = Table("question", "video", "at", "from - to", "score", "", highlight=False)
    for column in (2, 4):
        table.columns[column].justify = "right"
    for question, answer in answers.items():
        for number, found in enumerate(answer.results):
            moment = found.moments[0]
            table.add_row(
                "" if number else question.text,
                Path(found.record.video.path).name,
                clock(moment.best_s),
                f"{clock(moment.start_s)} - {clock(moment.end_s)}",
                f"{moment.score:.3f}",
                "right" if _right(question, found) else "",
                end_section=number == len(answer.results) - 1,
            )
    return table


def wrong(answers: Answers) -> list[str]:
    """The questions whose first answer is not there or not right."""
    return [
        question.text
        for question, answer in answers.items()
        if not any(_right(question, found) for found in answer.results[:1])
    ]


def _right(question: Caption, found: VideoHit) -> bool:
    name = Path(found.record.video.path).name
    return is_right(question, name, found.moments[0].best_s)


def main(
    config: Annotated[Path, typer.Argument(help="The settings that the videos were ingested by.")],
    sheet: Annotated[Path, typer.Argument(help="The picture to write, such as answers.png.")],
) -> None:
    """Ask the demo's three questions, print the answers, and draw the best moments."""
    try:
        check_picture_path(sheet)
        answers = ask_all(config)
        console = Console()
        if not console.is_terminal:
            console.width = _PIPE_WIDTH
        console.print(table_of(answers))
        write_contact_sheet(sheet, {q.text: answer for q, answer in answers.items()})
    except VSearchError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(1) from None
    typer.echo(f"the best moments as a picture: {sheet}\nnote: {DEMO_NOTE}")
    if failed := wrong(answers):
        typer.echo(f"error: the first answer is wrong: {', '.join(failed)}", err=True)
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
