"""Facts as people write and read them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.text import clock, seconds_of


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
