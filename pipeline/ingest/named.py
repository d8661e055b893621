"""Videos of the archive, as somebody names them to change them: all that are named, or none."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping

from pipeline.data import VideoFacts
from pipeline.errors import Code, QueryError, StoreError
from pipeline.filters import PathIs
from pipeline.paths import WILDCARDS, names_path
from pipeline.store import VideoStore

_ID = re.compile("[0-9a-f]{8,64}", re.IGNORECASE)
_EVERY_VIDEO = PathIs("/**")
_SHOWN = 3

Found = Mapping[str, list[VideoFacts]]
"""Videos by what they were looked for by."""


def find_videos(store: VideoStore, names: Iterable[str]) -> list[VideoFacts]:
    """The videos that some names mean, each once.

    A name is a path as ingested; else a video's id, or 8 or more first digits of it; else, with
    `*` or `?` in it, a pattern of paths, as `PathIs` says.

    Args:
        store: Open for reading.
        names: What somebody wrote.

    Raises:
        StoreError: A name means no video (`not_found`), or the store failed.
        QueryError: The first digits of an id are those of several videos.
    """
    asked = list(dict.fromkeys(names))
    if not asked:
        return []
    at, like = _look_up(store, asked)
    meant = {name: at.get(_place(name)) or _meant(name, like) for name in asked}
    if missing := [name for name in asked if not meant[name]]:
        raise StoreError(
            f"not in the archive: {', '.join(missing)}; nothing was changed: give a path as"
            " ingested, the first 8 digits of a content id, or a pattern such as 'cam1/*'",
            code=Code.NOT_FOUND,
        )
    return list({facts.video_id: facts for each in meant.values() for facts in each}.values())


def _look_up(store: VideoStore, names: list[str]) -> tuple[Found, Found]:
    """One pass over the archive: videos by their paths; and by first digits and patterns."""
    places = {_place(name) for name in names}
    starts = tuple({name.lower() for name in names if _ID.fullmatch(name)})
    patterns = {name: _pattern(name) for name in names if _is_pattern(name)}
    at: defaultdict[str, list[VideoFacts]] = defaultdict(list)
    like: defaultdict[str, list[VideoFacts]] = defaultdict(list)
    for facts in store.facts(_EVERY_VIDEO):
        for path in places.intersection(facts.paths):
            at[path].append(facts)
        if facts.video_id.startswith(starts):
            for start in starts:
                if facts.video_id.startswith(start):
                    like[start].append(facts)
        for name, pattern in patterns.items():
            if any(names_path(pattern, path) for path in facts.paths):
                like[name].append(facts)
    return at, like


def _meant(name: str, like: Found) -> list[VideoFacts]:
    """The videos of a name that is no path."""
    alike = like.get(name if _is_pattern(name) else name.lower(), [])
    if len(alike) > 1 and not _is_pattern(name):
        ids = ", ".join(facts.video_id[: len(name) + 6] for facts in alike[:_SHOWN])
        raise QueryError(
            f"{len(alike)} videos start with it ({ids}{', …' * (len(alike) > _SHOWN)}): give more"
            " digits",
            code=Code.QUERY_INVALID,
            uri=name,
        )
    return alike


def _is_pattern(name: str) -> bool:
    return any(sign in name for sign in WILDCARDS)


def _place(name: str) -> str:
    """The absolute path that a name is, if it is one."""
    return os.path.abspath(os.path.expanduser(name))  # noqa: PTH111  it leaves unknown users alone


def _pattern(name: str) -> str:
    """A name as a pattern; from this folder or a home on if it is written so."""
    here = {".", ".."} & set(name.split("/")) or name.startswith("~")
    return _place(name) if here else name
