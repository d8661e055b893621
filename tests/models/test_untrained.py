"""An untrained CLIP finds the frame that a picture came from, and gives the same each time."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from pipeline.config import EncodeConfig
from pipeline.data import UInt8Array
from pipeline.models import load_encoder, write_untrained


def drawn(seed: int) -> UInt8Array:
    """A frame with one to five shapes on a plain ground."""
    numbers = np.random.default_rng(seed)
    image = Image.new("RGB", (320, 180), tuple(int(c) for c in numbers.integers(0, 256, 3)))
    draw = ImageDraw.Draw(image)
    for _ in range(numbers.integers(1, 6)):
        x, y, side = (int(n) for n in numbers.integers((0, 0, 10), (320, 180, 90)))
        shape = (draw.rectangle, draw.ellipse)[numbers.integers(2)]
        shape((x, y, x + side, y + side), fill=tuple(int(c) for c in numbers.integers(0, 256, 3)))
    return np.asarray(image)


def worn(image: UInt8Array) -> UInt8Array:
    """The same in another size, through a JPEG of quality 30, with noise."""
    buffer = io.BytesIO()
    Image.fromarray(image).resize((480, 270)).save(buffer, "JPEG", quality=30)
    pixels = np.asarray(Image.open(buffer)).astype(np.float64)
    noise = np.random.default_rng(0).normal(0, 4, pixels.shape)
    return np.clip(pixels + noise, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("seed", [0, 1])
def test_it_finds_the_frame_a_picture_came_from(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "tiny.safetensors"
    write_untrained(path, seed=seed)
    encoder = load_encoder(EncodeConfig(weights=str(path), device="cpu", precision="float32"))
    frames = [drawn(n) for n in range(300)]
    archive = encoder.encode_images(frames)
    found = encoder.encode_images([worn(frame) for frame in frames]) @ archive.T
    assert (found.argmax(axis=1) == np.arange(300)).mean() >= 0.99
    others = (archive @ archive.T)[~np.eye(300, dtype=bool)]
    assert others.mean() < 0.6


def test_a_seed_is_a_model(tmp_path: Path) -> None:
    before = torch.random.get_rng_state()
    first, again, other = (
        write_untrained(tmp_path / f"{n}.safetensors", seed=seed)
        for n, seed in enumerate((7, 7, 8))
    )
    assert first == again != other
    assert torch.equal(before, torch.random.get_rng_state())


@pytest.mark.parametrize(("name", "what"), [("a.pt", "tiny"), ("a.safetensors", "huge")])
def test_other_forms_are_refused(tmp_path: Path, name: str, what: str) -> None:
    with pytest.raises(ValueError, match="tiny, vit_b32"):
        write_untrained(tmp_path / name, architecture=what)
