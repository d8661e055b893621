"""`vsearch ingest`: videos into the store."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.options import (
    AsJson,
    ConfigFile,
    Overrides,
    error_document,
    load,
    on_terminal,
    print_json,
)
from pipeline.errors import Code, VSearchError
from pipeline.text import clock, printable

if TYPE_CHECKING:
    from pipeline.data import IngestReport
    from pipeline.settings import Loaded

SOME_FAILED = 3


def ingest_cli(
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PATH]...", help="Files, directories or globs; source.paths if none is given."
        ),
    ] = None,
    config: ConfigFile = None,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Bring videos into the archive.

    They are decoded, split into scenes, encoded and written to the store. What is in already is
    passed over. A file that fails is reported and stops no other; the exit code is 3 then.
    """
    try:
        report = _run(paths, config, overrides)
    except VSearchError as error:
        if as_json:
            print_json(report_document(_empty_report(), [error_document(error)]))
        raise
    if as_json:
        failures = [dataclasses.asdict(failure) for failure in report.failures]
        print_json(report_document(report, failures))
    else:
        _print_report(report)
    if report.failures:
        raise typer.Exit(SOME_FAILED)


def _run(paths: list[str] | None, file: Path | None, overrides: list[str] | None) -> IngestReport:
    loaded = _load(paths, file, overrides)
    from pipeline.cli.progress import watching
    from pipeline.ingest.run import ingest

    try:
        with watching(sys.stderr) as watch:
            return ingest(loaded.config, origin=loaded.origin, watch=watch)
    except KeyboardInterrupt:
        raise VSearchError(
            "interrupted: committed videos are kept, run again to go on", code=Code.INTERRUPTED
        ) from None


def _load(paths: list[str] | None, file: Path | None, overrides: list[str] | None) -> Loaded:
    loaded = load(file, overrides)
    if not paths:
        return loaded
    source = loaded.config.source.model_copy(update={"paths": tuple(paths)})
    return loaded._replace(config=loaded.config.model_copy(update={"source": source}))


def report_document(report: IngestReport, failures: list[dict[str, str]]) -> dict[str, object]:
    """The contract of `ingest --json`."""
    return {
        "videos": dataclasses.asdict(report.videos),
        "rows_written": report.rows_written,
        "video_s": round(report.video_s, 3),
        "setup_s": round(report.setup_s, 3),
        "wall_s": round(report.wall_s, 3),
        "failures": failures,
    }


def _empty_report() -> IngestReport:
    from pipeline.data import IngestReport, VideoCounts

    return IngestReport(VideoCounts(), 0, 0.0, 0.0, 0.0)


def _print_report(report: IngestReport) -> None:
    counts = report.videos
    speed = report.video_s / report.wall_s if report.wall_s else 0.0
    typer.echo(
        f"{counts.found} found: {counts.ingested} ingested, {counts.unchanged} unchanged,"
        f" {counts.failed} failed; {report.rows_written} rows from {clock(report.video_s)} of video"
        f" in {report.wall_s:.1f} s ({speed:.1f} x real time),"
        f" after {report.setup_s:.1f} s of set-up"
    )
    if not report.failures or not on_terminal():
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("file", "code", "what", title="failed")
    for failure in report.failures:
        table.add_row(printable(failure.uri), failure.code, failure.message)
    Console().print(table, markup=False)
