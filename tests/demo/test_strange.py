"""Captions of nothing: of words that this world has no part in."""

from __future__ import annotations

import re

import clip
import numpy as np
import pytest

from pipeline.demo.captions import UNANSWERABLE
from pipeline.demo.strange import strange_caption, unknown_words


@pytest.fixture(scope="module")
def words() -> tuple[str, ...]:
    return unknown_words(clip.clip._tokenizer.encoder)


def test_there_are_many(words: tuple[str, ...]) -> None:
    assert len(words) == len(set(words)) > 10_000
    assert "piano" in words


@pytest.mark.parametrize(
    "known", ["car", "cars", "boats", "people", "puppy", "snow", "cloud", "highway", "crimson"]
)
def test_what_the_pictures_show_is_not_unknown(words: tuple[str, ...], known: str) -> None:
    assert known not in words


def test_the_questions_kept_for_testing_are_not_learned(words: tuple[str, ...]) -> None:
    kept = set(re.findall("[a-z]+", " ".join(UNANSWERABLE).lower()))
    assert not kept & set(words)


def test_a_caption_names_something_unknown(words: tuple[str, ...]) -> None:
    random = np.random.default_rng(3)
    captions = [strange_caption(words, random) for _ in range(200)]
    assert len(set(captions)) > 190
    assert all(set(caption.split()) & set(words) for caption in captions)
