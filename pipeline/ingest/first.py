"""A first look at the source: an ingest of files that are no videos ends here, before what is slow.

Loading a model and reaching a store take seconds, and so does importing what does it: nothing of
that is imported here. Only the files' own first bytes are looked at, and no further than to one
that may be a video: then it is the run that says what the others are.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from pipeline.config import Config
from pipeline.data import Failure, IngestReport, Plan, VideoCounts
from pipeline.errors import LASTING, MediaError, VSearchError
from pipeline.ingest.discover import discover
from pipeline.ingest.known import Known, KnownFiles
from pipeline.ingest.ledger import Ledger
from pipeline.ingest.places import Places
from pipeline.ingest.state import ledgers, run_lock, run_noted
from pipeline.media.look import look_at
from pipeline.models import refuse_early


def refused(config: Config, watch: Callable[[Plan | Failure], None]) -> IngestReport | None:
    """Report on a source in which nothing can be ingested.

    Args:
        config: All settings.
        watch: Told what happens, as it happens.

    Returns:
        The report of the run, which has failures alone; None if there is something to do.

    Raises:
        LockedError: Another run is at this collection.
    """
    started = time.perf_counter()
    failures = nothing_to_do(discover(config.source))
    if not failures:
        return None
    with run_lock(config), run_noted(config, "ingest") as ended:
        return ended(report_nothing(config, failures, started, watch))


def nothing_to_do(found: Iterable[Path | Failure]) -> list[Failure]:
    """All failures of a source in which there is nothing to ingest.

    Args:
        found: What `discover` gave.

    Returns:
        The failures; none if there is something to do.
    """
    failures = []
    for item in looked_at(found):
        if isinstance(item, Path):
            return []
        failures.append(item)
    return failures


def refuse_encoder(config: Config, command: str) -> None:
    """Note and raise what is wrong with the encoder's settings, as far as they say it themselves.

    Raises:
        ConfigError, ModelError: As `refuse_early` of the models.
    """
    try:
        refuse_early(config.encode)
    except VSearchError:
        with run_lock(config), run_noted(config, command):
            raise


def looked_at(found: Iterable[Path | Failure]) -> Iterator[Path | Failure]:
    """Files as they were found; those whose own bytes say that they are no video, as failures."""
    for item in found:
        try:
            if isinstance(item, Path):
                look_at(item)
        except MediaError as error:
            yield Failure(str(item), error.code, error.message)
        else:
            yield item


def report_nothing(
    config: Config,
    failures: Sequence[Failure],
    started: float,
    watch: Callable[[Plan | Failure], None],
) -> IngestReport:
    """Note and tell of a run that had nothing to do but to name what failed.

    Files that are no videos are noted where there is an archive, so that the next run passes them
    over; without one, nothing is made to note them in, and each run tells them.

    Args:
        config: All settings.
        failures: All that was found.
        started: When it began, as `time.perf_counter` has it.
        watch: Told of each.
    """
    failed = _noted(config, failures)
    before = len(failures) - len(failed)
    watch(Plan(len(failures), 0, before))
    for failure in failed:
        watch(failure)
    counts = VideoCounts(found=len(failures), failed=len(failed), failed_before=before)
    return IngestReport(counts, 0, 0.0, 0.0, time.perf_counter() - started, failed)


def _noted(config: Config, failures: Sequence[Failure]) -> tuple[Failure, ...]:
    """Note failures; those that are new, or are told each time.

    In the notes of all archives of the collection: only the store could say which of them answers,
    and what a file's own bytes say of it goes for each.
    """
    with ExitStack() as opened:
        notes = [
            KnownFiles(opened.enter_context(Ledger(path)), Places(()), set(), config.decode)
            for path in ledgers(config)
        ]
        failed = tuple(
            failure
            for failure in failures
            if failure.code not in LASTING
            or {each.look(Path(failure.uri)) for each in notes} != {Known.FAILED}
        )
        for each in notes:
            for failure in failed:
                each.failed(failure)
    return failed
