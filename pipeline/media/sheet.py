"""Pictures with their captions -> one page to look at. Where they come from is not known here."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont, ImageOps
from PIL.ImageFont import FreeTypeFont
from PIL.ImageFont import ImageFont as BitmapFont

from pipeline.data import UInt8Array
from pipeline.text import printable

COLUMNS = 5
"""Most tiles beside each other; a row with more goes on below."""

TILE = (320, 180)
_MARGIN = 28
_GAP = 20
_LINE = 22
_HEADING = 44
_EMPTY = 30

_PAGE = "#fbfbf9"
_INK = "#1c1c1e"
_FAINT = "#6b6b70"
_MOUNT = "#e6e6e2"
_GREY = "#c4c4c4"

_Font = FreeTypeFont | BitmapFont
_Point = tuple[int, int]


@dataclass(frozen=True, slots=True, eq=False)
class SheetTile:
    """One picture of a sheet.

    Args:
        picture: RGB, uint8 (height, width, 3), of any size; None where there is none.
        caption: Lines below it, such as a file name and a time. A line that is too long loses its
            middle.
        score: Stands at the end of the last line, or nothing does.
        reason: Why there is no picture.
    """

    picture: UInt8Array | None
    caption: tuple[str, ...]
    score: float | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class SheetRow:
    """Pictures under one heading, such as a question; it may have none."""

    heading: str
    tiles: tuple[SheetTile, ...]


def contact_sheet(rows: Sequence[SheetRow]) -> Image.Image:
    """Draw a page: for each row its heading, and its pictures side by side.

    Tiles are 16:9 and of one size; a picture of another shape stands in the middle of its tile. The
    font is Pillow's own: letters lose their accents, and other scripts are shown as boxes.

    Returns:
        RGB, as wide as the widest row needs and as high as all rows need.
    """
    columns = max((min(len(row.tiles), COLUMNS) for row in rows), default=1)
    # Room for a heading over a single tile.
    columns = max(columns, 2)
    width = 2 * _MARGIN + columns * TILE[0] + (columns - 1) * _GAP
    height = _MARGIN + sum(_row_height(row) + _MARGIN for row in rows)
    page = Image.new("RGB", (width, height), _PAGE)
    top = _MARGIN
    for row in rows:
        _draw_row(page, row, top)
        top += _row_height(row) + _MARGIN
    return page


def _lines(row: SheetRow) -> Iterator[tuple[SheetTile, ...]]:
    for start in range(0, len(row.tiles), COLUMNS):
        yield row.tiles[start : start + COLUMNS]


def _line_height(tiles: Sequence[SheetTile]) -> int:
    return TILE[1] + 8 + _LINE * max(len(tile.caption) for tile in tiles)


def _row_height(row: SheetRow) -> int:
    heights = [_line_height(tiles) for tiles in _lines(row)] or [_EMPTY]
    return _HEADING + sum(heights) + _GAP * (len(heights) - 1)


def _draw_row(page: Image.Image, row: SheetRow, top: int) -> None:
    draw = ImageDraw.Draw(page)
    font = ImageFont.load_default(24)
    heading = _fitted(row.heading, font, page.width - 2 * _MARGIN)
    draw.text((_MARGIN, top), heading, fill=_INK, font=font)
    top += _HEADING
    if not row.tiles:
        draw.text((_MARGIN, top), "nothing found", fill=_FAINT, font=ImageFont.load_default(16))
    for tiles in _lines(row):
        for place, tile in enumerate(tiles):
            _draw_tile(page, tile, (_MARGIN + place * (TILE[0] + _GAP), top))
        top += _line_height(tiles) + _GAP


def _draw_tile(page: Image.Image, tile: SheetTile, at: _Point) -> None:
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(15)
    # A line around it, or a bright picture has no edge on a bright page.
    edge = (at[0] - 1, at[1] - 1, at[0] + TILE[0], at[1] + TILE[1])
    draw.rectangle(edge, outline=_MOUNT)
    page.paste(_missing(tile.reason) if tile.picture is None else _mounted(tile.picture), at)
    left, top = at[0], at[1] + TILE[1] + 8
    for number, line in enumerate(tile.caption):
        room = TILE[0]
        if tile.score is not None and number == len(tile.caption) - 1:
            score = f"{tile.score:.3f}"
            room -= int(font.getlength(score)) + 10
            draw.text((left + TILE[0], top), score, fill=_FAINT, font=font, anchor="ra")
        draw.text(
            (left, top), _fitted(line, font, room), fill=_FAINT if number else _INK, font=font
        )
        top += _LINE


def _mounted(picture: UInt8Array) -> Image.Image:
    return ImageOps.pad(Image.fromarray(picture), TILE, Image.Resampling.LANCZOS, color=_MOUNT)


def _missing(reason: str) -> Image.Image:
    tile = Image.new("RGB", TILE, _GREY)
    font = ImageFont.load_default(15)
    lines = _wrapped(reason or "no picture", font, TILE[0] - 32)[: TILE[1] // _LINE - 1]
    middle = (TILE[0] // 2, TILE[1] // 2)
    draw = ImageDraw.Draw(tile)
    draw.text(middle, "\n".join(lines), fill=_INK, font=font, anchor="mm", align="center")
    return tile


def _wrapped(text: str, font: _Font, room: int) -> list[str]:
    lines: list[str] = []
    for word in _drawable(text).split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and font.getlength(longer) <= room:
            lines[-1] = longer
        else:
            lines.append(_fitted(word, font, room))
    return lines


def _fitted(text: str, font: _Font, room: int) -> str:
    """One line that is no wider than `room` pixels: the middle goes, names differ at both ends."""
    whole = _drawable(text)
    if len(whole) <= room and font.getlength(whole) <= room:
        return whole
    keep = min(len(whole), room)
    while keep > 2:
        keep -= 1
        head = keep - keep // 2
        shorter = f"{whole[:head]}…{whole[len(whole) - keep // 2 :]}"
        if font.getlength(shorter) <= room:
            return shorter
    return "…"


def _drawable(text: str) -> str:
    """One line without accents, which the font does not have."""
    apart = unicodedata.normalize("NFKD", printable(text))
    return "".join(char for char in apart if not unicodedata.combining(char))
