"""A filter and an archive -> which rows of which videos: what only `videos` knows is looked up."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from pipeline.data import VideoFacts
from pipeline.errors import Code, QueryError
from pipeline.filters import NO_ROWS, Filter, KindIs, Or, Selection, TimeIn, VideoIs
from pipeline.search.where.evaluate import conditions, rows_of
from pipeline.search.where.grammar import parse_filter

if TYPE_CHECKING:
    from pipeline.store import VideoStore  # not needed to read a filter, and slow to import

_SHOWN = 3


def select(store: VideoStore, wanted: Filter) -> Selection:
    """Find out which rows of which videos satisfy a filter.

    Conditions on rows alone ask nothing of the store, and hold for every video. For others the
    facts of each video that may satisfy them are read, so that only committed videos are selected.
    Videos that are named by their ids are looked up alone.

    Raises:
        QueryError: The beginning of an id is that of several videos.
        StoreError: The store failed.
    """
    on_videos = {part for part in conditions(wanted) if not isinstance(part, TimeIn | KindIs)}
    named = {part for part in on_videos if isinstance(part, VideoIs)}
    ids = _named(store, named) if named else []
    if named == on_videos:
        masks = {video_id: rows_of(wanted, VideoFacts(video_id)) for video_id in ids}
        rest = rows_of(wanted, VideoFacts(""))
        return Selection({key: mask for key, mask in masks.items() if mask != rest}, rest)
    masks = {facts.video_id: rows_of(wanted, facts) for facts in store.facts(wanted)}
    return Selection({key: mask for key, mask in masks.items() if mask != NO_ROWS}, NO_ROWS)


def videos_where(text: str) -> Callable[[VideoStore], list[VideoFacts]]:
    """How to find the videos of an archive that satisfy a filter: what is done to whole videos.

    What it gives raises QueryError and StoreError as `select` does.

    Raises:
        FilterError: The text is no filter.
        QueryError: It has conditions on rows, which choose moments.
    """
    wanted = parse_filter(text)
    if any(isinstance(part, TimeIn | KindIs) for part in conditions(wanted)):
        raise QueryError(
            "time and kind choose moments, and here whole videos are chosen: leave them out",
            code=Code.QUERY_INVALID,
            uri="--where",
        )
    return partial(_satisfying, wanted=wanted)


def _satisfying(store: VideoStore, wanted: Filter) -> list[VideoFacts]:
    if named := {part for part in conditions(wanted) if isinstance(part, VideoIs)}:
        _named(store, named)
    return [facts for facts in store.facts(wanted) if rows_of(wanted, facts) != NO_ROWS]


def _named(store: VideoStore, named: set[VideoIs]) -> list[str]:
    """The ids of committed videos that a filter names."""
    prefixes = sorted(part.prefix for part in named)
    found = [facts.video_id for facts in store.facts(Or(tuple(map(VideoIs, prefixes))))]
    for prefix in prefixes:
        meant = [video_id for video_id in found if video_id.startswith(prefix)]
        if len(meant) > 1:
            raise QueryError(
                f"{prefix} is the beginning of {len(meant)} videos' ids: give more digits of"
                f" {', '.join(meant[:_SHOWN])}{', …' if len(meant) > _SHOWN else ''}",
                code=Code.QUERY_INVALID,
            )
    return found
