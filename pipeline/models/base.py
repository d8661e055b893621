"""What an encoder is to the rest of the house. No torch here: contracts only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from pipeline.data import Float32Array, UInt8Array


class Encoder(Protocol):
    """A model that puts pictures and text into one space.

    Attributes:
        name: Backend and architecture, such as `openai ViT-B/32`.
        dim: Length of a vector.
        input_size: Side in pixels of the square that the model sees.
        device: Where it runs, such as `cuda:0` or `cpu`.
        precision: `float32`, `bfloat16` or `float16`.
        facts: What changes vectors, JSON types only: backend, model, SHA-256 of the weights,
            preprocessing version. Device, precision and batch size are not in it.
    """

    @property
    def name(self) -> str: ...
    @property
    def dim(self) -> int: ...
    @property
    def input_size(self) -> int: ...
    @property
    def device(self) -> str: ...
    @property
    def precision(self) -> str: ...
    @property
    def facts(self) -> Mapping[str, Any]: ...

    def encode_images(self, images: Sequence[UInt8Array]) -> Float32Array:
        """Encode pictures as one batch.

        Args:
            images: Upright RGB, uint8 (height, width, 3) each, of any sizes, at least one pixel.

        Returns:
            float32 (len(images), dim), rows of unit length.
        """
        ...

    def encode_text(self, texts: Sequence[str]) -> Float32Array:
        """Encode texts as they stand; prompts are the caller's.

        Returns:
            float32 (len(texts), dim), rows of unit length.

        Raises:
            QueryError: A text that is longer than the model's context.
        """
        ...
