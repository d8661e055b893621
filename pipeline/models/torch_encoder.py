"""The encoder itself: what all backends share once a model is loaded.

A backend loads a model and says how it tokenizes; batching, precision and unit length are here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch

from pipeline.data import Float32Array, UInt8Array
from pipeline.errors import Code, ModelError, QueryError
from pipeline.models.placement import Placement
from pipeline.models.preprocess import PREPROCESS_VERSION, Preprocess

Forward = Callable[[torch.Tensor], torch.Tensor]


@dataclass(frozen=True, slots=True)
class Tokenizer:
    """How a model reads text.

    Args:
        context: How many tokens a text may have.
        count: Text to the number of its tokens, with the marks of start and end.
        tokens: Texts to int64 (len(texts), context).
    """

    context: int
    count: Callable[[str], int]
    tokens: Callable[[list[str]], torch.Tensor]


@dataclass(frozen=True, slots=True)
class TorchEncoder:
    """An `Encoder` around a loaded model.

    Args:
        backend: Which kind of model, part of the facts.
        model: Its architecture, part of the facts.
        weights_sha256: Of the file that it was loaded from, part of the facts.
        dim: Length of a vector.
        placement: Where the model is and how it computes.
        preprocess: Its transform.
        tokenizer: Its tokenizer.
        forward_images: float32 (n, 3, size, size) to (n, dim), of any length.
        forward_text: Tokens to (n, dim), of any length.
        autocast: Whether the model is float32 and computes in `placement.precision` by autocast.
    """

    backend: str
    model: str
    weights_sha256: str
    dim: int
    placement: Placement
    preprocess: Preprocess
    tokenizer: Tokenizer
    forward_images: Forward
    forward_text: Forward
    autocast: bool

    @property
    def name(self) -> str:
        return f"{self.backend} {self.model}"

    @property
    def input_size(self) -> int:
        return self.preprocess.size

    @property
    def device(self) -> str:
        return str(self.placement.device)

    @property
    def precision(self) -> str:
        return self.placement.precision

    @property
    def facts(self) -> Mapping[str, Any]:
        return {
            "backend": self.backend,
            "model": self.model,
            "weights_sha256": self.weights_sha256,
            "preprocess": {
                "version": PREPROCESS_VERSION,
                **asdict(self.preprocess),
                "mean": list(self.preprocess.mean),
                "std": list(self.preprocess.std),
            },
        }

    def encode_images(self, images: Sequence[UInt8Array]) -> Float32Array:
        """See `Encoder.encode_images`."""
        if not images:
            return self._none()
        with torch.inference_mode():
            return self._unit(self.forward_images, self.preprocess(images, self.placement.device))

    def encode_text(self, texts: Sequence[str]) -> Float32Array:
        """See `Encoder.encode_text`."""
        if not texts:
            return self._none()
        for text in texts:
            self._must_fit(text)
        tokens = self.tokenizer.tokens(list(texts)).to(self.placement.device)
        with torch.inference_mode():
            return self._unit(self.forward_text, tokens)

    def _must_fit(self, text: str) -> None:
        count, limit = self.tokenizer.count(text), self.tokenizer.context
        if count > limit:
            raise QueryError(
                f"a text of {count} tokens is too long, {self.name} reads {limit} with the marks of"
                f" start and end: shorten {text[:60]!r}",
                code=Code.QUERY_INVALID,
            )

    def _unit(self, forward: Forward, batch: torch.Tensor) -> Float32Array:
        with self._precision():
            features = forward(batch).float()
        unit: Float32Array = (features / features.norm(dim=-1, keepdim=True)).cpu().numpy()
        if not np.isfinite(unit).all():
            raise ModelError(
                f"{self.name} gives vectors that are no numbers on {self.device} in"
                f" {self.precision}: use other weights, or encode.precision float32",
                code=Code.WEIGHTS_INVALID,
            )
        return unit

    def _precision(self) -> AbstractContextManager[Any]:
        if not self.autocast or self.placement.dtype == torch.float32:
            return nullcontext()
        return torch.autocast(self.placement.device.type, dtype=self.placement.dtype)

    def _none(self) -> Float32Array:
        return np.zeros((0, self.dim), dtype=np.float32)
