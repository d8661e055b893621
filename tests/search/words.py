"""An encoder whose vectors can be foretold.

What is under test is the arithmetic on vectors; a trained model would say whether it helps, which
`test_answers.py` asks, but not whether it is what the docstrings say.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from pipeline.data import Float32Array, UInt8Array

DIM = 64


class WordEncoder:
    """Each text has a direction of its own, and each picture that of its mean colour."""

    name = "words"
    dim = DIM
    input_size = 8
    device = "cpu"
    precision = "float32"

    def __init__(self, seed: int = 0) -> None:
        self.facts = {"model": "words", "seed": seed}
        self.encoded: list[str] = []

    def encode_text(self, texts: Sequence[str]) -> Float32Array:
        self.encoded += texts
        return np.array([_direction(text) for text in texts], np.float32).reshape(-1, DIM)

    def encode_images(self, images: Sequence[UInt8Array]) -> Float32Array:
        colours = [str(image.mean(axis=(0, 1)).round().tolist()) for image in images]
        return np.array([_direction(colour) for colour in colours], np.float32).reshape(-1, DIM)


def _direction(text: str) -> Float32Array:
    seed = int(hashlib.sha256(text.encode()).hexdigest()[:8], 16)
    vector = np.random.default_rng(seed).normal(size=DIM)
    unit: Float32Array = (vector / np.linalg.norm(vector)).astype(np.float32)
    return unit
