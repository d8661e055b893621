"""Tags of videos: those that rules give, and those that somebody adds or removes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import replace

from pipeline.config import Config, TagRule, checked_tag
from pipeline.data import VideoFacts
from pipeline.errors import Code, ConfigError, StoreError
from pipeline.ingest.named import find_videos
from pipeline.ingest.state import exclusive
from pipeline.paths import names_path
from pipeline.store import VideoStore
from pipeline.store.rows import MAX_PATHS, chunks
from pipeline.text import quoted

Find = Callable[[VideoStore], list[VideoFacts]]


def rule_tags(paths: Iterable[str], rules: Iterable[TagRule]) -> tuple[str, ...]:
    """The tags that rules give a video, sorted, each once.

    Args:
        paths: All paths with its content; a rule needs to name one of them.
        rules: Those of `source.tags`.
    """
    known = tuple(paths)
    named = (rule for rule in rules if any(names_path(rule.path, path) for path in known))
    return tuple(sorted({tag for rule in named for tag in rule.tags}))


def tag(
    config: Config,
    names: Iterable[str] = (),
    *,
    where: Find | None = None,
    add: Iterable[str] = (),
    remove: Iterable[str] = (),
) -> list[VideoFacts]:
    """Add tags to videos and remove others; without any, look which they have.

    A tag that is there already, or is not there to be removed, changes nothing.

    Args:
        config: Which archive.
        names: Which videos, as `find_videos` takes them.
        where: Which videos, found in another way: instead of `names`, or besides.
        add: Tags to add.
        remove: Tags to remove.

    Returns:
        These videos, as they are now, in order of their first paths.

    Raises:
        ConfigError: What is no tag, or one to be added and removed.
        QueryError: The first digits of an id are those of several videos.
        StoreError: A name is not in the archive, a video would have more tags than a row holds
            (nothing is changed then), or the store failed.
        LockedError: An ingest is at this collection.
    """
    added, removed = _checked(add), _checked(remove)
    if both := sorted(added & removed):
        raise _wrong(both[0], "is to be added and to be removed: say one")
    lock = exclusive(config) if added or removed else nullcontext()
    with lock, VideoStore.connect(config.store) as store:
        store.open_for_changing()
        found = [*find_videos(store, names), *(where(store) if where else ())]
        before = {facts.video_id: facts for facts in found}
        after = {key: _retagged(facts, added, removed) for key, facts in before.items()}
        _write(store, [facts for key, facts in after.items() if facts.tags != before[key].tags])
    return sorted(after.values(), key=lambda facts: facts.paths)


def _checked(tags: Iterable[str]) -> set[str]:
    found = set(tags)
    for each in sorted(found):
        try:
            checked_tag(each)
        except ValueError as error:
            raise _wrong(each, str(error)) from None
    return found


def _wrong(each: str, message: str) -> ConfigError:
    return ConfigError(message, code=Code.CONFIG_INVALID, uri=f"tag {quoted(each)}")


def _retagged(facts: VideoFacts, added: set[str], removed: set[str]) -> VideoFacts:
    tags = (set(facts.tags) | added) - removed
    return facts if tags == set(facts.tags) else replace(facts, tags=tuple(sorted(tags)))


def _write(store: VideoStore, changed: list[VideoFacts]) -> None:
    """Put tags into the rows of their videos; nothing else of these rows changes."""
    for facts in changed:
        if len(facts.tags) > MAX_PATHS:
            raise StoreError(
                f"would have {len(facts.tags)} tags, and Milvus holds {MAX_PATHS} of a video;"
                " nothing was changed: remove some first",
                code=Code.STORE_FAILED,
                uri=facts.paths[0],
            )
    tags = {facts.video_id: facts.tags for facts in changed}
    for ids in chunks(sorted(tags)):
        records = store.videos(ids)
        store.commit(replace(record, tags=tags[key]) for key, record in records.items())
    if changed:
        store.flush()
