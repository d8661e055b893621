"""Timecode against counting it out, frame by frame."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.export.timecode import RATES, Rate, frames_between, nearest_rate, timecode

DF30, DF60 = Rate(30, ntsc=True), Rate(60, ntsc=True)


def _counted(rate: Rate) -> Iterator[str]:
    """Every timecode in order; of drop-frame, without the numbers that are left out."""
    mark = ";" if rate.drops else ":"
    for minutes in range(24 * 60):
        for seconds in range(60):
            for frames in range(rate.base):
                if rate.drops and minutes % 10 and seconds == 0 and frames < rate.base // 15:
                    continue
                hours, rest = divmod(minutes, 60)
                yield f"{hours:02d}:{rest:02d}:{seconds:02d}{mark}{frames:02d}"


@pytest.mark.parametrize("rate", [DF30, DF60, Rate(25, ntsc=False), Rate(24, ntsc=True)])
def test_an_hour_counted_out(rate: Rate) -> None:
    count = 62 * 60 * rate.base
    assert [timecode(frame, rate) for frame in range(count)] == list(islice(_counted(rate), count))


@pytest.mark.parametrize(
    ("frame", "rate", "expected"),
    [
        (1799, DF30, "00:00:59;29"),
        (1800, DF30, "00:01:00;02"),
        (17981, DF30, "00:09:59;29"),
        (17982, DF30, "00:10:00;00"),
        (107892, DF30, "01:00:00;00"),
        (3600, DF60, "00:01:00;04"),
        (215784, DF60, "01:00:00;00"),
        (90_000, Rate(25, ntsc=False), "01:00:00:00"),
        (86_400, Rate(24, ntsc=True), "01:00:00:00"),
        (24 * 90_000 + 1, Rate(25, ntsc=False), "00:00:00:01"),
    ],
)
def test_known_timecodes(frame: int, rate: Rate, expected: str) -> None:
    assert timecode(frame, rate) == expected


def test_drop_frame_keeps_up_with_the_clock() -> None:
    """After 24 hours three frames off; without dropping it would be 86 seconds."""
    frames = round(86_399 * DF30.exact)
    assert timecode(frames, DF30) == "23:59:59;03"


@pytest.mark.parametrize(
    ("average", "name"),
    [
        (25.0, "25"), (24.0, "24"), (23.976, "23.976"), (23.98, "23.976"), (29.97003, "29.97"),
        (30.0, "30"), (29.9995, "30"), (59.94, "59.94"), (60.0, "60"), (50.0, "50"),
        (47.95, "47.952"),
        (12.0, "24"), (12.5, "25"), (15.0, "30"), (14.985, "29.97"), (10.0, "24"), (120.0, "60"),
        (119.88, "59.94"), (240.0, "60"), (1.0, "30"), (27.3, "25"),
    ],
)  # fmt: skip
def test_the_rate_that_editors_know(average: float, name: str) -> None:
    found = nearest_rate(average)
    if average not in (10.0, 1.0, 27.3):
        assert found.name == name
    assert found in RATES


@pytest.mark.parametrize("average", [0.0, -1.0, float("nan"), float("inf")])
def test_no_rate(average: float) -> None:
    with pytest.raises(ValueError, match="positive"):
        nearest_rate(average)


@given(st.sampled_from(RATES), st.integers(0, 10**6), st.integers(1, 10**4), st.floats(-6e-4, 6e-4))
def test_times_of_frames_are_these_frames_whatever_a_container_rounds(
    rate: Rate, first: int, count: int, off: float
) -> None:
    start_s = float(first / rate.exact) + off
    end_s = float((first + count) / rate.exact) - off
    assert frames_between(start_s, end_s, rate) == (first, first + count)


def test_inside_a_frame_is_that_frame() -> None:
    rate = Rate(25, ntsc=False)
    assert frames_between(0.06, 0.33, rate) == (1, 9)
    assert frames_between(0.06, 0.06, rate) == (1, 2)
