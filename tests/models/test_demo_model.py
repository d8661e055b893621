"""The small CLIP that comes along: what its file is, and that its answers mean something."""

from __future__ import annotations

import re
from pathlib import Path

import clip
import numpy as np
import pytest
import torch
from PIL import Image

from pipeline.config import EncodeConfig
from pipeline.demo.captions import UNANSWERABLE, plain
from pipeline.demo.facts import HELD_OUT_COLOURS, HELD_OUT_PLACES, Facts, Subject, held_out
from pipeline.demo.picture import still
from pipeline.errors import Code, ConfigError, ModelError
from pipeline.models import Encoder, describe, load_encoder, weights
from pipeline.models.published import DEMO_SHA256, DEMO_WEIGHTS
from pipeline.models.weights import sha256_of

DEMO = EncodeConfig(backend="demo", device="cpu", precision="float32")

SEEN = (
    Facts("road", "day", (Subject("car", "red", "big"),)),
    Facts("road", "day", (Subject("car", "blue", "big"),)),
    Facts("road", "day", (Subject("bus", "red", "big"),)),
    Facts("city", "night", (Subject("car", "red", "big"),)),
    Facts("sea", "sunset", (Subject("boat", "white", "big"),)),
    Facts("sea", "day", (Subject("boat", "white"),)),
    Facts("snow", "day", (Subject("house", "purple", "big"),)),
    Facts("meadow", "day", (Subject("dog", "orange"), Subject("ball", "blue"))),
    Facts("desert", "night", (Subject("star", "yellow", "big"),)),
    Facts("road", "day", (Subject("sign", "red", word="STOP"),)),
)
HELD_OUT = tuple(
    Facts("city" if kind != "boat" and kind != "ball" else "sea", "day", (Subject(kind, paint),))
    for kind, paint in HELD_OUT_COLOURS.items()
) + tuple(
    Facts(place, "day", (Subject(kind, "pink" if kind != "plane" else "white"),))
    for kind, place in HELD_OUT_PLACES.items()
)
SEEDS = (11, 12, 13)


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return load_encoder(DEMO)


@pytest.fixture(scope="module")
def drawn() -> list[np.ndarray]:
    """Each of `SEEN` three times, by chance differently."""
    return [still(facts, np.random.default_rng(seed))(0.5) for seed in SEEDS for facts in SEEN]


def test_the_file_is_the_one_that_the_card_describes() -> None:
    assert sha256_of(DEMO_WEIGHTS) == DEMO_SHA256
    assert DEMO_WEIGHTS.stat().st_size <= 12_000_000
    card = DEMO_WEIGHTS.with_name("MODEL_CARD.md").read_text()
    assert DEMO_SHA256 in card
    curve = DEMO_WEIGHTS.with_name("training.csv").read_text().splitlines()
    assert re.fullmatch(r"step,loss,seen_r1,held_out_r1,minutes", curve[0])
    assert len(curve) > 10


def test_clip_opens_it_and_gives_the_same_vectors(
    encoder: Encoder, drawn: list[np.ndarray]
) -> None:
    model, preprocess = clip.load(str(DEMO_WEIGHTS), device="cpu", jit=False)
    texts = [plain(facts).text for facts in SEEN]
    with torch.no_grad():
        pictures = torch.stack([preprocess(Image.fromarray(picture)) for picture in drawn[:12]])
        theirs = [model.encode_image(pictures), model.encode_text(clip.tokenize(texts))]
    ours = [encoder.encode_images(drawn[:12]), encoder.encode_text(texts)]
    for their, our in zip(theirs, ours, strict=True):
        unit = torch.nn.functional.normalize(their.float(), dim=-1).numpy()
        assert float((unit * our).sum(axis=1).min()) > 0.999


def test_each_caption_is_nearest_to_its_pictures(encoder: Encoder, drawn: list[np.ndarray]) -> None:
    captions = [plain(facts) for facts in SEEN]
    cosines = encoder.encode_text([c.text for c in captions]) @ encoder.encode_images(drawn).T
    nearest = [[SEEN[n % len(SEEN)] for n in row[:3]] for row in np.argsort(-cosines, axis=1)]
    right = [c.holds(facts) for c, row in zip(captions, nearest, strict=True) for facts in row]
    # A red bus is near "a red car"; of 36 places, few may be taken by such.
    assert np.mean(right) >= 0.85
    first = [c.holds(row[0]) for c, row in zip(captions, nearest, strict=True)]
    assert np.mean(first) >= 0.9


def test_pairs_that_training_never_saw_are_known_apart(encoder: Encoder) -> None:
    assert all(held_out(facts) for facts in HELD_OUT)
    pictures = [still(facts, np.random.default_rng(5))(0.5) for facts in HELD_OUT]
    captions = encoder.encode_text([plain(facts).text for facts in HELD_OUT])
    cosines = captions @ encoder.encode_images(pictures).T
    assert np.mean(cosines.argmax(axis=1) == np.arange(len(HELD_OUT))) >= 0.8


def test_what_is_not_in_this_world_is_farther_than_what_is(
    encoder: Encoder, drawn: list[np.ndarray]
) -> None:
    pictures = encoder.encode_images(drawn).T
    captions = encoder.encode_text([plain(facts).text for facts in SEEN])
    answered = (captions @ pictures).max(axis=1)
    strange = (encoder.encode_text(list(UNANSWERABLE)) @ pictures).max(axis=1)
    assert np.mean(answered[:, None] > strange[None, :]) >= 0.9


@pytest.mark.parametrize(
    ("name", "value"), [("weights", "mine.pt"), ("sha256", "0" * 64), ("model", "RN50")]
)
def test_it_takes_no_other_weights(name: str, value: str) -> None:
    with pytest.raises(ConfigError, match="brings its own weights") as caught:
        load_encoder(EncodeConfig(backend="demo", **{name: value}))
    assert caught.value.code == Code.CONFIG_INVALID
    assert caught.value.uri == f"encode.{name}"


def test_a_changed_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changed = bytearray(DEMO_WEIGHTS.read_bytes())
    changed[len(changed) // 2] ^= 1
    (tmp_path / "demo.pt").write_bytes(changed)
    monkeypatch.setattr(weights, "DEMO_WEIGHTS", tmp_path / "demo.pt")
    with pytest.raises(ModelError, match="SHA-256"):
        load_encoder(DEMO)


def test_doctor_is_told_what_it_is() -> None:
    status = describe(DEMO)
    assert (status.backend, status.sha256, status.problems) == ("demo", DEMO_SHA256, ())
