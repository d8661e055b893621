"""The cohort's vectors: encoded once a model, and again where what was kept is not right."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pipeline.search.cohort import COHORT, cohort_vectors
from pipeline.search.prompts import CLIP_PROMPTS
from tests.search.words import WordEncoder

RIGHT = WordEncoder().encode_text(COHORT)


def test_the_cohort_is_of_many_different_things() -> None:
    assert len(set(COHORT)) == len(COHORT) > 150
    assert all(text.split()[0] in ("a", "an") for text in COHORT)
    assert all("\n" not in text for text in COHORT)


def test_a_second_time_nothing_is_encoded(tmp_path: Path) -> None:
    cache = tmp_path / "not" / "there yet"
    first, second = WordEncoder(), WordEncoder()
    np.testing.assert_array_equal(cohort_vectors(first, (), cache), RIGHT)
    assert first.encoded == list(COHORT)
    found = cohort_vectors(second, (), cache)
    assert second.encoded == []
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, RIGHT)
    assert [path.suffix for path in cache.iterdir()] == [".f32"]


def test_each_model_and_its_prompts_have_their_own(tmp_path: Path) -> None:
    for number, (seed, templates) in enumerate(((0, ()), (1, ()), (0, CLIP_PROMPTS)), start=1):
        encoder = WordEncoder(seed)
        cohort_vectors(encoder, templates, tmp_path)
        assert encoder.encoded
        assert len(list(tmp_path.iterdir())) == number


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a cohort, in a folder of its own."""
    folder = tmp_path_factory.mktemp("cohort")
    cohort_vectors(WordEncoder(), (), folder)
    (path,) = folder.iterdir()
    return path


def cut(whole: bytes, at: int) -> bytes:
    return whole[:at]


def flipped(whole: bytes, at: int) -> bytes:
    return whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]


def longer(whole: bytes, at: int) -> bytes:
    return whole + whole[:at]


@pytest.mark.parametrize("at", [0, 1, 31, 32, 1000, -1])
@pytest.mark.parametrize("damage", [cut, flipped, longer])
def test_a_damaged_file_is_written_anew(
    kept: Path, damage: Callable[[bytes, int], bytes], at: int
) -> None:
    whole = kept.read_bytes()
    kept.write_bytes(damage(whole, at))
    np.testing.assert_array_equal(cohort_vectors(WordEncoder(), (), kept.parent), RIGHT)
    assert kept.read_bytes() == whole


def test_where_nothing_can_be_kept_it_still_works(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    np.testing.assert_array_equal(
        cohort_vectors(WordEncoder(), (), tmp_path / "file" / "cache"), RIGHT
    )
