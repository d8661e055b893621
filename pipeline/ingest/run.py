"""Runs over the source: `ingest` adds what is new, `reindex` makes the archive equal to it.

And `retry`, over what failed in one of them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Container, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

from pipeline.config import Config
from pipeline.data import Failure, Identity, IngestReport
from pipeline.errors import Code, ConfigError
from pipeline.ingest.chain import Chain, RunEvent, Watch
from pipeline.ingest.discover import discover
from pipeline.ingest.first import nothing_to_do, report_nothing
from pipeline.ingest.ledger import Ledger
from pipeline.ingest.migrate import Migration
from pipeline.ingest.places import gone
from pipeline.ingest.retry import chosen, failed_files, found_again
from pipeline.ingest.sample import SAMPLE_VERSION
from pipeline.ingest.scenes import DETECTOR_FRAME_VERSION
from pipeline.ingest.state import ledger_path, owner, run_lock, run_noted
from pipeline.ingest.stop import Stop
from pipeline.media.reader import COLOUR_VERSION
from pipeline.models import Encoder, load_encoder
from pipeline.settings import remember, remember_encoder
from pipeline.store import VideoStore, leased

__all__ = ["RunEvent", "Watch", "identity", "ingest", "reindex", "retry"]


def ingest(
    config: Config,
    *,
    origin: str = "a program",
    watch: Watch = lambda event: None,
    stop: Stop | None = None,
) -> IngestReport:
    """Bring the videos of `config.source` into the store.

    A file that cannot be ingested is in the report and stops no other. After an interruption, what
    is committed stays, and the next run goes on from there. Nothing is removed: a video
    that a new file took the place of goes with the next reindex.

    Args:
        config: All settings.
        origin: Where they came from, to be remembered for commands without `--config`.
        watch: Told what happens, as it happens; of a run that raises, its report so far too.
        stop: When to end early.

    Raises:
        ConfigError: `source.paths` is empty.
        LockedError: Another run is at this collection, or holds the Milvus Lite file.
        ModelError: The encoder cannot be had.
        StoreError: The store cannot be reached, failed, or holds an archive of other settings.
    """
    _check_source(config)
    started = time.perf_counter()
    with run_lock(config), run_noted(config, "ingest") as ended, ExitStack() as opened:
        found = list(discover(config.source))
        if failures := nothing_to_do(found):
            # No reason to load a model or to make a store.
            return ended(report_nothing(config, failures, started, watch))
        stop = stop or Stop()
        encoder, store = _connect(config, opened, stop)
        store.open_for_writing(identity(config, encoder), config.store.index)
        remember(config, origin)
        chain = _chain(config, encoder, store, opened, watch=watch, stop=stop)
        with _reporting(chain, started, watch) as report:
            chain.ingest(found)
            chain.settle()
            return ended(report())


def reindex(
    config: Config,
    *,
    origin: str = "a program",
    watch: Watch = lambda event: None,
    stop: Stop | None = None,
    remove_gone: bool = False,
    accept_loss: bool = False,
) -> IngestReport:
    """Make the archive what a fresh ingest of `config.source` would give, with the least work.

    As `ingest`, and videos whose files are gone are removed. An archive of other settings goes on
    answering while a new one is made beside it, which is checked and then takes its place at once;
    a run that ends early leaves it to the next one to go on.

    Args:
        config: All settings.
        origin: Where they came from, to be remembered for commands without `--config`.
        watch: Told what happens, as it happens.
        stop: When to end early.
        remove_gone: Remove videos of a folder even if it lost nearly all of them.
        accept_loss: Let a new archive answer even if it lacks videos of the old one.

    Raises:
        ConfigError: `source.paths` is empty.
        LockedError: Another run is at this collection, or holds the Milvus Lite file.
        ModelError: The encoder cannot be had.
        StoreError: The store cannot be reached or failed, or a new archive failed its check.
    """
    _check_source(config)
    started = time.perf_counter()
    stop = stop or Stop()
    with run_lock(config), run_noted(config, "reindex") as ended, ExitStack() as opened:
        found = list(discover(config.source))
        if VideoStore(config.store).is_new and (failures := nothing_to_do(found)):
            return ended(report_nothing(config, failures, started, watch))
        encoder, store = _connect(config, opened, stop)
        wanted = identity(config, encoder)
        migration = Migration.begin(config, store, wanted, watch, stop)
        if migration is None:
            store.open_for_writing(wanted, config.store.index)
            remember(config, origin)
        else:
            opened.enter_context(migration)
        chain = _chain(config, encoder, store, opened, watch=watch, stop=stop, migration=migration)
        with _reporting(chain, started, watch) as report:
            lost = _make_equal(config, chain, found, migration, remove_gone=remove_gone)
            if migration is not None and migration.end(chain, lost, accept_loss=accept_loss):
                remember(config, origin)
            return ended(report())


def retry(
    config: Config,
    *,
    names: Sequence[str] = (),
    code: str | None = None,
    origin: str = "a program",  # noqa: ARG001  a retry is no run to take settings from
    watch: Watch = lambda event: None,
    stop: Stop | None = None,
) -> IngestReport:
    """Try files again that failed, though nothing about them has changed.

    Args:
        config: All settings; what the source names does not limit what is tried, but links are
            followed as it says, or if they are named.
        names: Which, as `chosen` takes them; all if there are none.
        code: Only those that failed with this code.
        origin: As for `ingest`; not remembered.
        watch: Told what happens, as it happens.
        stop: When to end early.

    Raises:
        StoreError: There is no archive, or as `ingest`.
        ConfigError: A name is that of no failed file, or nothing has such a code.
        LockedError: Another run is at this collection, or holds the Milvus Lite file.
        ModelError: The encoder cannot be had.
    """
    started = time.perf_counter()
    with run_lock(config), run_noted(config, "retry") as ended, ExitStack() as opened:
        paths = chosen(failed_files(config), names, code)
        if not paths:
            return ended(report_nothing(config, (), started, watch))
        found = found_again(paths, names, config.source)
        stop = stop or Stop()
        encoder, store = _connect(config, opened, stop)
        store.open_for_writing(identity(config, encoder), config.store.index)
        chain = _chain(config, encoder, store, opened, watch=watch, stop=stop, again=set(paths))
        with _reporting(chain, started, watch) as report:
            chain.ingest(found)
            chain.settle()
            return ended(report())


def identity(config: Config, encoder: Encoder) -> Identity:
    """What gives the vectors of these settings their meaning."""
    return Identity(
        encoder=dict(encoder.facts),
        content={
            "colour_version": COLOUR_VERSION,
            "detector_frame_version": DETECTOR_FRAME_VERSION,
            "sample_version": SAMPLE_VERSION,
            "scenes": config.scenes.model_dump(mode="json"),
            "sample": config.sample.model_dump(mode="json"),
        },
        dim=encoder.dim,
    )


def _check_source(config: Config) -> None:
    if not config.source.paths:
        raise ConfigError(
            "names nothing to ingest: give paths, or set it in the config",
            code=Code.NOTHING_TO_INGEST,
            uri="source.paths",
        )


def _connect(config: Config, opened: ExitStack, stop: Stop) -> tuple[Encoder, VideoStore]:
    """Load the encoder and reach the store, both at once: each takes seconds.

    Whoever is kept out by another machine should learn it before that.
    """
    opened.enter_context(leased(config.store, owner=owner(config), lost=stop.tell))
    with ThreadPoolExecutor(1) as other:
        connecting = other.submit(VideoStore.connect, config.store)
        try:
            encoder = load_encoder(config.encode)
        finally:
            # Entered even if the encoder failed, so that the store is let go.
            store = opened.enter_context(connecting.result())
    return encoder, store


def _chain(
    config: Config,
    encoder: Encoder,
    store: VideoStore,
    opened: ExitStack,
    *,
    watch: Watch,
    stop: Stop,
    migration: Migration | None = None,
    again: Container[str] = (),
) -> Chain:
    """The chain into the open archive, whose encoder readers can have from now on."""
    remember_encoder(config, store.names.fingerprint)
    ledger = opened.enter_context(Ledger(ledger_path(config, store.names.segments)))
    inherited = None
    if migration is not None:
        # What was read once may be again, and until then nothing is switched.
        inherited, again = migration.before, migration.places
    return Chain(
        config, encoder, store, ledger,
        watch=watch, stop=stop, inherited=inherited, again=again,
    )  # fmt: skip


def _make_equal(
    config: Config,
    chain: Chain,
    found: Sequence[Path | Failure],
    migration: Migration | None,
    *,
    remove_gone: bool,
) -> set[str]:
    """Ingest what was found and remove what is gone; the paths at which there is no file now."""
    chain.ingest([*found, *(migration.elsewhere(found) if migration else ())])
    known = chain.places.known() | (migration.places if migration else set())
    lost, doubted = gone(known, found, config.source, even_many=remove_gone)
    for failure in doubted:
        chain.report(failure)
    complete = not chain.counts.left
    # What was moved may be among the files that were not looked at.
    chain.settle(lost if complete else frozenset(), remove=complete)
    return lost


@contextmanager
def _reporting(chain: Chain, started: float, watch: Watch) -> Iterator[Callable[[], IngestReport]]:
    """Within the block a chain works; how far it came can be asked, and is told if it raises."""
    ready = time.perf_counter()
    try:
        yield lambda: _report(chain, started, ready)
    except BaseException:  # also Ctrl-C; it goes on
        watch(_report(chain, started, ready))
        raise


def _report(chain: Chain, started: float, ready: float) -> IngestReport:
    return IngestReport(
        videos=chain.counts,
        rows_written=chain.rows_written,
        video_s=chain.video_s,
        setup_s=ready - started,
        wall_s=time.perf_counter() - ready,
        failures=tuple(chain.failures),
    )
