"""Which rows of `segments` a scope means, as a condition.

A condition names videos by their id, or by the key that rows carry for that: a server compares
numbers sooner than ids. Keys are 63 bits of a hash: among a billion videos two share one with a
chance of 5%, and of two such a search could leave out the wrong one. So what reads rows to copy or
to compare them names ids.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from pipeline.data import Scope, video_key
from pipeline.filters import (
    ALL_ROWS,
    EVERY_ROW,
    KINDS,
    NO_ROWS,
    RowMask,
    Selection,
    Spans,
)
from pipeline.store.expressions import (
    EVERYTHING,
    NOTHING,
    among,
    differs,
    equals,
    every,
    not_among,
    some,
    spanned,
)


class Videos(NamedTuple):
    """How a condition on rows of `segments` names videos.

    Args:
        field: The field that says whose a row is.
        values: What it holds for some ids.
    """

    field: str
    values: Callable[[Iterable[str]], Iterable[str] | Iterable[int]]

    def among(self, ids: Iterable[str]) -> str:
        """Rows of these."""
        return among(self.field, self.values(ids))

    def not_among(self, ids: Collection[str]) -> str:
        """Rows of others."""
        if len(ids) == 1:  # which is sooner compared than looked up in a list
            [only] = self.values(ids)
            return differs(self.field, only)
        return not_among(self.field, self.values(ids))


def _keys(ids: Iterable[str]) -> Iterator[int]:
    return map(video_key, ids)


BY_ID = Videos("video_id", iter)
"""Exactly, and in archives of any form."""

BY_KEY = Videos("video_key", _keys)
"""As search does."""


def within(scope: Scope, videos: Videos = BY_ID) -> str:
    """Rows of `segments` inside a scope."""
    whole = _whole(scope)
    if whole is not None:
        return _whole_videos(whole, scope.revisions, videos)
    conditions = []
    if scope.only is not None:
        conditions.append(videos.among(scope.only))
    if scope.exclude:
        conditions.append(videos.not_among(scope.exclude))
    if scope.revisions:
        conditions.append(_current(scope.revisions, videos))
    if scope.selection != EVERY_ROW:
        conditions.append(_selected(scope.selection, videos))
    return every(conditions)


def _selected(selection: Selection, videos: Videos) -> str:
    ids_of: dict[RowMask, list[str]] = defaultdict(list)
    for video_id, mask in selection.masks.items():
        ids_of[mask].append(video_id)
    choices = [
        every([videos.among(ids), _masked(mask)]) for mask, ids in ids_of.items() if mask != NO_ROWS
    ]
    if selection.rest != NO_ROWS:
        listed = [videos.not_among(selection.masks)] if selection.masks else []
        choices.append(every([*listed, _masked(selection.rest)]))
    return some(choices) if choices else NOTHING


def _masked(mask: RowMask) -> str:
    if mask == ALL_ROWS:
        return EVERYTHING
    kinds_of: dict[Spans, list[str]] = defaultdict(list)
    for kind in KINDS:
        if spans := mask.spans(kind):
            kinds_of[spans].append(kind)
    return some(
        [
            every(
                [
                    among("kind", kinds) if len(kinds) < len(KINDS) else EVERYTHING,
                    some([spanned("pts_s", span) for span in spans]),
                ]
            )
            for spans, kinds in kinds_of.items()
        ]
    )


def _whole(scope: Scope) -> set[str] | None:
    """The videos of a scope if it lists them and leaves out no part of one; otherwise None."""
    masks, rest = scope.selection.masks, scope.selection.rest
    if not {*masks.values(), rest} <= {ALL_ROWS, NO_ROWS}:
        return None
    lists = [set(scope.only)] if scope.only is not None else []
    if rest == NO_ROWS:
        lists.append({video_id for video_id, mask in masks.items() if mask == ALL_ROWS})
    left_out = {video_id for video_id, mask in masks.items() if mask == NO_ROWS} | scope.exclude
    return set.intersection(*lists) - left_out if lists else None


def _whole_videos(ids: set[str], revisions: Mapping[str, int], videos: Videos) -> str:
    # Each list of ids is compared with each row: the fewer, the faster.
    free = ids - revisions.keys()
    pairs = _revised({video_id: revisions[video_id] for video_id in ids - free}, videos)
    return some([*([videos.among(free)] if free else []), *pairs]) if ids else NOTHING


def _current(revisions: Mapping[str, int], videos: Videos) -> str:
    return some([videos.not_among(revisions), *_revised(revisions, videos)])


def _revised(revisions: Mapping[str, int], videos: Videos) -> list[str]:
    """For each revision: rows of it, of the videos whose it is."""
    ids_of: dict[int, list[str]] = defaultdict(list)
    for video_id, revision in revisions.items():
        ids_of[revision].append(video_id)
    return [
        every([equals("revision", revision), videos.among(ids)])
        for revision, ids in sorted(ids_of.items())
    ]
