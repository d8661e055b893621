"""`python -m pipeline.demo DIR`: the demo's videos and the truth about them, in one folder."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from pipeline.demo.archive import CLIPS, TRUTH, render_archive
from pipeline.text import clock

VIDEOS, DATABASE, STATE = "videos", "vsearch.db", "state"


def prepare(folder: Path, console: Console) -> str:
    """Draw the videos; what an earlier demo left in the folder is removed.

    Args:
        folder: Made if it is missing.
        console: For a bar, if it is a terminal.

    Returns:
        What there is, in one sentence.
    """
    clear(folder)
    length = clock(sum(clip.duration_s for clip in CLIPS))
    columns = (TextColumn("drawing"), BarColumn(), MofNCompleteColumn())
    hidden = not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=hidden) as progress:
        task = progress.add_task("", total=len(CLIPS))
        render_archive(folder / VIDEOS, on_progress=lambda _: progress.advance(task))
    return (
        f"{len(CLIPS)} videos, {length} in all, are in {folder / VIDEOS};"
        f" what they show is in {folder / TRUTH}"
    )


def clear(folder: Path) -> None:
    """Remove what `make demo` makes: an old archive does not fit a new model or new videos."""
    for name in (VIDEOS, STATE, DATABASE, f"{DATABASE}.lock"):
        path = folder / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def main(
    folder: Annotated[Path, typer.Argument(help="Where to; an earlier demo there is replaced.")],
) -> None:
    """Draw the demo's twenty short videos, and write down what they show."""
    if folder.exists() and not folder.is_dir():
        raise typer.BadParameter(f"{folder} is no folder", param_hint="FOLDER")
    typer.echo(prepare(folder, Console(stderr=True)))


if __name__ == "__main__":
    typer.run(main)
