"""Training: its loss is what it says, and what it writes is a CLIP like any other."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import clip
import numpy as np
import pytest
import torch
import typer
from rich.console import Console
from torch.nn.functional import cross_entropy, normalize
from typer.testing import CliRunner

from pipeline.config import EncodeConfig
from pipeline.demo import learn
from pipeline.demo.examples import draw
from pipeline.demo.learn import CONTEXT, SHAPE
from pipeline.demo.recipe import Recipe
from pipeline.demo.train import main, train
from pipeline.models import load_encoder
from pipeline.models.openai_clip import CLIP
from pipeline.models.weights import sha256_of

TEXTS = ["a red car", "a small white boat and a purple house in the snow at night", "a sign"]


@pytest.fixture(scope="module")
def model() -> CLIP:
    torch.manual_seed(0)
    return CLIP(**asdict(SHAPE)).eval()


def test_with_one_true_partner_the_loss_is_cross_entropy() -> None:
    logits = torch.randn(6, 6)
    ours = learn._agreement(logits, torch.eye(6, dtype=torch.bool))
    assert float(ours) == pytest.approx(float(cross_entropy(logits, torch.arange(6))), rel=1e-5)


def test_true_partners_share_the_target_and_rows_without_one_do_not_count() -> None:
    logits = torch.tensor([[2.0, 2.0, -9.0], [5.0, 1.0, 0.0]])
    true = torch.tensor([[True, True, False], [False, False, False]])
    # Both partners get a half, as much as they can: the loss is the entropy of a coin.
    assert float(learn._agreement(logits, true)) == pytest.approx(np.log(2), abs=1e-4)


def test_short_texts_are_encoded_as_clip_encodes_them(model: CLIP) -> None:
    with torch.no_grad():
        ours = learn._encode_texts(model, TEXTS)
        learn._mask(model, model.context_length)
        theirs = normalize(model.encode_text(clip.tokenize(TEXTS)), dim=-1)
    assert model.context_length == 77 > CONTEXT
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-5)


def test_what_it_writes_is_loaded_like_any_other_clip(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learn, "_TEST_PICTURES", 4)
    path = tmp_path / "small.pt"
    recipe = Recipe(pictures=48, steps=6, batch_size=24, seed=3)
    digest = train(recipe, path, Console(quiet=True))
    assert digest == sha256_of(path)
    assert path.stat().st_size <= 12_000_000
    curve = path.with_name("training.csv").read_text().splitlines()
    assert curve[0] == "step,loss,seen_r1,held_out_r1,minutes"
    assert curve[1].startswith("6,")
    here = {"weights": str(path), "sha256": digest, "device": "cpu", "precision": "float32"}
    encoder = load_encoder(EncodeConfig(**here))
    opened, _ = clip.load(str(path), device="cpu")
    with torch.no_grad():
        theirs = normalize(opened.encode_text(clip.tokenize(TEXTS)).float(), dim=-1)
    np.testing.assert_allclose(encoder.encode_text(TEXTS), theirs.numpy(), atol=1e-5)


def test_training_goes_on_from_weights_that_it_wrote(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learn, "_TEST_PICTURES", 4)
    small = Recipe(pictures=48, steps=1, batch_size=24, seed=3)
    train(small, tmp_path / "first.pt", Console(quiet=True))
    further = replace(small, learning_rate=1e-9, weight_decay=0.0, begin=tmp_path / "first.pt")
    train(further, tmp_path / "second.pt", Console(quiet=True))
    first, second = (torch.load(tmp_path / name) for name in ("first.pt", "second.pt"))
    for name, weights in first.items():
        torch.testing.assert_close(second[name], weights, rtol=0, atol=1e-3)
    other = replace(small, seed=4)
    train(other, tmp_path / "other.pt", Console(quiet=True))
    assert not torch.equal(torch.load(tmp_path / "other.pt")["visual.proj"], first["visual.proj"])


def test_learning_lowers_the_loss_and_leaves_unused_tokens_alone() -> None:
    torch.manual_seed(1)
    random = np.random.default_rng(0)
    pictures, facts = draw(48, 5, SHAPE.image_resolution, workers=1)
    learner = CLIP(**asdict(SHAPE))
    before = learner.token_embedding.weight.detach().clone()
    optimizer = torch.optim.AdamW(learn._groups(learner, 0.1), lr=1e-3)
    losses = []
    for _ in range(12):
        loss = learn._loss(learner, pictures, facts, random)
        learn._step(learner, loss, optimizer)
        losses.append(float(loss.detach()))
    assert np.mean(losses[-3:]) < np.mean(losses[:3]) - 0.2
    unused = int(clip.tokenize("zebra")[0, 1])
    torch.testing.assert_close(learner.token_embedding.weight[unused], before[unused])


@pytest.mark.parametrize(
    "args", [("nowhere/demo.pt",), ("demo.pt", "--steps", "0"), ("demo.pt", "--pictures", "100")]
)
def test_what_cannot_be_is_refused_before_an_hour_is_spent(
    args: tuple[str, ...], tmp_path: Path
) -> None:
    app = typer.Typer()
    app.command()(main)
    result = CliRunner().invoke(app, [str(tmp_path / args[0]), *args[1:]])
    assert result.exit_code == 2
    assert not list(tmp_path.iterdir())
