"""Filters on one video: instants, and both sorts of conditions joined."""

from __future__ import annotations

import pytest

from pipeline.data import VideoFacts
from pipeline.filters import ALL_ROWS, NO_ROWS, RowMask, Span
from pipeline.search.where import parse_filter
from pipeline.search.where.evaluate import rows_of

FACTS = VideoFacts(
    video_id="ab" * 32,
    paths=("/archive/cam1/mon/a.mp4", "/copy/b [1080p].mkv"),
    tags=("night", "rain"),
    recorded_at="2024-05-01T00:30:00+02:00",
    duration_s=60.0,
)


def rows(text: str, facts: VideoFacts = FACTS) -> RowMask:
    return rows_of(parse_filter(text), facts)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("recorded = 2024-04-30", True),
        ("recorded = 2024-05-01", False),
        ("recorded >= 2024-04-30T22:30Z", True),
        ("recorded > 2024-04-30T22:30Z", False),
        ("recorded <= 2024-04-30T18:30-04:00", True),
        ("recorded < 2024-04-30T22:30Z", False),
        ("recorded in 2024-04-30..2024-04-30", True),
        ("recorded in 2024-04-01..2024-04-30T22:30", False),
        ("duration = 60", True),
        ("duration < 60", False),
        ("duration in 60..61", True),
        ("tag = night and tag = rain", True),
        ("tag = Night", False),
        ("path = copy and path = cam1", True),
        ("path != copy", False),
        ("video = abababab", True),
        ("video != abababab", False),
    ],
)
def test_conditions_on_videos(text: str, expected: bool) -> None:
    assert rows(text) == (ALL_ROWS if expected else NO_ROWS)


@pytest.mark.parametrize("unknown", [None, "", "soon"])
def test_an_unknown_recording_time_satisfies_nothing_but_not(unknown: str | None) -> None:
    facts = VideoFacts("ab" * 32, recorded_at=unknown)
    assert rows("recorded > 1900-01-01 or recorded <= 9999-12-31", facts) == NO_ROWS
    assert rows("not recorded > 1900-01-01", facts) == ALL_ROWS


def test_a_time_without_zone_is_in_utc() -> None:
    facts = VideoFacts("ab" * 32, recorded_at="2024-05-01T00:00:00")
    assert rows("recorded = 2024-05-01T02:00+02:00", facts) == ALL_ROWS


def test_rows_and_videos_joined() -> None:
    late = Span(10)
    assert rows("tag = night and time >= 10") == RowMask((late,), (late,), (late,))
    assert rows("tag = night or time >= 10") == ALL_ROWS
    assert rows("tag = day or time >= 10") == RowMask((late,), (late,), (late,))
    assert rows("not (tag = night and kind = tile) and time < 10") == RowMask(
        (Span(0, 10),), (Span(0, 10),), ()
    )
