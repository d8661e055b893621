"""Checkpoints that are written once a run, and pictures."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.config import EncodeConfig
from pipeline.data import UInt8Array
from tests.checkpoints import WRITERS, make_state

Written = Callable[[str, str], EncodeConfig]


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """(architecture, form) to settings that load it: float32 on the CPU, pinned."""
    folder = tmp_path_factory.mktemp("checkpoints")

    @cache
    def write(architecture: str, form: str) -> EncodeConfig:
        path = folder / f"{architecture}-{form}"
        sha256 = WRITERS[form](path, make_state(architecture))
        return EncodeConfig(weights=str(path), sha256=sha256, device="cpu", precision="float32")

    return write


@pytest.fixture(scope="session")
def tiny(written: Written) -> EncodeConfig:
    """Settings of the tiny model, as safetensors."""
    return written("tiny", "model.safetensors")


@pytest.fixture(scope="session")
def tiny_path(tiny: EncodeConfig) -> Path:
    """Its file."""
    assert tiny.weights is not None
    return Path(tiny.weights)


def picture(height: int, width: int, seed: int = 0) -> UInt8Array:
    """Soft blobs with a little noise: what a camera gives has both."""
    numbers = np.random.default_rng(seed)
    blobs = numbers.integers(0, 256, (height // 12 + 2, width // 12 + 2, 3), dtype=np.uint8)
    soft = np.asarray(Image.fromarray(blobs).resize((width, height), Image.Resampling.BICUBIC))
    noise = numbers.integers(-8, 9, soft.shape)
    pixels: UInt8Array = np.clip(soft.astype(np.int64) + noise, 0, 255).astype(np.uint8)
    return pixels
