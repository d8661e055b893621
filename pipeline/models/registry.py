"""Settings to an encoder, and to what one would be. Nothing here imports torch before it has to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from pipeline.config import EncodeConfig
from pipeline.errors import Code, ModelError, VSearchError
from pipeline.models import weights
from pipeline.models.base import Encoder


@dataclass(frozen=True, slots=True)
class EncoderStatus:
    """What `load_encoder` would find.

    Args:
        backend: `encode.backend`.
        model: `encode.model`.
        device: Where it would run, or None if that is not there.
        precision: How it would compute, or None.
        weights: Path where its weights are looked for, or None where open_clip decides.
        sha256: Of that file, or None if it is not there or wrong.
        problems: What `load_encoder` would raise.
    """

    backend: str
    model: str
    device: str | None
    precision: str | None
    weights: str | None
    sha256: str | None
    problems: tuple[VSearchError, ...]


def refuse_early(config: EncodeConfig) -> None:
    """Refuse settings that need no model to be refused: no torch, and no byte of the weights.

    Raises:
        ConfigError: An unknown model, or a setting that is not for this backend.
        ModelError: A file of weights that is missing, or has no pin and needs one.
    """
    if config.backend != "open_clip":
        weights.locate(config)
    elif config.weights is not None:
        weights.pinned(Path(config.weights).expanduser(), config.sha256)


def load_encoder(config: EncodeConfig) -> Encoder:
    """Load the model that `config` names, downloading it if it is published and not here.

    The file is hashed while torch is imported, and loaded only after its hash is known to be right.

    Raises:
        ConfigError: An unknown model, a device or precision that is not there.
        ModelError: Weights that are missing or wrong, a package that is missing.
    """
    encoder: Encoder
    refuse_early(config)
    if config.backend == "open_clip":
        encoder = _backend("open_clip").load(config)
        return encoder
    file = weights.locate(config)
    weights.fetch(file)
    checked = weights.check_in_background(file)
    backend = _backend("openai_clip")
    encoder = backend.load(config, weights.check_or_replace(file, checked))
    return encoder


def describe(config: EncodeConfig) -> EncoderStatus:
    """Say what `load_encoder` would find, without loading or downloading anything.

    Device and precision need torch, which is imported; a file of weights is hashed.
    """
    problems: list[VSearchError] = []
    placement = file = found = None
    with _noting(problems):
        placement = import_module("pipeline.models.placement").place(config)
    with _noting(problems):
        if config.backend == "open_clip":
            _backend("open_clip").parse(config)
        if config.backend != "open_clip" or config.weights is not None:
            file = weights.locate(config)
            found = _look(file)
    return EncoderStatus(
        backend=config.backend,
        model=config.model,
        device=str(placement.device) if placement else None,
        precision=placement.precision if placement else None,
        weights=str(file.path) if file else config.weights,
        sha256=found.sha256 if found else None,
        problems=tuple(problems),
    )


def _look(file: weights.WeightsFile) -> weights.Weights:
    if file.published is not None and not file.path.exists():
        raise ModelError(
            f"the weights of {file.published.name} are not here yet; the first run downloads them"
            f" from {file.published.url}",
            code=Code.WEIGHTS_MISSING,
            uri=str(file.path),
        )
    return weights.check(file)


@contextmanager
def _noting(problems: list[VSearchError]) -> Iterator[None]:
    try:
        yield
    except VSearchError as error:
        problems.append(error)


def _backend(name: str) -> Any:
    return import_module(f"pipeline.models.{name}")
