"""Turns, mirrors and shapes of pixels, by property."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.media.appearance import Looks, beyond_decord
from pipeline.media.decoded import interpolated
from pipeline.media.display import Orientation, from_matrix, pixel_shape, shown, shown_size

ONE = 1 << 16
orientations = st.builds(Orientation, st.booleans(), st.booleans(), st.booleans())
sides = st.integers(1, 40)


def _matrix(orientation: Orientation) -> list[int]:
    x = -ONE if orientation.mirrored else ONE
    y = -ONE if orientation.flipped else ONE
    if orientation.across:
        return [0, y, 0, x, 0, 0, 0, 0, 1 << 30]
    return [x, 0, 0, 0, y, 0, 0, 0, 1 << 30]


@given(orientations)
def test_a_matrix_means_what_it_says(orientation: Orientation) -> None:
    assert from_matrix(_matrix(orientation)) == orientation


@given(orientations, sides, sides, st.randoms(use_true_random=False))
def test_each_pixel_is_shown_where_the_matrix_puts_it(orientation, width, height, random) -> None:
    picture = np.arange(width * height * 3, dtype=np.uint32).astype(np.uint8)
    picture = picture.reshape(height, width, 3)
    result = shown(picture, Fraction(1), orientation)
    assert result.shape[1::-1] == shown_size(width, height, Fraction(1), orientation)
    x, y = random.randrange(width), random.randrange(height)
    to_x, to_y = (y, x) if orientation.across else (x, y)
    if orientation.mirrored:
        to_x = result.shape[1] - 1 - to_x
    if orientation.flipped:
        to_y = result.shape[0] - 1 - to_y
    assert result[to_y, to_x].tolist() == picture[y, x].tolist()


@given(orientations)
def test_a_turn_and_then_a_mirror_make_any_orientation(orientation: Orientation) -> None:
    picture = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
    turned = np.rot90(picture, orientation.rotation // 90)
    expected = turned[:, ::-1] if orientation.reflects else turned
    np.testing.assert_array_equal(shown(picture, Fraction(1), orientation), expected)


def test_a_slanted_matrix_is_the_nearest_quarter() -> None:
    """20 degrees off upright, and off a quarter turn."""
    assert from_matrix([61584, 22415, 0, -22415, 61584, 0, 0, 0, 1 << 30]) == Orientation()
    quarter = from_matrix([22415, 61584, 0, -61584, 22415, 0, 0, 0, 1 << 30])
    assert quarter == Orientation(across=True, mirrored=True)


@pytest.mark.parametrize(
    ("ratio", "shape"),
    [
        (None, 1),
        (Fraction(0), 1),
        (Fraction(-1), 1),
        (Fraction(1, 1000), 1),
        (Fraction(65535), 1),
        (Fraction(64, 45), Fraction(64, 45)),
        (Fraction(2), 2),
    ],
)
def test_nonsense_is_not_believed(ratio: Fraction | None, shape: Fraction) -> None:
    assert pixel_shape(ratio) == shape


@given(sides, sides, st.fractions(Fraction(1, 4), 4), orientations)
def test_width_is_stretched_and_height_is_kept(width, height, shape, orientation) -> None:
    picture = np.full((height, width, 3), 77, np.uint8)
    result = shown(picture, shape, orientation)
    assert result.shape[1::-1] == shown_size(width, height, shape, orientation)
    assert result.shape[1 if orientation.across else 0] == height
    assert np.all(result == 77)


@given(st.integers(1, 30), sides)
def test_a_field_keeps_its_lines(height: int, width: int) -> None:
    field = np.random.default_rng(height).integers(
        0, 256, ((height + 1) // 2, width, 3), dtype=np.uint8
    )
    whole = interpolated(field, height)
    assert whole.shape == (height, width, 3)
    np.testing.assert_array_equal(whole[0::2], field)
    between = (field[:-1].astype(float) + field[1:]) / 2
    assert np.abs(whole[1:-1:2][: len(between)] - between).max(initial=0) <= 0.5
    if height % 2 == 0:
        np.testing.assert_array_equal(whole[-1], field[-1])


def test_decord_gets_only_what_it_shows_right() -> None:
    assert beyond_decord(Looks()) is None
    wrong = (
        Looks(orientation=Orientation(True, True, False)),
        Looks(orientation=Orientation(mirrored=True)),
        Looks(orientation=Orientation(across=True)),
        Looks(shape=Fraction(64, 45)),
        Looks(interlaced=True),
        Looks(alpha=True),
        Looks(standard=False),
    )
    assert all(beyond_decord(looks) for looks in wrong)
    assert len({beyond_decord(looks) for looks in wrong}) == 5
