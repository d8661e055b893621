"""Filters in Milvus: what comes back is what the types say. On Milvus Lite and on a real server."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from pipeline.data import Scope
from pipeline.filters import (
    ALL_ROWS,
    ALWAYS,
    KINDS,
    NO_ROWS,
    And,
    DurationIn,
    Filter,
    KindIs,
    Not,
    Or,
    PathIs,
    RecordedIn,
    RowMask,
    Selection,
    Span,
    TagIs,
    TimeIn,
    VideoIs,
)
from pipeline.store import VideoStore
from tests.store.samples import embeddings, record, video_id

AWKWARD = "ü \"quoted\" 'single' back\\slash\nnew\tline {x} % _ \u2028 \U0001f600 \udcff"
ROWS = 9
NAMES = "abc"


@pytest.fixture(scope="module")
def filled(shared: VideoStore) -> Iterator[VideoStore]:
    """Three videos with rows of every kind, and facts that differ."""
    records = []
    for place, name in enumerate(NAMES):
        rows = [
            replace(row, kind=KINDS[index % 3]) for index, row in enumerate(embeddings(name, ROWS))
        ]
        shared.upsert_segments(rows, 1)
        tags = (("night", AWKWARD), ("day",), ())[place]
        recorded_at = ("2024-05-01T00:30:00+02:00", "2024-05-02T12:00:00+00:00", None)[place]
        made = record(name, count=ROWS, tags=tags, recorded_at=recorded_at)
        duration_s = (2.5, 60, 1e-05)[place]
        records.append(replace(made, video=replace(made.video, duration_s=duration_s)))
    shared.commit(records)
    yield shared
    shared.delete_videos(map(video_id, NAMES))


PTS = [index / 3 + 0.1 for index in range(ROWS)]
FROM_FOURTH = Span(PTS[3])
BEHIND_FOURTH = Span(math.nextafter(PTS[3], math.inf))


@pytest.mark.parametrize(
    "mask",
    [
        ALL_ROWS,
        NO_ROWS,
        RowMask(frame=ALWAYS),
        RowMask(frame=ALWAYS, tile=ALWAYS),
        RowMask((FROM_FOURTH,), (FROM_FOURTH,), (FROM_FOURTH,)),
        RowMask((BEHIND_FOURTH,), (BEHIND_FOURTH,), (BEHIND_FOURTH,)),
        RowMask((Span(0, PTS[3]),), (), (Span(1e-07, 0.5), Span(1.5, 1e9))),
        RowMask(scene=tuple(Span(n, n + 0.5) for n in range(100))),
    ],
)
def test_masks_select_the_rows_that_they_say(filled: VideoStore, mask: RowMask) -> None:
    a, b, c = map(video_id, NAMES)
    for selection in (
        Selection(rest=mask),
        Selection({a: mask, b: ALL_ROWS}, NO_ROWS),
        Selection({a: NO_ROWS, b: mask}, RowMask(tile=(Span(1, 2),))),
    ):
        expected = {
            row.row_id(1)
            for name in NAMES
            for index, row in enumerate(embeddings(name, ROWS))
            if selection.mask(video_id(name)).admits(KINDS[index % 3], row.pts_s)
        }
        scope = Scope(selection=selection)
        assert {hit.row_id for hit, _ in filled.scan(scope)} == expected
        vector = embeddings("a")[0].vector
        for exact in (False, True):
            hits = filled.search(vector, limit=100, scope=scope, exact=exact)
            assert {hit.row_id for hit in hits} == expected
        without = filled.search(vector, limit=100, scope=replace(scope, exclude=frozenset({c})))
        assert {hit.row_id for hit in without} == expected - set(filled.rows_of(c))


def test_two_thousand_ids_with_masks(filled: VideoStore) -> None:
    masks = {video_id(str(n)): RowMask(frame=(Span(n % 40, n % 40 + 1),)) for n in range(2000)}
    masks[video_id("a")] = RowMask(frame=ALWAYS)
    hits = filled.search(
        embeddings("a")[0].vector, limit=100, scope=Scope(selection=Selection(masks, NO_ROWS))
    )
    assert {(hit.video_id, hit.kind) for hit in hits} == {(video_id("a"), "frame")}
    assert len(hits) == 3


MAY = datetime(2024, 5, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        (TagIs("night"), "a"),
        (TagIs(AWKWARD), "a"),
        (TagIs("nigh"), ""),
        (TagIs('"] or tags == ["'), ""),
        (Not(TagIs("night")), "bc"),
        (DurationIn(Span(2.5, 60)), "a"),
        (DurationIn(Span(60)), "b"),
        (DurationIn(Span(math.nextafter(60, math.inf))), ""),
        (Not(DurationIn(Span(2.5))), "c"),
        (DurationIn(Span(0, 2e-05)), "c"),
        (Not(DurationIn(Span())), ""),
        (VideoIs(video_id("b")[:8]), "b"),
        (VideoIs(video_id("b")), "b"),
        (Not(VideoIs(video_id("b")[:12])), "ac"),
        (And((TagIs("night"), DurationIn(Span(60)))), ""),
        (Or((TagIs("night"), DurationIn(Span(60)))), "ab"),
        (Not(Or((TagIs("night"), DurationIn(Span(60))))), "c"),
        (Not(And((TagIs("night"), DurationIn(Span(2))))), "bc"),
        (And((TagIs("night"), TimeIn(Span(5, 6)), PathIs("x"))), "a"),
    ],
)
def test_facts_are_read_of_those_that_satisfy(
    filled: VideoStore, wanted: Filter, names: str
) -> None:
    found = [facts.video_id for facts in filled.facts(wanted)]
    assert found == sorted(map(video_id, names))


@pytest.mark.parametrize(
    ("wanted", "at_least", "at_most"),
    [
        (RecordedIn(None, MAY), "a", "abc"),
        (RecordedIn(MAY, None), "b", "ab"),
        (RecordedIn(datetime(2025, 1, 1, tzinfo=UTC), None), "", ""),
        (RecordedIn(None, datetime(2023, 1, 1, tzinfo=UTC)), "", "c"),
        (RecordedIn(datetime.min.replace(tzinfo=UTC), None), "ab", "abc"),
        (RecordedIn(None, datetime.max.replace(tzinfo=UTC)), "ab", "abc"),
        (Not(RecordedIn(MAY, None)), "ac", "abc"),
        (Or((TagIs("night"), PathIs("x"))), "abc", "abc"),
        (Not(And((TagIs("night"), KindIs("tile")))), "abc", "abc"),
    ],
)
def test_what_milvus_cannot_decide_leaves_out_nothing(
    filled: VideoStore, wanted: Filter, at_least: str, at_most: str
) -> None:
    found = {facts.video_id for facts in filled.facts(wanted)}
    assert set(map(video_id, at_least)) <= found <= set(map(video_id, at_most))


def test_facts_are_those_of_the_record(filled: VideoStore) -> None:
    (facts,) = filled.facts(TagIs("night"))
    given = filled.videos([facts.video_id])[facts.video_id]
    assert (facts.paths, facts.tags) == (given.paths, ("night", AWKWARD))
    assert (facts.recorded_at, facts.duration_s) == (given.video.recorded_at, 2.5)
