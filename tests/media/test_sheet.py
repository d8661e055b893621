"""`contact_sheet`: what is drawn where."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.media.sheet import COLUMNS, TILE, SheetRow, SheetTile, contact_sheet

RED = (230, 20, 20)


def _tile(*, height: int = 180, width: int = 320, score: float | None = 0.25) -> SheetTile:
    picture = np.full((height, width, 3), RED, np.uint8)
    return SheetTile(picture, ("a red car.mp4", "0:12.3"), score)


def _red(sheet) -> np.ndarray:
    pixels = np.asarray(sheet).astype(int)
    return (np.abs(pixels - RED) < 12).all(axis=2)


def _dark(sheet) -> np.ndarray:
    return np.asarray(sheet).max(axis=2) < 80


def test_a_page_of_two_rows() -> None:
    one = SheetRow("a red car", (_tile(),) * 3)
    sheet = contact_sheet([one, one])
    assert sheet.mode == "RGB"
    red = _red(sheet)
    assert red.sum() == 6 * TILE[0] * TILE[1], "each tile is filled by its picture"
    starts = np.flatnonzero(np.diff(red.any(axis=0).astype(int)) == 1)
    assert len(starts) == 3
    assert len(set(np.diff(starts))) == 1, "tiles stand at equal distances"
    assert np.median(np.asarray(sheet)) > 200, "a light page"


def test_captions_stand_below_and_headings_above() -> None:
    sheet = contact_sheet([SheetRow("a red car", (_tile(),))])
    red, dark = _red(sheet), _dark(sheet)
    tops = np.flatnonzero(red.any(axis=1))
    assert dark[: tops[0]].any(), "the heading"
    assert dark[tops[-1] + 1 :].any(), "the caption"
    assert not dark[tops[0] : tops[-1] + 1].any()
    plain = contact_sheet([SheetRow("a red car", (_tile(score=None),))])
    assert plain.size == sheet.size
    assert (np.asarray(plain) != np.asarray(sheet)).any(), "the score is drawn"


def test_a_long_row_goes_on_below() -> None:
    short = contact_sheet([SheetRow("", (_tile(),) * COLUMNS)])
    long = contact_sheet([SheetRow("", (_tile(),) * (COLUMNS + 1))])
    assert long.width == short.width
    assert long.height > short.height + TILE[1]
    assert _red(long).sum() == (COLUMNS + 1) * TILE[0] * TILE[1]


@pytest.mark.parametrize(
    ("height", "width", "share"),
    [(320, 180, 180 * 9 / 16 / 320), (100, 100, 9 / 16), (45, 80, 1.0), (1080, 1920, 1.0),
     (100, 400, 4 / 9 * 1.0)],
)  # fmt: skip
def test_other_shapes_are_letterboxed(height: int, width: int, share: float) -> None:
    red = _red(contact_sheet([SheetRow("", (_tile(height=height, width=width),))]))
    assert red.sum() / (TILE[0] * TILE[1]) == pytest.approx(share, abs=0.01)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 4000), (4000, 1)])
def test_any_size_is_drawn(height: int, width: int) -> None:
    contact_sheet([SheetRow("", (_tile(height=height, width=width),))])


def test_a_missing_picture_is_a_grey_tile_with_its_reason() -> None:
    gone = SheetTile(None, ("gone.mp4", "0:01.0"), 0.2, "no such file")
    sheet = contact_sheet([SheetRow("a red car", (_tile(), gone))])
    pixels = np.asarray(sheet)
    assert _red(sheet).sum() == TILE[0] * TILE[1]
    grey = (pixels == (0xC4, 0xC4, 0xC4)).all(axis=2)
    assert 0.9 < grey.sum() / (TILE[0] * TILE[1]) < 1.0, "apart from the words"
    contact_sheet([SheetRow("", (SheetTile(None, ()),))])


def test_nothing_found_is_said() -> None:
    sheet = contact_sheet([SheetRow("a red car", ())])
    assert (np.asarray(sheet) != np.asarray(contact_sheet([SheetRow("", ())]))).any()
    assert contact_sheet([]).size > (0, 0)


def test_long_lines_stay_in_their_room() -> None:
    tile = SheetTile(np.zeros((180, 320, 3), np.uint8), ("W" * 300, "i" * 300), 0.123)
    sheet = contact_sheet([SheetRow("heading " * 5000, (tile, tile))])
    ink = np.asarray(sheet).min(axis=2) < 200
    columns = np.flatnonzero(ink.any(axis=0))
    assert columns[0] >= 27
    assert columns[-1] <= sheet.width - 27
    between = ink[:, 28 + TILE[0] + 2 : 28 + TILE[0] + 18]
    assert not between[60:].any(), "captions do not touch"


@given(st.text(st.characters(), max_size=60))
@settings(max_examples=60)
def test_any_text_is_drawn(text: str) -> None:
    named = SheetTile(np.zeros((18, 32, 3), np.uint8), (text, text), 0.5)
    contact_sheet([SheetRow(text, (named, SheetTile(None, (text,), None, text)))])


@pytest.mark.parametrize(
    "name", ["日本語.mp4", "кино\N{CLAPPER BOARD}.mkv", "Straße à Paris.mov", "a\nb\tc\x00.mp4",
             b"\xff\xfe.mp4".decode("utf-8", "surrogateescape"), "عربي.mp4", ""]
)  # fmt: skip
def test_file_names_as_they_come(name: str) -> None:
    contact_sheet([SheetRow(name, (SheetTile(None, (name, "0:01.0"), 0.5, name),))])
