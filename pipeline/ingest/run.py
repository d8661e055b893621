"""The ingest run: composes the chain, keeps one video's failure from the others, reports."""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from pipeline.config import Config
from pipeline.data import (
    DRAWN,
    Committed,
    Decoded,
    Failure,
    Identity,
    IngestReport,
    Plan,
    Progress,
    SceneEmbeddings,
    SceneSamples,
    Video,
    VideoCounts,
    VideoRecord,
    Warned,
)
from pipeline.errors import Code, ConfigError, MediaError
from pipeline.ingest.decode import DecodeSettings
from pipeline.ingest.discover import discover
from pipeline.ingest.encode import EncodedEvent, encode
from pipeline.ingest.ledger import Ledger
from pipeline.ingest.sample import SAMPLE_VERSION
from pipeline.ingest.scenes import DETECTOR_FRAME_VERSION
from pipeline.ingest.state import ledger_path, run_lock
from pipeline.ingest.workers import decode_pool
from pipeline.ingest.write import Writer
from pipeline.media.container import stamp_of
from pipeline.media.reader import COLOUR_VERSION
from pipeline.models import Encoder, load_encoder
from pipeline.models.published import DEMO_NOTE
from pipeline.settings import remember
from pipeline.store import VideoStore

RunEvent = Plan | Warned | Video | Progress | Committed | Failure
Watch = Callable[[RunEvent], None]

_log = logging.getLogger(__name__)


def ingest(
    config: Config, *, origin: str = "a program", watch: Watch = lambda event: None
) -> IngestReport:
    """Bring the videos of `config.source` into the store.

    A file that cannot be ingested is in the report and stops no other. After an interruption, what
    is committed stays, and the next run goes on from there.

    Args:
        config: All settings.
        origin: Where they came from, to be remembered for commands without `--config`.
        watch: Told what happens, as it happens.

    Raises:
        ConfigError: `source.paths` is empty.
        LockedError: Another run is at this collection, or holds the Milvus Lite file.
        ModelError: The encoder cannot be had.
        StoreError: The store cannot be reached, failed, or holds an archive of other settings.
    """
    if not config.source.paths:
        raise ConfigError(
            "names nothing to ingest: give paths, or set it in the config",
            code=Code.NOTHING_TO_INGEST,
            uri="source.paths",
        )
    started = time.perf_counter()
    with run_lock(config), ExitStack() as opened:
        found = list(discover(config.source))
        if all(isinstance(item, Failure) for item in found):
            # Nothing to decode: no reason to load a model or to make a store.
            return _report_nothing(found, started, watch)
        encoder, store = _set_up(config, opened)
        ledger = opened.enter_context(Ledger(ledger_path(config, store.names.segments)))
        remember(config, origin)
        ready = time.perf_counter()
        run = _Run(config, encoder, store, ledger, watch)
        counts = run.over(found)
        return IngestReport(
            videos=counts,
            rows_written=run.writer.rows_written,
            video_s=run.video_s,
            setup_s=ready - started,
            wall_s=time.perf_counter() - ready,
            failures=tuple(run.failures),
        )


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


class _Run:
    """One pass over what was found."""

    def __init__(
        self, config: Config, encoder: Encoder, store: VideoStore, ledger: Ledger, watch: Watch
    ) -> None:
        self._config = config
        self._encoder = encoder
        self._store = store
        self._ledger = ledger
        self._watch = watch
        self._known = store.committed_ids()
        self._again: list[Path] = []
        self._in_progress: dict[str, list[Video]] = {}
        self._copies: defaultdict[str, list[Video]] = defaultdict(list)
        self.writer = Writer(store, config.store, self._note_flushed)
        self.failures: list[Failure] = []
        self.video_s = 0.0
        self._ingested = self._unchanged = 0
        self._warned = False

    def over(self, found: list[Path | Failure]) -> VideoCounts:
        """Ingest what is new; what was committed stays, whatever ends this."""
        for item in found:
            if isinstance(item, Failure):
                self._fail(item)
        untouched = [item for item in found if isinstance(item, Path) and self._is_noted(item)]
        self._unchanged = len(untouched)
        self._watch(Plan(len(found), len(untouched)))
        skip = set(untouched)
        paths = [item for item in found if isinstance(item, Path) and item not in skip]
        try:
            self._decode(paths)
        finally:
            self._announce(self.writer.close())
        self._add_paths()
        return VideoCounts(
            found=len(found),
            ingested=self._ingested,
            unchanged=self._unchanged,
            failed=len(self.failures),
        )

    def _decode(self, paths: list[Path]) -> None:
        settings = DecodeSettings(
            decode=self._config.decode,
            scenes=self._config.scenes,
            sample=self._config.sample,
            input_size=self._encoder.input_size,
        )
        with decode_pool(settings) as pool:
            while paths:
                events = encode(
                    pool.run(paths, wanted=self._is_wanted),
                    self._encoder,
                    batch_size=self._config.encode.batch_size,
                    pooling=self._config.sample.pooling,
                )
                for event in events:
                    self._take(event)
                paths, self._again = self._again, []

    def _take(self, event: EncodedEvent) -> None:
        match event:
            case SceneEmbeddings():
                self._announce(self.writer.add(event))
            case Decoded():
                self.video_s += event.video.duration_s
                videos = self._in_progress[event.video.video_id]
                paths = tuple(sorted(video.path for video in videos))
                self._announce(self.writer.finish(event, paths))
            case Failure():
                self._fail_video(event)
            case Video() | Progress():
                self._watch(event)
            case SceneSamples():
                raise AssertionError("encode() replaces samples")

    def _is_noted(self, path: Path) -> bool:
        try:
            video_id = self._ledger.video_at(str(path), stamp_of(path))
        except MediaError:
            return False
        return video_id is not None and video_id in self._known

    def _is_wanted(self, video: Video) -> bool:
        """Whether a probed file must be decoded: not if its content is in, or on its way in."""
        if video.video_id in self._known:
            self._copies[video.video_id].append(video)
            self._unchanged += 1
            return False
        self._warn_of_demo(video)
        videos = self._in_progress.setdefault(video.video_id, [])
        videos.append(video)
        return len(videos) == 1

    def _warn_of_demo(self, video: Video) -> None:
        """Say once that the demo's model was not made for this."""
        if self._config.encode.backend != "demo" or video.comment == DRAWN or self._warned:
            return
        self._warned = True
        message = (
            f"{DEMO_NOTE}, and {video.path} is not of it: what is found there means nothing; set"
            " encode.backend to openai, and another store.collection"
        )
        _log.debug(message)
        self._watch(Warned(message))

    def _announce(self, committed: Iterable[Committed]) -> None:
        for event in committed:
            video_id = event.record.video.video_id
            videos = self._in_progress.pop(video_id)
            self._known.add(video_id)
            self._ingested += len(videos)
            self._copies[video_id].extend(videos)
            self._watch(event)

    def _fail_video(self, failure: Failure) -> None:
        for videos in self._in_progress.values():
            if videos[0].path == failure.uri:
                self.writer.drop(videos[0])
                # What befell this file need not befall its copies.
                self._again.extend(Path(video.path) for video in videos[1:])
                del self._in_progress[videos[0].video_id]
                break
        self._fail(failure)

    def _fail(self, failure: Failure) -> None:
        self.failures.append(failure)
        if failure.code not in (Code.NOT_FOUND, Code.NO_VIDEOS):
            self._ledger.failed(failure)
        _log.debug("%s: %s: %s", failure.uri, failure.code, failure.message)
        self._watch(failure)

    def _note_flushed(self, records: list[VideoRecord]) -> None:
        self._ledger.done(
            video
            for record in records
            for video in self._copies.get(record.video.video_id, ())
            # The path of a late copy is not in the store before `_add_paths`.
            if video.path in record.paths
        )

    def _add_paths(self) -> None:
        """Put the paths of copies into their videos' rows."""
        same, changed = [], []
        for video_id, record in self._store.videos(self._copies.keys()).items():
            paths = {*record.paths, *(video.path for video in self._copies[video_id])}
            if paths == set(record.paths):
                same.append(record)
            else:
                changed.append(replace(record, paths=tuple(sorted(paths))))
        if changed:
            self._store.commit(changed)
            self._store.flush()
        self._note_flushed([*same, *changed])


def _set_up(config: Config, opened: ExitStack) -> tuple[Encoder, VideoStore]:
    """Load the encoder and reach the store, both at once: each takes seconds."""
    with ThreadPoolExecutor(1) as other:
        connecting = other.submit(VideoStore.connect, config.store)
        try:
            encoder = load_encoder(config.encode)
        finally:
            # Entered even if the encoder failed, so that the store is let go.
            store = opened.enter_context(connecting.result())
    store.open_for_writing(identity(config, encoder), config.store.index)
    return encoder, store


def _report_nothing(found: list[Path | Failure], started: float, watch: Watch) -> IngestReport:
    failures = tuple(item for item in found if isinstance(item, Failure))
    watch(Plan(len(failures), 0))
    for failure in failures:
        watch(failure)
    counts = VideoCounts(found=len(failures), failed=len(failures))
    return IngestReport(counts, 0, 0.0, 0.0, time.perf_counter() - started, failures)
