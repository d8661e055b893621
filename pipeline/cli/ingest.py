"""`vsearch ingest`: videos into the store."""

from __future__ import annotations

import dataclasses
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

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
    from pipeline.data import IngestReport, VideoCounts
    from pipeline.ingest.chain import RunEvent, Watch
    from pipeline.ingest.stop import Stop
    from pipeline.settings import Loaded

SOME_FAILED = 3

MaxMinutes = Annotated[
    float | None,
    typer.Option(
        min=0,
        metavar="MINUTES",
        help="Begin no further file then; the next run goes on from there.",
    ),
]


def ingest_cli(
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PATH]...", help="Files, directories or globs; source.paths if none is given."
        ),
    ] = None,
    max_minutes: MaxMinutes = None,
    config: ConfigFile = None,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Bring videos into the archive.

    They are decoded, split into scenes, encoded and written to the store. What is in already is
    passed over. A file that fails is reported and stops no other; the exit code is 3 then. It is
    not tried again until it changes, or vsearch retry asks.
    """
    run_and_report("ingest", paths, config, overrides, as_json=as_json, max_minutes=max_minutes)


def run_and_report(
    command: Literal["ingest", "reindex", "retry"],
    paths: list[str] | None,
    config: Path | None,
    overrides: list[str] | None,
    *,
    as_json: bool,
    max_minutes: float | None,
    **options: object,
) -> None:
    """Run a command over the source, and say what it did; exit with 3 if some videos failed."""
    reached: list[IngestReport] = []
    try:
        report = _run(command, _load(paths, config, overrides), max_minutes, options, reached)
    except VSearchError as error:
        if as_json:
            print_json(report_document(reached[-1] if reached else _empty_report(), error))
        raise
    if as_json:
        print_json(report_document(report))
    elif command == "retry" and not report.videos.found:
        typer.echo("no such file has failed: nothing to try again")
    else:
        _print_report(report)
    if report.failures:
        raise typer.Exit(SOME_FAILED)


def _run(
    command: str,
    loaded: Loaded,
    max_minutes: float | None,
    options: dict[str, object],
    reached: list[IngestReport],
) -> IngestReport:
    """Run it; `reached` gets how far it came if it raises."""
    from pipeline.cli.progress import watching
    from pipeline.ingest.first import refuse_encoder, refused
    from pipeline.ingest.stop import Stop

    stop = Stop(None if max_minutes is None else 60 * max_minutes)
    try:
        if command == "ingest":
            with watching(sys.stderr) as watch:
                if report := refused(loaded.config, watch):
                    return report
        refuse_encoder(loaded.config, command)
        # It imports what takes seconds to import.
        from pipeline.ingest import run

        with watching(sys.stderr) as watch, _ended_by_signal(stop):
            return getattr(run, command)(  # type: ignore[no-any-return]
                loaded.config,
                origin=loaded.origin,
                watch=lambda event: _see(event, watch, reached),
                stop=stop,
                **options,
            )
    except KeyboardInterrupt:
        raise VSearchError(
            "interrupted: committed videos are kept, run again to go on", code=Code.INTERRUPTED
        ) from None


def _see(event: RunEvent, watch: Watch, reached: list[IngestReport]) -> None:
    from pipeline.data import IngestReport

    if isinstance(event, IngestReport):
        reached.append(event)
    else:
        watch(event)


@contextmanager
def _ended_by_signal(stop: Stop) -> Iterator[None]:
    """Within the block SIGTERM, by which services are ended, ends the run with a report."""
    before = signal.signal(signal.SIGTERM, lambda number, frame: stop.tell())
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _load(paths: list[str] | None, file: Path | None, overrides: list[str] | None) -> Loaded:
    loaded = load(file, overrides)
    if not paths:
        return loaded
    source = loaded.config.source.model_copy(update={"paths": tuple(paths)})
    return loaded._replace(config=loaded.config.model_copy(update={"source": source}))


def report_document(report: IngestReport, error: VSearchError | None = None) -> dict[str, object]:
    """The contract of `ingest --json`; an error that ended the run is the last of its failures."""
    failures = [dataclasses.asdict(failure) for failure in report.failures]
    if error is not None:
        failures.append(error_document(error))
    return {
        "videos": dataclasses.asdict(report.videos),
        "rows_written": report.rows_written,
        "video_s": round(report.video_s, 3),
        "setup_s": round(report.setup_s, 3),
        "wall_s": round(report.wall_s, 3),
        "failures": failures,
    }


def _more(counts: VideoCounts) -> str:
    names = ("partial", "removed")
    told = ((name, getattr(counts, name)) for name in names)
    return "".join(f", {count} {name}" for name, count in told if count)


def _empty_report() -> IngestReport:
    from pipeline.data import IngestReport, VideoCounts

    return IngestReport(VideoCounts(), 0, 0.0, 0.0, 0.0)


def _print_report(report: IngestReport) -> None:
    counts = report.videos
    speed = report.video_s / report.wall_s if report.wall_s else 0.0
    typer.echo(
        f"{counts.found} found: {counts.ingested} ingested, {counts.unchanged} unchanged,"
        f" {counts.failed} failed{_more(counts)}; {report.rows_written} rows from"
        f" {clock(report.video_s)} of video in {report.wall_s:.1f} s ({speed:.1f} x real time),"
        f" after {report.setup_s:.1f} s of set-up"
    )
    if counts.failed_before:
        typer.echo(
            f"{counts.failed_before} failed before and were not tried again: vsearch status shows"
            " them, vsearch retry tries them"
        )
    if counts.left:
        typer.echo(f"{counts.left} files are left for the next run")
    if not report.failures or not on_terminal():
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("file", "code", "what", title="failed")
    for failure in report.failures:
        table.add_row(printable(failure.uri), failure.code, printable(failure.message))
    Console().print(table, markup=False)
