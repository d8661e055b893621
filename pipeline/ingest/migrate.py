"""Another generation of an archive: made aside, checked, and then the one that answers."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pipeline.closing import Closing
from pipeline.config import Config
from pipeline.data import Failure, Identity, Scope, Told, VideoEntry
from pipeline.errors import Code
from pipeline.ingest.chain import Chain, Watch
from pipeline.ingest.ledger import Ledger
from pipeline.ingest.places import moved, outside, unfound
from pipeline.ingest.state import exclusive, ledger_path
from pipeline.ingest.stop import Stop
from pipeline.ingest.verify import verify
from pipeline.store import Generation, Generations, VideoStore
from pipeline.store.versions import (
    SCHEMA_VERSION,
    Names,
    archive_index,
    differences,
    fingerprint,
)

_VIDEOS_A_COPY = 100


class Migration(Closing):
    """The way from the generation that answers to one of other settings.

    Args:
        config: The new settings.
        store: Open aside, on the new generation.
        old: Open on the one that answers.
        generations: Of the archive.
        watch: Told what happens.
        stop: When to end early.
    """

    def __init__(
        self,
        config: Config,
        store: VideoStore,
        old: VideoStore,
        generations: Generations,
        watch: Watch,
        stop: Stop,
    ) -> None:
        self._config = config
        self._store = store
        self._old = old
        self._generations = generations
        self._watch = watch
        self._stop = stop
        self._opened = ExitStack()
        self.before: Mapping[str, VideoEntry] = {entry.video_id: entry for entry in old.entries()}

    @classmethod
    def begin(
        cls,
        config: Config,
        store: VideoStore,
        wanted: Identity,
        watch: Watch,
        stop: Stop,
    ) -> Self | None:
        """Open the new generation aside; None if the one that answers has these settings.

        If only the index differs, or the form of its rows, its vectors are copied.
        """
        if store.is_new:
            return None
        with ExitStack() as opened:
            generations = opened.enter_context(Generations(config.store))
            current = generations.current()
            if current is None:
                return None
            there = generations.opened(current).settings
            index = archive_index(config.store.index)
            if current.fingerprint == fingerprint(wanted) and there.index == index:
                return None
            same_vectors = not differences(there.identity, wanted)
            store.open_aside(wanted, config.store.index)
            old = opened.enter_context(VideoStore.connect(config.store))
            old.open_generation(current)
            migration = cls(config, store, old, generations, watch, stop)
            watch(Told(_until(current, there.schema, store.names)))
            migration._forget()
            if same_vectors:
                migration._copy()
            else:
                migration._hand_on_failures()
            migration._opened = opened.pop_all()
            return migration

    @property
    def places(self) -> set[str]:
        """Every path that the old generation knows."""
        return {path for entry in self.before.values() for path in entry.paths}

    def elsewhere(self, found: Sequence[Path | Failure]) -> Iterator[Path]:
        """Files of the old generation that the source does not name, as far as they are there."""
        known = sorted(self.places - {str(item) for item in found})
        for path in outside(known, self._config.source):
            if os.path.lexists(path):
                yield Path(path)

    def end(self, chain: Chain, lost: Set[str], *, accept_loss: bool) -> bool:
        """Check the new generation and let it answer; say whether it does.

        Args:
            chain: What filled it.
            lost: Paths at which there is no file any more.
            accept_loss: Even if it lacks videos of the old one.

        Raises:
            StoreError: It failed its check.
        """
        if chain.counts.left:
            self._watch(Told(f"{self._store.names.segments} is not complete: run again to go on"))
            return False
        if self._stop.closing:
            # Checking it reads every vector.
            self._watch(Told(f"{self._store.names.segments} is to be checked: run again to go on"))
            return False
        missing = unfound(self.before, chain.places, chain.known, lost)
        if missing and not accept_loss:
            for entry in missing:
                message = (
                    "is in the archive that answers, which goes on, and could not be read again for"
                    " the new one: bring the file back, delete the video, or say --accept-loss"
                )
                chain.report(Failure(entry.paths[0], Code.LEFT_BEHIND, message))
            return False
        verify(self._store)
        self._generations.switch(self._store.names)
        there = self._generations.opened(self._old.names).settings
        way_back = "vsearch rollback goes back, " if there.schema == SCHEMA_VERSION else ""
        self._watch(
            Told(
                f"{self._store.names.segments} answers now; {way_back}vsearch prune drops the old"
                " one"
            )
        )
        return True

    def _forget(self) -> None:
        """Of what is aside from long ago, remove what the archive that answers has lost since."""
        since = [entry for entry in self._store.entries() if entry.video_id not in self.before]
        self._store.delete_videos(
            entry.video_id
            for entry in since
            # What the source still has, it was begun with.
            if len(outside(entry.paths, self._config.source)) == len(entry.paths)
        )

    def _copy(self) -> None:
        """Rows and videos go over as they are, and so does what is known of their files."""
        copied = 0
        have = set(self._store.entries())
        left = [each for each in self.before.values() if each not in have]
        for start in range(0, len(left), _VIDEOS_A_COPY):
            if self._stop.closing:
                return
            chunk = {each.video_id: each.revision for each in left[start : start + _VIDEOS_A_COPY]}
            scope = Scope(only=frozenset(chunk), revisions=chunk)
            copied += self._store.put_rows(self._old.scan(scope))
            self._store.commit(self._old.videos(chunk).values())
        self._store.flush()
        source = ledger_path(self._config, self._old.names.segments)
        target = ledger_path(self._config, self._store.names.segments)
        if source.exists() and not target.exists():
            part = target.with_suffix(".part")
            shutil.copyfile(source, part)
            part.replace(target)
        self._watch(Told(f"copied {len(left)} videos, {copied} rows"))

    def _hand_on_failures(self) -> None:
        """What failed in the old generation is not decoded again for this one."""
        notes = ledger_path(self._config, self._old.names.segments)
        with Ledger(ledger_path(self._config, self._store.names.segments)) as ledger:
            ledger.take_failures(notes)

    def close(self) -> None:
        """Hang up on the generation that answered; the new one's store is not ours."""
        self._opened.close()


def _until(current: Names, form: int, new: Names) -> str:
    if form == SCHEMA_VERSION:
        return f"{current.segments} answers until {new.segments} is complete"
    return (
        f"{current.segments} stores rows in form {form}, which this vsearch does not search: no"
        f" question is answered until {new.segments} is complete"
    )


@dataclass(frozen=True, slots=True)
class RolledBack:
    """What answers again.

    Args:
        names: Its collections.
        more: How many videos it has that the other generation does not.
        fewer: How many it lacks that the other one has.
    """

    names: Names
    more: int
    fewer: int


def rollback(config: Config) -> RolledBack:
    """Let the generation that answered before answer again.

    Paths and tags that changed since go over to it; videos that came or went since do not.

    Raises:
        StoreError: There is none, or its rows are stored in another form.
        LockedError: A run is at this collection.
    """
    with exclusive(config), Generations(config.store) as generations:
        current, previous = generations.current(), generations.previous()
        if current is None or previous is None or current == previous:
            return RolledBack(generations.rollback(), 0, 0)
        generations.check_answers(previous)
        with VideoStore.connect(config.store) as new, VideoStore.connect(config.store) as old:
            new.open_generation(current)
            old.open_generation(previous)
            known = {entry.video_id: entry for entry in new.entries()}
            entries = {entry.video_id: entry for entry in old.entries()}
            _carry(known, entries.values(), old)
        more, fewer = len(entries.keys() - known.keys()), len(known.keys() - entries.keys())
        return RolledBack(generations.rollback(), more, fewer)


def prune(
    config: Config, *, confirm: Callable[[list[Generation]], bool], keep_previous: bool = False
) -> list[Generation]:
    """Drop the generations that do not answer, but for those that a later vsearch made.

    Args:
        config: Which archive.
        confirm: Asked with what would be dropped; nothing is if it says no.
        keep_previous: Not the one that `rollback` goes back to.

    Returns:
        What was dropped.

    Raises:
        LockedError: A run is at this collection.
        StoreError: The store failed.
    """
    kept = {"current", "previous"} if keep_previous else {"current"}
    with exclusive(config), Generations(config.store) as generations:
        every = generations.all()
        found = [each for each in every if each.role not in kept and not each.is_later]
        if not found or not confirm(found):
            return []
        for each in found:
            generations.drop(each.names)
            ledger_path(config, each.names.segments).unlink(missing_ok=True)
    return found


def _carry(
    known: Mapping[str, VideoEntry], entries: Iterable[VideoEntry], store: VideoStore
) -> None:
    """Bring paths and tags of known videos into a store that has older ones."""
    changed = {
        entry.video_id: now
        for entry in entries
        if (now := known.get(entry.video_id)) and (now.paths, now.tags) != (entry.paths, entry.tags)
    }
    records = store.videos(changed)
    store.commit(
        moved(record, changed[key].paths, changed[key].tags) for key, record in records.items()
    )
    if changed:
        store.flush()
