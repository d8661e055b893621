"""An answer -> files in a folder: clips, or a list of them. What fails costs one moment."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, get_args

from pipeline.data import Answer, Failure
from pipeline.errors import Code, ConfigError, MediaError, VSearchError
from pipeline.export.edl import Found, by_rate, edl_text
from pipeline.export.fcpxml import fcpxml_text
from pipeline.export.picks import Pick, picks_of
from pipeline.export.source import Source
from pipeline.export.table import csv_text
from pipeline.export.worker import SILENCE_S, Worker, worker

Format = Literal["clips", "edl", "fcpxml", "csv"]
FORMATS: tuple[str, ...] = get_args(Format)

LIST_NAME = "moments"
"""What a list is called, before its suffix."""


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What one export did.

    Args:
        files: What was written, in order.
        failures: Every moment and file that could not be, once.
    """

    files: tuple[Path, ...]
    failures: tuple[Failure, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """How far an export is: the moment it is at, of how many, and how much of that is done."""

    pick: Pick
    number: int
    total: int
    done: float = 0.0

    def told(self, watch: Watch) -> Callable[[float], None]:
        """A watcher of this moment alone."""
        return lambda done: watch(replace(self, done=done))


Watch = Callable[[Step], None]


@dataclass(frozen=True, slots=True)
class Order:
    """What is wanted.

    Args:
        folder: Where files go; it is made if it is not there.
        form: `clips`, one mp4 a moment, or a list: `edl`, `fcpxml`, `csv`.
        every: All moments of each result, not the best alone.
        overwrite: Replace what is there under the same name.
        title: What was asked; lists carry it.
        silence_s: How long a file may show no progress.
    """

    folder: Path
    form: Format = "clips"
    every: bool = False
    overwrite: bool = False
    title: str = ""
    silence_s: float = SILENCE_S


def check_folder(folder: Path) -> None:
    """Refuse a folder that cannot be written to, before a model is loaded.

    Raises:
        ConfigError: It, or the folder that it would be made in, cannot be written to, or is none.
    """
    there = folder.absolute()
    while not os.path.lexists(there) and there != there.parent:
        there = there.parent
    try:
        if not there.is_dir():
            raise ConfigError(
                "is there and is no folder: take another name",
                code=Code.CONFIG_INVALID,
                uri=str(there),
            )
        tempfile.TemporaryFile(dir=there).close()
    except OSError as error:
        raise ConfigError(
            f"cannot be written to: {error.strerror}", code=Code.CONFIG_INVALID, uri=str(folder)
        ) from None


def export(answer: Answer, order: Order, *, watch: Watch = lambda step: None) -> ExportReport:
    """Write an answer's moments.

    Files appear under their names when they are whole: what an interrupted export leaves is right.
    Clips and lists for editors need the videos' files; a table does not.

    Args:
        answer: What was found.
        order: What is wanted of it.
        watch: Told how far it is.

    Raises:
        MediaError: UNWRITABLE, the folder cannot be made.
    """
    try:
        order.folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(order.folder, error) from None
    picks = picks_of(answer, every=order.every)
    files: list[Path] = []
    failures: list[Failure] = []
    with worker(silence_s=order.silence_s) as process:
        write = _clips if order.form == "clips" else _lists
        for written in write(picks, order, process, watch):
            if isinstance(written, Failure):
                failures.append(written)
            else:
                files.append(written)
    return ExportReport(tuple(files), tuple(failures))


def _clips(
    picks: Sequence[Pick], order: Order, process: Worker, watch: Watch
) -> Iterator[Path | Failure]:
    from pipeline.export.cutting import cut

    for number, pick in enumerate(picks, start=1):
        target = order.folder / f"{pick.name}.mp4"
        step = Step(pick, number, len(picks))
        watch(step)
        try:
            with _appearing(target, order) as partial:
                process.do(cut, pick, partial, uri=pick.record.video.path, watch=step.told(watch))
            yield target
        except VSearchError as error:
            if error.code == Code.UNWRITABLE:
                error.uri = str(target)  # not the name that it had meanwhile
            yield _failure(error, pick)


def _lists(
    picks: Sequence[Pick], order: Order, process: Worker, watch: Watch
) -> Iterator[Path | Failure]:
    if order.form == "csv":
        yield from _write(f"{LIST_NAME}.csv", csv_text(picks), order)
        return
    found: list[Found] = []
    for looked_at in _looked_at(picks, process, watch):
        if isinstance(looked_at, Failure):
            yield looked_at
        else:
            found.append(looked_at)
    if not found:
        return
    if order.form == "fcpxml":
        yield from _write(f"{LIST_NAME}.fcpxml", fcpxml_text(found, title=order.title), order)
        return
    groups = by_rate(found)
    for rate, group in groups.items():
        name = LIST_NAME if len(groups) == 1 else f"{LIST_NAME}-{rate.name}"
        yield from _write(f"{name}.edl", edl_text(group, rate, title=order.title), order)


def _looked_at(picks: Sequence[Pick], process: Worker, watch: Watch) -> Iterator[Found | Failure]:
    """Picks with their files, each video looked at once."""
    from pipeline.export.cutting import look

    known: dict[str, Source | VSearchError] = {}
    for number, pick in enumerate(picks, start=1):
        watch(Step(pick, number, len(picks)))
        video = pick.record.video
        if video.video_id not in known:
            try:
                known[video.video_id] = process.do(look, pick.record, uri=video.path)
            except VSearchError as error:
                known[video.video_id] = error
        source = known[video.video_id]
        yield _failure(source, pick) if isinstance(source, VSearchError) else (pick, source)


def _write(name: str, text: str, order: Order) -> Iterator[Path | Failure]:
    target = order.folder / name
    try:
        with _appearing(target, order) as partial:
            try:
                # As it stands: the table has line ends of its own.
                partial.write_text(text, encoding="utf-8", newline="")
            except OSError as error:
                raise _unwritable(target, error) from None
        yield target
    except VSearchError as error:
        yield Failure(str(target), error.code, error.message)


@contextmanager
def _appearing(target: Path, order: Order) -> Iterator[Path]:
    """A name to write to; it becomes `target` if the block ends well, and goes away if not."""
    _check_free(target, order)
    partial = target.with_name(f".vsearch-{os.getpid()}.partial")
    try:
        yield partial
        _check_free(target, order)
        partial.replace(target)
    except OSError as error:
        raise _unwritable(target, error) from None
    finally:
        partial.unlink(missing_ok=True)


def _check_free(target: Path, order: Order) -> None:
    if not order.overwrite and os.path.lexists(target):
        raise MediaError(
            "is there already: say --overwrite, or take another folder",
            code=Code.FILE_EXISTS,
            uri=str(target),
        )


def _failure(error: VSearchError, pick: Pick) -> Failure:
    return Failure(error.uri or pick.record.video.path, error.code, error.message)


def _unwritable(path: Path, error: OSError) -> MediaError:
    return MediaError(
        f"cannot be written: {error.strerror or error}", code=Code.UNWRITABLE, uri=str(path)
    )
