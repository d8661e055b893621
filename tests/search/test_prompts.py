"""Texts put into prompts."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.search.prompts import CLIP_PROMPTS, encode_texts, fill, prompts_of
from tests.search.words import WordEncoder


@pytest.mark.parametrize(
    ("template", "text", "prompt"),
    [
        ("a photo of {}", "a red car", "a photo of a red car"),
        ("a photo of the {}.", "a red car", "a photo of the red car."),
        ("a photo of the large {}.", "The car", "a photo of the large car."),
        ("a {} in a video game.", "an owl", "a owl in a video game."),
        ("itap of a {}.", "cars", "itap of a cars."),
        ("art of the {}.", "the a", "art of the a."),
        ("art of the {}.", "the", "art of the the."),
        ("art of the {}.", "theatre", "art of the theatre."),
        ("{}, {}", "x", "x, x"),
        ("a photo of {}", "{} and {}", "a photo of {} and {}"),
    ],
)
def test_one_article_is_enough(template: str, text: str, prompt: str) -> None:
    assert fill(template, text) == prompt


def test_what_the_setting_means() -> None:
    assert prompts_of("clip") == CLIP_PROMPTS
    assert len(CLIP_PROMPTS) == 7
    assert prompts_of(["a photo of {}"]) == ("a photo of {}",)
    assert prompts_of(()) == ()


def test_a_text_is_the_mean_of_its_prompts() -> None:
    encoder = WordEncoder()
    templates = ("a photo of {}", "art of {}")
    texts = ["a car", "rain"]
    found = encode_texts(encoder, texts, templates)
    assert found.dtype == np.float32
    for vector, text in zip(found, texts, strict=True):
        mean = encoder.encode_text([fill(each, text) for each in templates]).mean(axis=0)
        np.testing.assert_allclose(vector, mean / np.linalg.norm(mean), atol=1e-6)


def test_without_prompts_texts_are_encoded_as_they_stand() -> None:
    encoder = WordEncoder()
    np.testing.assert_array_equal(encode_texts(encoder, ["a car"]), encoder.encode_text(["a car"]))


@pytest.mark.parametrize("templates", [(), CLIP_PROMPTS])
def test_no_texts_are_no_vectors(templates: tuple[str, ...]) -> None:
    encoder = WordEncoder()
    assert encode_texts(encoder, [], templates).shape == (0, encoder.dim)
