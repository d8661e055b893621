"""Our loader and encoder against `clip.load` and clip's own encode."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path

import clip
import numpy as np
import pytest
import torch
from PIL import Image

from pipeline.config import EncodeConfig
from pipeline.data import Float32Array, UInt8Array
from pipeline.errors import Code, ConfigError, ModelError, QueryError
from pipeline.models import Encoder, load_encoder
from pipeline.models.weights import sha256_of
from tests.checkpoints import make_state, write_safetensors, write_state_dict
from tests.models.conftest import Written, picture

TEXTS = ["a red car", "two dogs on a beach at night", "", "Ein Fahrrad, süß & schnell"]
PICTURES = [picture(90, 160, 1), picture(300, 200, 2), picture(224, 224, 3), picture(37, 41, 4)]


def unit(features: torch.Tensor) -> Float32Array:
    features = features.float()
    vectors: Float32Array = (features / features.norm(dim=-1, keepdim=True)).numpy()
    return vectors


def encode_with_clip(path: str) -> tuple[Float32Array, Float32Array]:
    """The reference: clip's loader, clip's Pillow transform, clip's tokenizer."""
    model, transform = clip.load(path, device="cpu")
    with torch.inference_mode():
        images = torch.stack([transform(Image.fromarray(image)) for image in PICTURES])
        return unit(model.encode_image(images)), unit(model.encode_text(clip.tokenize(TEXTS)))


# The large one takes half a minute for each form: its state dict is read by the next test.
@pytest.mark.parametrize(
    ("architecture", "form"),
    [*product(["tiny", "tiny_resnet"], ["archive.pt", "state.pt"]), ("vit_b32", "archive.pt")],
)
@pytest.mark.filterwarnings("ignore:.*torch.jit.load. is deprecated")
def test_encodes_as_clip_does(written: Written, architecture: str, form: str) -> None:
    config = written(architecture, form)
    encoder = load_encoder(config)
    assert config.weights is not None
    images, texts = encode_with_clip(config.weights)
    np.testing.assert_allclose(encoder.encode_text(TEXTS), texts, atol=1e-4)
    ours = encoder.encode_images(PICTURES)
    assert (ours * images).sum(axis=1).min() >= 0.999
    assert encoder.dim == ours.shape[1] == images.shape[1]


@pytest.mark.parametrize("architecture", ["tiny", "tiny_resnet", "vit_b32"])
@pytest.mark.filterwarnings("ignore:.*torch.jit.load. is deprecated")
def test_the_same_pixels_give_the_same_features(written: Written, architecture: str) -> None:
    config = written(architecture, "state.pt")
    encoder = load_encoder(config)
    model, transform = clip.load(str(config.weights), device="cpu")
    square = picture(encoder.input_size, encoder.input_size)
    with torch.inference_mode():
        expected = unit(model.encode_image(transform(Image.fromarray(square))[None]))
    np.testing.assert_allclose(encoder.encode_images([square]), expected, atol=1e-4)


@pytest.mark.parametrize("architecture", ["tiny", "tiny_resnet"])
def test_all_forms_of_a_checkpoint_are_one_model(written: Written, architecture: str) -> None:
    forms = ("archive.pt", "state.pt", "model.safetensors")
    vectors = [load_encoder(written(architecture, f)).encode_images(PICTURES) for f in forms]
    np.testing.assert_array_equal(vectors[0], vectors[1])
    np.testing.assert_array_equal(vectors[0], vectors[2])


@pytest.fixture(scope="module")
def encoder(tiny: EncodeConfig) -> Encoder:
    return load_encoder(tiny)


def test_vectors_are_unit_float32(encoder: Encoder) -> None:
    for vectors in (encoder.encode_images(PICTURES), encoder.encode_text(TEXTS)):
        assert vectors.shape == (4, encoder.dim)
        assert vectors.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)


def test_the_batch_does_not_matter(encoder: Encoder) -> None:
    pictures = [picture(90 + n % 3, 160, n) for n in range(13)]
    together = encoder.encode_images(pictures)
    alone = np.concatenate([encoder.encode_images([image]) for image in pictures])
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_nothing_gives_no_rows(encoder: Encoder) -> None:
    assert encoder.encode_images([]).shape == (0, encoder.dim)
    assert encoder.encode_text([]).shape == (0, encoder.dim)


def test_views_of_pictures_are_read_as_they_look(encoder: Encoder) -> None:
    whole = picture(100, 120)
    frozen = whole.copy()
    frozen.flags.writeable = False
    views: list[UInt8Array] = [whole[10:90, 20:100], whole[:, ::-1], whole[..., ::-1], frozen]
    copies = [np.array(view, order="C") for view in views]
    np.testing.assert_array_equal(encoder.encode_images(views), encoder.encode_images(copies))


@pytest.mark.parametrize(
    "wrong", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3)), np.zeros((0, 4, 3), np.uint8)]
)
def test_what_is_no_picture_is_refused(encoder: Encoder, wrong: UInt8Array) -> None:
    with pytest.raises(ValueError, match="a picture is uint8"):
        encoder.encode_images([wrong])


def test_a_text_may_have_77_tokens_and_no_more(encoder: Encoder) -> None:
    assert encoder.encode_text(["dog " * 75]).shape == (1, encoder.dim)
    with pytest.raises(QueryError, match=r"78 tokens is too long.*77") as raised:
        encoder.encode_text(["short", "dog " * 76])
    assert raised.value.code is Code.QUERY_INVALID


def test_facts_are_of_the_weights_and_not_of_the_machine(tiny: EncodeConfig) -> None:
    facts = load_encoder(tiny).facts
    again = load_encoder(tiny.model_copy(update={"precision": "bfloat16", "batch_size": 7})).facts
    assert facts == again == json.loads(json.dumps(facts))
    assert facts == {
        "backend": "openai",
        "model": "ViT 3x128/16 64px 128d",
        "weights_sha256": tiny.sha256,
        "preprocess": {
            "version": 1,
            "size": 64,
            "mean": [0.48145466, 0.4578275, 0.40821073],
            "std": [0.26862954, 0.26130258, 0.27577711],
            "interpolation": "bicubic",
            "resize_mode": "shortest",
        },
    }


@pytest.mark.parametrize("architecture", ["tiny", "tiny_resnet"])
def test_bfloat16_is_near_float32(written: Written, architecture: str) -> None:
    config = written(architecture, "model.safetensors")
    encoder = load_encoder(config)
    rough = load_encoder(config.model_copy(update={"precision": "bfloat16"}))
    assert rough.precision == "bfloat16"
    for exact, near in (
        (encoder.encode_images(PICTURES), rough.encode_images(PICTURES)),
        (encoder.encode_text(TEXTS), rough.encode_text(TEXTS)),
    ):
        assert near.dtype == np.float32
        assert (exact * near).sum(axis=1).min() > 0.999


def test_openai_names_are_known_by_their_weights(written: Written) -> None:
    assert load_encoder(written("vit_b32", "state.pt")).name == "openai ViT-B/32"


def test_a_name_that_the_weights_contradict_is_refused(tiny: EncodeConfig) -> None:
    with pytest.raises(ModelError, match=r"holds ViT 3x128/16.*encode.model is RN50x4") as raised:
        load_encoder(tiny.model_copy(update={"model": "RN50x4"}))
    assert raised.value.code is Code.WEIGHTS_INVALID
    assert load_encoder(tiny.model_copy(update={"model": "my own"})).dim == 128


def test_float16_needs_a_gpu(tiny: EncodeConfig) -> None:
    with pytest.raises(ConfigError, match="on cpu it is auto, float32 or bfloat16"):
        load_encoder(tiny.model_copy(update={"precision": "float16"}))


def broken_checkpoints() -> dict[str, dict[str, torch.Tensor]]:
    whole = make_state("tiny")
    lacking = {k: v for k, v in whole.items() if k != "visual.conv1.weight"}
    layer = {k: v for k, v in whole.items() if k != "visual.transformer.resblocks.1.ln_1.bias"}
    narrow = whole | {"token_embedding.weight": whole["token_embedding.weight"][:500].clone()}
    return {
        "other": {"layer.weight": torch.zeros(2, 2)},
        "lacking": lacking,
        "layer": layer,
        "narrow": narrow,
    }


@pytest.mark.parametrize("how", ["other", "lacking", "layer", "narrow"])
def test_another_model_is_refused(tmp_path: Path, how: str) -> None:
    path = tmp_path / "other.safetensors"
    write_safetensors(path, broken_checkpoints()[how])
    with pytest.raises(ModelError, match="is not a CLIP checkpoint of OpenAI's layout") as raised:
        load_encoder(EncodeConfig(weights=str(path), device="cpu"))
    assert raised.value.code is Code.WEIGHTS_INVALID
    assert raised.value.uri == str(path)


@pytest.mark.parametrize("name", ["broken.pt", "broken.safetensors"])
@pytest.mark.parametrize("content", ["garbage", "empty", "cut"])
def test_a_broken_file_is_refused(tmp_path: Path, name: str, content: str) -> None:
    path = tmp_path / name
    write = write_safetensors if name.endswith(".safetensors") else write_state_dict
    write(path, make_state("tiny"))
    whole = path.read_bytes()
    path.write_bytes({"garbage": b"no model" * 99, "empty": b"", "cut": whole[:50_000]}[content])
    sha256 = sha256_of(path)
    with pytest.raises(ModelError, match="is not a checkpoint of named tensors") as raised:
        load_encoder(EncodeConfig(weights=str(path), sha256=sha256, device="cpu"))
    assert raised.value.code is Code.WEIGHTS_INVALID
    assert "\n" not in str(raised.value)


class Bomb:
    """A pickle that writes a file when it is loaded."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return (Path.write_text, (self.path, "executed"))


@pytest.mark.parametrize("zipped", [True, False])
def test_a_pinned_pickle_with_code_is_not_executed(tmp_path: Path, zipped: bool) -> None:
    trace, path = tmp_path / "trace", tmp_path / "bomb.pt"
    state = {"weight": torch.zeros(1), "bomb": Bomb(trace)}
    torch.save(state, path, _use_new_zipfile_serialization=zipped)
    sha256 = sha256_of(path)
    with pytest.raises(ModelError) as raised:
        load_encoder(EncodeConfig(weights=str(path), sha256=sha256, device="cpu"))
    assert raised.value.code is Code.WEIGHTS_INVALID
    assert not trace.exists()
    torch.load(path, weights_only=False)
    assert trace.exists(), "the bomb must work, or the test proves nothing"


def test_weights_without_numbers_are_told(tmp_path: Path) -> None:
    path = tmp_path / "nan.safetensors"
    state = make_state("tiny")
    state["visual.proj"].fill_(float("nan"))
    write_safetensors(path, state)
    encoder = load_encoder(EncodeConfig(weights=str(path), device="cpu"))
    with pytest.raises(ModelError, match="no numbers"):
        encoder.encode_images([picture(64, 64)])
