"""The chain over found files: composes the stages, keeps one video's failure from the others."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Mapping, Sequence, Set
from dataclasses import replace
from pathlib import Path

from pipeline.config import Config
from pipeline.data import (
    Committed,
    Decoded,
    Failure,
    IngestReport,
    Killed,
    Plan,
    Progress,
    SceneEmbeddings,
    SceneSamples,
    Told,
    Video,
    VideoCounts,
    VideoEntry,
    VideoRecord,
    Warned,
)
from pipeline.errors import Code
from pipeline.ingest.decode import DecodeSettings
from pipeline.ingest.demo import demo_warning
from pipeline.ingest.encode import EncodedEvent, encode
from pipeline.ingest.known import Known, KnownFiles
from pipeline.ingest.ledger import Ledger
from pipeline.ingest.places import Places, is_tidied_away, moved
from pipeline.ingest.reconcile import next_revision, reconcile
from pipeline.ingest.recorded import dated, is_recorded_else, recorded
from pipeline.ingest.stop import Stop
from pipeline.ingest.tags import rule_tags
from pipeline.ingest.tally import Tally
from pipeline.ingest.workers import decode_pool
from pipeline.ingest.write import Writer
from pipeline.models import Encoder
from pipeline.store import VideoStore
from pipeline.store.rows import MAX_PATHS

RunEvent = Plan | Told | Warned | Video | Progress | Committed | Failure | IngestReport
Watch = Callable[[RunEvent], None]

_CHUNK = 500
_log = logging.getLogger(__name__)


class Chain:
    """Brings files into one archive, and keeps what it says of them right.

    Args:
        config: All settings.
        encoder: What turns pictures into vectors.
        store: Open for writing.
        ledger: Of the archive that is open.
        watch: Told what happens, as it happens.
        stop: When to end early.
        inherited: Videos of the archive that this one will replace, by id: their tags go over.
        again: Paths of files that are tried again, though they failed before.
    """

    def __init__(
        self,
        config: Config,
        encoder: Encoder,
        store: VideoStore,
        ledger: Ledger,
        *,
        watch: Watch,
        stop: Stop,
        inherited: Mapping[str, VideoEntry] | None = None,
        again: Container[str] = (),
    ) -> None:
        self._config = config
        self._encoder = encoder
        self._store = store
        self._ledger = ledger
        self._watch = watch
        self._stop = stop
        self._inherited = inherited or {}
        self._entries = {entry.video_id: entry for entry in store.entries()}
        revision = next_revision(self._entries.values())
        damaged = reconcile(store, self._entries, revision)
        self._writer = Writer(store, config.store, revision, self._tags, self._note_flushed)
        self._known = self._entries.keys() - damaged
        self.places = Places(self._entries.values())
        self._files = KnownFiles(ledger, self.places, self._known, config.decode, again)
        self._again: list[Path] = []
        self._in_progress: dict[str, list[Video]] = {}
        self._seen: defaultdict[str, list[Video]] = defaultdict(list)
        self.failures: list[Failure] = []
        self.video_s = 0.0
        self._tally = Tally()
        self._warned = False

    @property
    def rows_written(self) -> int:
        """Rows of `segments`, so far."""
        return self._writer.rows_written

    @property
    def known(self) -> Set[str]:
        """Ids of all videos that are committed."""
        return self._known

    @property
    def counts(self) -> VideoCounts:
        """What became of the files so far."""
        return self._tally.counts

    def ingest(self, found: Sequence[Path | Failure]) -> None:
        """Ingest what is new; what was committed stays, whatever ends this."""
        self._tally.found += len(found)
        for item in found:
            if isinstance(item, Failure):
                self._fail(item)
        looked = [(item, self._files.look(item)) for item in found if isinstance(item, Path)]
        wanted = [path for path, known in looked if known is Known.NOTHING]
        unchanged = sum(known is Known.IS_IN for _, known in looked)
        self._tally.unchanged += unchanged
        self._tally.failed_before += len(looked) - len(wanted) - unchanged
        self._watch(Plan(len(found), unchanged, len(looked) - len(wanted) - unchanged))
        try:
            self._decode(wanted)
        finally:
            self._announce(self._writer.close())

    def settle(self, gone: Set[str] = frozenset(), *, remove: bool = False) -> None:
        """Bring paths and tags up to date.

        Args:
            gone: Paths at which there is no file any more.
            remove: All of the source was looked at, and it is what the archive should be. Videos
                that are nowhere any more are removed; otherwise they keep the paths they had, since
                they may have been moved to where nobody has looked yet. So it is with capture times
                of file names of which the settings say nothing.
        """
        paths = {
            video_id: there[:MAX_PATHS] or (() if remove else self._entries[video_id].paths)
            for video_id, there in self.places.now(gone).items()
        }
        removed = [key for key in self._entries if not paths[key]]
        changed = [
            key
            for key, entry in self._entries.items()
            if paths[key]
            and (
                paths[key] != entry.paths
                or self._tags(key, paths[key]) != entry.tags
                or is_recorded_else(entry, paths[key], self._config.source, keep=not remove)
            )
        ]
        for start in range(0, len(changed), _CHUNK):
            records = self._store.videos(changed[start : start + _CHUNK])
            self._store.commit(
                self._now(record, paths[key], keep=not remove) for key, record in records.items()
            )
        self._store.delete_videos(removed)
        self._tally.removed += len(removed)
        if changed or removed:
            self._store.flush()
        self._known -= set(removed)
        self._ledger.forget(removed, {*gone, *self._failures_gone()} if remove else gone)
        self._ledger.done(video for videos in self._seen.values() for video in videos)

    def report(self, failure: Failure) -> None:
        """Note something that went wrong, though with none of the files that were found."""
        self.failures.append(failure)
        _log.debug("%s: %s: %s", failure.uri, failure.code, failure.message)
        self._watch(failure)

    def _decode(self, paths: list[Path]) -> None:
        settings = DecodeSettings(
            decode=self._config.decode,
            scenes=self._config.scenes,
            sample=self._config.sample,
            input_size=self._encoder.input_size,
        )
        with decode_pool(settings) as pool:
            fresh = False
            while paths:
                events = encode(
                    pool.run(paths, wanted=self._is_wanted, stop=self._stop, fresh=fresh),
                    self._encoder,
                    batch_size=self._config.encode.batch_size,
                    pooling=self._config.sample.pooling,
                )
                for event in events:
                    self._take(event)
                paths, self._again, fresh = self._again, [], True

    def _take(self, event: EncodedEvent) -> None:
        match event:
            case SceneEmbeddings():
                self._announce(self._writer.add(event))
            case Decoded():
                self.video_s += event.video.read_s
                videos = self._in_progress[event.video.video_id]
                paths = tuple(sorted(video.path for video in videos)[:MAX_PATHS])
                video = recorded(event.video, paths, self._config.source)
                self._announce(self._writer.finish(replace(event, video=video), paths))
            case Failure():
                self._fail_video(event)
            case Video() | Progress():
                self._watch(event)
            case SceneSamples():
                raise AssertionError("encode() replaces samples")

    def _is_wanted(self, video: Video) -> bool:
        """Whether a probed file must be decoded: not if its content is in, or on its way in."""
        if self._files.changed(video):
            message = "is being written; it is left for the next run"
            self._fail(Failure(video.path, Code.FILE_CHANGED, message))
            return False
        if video.video_id in self._known:
            self._saw(video)
            self._tally.unchanged += 1
            return False
        self._warn_of_demo(video)
        videos = self._in_progress.setdefault(video.video_id, [])
        videos.append(video)
        return len(videos) == 1

    def _warn_of_demo(self, video: Video) -> None:
        """Say once that the demo's model was not made for this."""
        if self._warned or not (warning := demo_warning(self._config.encode, video)):
            return
        self._warned = True
        _log.debug(warning.message)
        self._watch(warning)

    def _saw(self, video: Video) -> None:
        self.places.saw(video.path, video.video_id)
        self._seen[video.video_id].append(video)

    def _announce(self, committed: Iterable[Committed]) -> None:
        for event in committed:
            record = event.record
            key = record.video.video_id
            videos = self._in_progress.pop(key)
            self._known.add(key)
            self._entries[key] = VideoEntry(
                key, record.revision, record.rows, record.paths, record.tags,
                record.video.recorded_at, record.video.recorded_from,
            )  # fmt: skip
            if record.video.covered:
                self._tally.partial += len(videos)
            else:
                self._tally.ingested += len(videos)
            for video in videos:
                self._saw(video)
            self._watch(event)

    def _fail_video(self, failure: Failure) -> None:
        for videos in self._in_progress.values():
            if videos[0].path == failure.uri:
                self._writer.drop(videos[0])
                # What befell this file need not befall its copies.
                self._again.extend(Path(video.path) for video in videos[1:])
                del self._in_progress[videos[0].video_id]
                break
        if isinstance(failure, Killed):
            self._again.append(Path(failure.uri))
        else:
            self._fail(failure)

    def _fail(self, failure: Failure) -> None:
        self._tally.failed += 1
        self._files.failed(failure)
        self.report(failure)

    def _failures_gone(self) -> set[str]:
        return {path for path in self._ledger.failed_paths() if is_tidied_away(path)}

    def _now(self, record: VideoRecord, paths: tuple[str, ...], *, keep: bool) -> VideoRecord:
        now = moved(record, paths, self._tags(record.video.video_id, paths))
        return dated(now, self._config.source, keep=keep)

    def _note_flushed(self, records: list[VideoRecord]) -> None:
        self._ledger.done(
            video
            for record in records
            for video in self._seen.get(record.video.video_id, ())
            # The path of a late copy is not in the store before `settle`.
            if video.path in record.paths
        )

    def _tags(self, video_id: str, paths: Iterable[str]) -> tuple[str, ...]:
        """The tags of a video: its own, those of the one that it replaces, those of the rules."""
        # What answers now is right: here may be what was taken away meanwhile.
        entry = self._inherited.get(video_id) or self._entries.get(video_id)
        own = set(entry.tags) if entry else set()
        return tuple(sorted(own.union(rule_tags(paths, self._config.source.tags))))
