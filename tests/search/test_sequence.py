"""Scored rows to places, to scores, to moments; and questions that are none."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.data import (
    WHOLE_FRAME,
    Box,
    Float32Array,
    Granularity,
    Hit,
    Kind,
    SequenceQuestion,
)
from pipeline.errors import Code, QueryError
from pipeline.search.sequence import (
    Places,
    baseline_of,
    places_of,
    rank_sequences,
    sequence_question,
)
from tests.store.samples import record, video_id

TILE = Box(0.0, 0.0, 0.5, 0.5)
Row = tuple[Hit, Float32Array]


def row(
    name: str, scene: int, pts_s: float, *cosines: float, kind: Kind = "frame", length_s: float = 2
) -> Row:
    start_s = scene * length_s
    hit = Hit(
        f"{name}{scene}{pts_s}{kind}{cosines}", video_id(name), 1, scene, start_s,
        start_s + length_s, pts_s, kind, TILE if kind == "tile" else WHOLE_FRAME, math.nan,
    )  # fmt: skip
    return hit, np.array(cosines, dtype=np.float32)


def asked(*texts: str, **options: Any) -> SequenceQuestion:
    ours = {"within": 10.0, "order": "strict", "granularity": "scene", **options}
    return sequence_question(texts, **ours)


def only(places: dict[str, Places]) -> Places:
    (one,) = places.values()
    return one


ROWS = [
    row("a", 0, 0.5, 0.1, 0.2), row("a", 0, 1.5, 0.3, 0.1),
    row("a", 1, 2.5, 0.2, 0.2), row("a", 1, 2.5, 0.5, 0.1, kind="tile"),
    row("a", 1, 3.5, 0.4, 0.6, kind="tile"), row("a", 1, 3.5, 0.1, 0.1),
]  # fmt: skip


@given(st.permutations(ROWS))
def test_a_scene_scores_as_its_best_row(rows: list[Row]) -> None:
    places = only(places_of(rows, "scene"))
    assert places.starts_s.tolist() == [0, 2]
    assert places.ends_s.tolist() == [2, 4]
    assert places.cosines == pytest.approx(np.array([[0.3, 0.5], [0.2, 0.6]]))
    assert places.best_s.tolist() == [[1.5, 2.5], [0.5, 3.5]]


@given(st.permutations(ROWS))
def test_a_tile_counts_for_its_frame(rows: list[Row]) -> None:
    places = only(places_of(rows, "frame"))
    assert places.starts_s.tolist() == places.ends_s.tolist() == [0.5, 1.5, 2.5, 3.5]
    assert places.cosines == pytest.approx(np.array([[0.1, 0.3, 0.5, 0.4], [0.2, 0.1, 0.2, 0.6]]))
    assert places.best_s.tolist() == [[0.5, 1.5, 2.5, 3.5]] * 2


def test_a_pooled_scene_stands_at_its_middle_sample_among_frames() -> None:
    rows = [row("a", 0, 0.9, 0.1, 0.2, kind="scene"), row("a", 1, 3.1, 0.3, 0.4, kind="scene")]
    assert only(places_of(rows, "frame")).starts_s.tolist() == [0.9, 3.1]
    assert only(places_of(rows, "scene")).starts_s.tolist() == [0, 2]


@given(st.permutations([row("a", 0, seconds, 0.5, 0.5) for seconds in (0.2, 0.7, 1.9)]))
def test_of_equal_rows_the_earliest_is_shown(rows: list[Row]) -> None:
    assert only(places_of(rows, "scene")).best_s.tolist() == [[0.2], [0.2]]


cosines = st.lists(
    st.tuples(st.integers(-90, 90), st.integers(-90, 90)), min_size=2, max_size=12, unique=True
)


@given(cosines, st.floats(0.01, 1), st.floats(-0.05, 0.05))
def test_the_level_and_spread_of_a_text_change_nothing(
    pairs: list[tuple[int, int]], factor: float, shift: float
) -> None:
    def best(change: tuple[float, float]) -> list[float]:
        rows = [
            row("a", scene, 2 * scene + 1.0, x / 100, y / 100 * change[0] + change[1])
            for scene, (x, y) in enumerate(pairs)
        ]
        videos = places_of(rows, "scene")
        records = {video_id("a"): record("a")}
        found = rank_sequences(
            videos, records, asked("x", "y"), baseline_of(videos.values()), top_k=9
        )
        return [hit.score for hit in found]

    assert best((factor, shift)) == pytest.approx(best((1, 0)), abs=1e-3)


def test_a_text_with_a_narrow_spread_counts_as_much_as_one_with_a_wide() -> None:
    # "y" is met in b alone, and even there by a few hundredths.
    pairs = {
        "a": [(0.30, 0.20), (0.10, 0.20)],
        "b": [(0.24, 0.20), (0.10, 0.24)],
        "c": [(0.10, 0.20), (0.12, 0.20)],
    }
    raw = {name: first[0] + second[1] for name, (first, second) in pairs.items()}
    assert max(raw, key=raw.__getitem__) == "a"
    rows = [row(name, n, 2 * n + 1, *pair) for name in pairs for n, pair in enumerate(pairs[name])]
    videos = places_of(rows, "scene")
    records = {video_id(name): record(name) for name in pairs}
    found = rank_sequences(videos, records, asked("x", "y"), baseline_of(videos.values()), top_k=1)
    assert found[0].record.video.path == "/archive/b.mp4"


def test_scores_are_what_the_docstring_says() -> None:
    rows = [row("a", 0, 1, 0.5, 0.1), row("a", 1, 3, 0.1, 0.4), row("b", 0, 1, 0.3, 0.1)]
    videos = places_of(rows, "scene")
    records = {video_id(name): record(name) for name in "ab"}
    question = asked("x", "y")
    (hit,) = rank_sequences(videos, records, question, baseline_of(videos.values()), top_k=3)
    x, y = np.array([0.5, 0.1, 0.3]), np.array([0.1, 0.4, 0.1])
    first, second = (0.5 - x.mean()) / x.std(), (0.4 - y.mean()) / y.std()
    assert [step.score for step in hit.steps] == pytest.approx([first, second], rel=1e-5)
    assert hit.score == pytest.approx((first + second) / 2, rel=1e-5)
    assert [step.text for step in hit.steps] == ["x", "y"]
    assert [step.cosine for step in hit.steps] == pytest.approx([0.5, 0.4])
    assert [(s.start_s, s.best_s, s.end_s) for s in hit.steps] == [(0, 1, 2), (2, 3, 4)]
    assert (hit.start_s, hit.end_s) == (0, 4)


def test_a_text_that_all_scenes_meet_alike_tells_nothing() -> None:
    same = np.nextafter(np.float32(0.25), np.float32(1))
    rows = [
        row("a", n, 2 * n + 1, x, same if n % 2 else 0.25) for n, x in enumerate([0, 0.5, 0, 0])
    ]
    videos = places_of(rows, "scene")
    question = asked("x", "y")
    (hit,) = rank_sequences(
        videos, {video_id("a"): record("a")}, question, baseline_of(videos.values()), top_k=1
    )
    assert hit.steps[1].score == 0
    assert hit.steps[0].start_s == 2


def test_in_any_order_the_steps_stay_as_they_were_asked() -> None:
    rows = [row("a", 0, 1, 0.0, 0.9), row("a", 1, 3, 0.9, 0.0), row("a", 2, 5, 0.1, 0.1)]
    videos = places_of(rows, "scene")
    records = {video_id("a"): record("a")}
    question = asked("x", "y", order="any")
    (hit,) = rank_sequences(videos, records, question, baseline_of(videos.values()), top_k=3)
    assert [(step.text, step.start_s) for step in hit.steps] == [("x", 2), ("y", 0)]
    assert (hit.start_s, hit.end_s) == (0, 4)


def test_one_video_may_hold_several_moments() -> None:
    rows = [row("a", n, 2 * n + 1, n % 2 == 0, n % 2) for n in range(6)] + [row("b", 0, 1, 1, 0)]
    videos = places_of(rows, "scene")
    records = {video_id(name): record(name) for name in "ab"}
    baseline = baseline_of(videos.values())

    def spans(**most: int) -> list[tuple[float, float]]:
        found = rank_sequences(videos, records, asked("x", "y"), baseline, **most)
        return [(hit.start_s, hit.end_s) for hit in found]

    assert spans(top_k=9, per_video=9) == [(0, 4), (4, 8), (8, 12)]
    assert spans(top_k=2, per_video=9) == [(0, 4), (4, 8)]
    assert spans(top_k=9) == [(0, 4)]


@given(
    st.lists(
        st.tuples(
            st.sampled_from("abc"), st.integers(0, 5), st.integers(0, 1),
            st.integers(-99, 99), st.integers(-99, 99),
        ),
        min_size=1, max_size=30,
    ),
    st.sampled_from(["scene", "frame"]),
    st.integers(1, 5),
)  # fmt: skip
def test_each_video_shows_its_best_pair_of_rows(
    facts: list[tuple[str, int, int, int, int]], granularity: Granularity, within_s: int
) -> None:
    rows = [row(v, n, 2 * n + at, x / 100, y / 100) for v, n, at, x, y in facts]
    videos = places_of(rows, granularity)
    baseline = baseline_of(videos.values())
    records = {video_id(name): record(name) for name in "abc"}
    question = asked("x", "y", within=float(within_s), granularity=granularity)
    found = rank_sequences(videos, records, question, baseline, top_k=9)

    best: dict[str, float] = {}
    for (one, ours), (other, theirs) in itertools.product(rows, rows):
        if granularity == "scene":
            apart, gap_s = one.scene_index < other.scene_index, other.start_s - one.end_s
        else:
            apart, gap_s = one.pts_s < other.pts_s, other.pts_s - one.pts_s
        if one.video_id == other.video_id and apart and gap_s <= within_s:
            score = baseline.standardized(np.array([ours[0], theirs[1]], dtype=float)).mean()
            best[one.video_id] = max(score, best.get(one.video_id, -math.inf))
    assert {hit.record.video.video_id: hit.score for hit in found} == pytest.approx(best)
    assert [hit.score for hit in found] == sorted((hit.score for hit in found), reverse=True)


@pytest.mark.parametrize(
    ("texts", "options", "says"),
    [
        ([], {}, "not 0"), (["x"], {}, "not 1"), ("xyz", {}, "not 1"),
        (list("abcdef"), {}, "not 6"),
        (["x", " "], {}, "text 2 is empty"), (["", "y"], {}, "text 1 is empty"),
        (["x", "y"], {"order": "loose"}, "strict or any, not 'loose'"),
        (["x", "y"], {"granularity": "tile"}, "scene or frame, not 'tile'"),
        *[
            (["x", "y"], {"within": bad}, "above 0")
            for bad in (0, -1, math.nan, math.inf, 10**400, "0", "0s", "-5", "nan", "inf", "",
                        "soon", "9" * 400, "1e3", "10 apples")
        ],
    ],
)  # fmt: skip
def test_what_cannot_be_asked(texts: Any, options: dict[str, Any], says: str) -> None:
    ours = {"within": "10s", "order": "strict", "granularity": "scene", **options}
    with pytest.raises(QueryError, match=says) as caught:
        sequence_question(texts, **ours)
    assert caught.value.code == Code.QUERY_INVALID
    assert caught.value.exit_code == 2
    assert len(str(caught.value)) < 200


def test_what_can_be_asked() -> None:
    assert asked("x", "y", within="1m30s", order="any", granularity="frame") == SequenceQuestion(
        ("x", "y"), 90.0, "any", "frame"
    )
    assert asked(*"abcde").texts == ("a", "b", "c", "d", "e")
