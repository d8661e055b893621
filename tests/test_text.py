"""Facts as people write and read them."""

from __future__ import annotations

import math
from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.text import clock, name_pattern, seconds_of, time_in_name


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("10", 10), ("10s", 10), (" 2.5S ", 2.5), ("1m30s", 90), ("1:30", 90),
     ("1.5m", 90), ("2h", 7200), ("1h1s", 3601), ("1:00:01.5", 3601.5), ("0", 0), ("90:00", 5400),
     ("9" * 400, math.inf)],
)  # fmt: skip
def test_durations(text: str, seconds: float) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize(
    "text",
    ["", " ", "-1", "+1", "nan", "inf", "1e3", "10 s", "s", "1s30m", "1:2:3:4", ":30", "1:", "10x",
     "1,5", "٣", "0x10", "1_0"],
)  # fmt: skip
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="no duration"):
        seconds_of(text)


@given(st.integers(0, 10**6))
def test_a_time_that_is_shown_can_be_written(tenths: int) -> None:
    assert seconds_of(clock(tenths / 10)) == pytest.approx(tenths / 10)


@pytest.mark.parametrize(
    ("name", "pattern", "at"),
    [("VID_20240501_134500.mp4", "%Y%m%d_%H%M%S", "2024-05-01T13:45:00+00:00"),
     ("20240501.mp4", "%Y%m%d", "2024-05-01T00:00:00+00:00"),
     ("a 2024-05-01 13.45+0200 b", "%Y-%m-%d %H.%M%z", "2024-05-01T13:45:00+02:00"),
     ("2024-05-01T13Z", "%Y-%m-%dT%H%z", "2024-05-01T13:00:00+00:00"),
     ("100% 01.05.2024", "100%% %d.%m.%Y", "2024-05-01T00:00:00+00:00"),
     ("20241301 20240501", "%Y%m%d", "2024-05-01T00:00:00+00:00"),
     ("1202405011.mp4", "%Y%m%d", None), ("holiday.mp4", "%Y%m%d", None)],
)  # fmt: skip
def test_times_in_names(name: str, pattern: str, at: str | None) -> None:
    assert time_in_name(name, pattern, UTC) == at


@pytest.mark.parametrize(
    ("pattern", "what"),
    [("%Y%m", "lacks %d"), ("%Y%m%d%d", "twice"), ("%y%m%d", "%y"), ("%Y%m%d%", "not known")],
)
def test_patterns_that_mean_nothing(pattern: str, what: str) -> None:
    with pytest.raises(ValueError, match=what):
        name_pattern(pattern)
