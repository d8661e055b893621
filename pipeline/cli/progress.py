"""What an ingest shows while it works: a bar on a terminal, a line a file in a pipe or a log."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from pipeline import data
from pipeline.text import clock, printable

if TYPE_CHECKING:
    from pipeline.ingest.chain import RunEvent, Watch


@contextmanager
def watching(stream: TextIO) -> Iterator[Watch]:
    """A watcher for `ingest` that writes to a stream."""
    console = Console(file=stream, highlight=False, soft_wrap=True)
    if not console.is_terminal:
        yield lambda event: _say(event, console)
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[video]}", markup=False),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        yield _Bar(progress).see


class _Bar:
    """One bar over files; beside it, the presented time that was read."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task = progress.add_task("starting", total=None, video="")

    def see(self, event: RunEvent) -> None:
        match event:
            case data.Plan():
                known = event.unchanged + event.failed_before
                self._progress.update(
                    self._task, description="ingest", total=event.found, completed=known
                )
            case data.Progress():
                name = printable(Path(event.path).name)
                self._progress.update(self._task, video=f"{name} {clock(event.pts_s)}")
            case data.Committed():
                self._progress.advance(self._task, len(event.record.paths))
                if event.record.video.covered:
                    _say(event, self._progress.console)
            case data.Failure():
                self._progress.advance(self._task)
                _say(event, self._progress.console)
            case data.Told() | data.Warned():
                _say(event, self._progress.console)
            case data.Video() | data.IngestReport():
                pass


def _say(event: RunEvent, console: Console) -> None:
    match event:
        case data.Plan():
            line = f"{event.found} found, {event.unchanged} of them unchanged"
            if event.failed_before:
                line += f", {event.failed_before} failed before"
        case data.Committed(record):
            line = (
                f"{_how(record.video)} {printable(record.video.path)} ({_much(record.video)},"
                f" {record.scenes} scenes, {record.rows} rows)"
            )
        case data.Told():
            line = printable(event.message)
        case data.Warned():
            line = f"warning: {printable(event.message)}"
        case data.Failure():
            line = f"failed {printable(event.uri)} [{event.code}]: {printable(event.message)}"
        case _:
            return
    console.print(line, markup=False)


def _how(video: data.Video) -> str:
    return (
        "partial: damaged, and ingested as far as it can be read:" if video.covered else "ingested"
    )


def _much(video: data.Video) -> str:
    whole = clock(video.duration_s)
    if not video.covered:
        return whole
    spans = ", ".join(f"{clock(start_s)}-{clock(end_s)}" for start_s, end_s in video.covered)
    return f"{spans} of {whole}"
