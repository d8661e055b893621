"""Preprocessing of 720p frames: ours, in batches, against the model's own Pillow transform.

Speed is that of the transform alone. The embeddings of both, through the same model in float32,
must agree: the smallest cosine of any frame counts. The model is ViT-B/32 in shape, with seeded
random weights.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from benchmarks import media
from benchmarks.result import Ratio, in_turns
from pipeline.config import EncodeConfig
from pipeline.data import UInt8Array
from pipeline.models import load_encoder, write_untrained
from pipeline.models.torch_encoder import TorchEncoder

FRAMES = 32
ROUNDS = 5


def measure() -> list[Ratio]:
    with tempfile.TemporaryDirectory() as folder:
        weights = Path(folder) / "weights.safetensors"
        write_untrained(weights, architecture="vit_b32")
        config = EncodeConfig(weights=str(weights), device="cpu", precision="float32")
        encoder = load_encoder(config)
    assert isinstance(encoder, TorchEncoder)
    every_third = islice(media.pictures(1280, 720, 4), 0, None, 3)
    frames = list(islice(every_third, FRAMES))
    return [_speed(encoder, frames), *_agreement(encoder, frames)]


def _speed(encoder: TorchEncoder, frames: list[UInt8Array]) -> Ratio:
    seconds = in_turns(
        {
            "ours": lambda: encoder.preprocess(frames, encoder.placement.device),
            "theirs": lambda: _theirs(encoder, frames),
        },
        rounds=ROUNDS,
    )
    ours, theirs = (len(frames) / min(seconds[name]) for name in ("ours", "theirs"))
    return Ratio("preprocess", "720p frames", ours, theirs, "images/s", better="more")


def _agreement(encoder: TorchEncoder, frames: list[UInt8Array]) -> list[Ratio]:
    ours = encoder.encode_images(frames)
    with torch.inference_mode():
        features = encoder.forward_images(_theirs(encoder, frames)).numpy()
    theirs = features / np.linalg.norm(features, axis=1, keepdims=True)
    largest = float(np.abs(ours - theirs).max())
    cosine = float((ours * theirs).sum(axis=1).min())
    note = f"largest difference of a value {largest:.1e}"
    return [
        Ratio(
            "preprocess", "smallest cosine of embeddings", cosine, 1.0, "cosine",
            better="more", target=0.999, note=note,
        )
    ]  # fmt: skip


def _theirs(encoder: TorchEncoder, frames: Sequence[UInt8Array]) -> torch.Tensor:
    from clip.clip import _transform

    transform = _transform(encoder.input_size)
    return torch.stack([transform(Image.fromarray(frame)) for frame in frames])
