"""`draw_chart` and the line of blocks: what is where."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.media.chart import WIDTH, Chart, Step, draw_chart, strip_times, ticks, time_ticks
from pipeline.text import BLOCKS, sparkline

_BLUE, _RED = (0x2F, 0x6D, 0xB5), (0xD2, 0x45, 0x2D)


def _where(page: np.ndarray, colour: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray]:
    return np.nonzero((page == colour).all(axis=2))


def _chart(**changes) -> Chart:
    steps = (Step(0, 30, 0.1), Step(30, 60, 0.3), Step(60, 120, 0.2))
    facts = {"title": "a red car", "subtitle": "a.mp4", "duration_s": 120.0, "steps": steps,
             "best_s": 45.0}  # fmt: skip
    return Chart(**{**facts, **changes})


def test_the_curve_is_a_step_for_each_scene() -> None:
    page = np.asarray(draw_chart(_chart()))
    rows, columns = _where(page, _BLUE)
    left, right = columns.min(), columns.max()
    height = {}
    for share in (0.125, 0.75):
        column = round(left + share * (right - left))
        height[share] = rows[columns == column].min()
    best = rows.min()
    # 0.3 stands as far over 0.2 as 0.2 over 0.1.
    assert height[0.75] - best == pytest.approx(height[0.125] - height[0.75], abs=3)
    rows, columns = _where(page, _RED)
    line = np.bincount(columns).argmax()
    assert (line - left) / (right - left) == pytest.approx(45 / 120, abs=0.005)


def test_pictures_stand_under_their_time() -> None:
    green = np.zeros((90, 160, 3), np.uint8)
    green[..., 1] = 200
    pictures = [None, green, None, None]
    page = np.asarray(draw_chart(_chart(pictures=pictures)))
    _, columns = _where(page, (0, 200, 0))
    _, curve = _where(page, _BLUE)
    share = (columns.mean() - curve.min()) / (curve.max() - curve.min())
    assert share == pytest.approx(1.5 / 4, abs=0.01)
    assert not len(_where(np.asarray(draw_chart(_chart())), (0, 200, 0))[0])


@pytest.mark.parametrize("title", ["", "word " * 400, "a\nb\x1b[31m", "日本"])
@pytest.mark.parametrize("value", [0.25, -1.0, 1.0])
def test_anything_can_be_drawn(title: str, value: float) -> None:
    one = _chart(title=title, steps=(Step(0, 0.04, value),), duration_s=0.04, best_s=0.0)
    assert draw_chart(one).width == WIDTH


def test_strip_times() -> None:
    assert strip_times(16.0) == [1, 3, 5, 7, 9, 11, 13, 15]


@given(st.floats(-1, 1), st.floats(0.001, 2))
def test_ticks_are_round_and_inside(low: float, span: float) -> None:
    found = ticks(low, low + span)
    assert 2 <= len(found) <= 7
    assert all(low - 1e-6 <= tick <= low + span + 1e-6 for tick in found)


@given(st.floats(0.04, 1e6))
def test_there_are_few_time_ticks(duration_s: float) -> None:
    found = time_ticks(duration_s)
    assert found[0] == 0
    assert len(found) <= 10
    assert found[-1] <= duration_s * (1 + 1e-6)


def test_a_sparkline() -> None:
    steps = [(0.0, 2.0, 0.1), (2.0, 3.0, 0.8), (3.0, 8.0, 0.5)]
    assert sparkline(steps, 8.0, 8) == "▁▁█▅▅▅▅▅"
    assert sparkline(steps, 8.0, 4) == "▁█▅▅"
    assert sparkline([(0.0, 1.0, 0.3)], 4.0, 4) == "▁   "


def test_a_short_best_scene_is_not_lost() -> None:
    steps = [(0.0, 50.0, 0.1), (50.0, 50.04, 0.9), (50.04, 7200.0, 0.1)]
    assert "█" in sparkline(steps, 7200.0, 40)


@given(
    st.lists(st.tuples(st.floats(0.01, 100), st.floats(-1, 1)), min_size=1, max_size=50),
    st.integers(1, 200),
)
def test_a_sparkline_is_as_wide_as_asked(scenes: list[tuple[float, float]], width: int) -> None:
    ends = np.cumsum([length for length, _ in scenes]).tolist()
    starts = [0.0, *ends[:-1]]
    steps = [(a, b, value) for a, b, (_, value) in zip(starts, ends, scenes, strict=True)]
    line = sparkline(steps, ends[-1], width)
    assert len(line) == width
    assert set(line) <= set(BLOCKS)
