"""open_clip's models from local checkpoints, against open_clip's own transform and encode."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import open_clip
import pytest
import torch
from open_clip.transform import PreprocessCfg, image_transform_v2
from PIL import Image
from safetensors.torch import save_file

from pipeline.config import EncodeConfig
from pipeline.errors import Code, ConfigError, ModelError, QueryError
from pipeline.models import describe, load_encoder
from pipeline.models.open_clip import parse, preprocess_of
from pipeline.models.weights import sha256_of
from tests.models.conftest import picture

SMALL = {
    "embed_dim": 64,
    "vision_cfg": {"image_size": 64, "layers": 2, "width": 64, "patch_size": 16, "head_width": 32},
    "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 64, "heads": 2, "layers": 2},
}
TRANSFORM = {"mean": [0.5, 0.4, 0.3], "std": [0.2, 0.3, 0.4], "interpolation": "bicubic"}


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an architecture of its own and random weights of it."""
    folder = tmp_path_factory.mktemp("open_clip")
    settings = {"model_cfg": SMALL, "preprocess_cfg": TRANSFORM}
    (folder / "open_clip_config.json").write_text(json.dumps(settings))
    torch.manual_seed(0)
    model = open_clip.create_model(f"local-dir:{folder}", load_weights=False)
    state = {name: value.contiguous() for name, value in model.state_dict().items()}
    save_file(state, folder / "weights.safetensors")
    torch.save(state, folder / "weights.pt")
    return folder


def config(local: Path, name: str = "weights.safetensors", **more: Any) -> EncodeConfig:
    return EncodeConfig(
        backend="open_clip",
        model=f"local-dir:{local}",
        weights=str(local / name),
        device="cpu",
        precision="float32",
        **more,
    )


def test_encodes_as_open_clip_does(local: Path) -> None:
    pictures = [picture(90, 160, 1), picture(200, 120, 2)]
    texts = ["a red car", "two dogs"]
    model, _, transform = open_clip.create_model_and_transforms(f"local-dir:{local}")
    model.eval()
    with torch.inference_mode():
        batch = torch.stack([transform(Image.fromarray(image)) for image in pictures])
        images = model.encode_image(batch, normalize=True).numpy()
        tokens = open_clip.get_tokenizer("ViT-B-32")(texts)
        words = model.encode_text(tokens, normalize=True).numpy()
    encoder = load_encoder(config(local))
    assert (encoder.dim, encoder.input_size) == (64, 64)
    np.testing.assert_allclose(encoder.encode_text(texts), words, atol=1e-5)
    assert (encoder.encode_images(pictures) * images).sum(axis=1).min() >= 0.999


def test_a_built_in_architecture_with_weights_of_ones_own(tmp_path: Path) -> None:
    # RN50 is the smallest of open_clip's own; its weights are random here.
    model = open_clip.create_model("RN50", load_weights=False)
    path = tmp_path / "rn50.safetensors"
    save_file({name: value.contiguous() for name, value in model.state_dict().items()}, path)
    encoder = load_encoder(
        EncodeConfig(backend="open_clip", model="RN50", weights=str(path), device="cpu")
    )
    assert (encoder.name, encoder.dim) == ("open_clip RN50", 1024)
    assert encoder.facts["weights_sha256"] == sha256_of(path)
    assert encoder.encode_images([picture(50, 60)]).shape == (1, 1024)


def test_pins_are_the_same_rules(local: Path) -> None:
    with pytest.raises(ModelError, match="only safetensors are loaded unpinned"):
        load_encoder(config(local, "weights.pt"))
    pinned = config(local, "weights.pt", sha256=sha256_of(local / "weights.pt"))
    vectors = load_encoder(pinned).encode_text(["a"])
    np.testing.assert_array_equal(vectors, load_encoder(config(local)).encode_text(["a"]))


def test_weights_of_another_model_are_refused(local: Path, tmp_path: Path) -> None:
    path = tmp_path / "other.safetensors"
    save_file({"weight": torch.zeros(3)}, path)
    with pytest.raises(ModelError, match="is not a checkpoint of open_clip's") as raised:
        load_encoder(config(local).model_copy(update={"weights": str(path)}))
    assert raised.value.code is Code.WEIGHTS_INVALID


def test_a_long_text_is_refused(local: Path) -> None:
    with pytest.raises(QueryError, match="102 tokens"):
        load_encoder(config(local)).encode_text(["dog " * 100])


def test_random_weights_are_not_warned_of(local: Path, caplog: pytest.LogCaptureFixture) -> None:
    load_encoder(config(local))
    assert not caplog.records


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("ViT-B/99", "no architecture 'ViT-B/99'"),
        ("ViT-B-32:nonsense", "its tags: .*laion2b_s34b_b79k"),
        ("ViT-B-32", "write ViT-B-32:TAG, or set encode.weights"),
        ("local-dir:somewhere", "needs encode.weights"),
    ],
)
def test_names_that_lead_nowhere(model: str, message: str) -> None:
    settings = EncodeConfig(backend="open_clip", model=model, device="cpu")
    with pytest.raises(ConfigError, match=message) as raised:
        load_encoder(settings)
    assert raised.value.uri == "encode.model"
    assert [str(problem) for problem in describe(settings).problems] == [str(raised.value)]


def test_a_tag_brings_its_activation() -> None:
    openai = parse(EncodeConfig(backend="open_clip", model="ViT-B-32:openai"))
    assert openai.quick_gelu
    assert not parse(
        EncodeConfig(backend="open_clip", model="ViT-B-32-quickgelu:openai")
    ).quick_gelu
    assert not parse(EncodeConfig(backend="open_clip", model="ViT-B-32:laion2b_e16")).quick_gelu


def fake(**settings: Any) -> Any:
    """What `preprocess_of` reads of a model."""
    return SimpleNamespace(visual=SimpleNamespace(preprocess_cfg=settings))


@pytest.mark.parametrize("mode", ["shortest", "squash"])
@pytest.mark.parametrize("interpolation", ["bicubic", "bilinear", "random"])
def test_transforms_equal_open_clips(mode: str, interpolation: str) -> None:
    settings = PreprocessCfg(size=(96, 96), resize_mode=mode, interpolation=interpolation)
    theirs = image_transform_v2(settings, is_train=False)
    ours = preprocess_of(fake(**asdict(settings)), "test")
    for shape in ((120, 200), (300, 97), (96, 96), (40, 50)):
        image = picture(*shape)
        difference = ours([image], torch.device("cpu"))[0] - theirs(Image.fromarray(image))
        # Levels of 255, over the least deviation of OpenAI's channels.
        assert difference.abs().max() < 2.01 / 255 / 0.261
        assert difference.abs().mean() < 0.4 / 255 / 0.261


@pytest.mark.parametrize("odd", [{"resize_mode": "longest"}, {"size": (224, 336)}])
def test_transforms_that_we_lack_are_refused(odd: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="choose another model"):
        preprocess_of(fake(**asdict(PreprocessCfg()) | odd), "test")


def test_a_missing_package_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    # None in sys.modules is Python's own way to say that a package is not there.
    monkeypatch.setitem(sys.modules, "open_clip", None)
    monkeypatch.delitem(sys.modules, "pipeline.models.open_clip")
    with pytest.raises(ModelError, match=r"pip install 'vsearch\[open-clip\]'") as raised:
        load_encoder(EncodeConfig(backend="open_clip", model="ViT-B-32"))
    assert raised.value.code is Code.PACKAGE_MISSING
