"""`vsearch query --export` and `--open`: an answer taken elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.cli.ingest import SOME_FAILED
from pipeline.errors import Code, ConfigError, VSearchError
from pipeline.text import clock, printable

if TYPE_CHECKING:
    from pipeline.data import Answer
    from pipeline.export.run import ExportReport, Order, Step, Watch

ExportFolder = Annotated[
    Path | None,
    typer.Option(
        "--export",
        metavar="DIR",
        help="Write the best moment of each result into a folder; see --export-format.",
    ),
]


class ExportForm(StrEnum):
    """What `--export-format` takes."""

    CLIPS = "clips"
    EDL = "edl"
    FCPXML = "fcpxml"
    CSV = "csv"


ExportFormat = Annotated[
    ExportForm | None,
    typer.Option(help="Clips in mp4 (the default), or a list that editors and tables import."),
]
ExportAll = Annotated[
    bool, typer.Option("--export-all", help="Every moment, not the best of each result alone.")
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace files that are there.")]
Open = Annotated[bool, typer.Option("--open", help="Play the best moment.")]


def export_order(
    folder: Path | None, form: ExportForm | None, every: bool, overwrite: bool, title: str
) -> Order | None:
    """What the options ask for, refused before a model is loaded if it cannot be done.

    Raises:
        ConfigError: An option without `--export`, or a folder that cannot be written to.
    """
    if folder is None:
        if form or every or overwrite:
            raise ConfigError(
                "say where to: --export DIR", code=Code.CONFIG_INVALID, uri="vsearch query"
            )
        return None
    from pipeline.export.run import Order, check_folder

    check_folder(folder)
    return Order(folder, (form or ExportForm.CLIPS).value, every, overwrite, title)


def run_export(answer: Answer, order: Order) -> ExportReport:
    """Export with progress on stderr.

    Raises:
        VSearchError: As `export`, or INTERRUPTED.
    """
    from pipeline.export.run import export

    try:
        with _watching() as watch:
            return export(answer, order, watch=watch)
    except KeyboardInterrupt:
        raise VSearchError(
            f"interrupted: what is in {printable(str(order.folder))} is whole",
            code=Code.INTERRUPTED,
        ) from None


def export_document(report: ExportReport) -> dict[str, Any]:
    """What `query --json` says of an export."""
    return {
        "files": [str(path) for path in report.files],
        "failures": [
            {"uri": failed.uri, "code": failed.code, "message": failed.message}
            for failed in report.failures
        ],
    }


def take_along(
    answer: Answer, order: Order | None, early: ExportReport | None, *, open_best: bool
) -> None:
    """Export what was not exported early, play the best moment, and say what was written.

    Raises:
        VSearchError: As `run_export` and `play`.
        typer.Exit: Some of it could not be exported.
    """
    report = run_export(answer, order) if order and not early else early
    if open_best:
        play(answer)
    if report is not None:
        _print_report(report)
        if report.failures:
            raise typer.Exit(SOME_FAILED)


def _print_report(report: ExportReport) -> None:
    """What was written, on stderr: stdout is the answer's."""
    if not report.files and not report.failures:
        typer.echo("nothing to export", err=True)
    for failed in report.failures:
        typer.echo(f"failed {printable(failed.uri)} [{failed.code}]: {failed.message}", err=True)
    for path in report.files:
        typer.echo(f"exported {printable(str(path))}", err=True)


def play(answer: Answer) -> None:
    """Start a player at the best moment of the best result.

    Raises:
        VSearchError: Nothing was found, its file is gone or changed, or nothing plays it.
    """
    from pipeline.export.player import opening, start
    from pipeline.media.source import find_source

    if not answer.results:
        raise VSearchError("there is nothing to play", code=Code.NOT_FOUND)
    best = answer.results[0]
    path = find_source(best.record).absolute()
    seconds = best.moments[0].best_s
    chosen = opening(path, seconds)
    start(chosen)
    where = clock(seconds) if chosen.at_moment else f"its start; look at {clock(seconds)}"
    typer.echo(f"playing {printable(str(path))} in {chosen.player} from {where}", err=True)


@contextmanager
def _watching() -> Iterator[Watch]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("exporting"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[name]}", markup=False),
        TimeElapsedColumn(),
    )
    console = Console(stderr=True)
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("exporting", total=None, name="")

        def see(step: Step) -> None:
            done = step.number - 1 + step.done
            bar.update(task, total=step.total, completed=done, name=step.pick.name)

        yield see
