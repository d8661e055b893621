"""The arithmetic of a question, with an encoder whose vectors are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.data import Float32Array, Spot
from pipeline.errors import Code, MediaError, QueryError
from pipeline.search.ask import question_of
from pipeline.search.compose import LESS_WEIGHT, MORE_WEIGHT, NEGATIVE_WEIGHT, Seeds, compose
from pipeline.search.prompts import CLIP_PROMPTS
from pipeline.search.seeds import Seed
from tests.search.words import DIM, WordEncoder
from tests.store.samples import record

ENCODER = WordEncoder()


def of(text: str) -> Float32Array:
    vector: Float32Array = ENCODER.encode_text([text])[0]
    return vector


def seed(place: int) -> Seed:
    return Seed(record("a"), np.eye(DIM, dtype=np.float32)[place])


def unit(vector: Float32Array) -> Float32Array:
    length: Float32Array = vector / np.linalg.norm(vector)
    return length


@pytest.fixture
def red(tmp_path: Path) -> Path:
    Image.new("RGB", (16, 12), (200, 10, 10)).save(tmp_path / "red.png")
    return tmp_path / "red.png"


def test_one_text_is_its_vector() -> None:
    composed = compose(ENCODER, question_of("a car"), Seeds())
    assert composed.vector.dtype == np.float32
    np.testing.assert_allclose(composed.vector, of("a car"), atol=1e-6)
    assert composed.form.texts == pytest.approx(1)
    assert composed.form.pictures == 0


def test_what_is_not_asked_for_is_not_encoded(red: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    encoder, texts, images = WordEncoder(), [], []
    monkeypatch.setattr(
        encoder, "encode_text", lambda of: texts.append(of) or ENCODER.encode_text(of)
    )
    monkeypatch.setattr(
        encoder, "encode_images", lambda of: images.append(of) or ENCODER.encode_images(of)
    )
    compose(encoder, question_of("a car"), Seeds())
    assert (texts, images) == ([["a car"]], [])
    compose(encoder, question_of(image=red), Seeds())
    assert (len(texts), len(images)) == (1, 1)


def test_texts_by_weight() -> None:
    composed = compose(ENCODER, question_of({"a car": 2.0, "night": 0.5}), Seeds())
    wanted = 2 * of("a car") + 0.5 * of("night")
    np.testing.assert_allclose(composed.vector, unit(wanted), atol=1e-6)
    assert composed.form.texts == pytest.approx(np.linalg.norm(wanted), abs=1e-5)


def test_weights_of_all_parts_alike_change_nothing() -> None:
    some = compose(ENCODER, question_of(["a car", "night"], without="rain"), Seeds()).vector
    for weight in (0.001, 7.0, 1000.0):
        asked = question_of({"a car": weight, "night": weight}, without={"rain": weight})
        np.testing.assert_allclose(compose(ENCODER, asked, Seeds()).vector, some, atol=1e-5)


def test_negatives_are_taken_away() -> None:
    asked = question_of("a car", without=["rain", "fog^2"])
    wanted = of("a car") - NEGATIVE_WEIGHT / np.sqrt(2) * (of("rain") + 2 * of("fog"))
    composed = compose(ENCODER, asked, Seeds())
    np.testing.assert_allclose(composed.vector, unit(wanted), atol=1e-6)
    assert composed.form.pictures == 0


def test_feedback_counts_by_its_mean() -> None:
    asked = question_of("a car", more=["v@1", "v@2^3"], less=["v@3", "v@4"])
    seeds = Seeds(more=[seed(1), seed(2)], less=[seed(3), seed(4)])
    seen = np.zeros(DIM, dtype=np.float32)
    seen[[1, 2, 3, 4]] = (
        MORE_WEIGHT / 4, MORE_WEIGHT * 3 / 4, -LESS_WEIGHT / 2, -LESS_WEIGHT / 2,
    )  # fmt: skip
    composed = compose(ENCODER, asked, seeds)
    np.testing.assert_allclose(composed.vector, unit(of("a car") + seen), atol=1e-6)
    assert composed.form.texts == pytest.approx(1, abs=1e-5)
    assert composed.form.pictures == pytest.approx(np.linalg.norm(seen[1:3]), abs=1e-5)


def test_pictures_and_spots_are_both_seen(red: Path) -> None:
    asked = question_of(image=f"{red}^2", like="v")
    picture = ENCODER.encode_images([np.asarray(Image.open(red))])[0]
    composed = compose(ENCODER, asked, Seeds(like=[seed(5)]))
    np.testing.assert_allclose(composed.vector, unit(2 * picture + seed(5).vector), atol=1e-6)
    assert composed.form.texts == 0
    assert composed.form.pictures > 1


def test_feedback_alone_is_a_question() -> None:
    asked = question_of(more="v@1")
    assert asked.more == (Spot("v", 1.0),)
    composed = compose(ENCODER, asked, Seeds(more=[seed(7)]))
    np.testing.assert_allclose(composed.vector, seed(7).vector, atol=1e-6)


@pytest.mark.parametrize(
    ("text", "without"),
    [("a car", "a car^4"), ("a car^500", ["a car^1000"] * 4), ("a car^0.01", "a car^0.04")],
)
def test_parts_that_cancel_out(text: str, without: str | list[str]) -> None:
    with pytest.raises(QueryError, match="nothing is left to look for") as caught:
        compose(ENCODER, question_of(text, without=without), Seeds())
    assert caught.value.code == Code.QUERY_INVALID


def test_spots_that_cancel_out() -> None:
    asked = question_of(like=f"v@1^{LESS_WEIGHT}", less="v@1")
    with pytest.raises(QueryError, match="nothing is left to look for"):
        compose(ENCODER, asked, Seeds(like=[seed(1)], less=[seed(1)]))


@pytest.mark.parametrize("weight", [0.001, 1000])
def test_a_part_alone_never_cancels_out(weight: float) -> None:
    composed = compose(ENCODER, question_of({"a car": weight}), Seeds())
    np.testing.assert_allclose(composed.vector, of("a car"), atol=1e-5)


@pytest.mark.parametrize("without", [None, "rain"])
def test_prompts_are_for_whatever_texts_there_are(red: Path, without: str | None) -> None:
    asked = question_of("a car", image=red, without=without)
    plain = compose(ENCODER, asked, Seeds())
    prompted = compose(ENCODER, asked, Seeds(), CLIP_PROMPTS)
    assert abs(float(plain.vector @ prompted.vector)) < 0.99
    compose(ENCODER, question_of(image=red), Seeds(), CLIP_PROMPTS)


def test_a_picture_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "no.png").write_text("no picture")
    with pytest.raises(MediaError) as caught:
        compose(ENCODER, question_of(image=tmp_path / "no.png"), Seeds())
    assert caught.value.code == Code.IMAGE_INVALID
