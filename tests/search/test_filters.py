"""A filtered search finds what comparing every row by hand finds."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.config import IndexConfig, StoreConfig
from pipeline.data import Embedding, Scope, VideoFacts, VideoHit, VideoRecord
from pipeline.errors import QueryError
from pipeline.filters import EVERY_ROW, KINDS, NO_ROWS, RowMask, Selection, Span
from pipeline.search import retrieve as retrieving
from pipeline.search.behind import rows_behind
from pipeline.search.moments import Sampling
from pipeline.search.rank import rank
from pipeline.search.retrieve import retrieve
from pipeline.search.score import best_videos
from pipeline.search.where import parse_filter, select
from pipeline.store import VideoStore
from tests.store.samples import DIM, TILED, embeddings, mean, record, video_id

Predicate = Callable[[VideoRecord, Embedding], bool]
QUERY = np.eye(DIM, dtype=np.float32)[0]
VIDEOS = [f"v{index}" for index in range(24)]
START = datetime(2024, 5, 1, tzinfo=UTC)
TIMES = [0.1 + index / 3 for index in range(20)]


def made(name: str) -> tuple[VideoRecord, list[Embedding]]:
    dice = random.Random(name)
    rows = [replace(row, kind=dice.choice(KINDS)) for row in embeddings(name, dice.randint(1, 20))]
    zone = timezone(timedelta(hours=dice.randint(-12, 12)))
    recorded = START + timedelta(hours=dice.randint(0, 72))
    paths = (f"/archive/cam{dice.randint(1, 3)}/{name}.mp4", f"/copy/{name}.mkv")
    given_record = record(
        name,
        count=len(rows),
        paths=paths[: dice.randint(1, 2)],
        tags=tuple(tag for tag in ("night", "rain") if dice.random() < 0.4),
        recorded_at=None if dice.random() < 0.2 else recorded.astimezone(zone).isoformat(),
    )  # fmt: skip
    video = replace(given_record.video, duration_s=float(dice.randint(1, 9)))
    return replace(given_record, video=video, mean=mean(rows)), rows


ARCHIVE = [made(name) for name in VIDEOS]


@pytest.fixture(scope="module", params=["FLAT", "HNSW"])
def store(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[VideoStore]:
    uri = str(tmp_path_factory.mktemp("filters") / "archive.db")
    with VideoStore.connect(StoreConfig(uri=uri)) as opened:
        opened.open_for_writing(TILED, IndexConfig.model_validate({"type": request.param}))
        # Rows that never count: of another revision, and of no committed video.
        opened.upsert_segments((row for _, rows in ARCHIVE[:4] for row in rows), 7)
        opened.upsert_segments(embeddings("half-written", 9), 1)
        opened.upsert_segments((row for _, rows in ARCHIVE for row in rows), 1)
        opened.commit(given_record for given_record, _ in ARCHIVE)
        opened.flush()
        yield opened


def instant(given_record: VideoRecord) -> float:
    at = given_record.video.recorded_at
    return datetime.fromisoformat(at).timestamp() if at else float("nan")


def on_time(ends: tuple[float, float]) -> tuple[str, Predicate]:
    first, last = ends
    return f"time in {first!r}..{last!r}", lambda _, row: first <= row.pts_s < last


def on_days(days: tuple[int, int]) -> tuple[str, Predicate]:
    first, last = (START + timedelta(days=day) for day in days)
    begin, end = first.timestamp(), (last + timedelta(days=1)).timestamp()
    text = f"recorded in {first:%Y-%m-%d}..{last:%Y-%m-%d}"
    return text, lambda video, _: begin <= instant(video) < end


def on_instant(hours: int) -> tuple[str, Predicate]:
    at = (START + timedelta(hours=hours)).astimezone(timezone(timedelta(hours=-5)))
    return f"recorded > {at.isoformat()}", lambda video, _: instant(video) > at.timestamp()


def on_ids(names: list[str]) -> tuple[str, Predicate]:
    ids = [video_id(name) for name in names]
    text = ", ".join(one[: 8 + 7 * place] for place, one in enumerate(ids))
    return f"video in ({text})", lambda video, _: video.video.video_id in ids


PATHS: list[tuple[str, Predicate]] = [
    ("path = cam1", lambda video, _: any("/cam1/" in path for path in video.paths)),
    ('path = "cam2/*"', lambda video, _: any("/cam2/" in path for path in video.paths)),
    ("path = '*.mkv'", lambda video, _: any(path.endswith(".mkv") for path in video.paths)),
    ("path != /archive", lambda *_: False),
    ("path = /archive/v1.mp4", lambda *_: False),
]
CONDITIONS: st.SearchStrategy[tuple[str, Predicate]] = st.one_of(
    st.tuples(st.sampled_from(TIMES), st.sampled_from(TIMES))
    .filter(lambda ends: ends[0] < ends[1])
    .map(on_time),
    st.sampled_from(TIMES).map(lambda at: (f"time > {at!r}", lambda _, row: row.pts_s > at)),
    st.sampled_from(TIMES).map(lambda at: (f"time <= {at!r}", lambda _, row: row.pts_s <= at)),
    st.sampled_from(KINDS).map(lambda kind: (f"kind = {kind}", lambda _, row: row.kind == kind)),
    st.sampled_from(KINDS).map(lambda kind: (f"kind != {kind}", lambda _, row: row.kind != kind)),
    st.sampled_from(["night", "rain", "fog"]).map(
        lambda tag: (f"tag = {tag}", lambda video, _: tag in video.tags)
    ),
    st.sampled_from(PATHS),
    st.integers(1, 9).map(
        lambda most: (f"duration <= {most}", lambda video, _: video.video.duration_s <= most)
    ),
    st.tuples(st.integers(0, 3), st.integers(0, 3)).filter(lambda d: d[0] <= d[1]).map(on_days),
    st.integers(0, 72).map(on_instant),
    st.lists(st.sampled_from([*VIDEOS, "unknown"]), min_size=1, max_size=4, unique=True).map(
        on_ids
    ),
)


def both(first: tuple[str, Predicate], second: tuple[str, Predicate]) -> tuple[str, Predicate]:
    return f"({first[0]} and {second[0]})", lambda v, r: first[1](v, r) and second[1](v, r)


def either(first: tuple[str, Predicate], second: tuple[str, Predicate]) -> tuple[str, Predicate]:
    return f"({first[0]} or {second[0]})", lambda v, r: first[1](v, r) or second[1](v, r)


def negated(one: tuple[str, Predicate]) -> tuple[str, Predicate]:
    return f"not {one[0]}", lambda video, row: not one[1](video, row)


FILTERS = st.recursive(
    CONDITIONS,
    lambda deeper: st.one_of(
        st.builds(both, deeper, deeper), st.builds(either, deeper, deeper), deeper.map(negated)
    ),
    max_leaves=6,
)


def ranked(store: VideoStore, selection: Selection, *, top_k: int) -> tuple[VideoHit, ...]:
    scored = best_videos(store, QUERY, "max", top_k=top_k, selection=selection)
    sampling = Sampling.of(TILED)
    rows = rows_behind(store, QUERY, scored, sampling, gap_s=1.0, selection=selection)
    return rank(scored, rows, QUERY, sampling, gap_s=1.0, selection=selection)


@given(FILTERS, st.sampled_from([1, 3, 10, 100]), st.sampled_from([1, 3, 2000]))
@settings(max_examples=100)
def test_an_answer_is_the_exhaustive_one(
    store: VideoStore, wanted: tuple[str, Predicate], top_k: int, most_ids: int
) -> None:
    text, matches = wanted
    best: dict[str, float] = {}
    rows_that_match: set[str] = set()
    for given_record, rows in ARCHIVE:
        for row in rows:
            if matches(given_record, row):
                rows_that_match.add(row.row_id(1))
                score = float(row.vector @ QUERY)
                best[row.video_id] = max(score, best.get(row.video_id, -1.0))
    expected = sorted(best, key=lambda key: -best[key])[:top_k]

    with mock.patch.object(retrieving, "MAX_IDS", most_ids):
        selection = select(store, parse_filter(text))
        found = retrieve(store, QUERY, top_k=top_k, selection=selection)
        answer = ranked(store, selection, top_k=top_k)
    assert [hit.record.video.video_id for hit in answer] == expected
    assert [hit.score for hit in answer] == pytest.approx([best[key] for key in expected], abs=1e-5)
    assert {hit.row_id for hit in found.hits} <= rows_that_match
    for hit in answer:
        for moment in hit.moments:
            assert moment.start_s <= moment.best_s < moment.end_s
            assert any(
                moment.best_s == row.pts_s and row.row_id(1) in rows_that_match
                for _, rows in ARCHIVE
                for row in rows
                if row.video_id == hit.record.video.video_id
            )


def test_many_ids_are_searched_around_and_then_in_groups(store: VideoStore) -> None:
    """The selected videos are the worst ones, so that nothing near the query belongs to them."""
    order = sorted(ARCHIVE, key=lambda one: -max(float(row.vector @ QUERY) for row in one[1]))
    worst = [given_record.video.video_id for given_record, _ in order[-9:]]
    selection = Selection(dict.fromkeys(worst, EVERY_ROW.rest), NO_ROWS)
    asked: list[int] = []
    search = store.search

    def counting(*args: object, **options: object) -> object:
        asked.append(len(options["scope"].selection.masks))  # type: ignore[attr-defined]
        return search(*args, **options)  # type: ignore[arg-type]

    with (
        mock.patch.object(retrieving, "MAX_IDS", 4),
        mock.patch.object(retrieving, "first_window", lambda wanted: wanted),
        mock.patch.object(store, "search", counting),
    ):
        found = retrieve(store, QUERY, top_k=5, selection=selection)
    scores = {key: hits[0].score for key, hits in found.rows().items()}
    assert sorted(scores, key=lambda key: (-scores[key], key))[:5] == worst[:5]
    assert asked[0] == 0
    assert max(asked) == 4


def test_a_store_that_selects_too_much_is_no_endless_search(store: VideoStore) -> None:
    selection = Selection(rest=RowMask(frame=(Span(0.2),)))
    search = store.search

    def unfiltered(*args: object, scope: Scope, **options: object) -> object:
        return search(*args, scope=replace(scope, selection=EVERY_ROW), **options)  # type: ignore[arg-type]

    expected = retrieve(store, QUERY, top_k=100, selection=selection)
    with mock.patch.object(store, "search", unfiltered):
        found = retrieve(store, QUERY, top_k=100, selection=selection)
    assert found.records.keys() == expected.records.keys()
    assert all(hit.kind == "frame" and hit.pts_s >= 0.2 for hit in found.hits)


def test_ids_alone_need_no_facts_of_other_videos(store: VideoStore) -> None:
    some = video_id("v3")
    with mock.patch.object(store, "facts", wraps=store.facts) as facts:
        assert select(store, parse_filter("time >= 0")) == EVERY_ROW
        assert not facts.called
        selection = select(store, parse_filter(f"video != {some[:10]} and kind = tile"))
        assert facts.call_count == 1
    assert selection == Selection({some: NO_ROWS}, RowMask(tile=EVERY_ROW.rest.tile))


def test_a_beginning_that_videos_share_is_refused(store: VideoStore) -> None:
    first, second = "abcd" * 16, "abcd" * 4 + "0" * 48
    both_facts = [VideoFacts(first), VideoFacts(second)]
    with mock.patch.object(store, "facts", return_value=both_facts):
        with pytest.raises(QueryError, match="abcdabcd is the beginning of 2 videos' ids") as e:
            select(store, parse_filter("video = abcdabcd or tag = x"))
        assert first in e.value.message
        assert e.value.exit_code == 2
        select(store, parse_filter(f"video = {first}"))
