"""Whatever open_clip loads: its architectures, its published weights, the Hugging Face hub.

`encode.model` names it in one of four ways:

- `ARCHITECTURE:TAG`, such as `ViT-B-32:laion2b_s34b_b79k`: weights that open_clip lists;
- `hf-hub:ORGANISATION/REPOSITORY`: architecture and weights from there;
- `ARCHITECTURE` with `encode.weights`: a checkpoint of one's own, pinned as `weights.py` says;
- `local-dir:FOLDER` with `encode.weights`: the same, its architecture from `open_clip_config.json`.

A downloaded file is pinned like one's own: safetensors are taken as they are, others need
`encode.sha256`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from pipeline.config import EncodeConfig
from pipeline.errors import Code, ConfigError, ModelError
from pipeline.models.checkpoint import explaining, first_line
from pipeline.models.placement import place
from pipeline.models.preprocess import Preprocess
from pipeline.models.torch_encoder import Tokenizer, TorchEncoder
from pipeline.models.weights import check, pinned

try:
    import open_clip
    from open_clip.pretrained import download_pretrained_from_hf
except ModuleNotFoundError as error:
    raise ModelError(
        f"the package {error.name} is missing: pip install 'vsearch[open-clip]'",
        code=Code.PACKAGE_MISSING,
        uri="encode.backend",
    ) from None

_HUB = "hf-hub:"
_LOCAL = "local-dir:"


@dataclass(frozen=True, slots=True)
class Name:
    """What `encode.model` names.

    Args:
        architecture: As open_clip writes it, with `hf-hub:` or `local-dir:` where it has one.
        tag: Which of open_clip's listed weights, or None.
        listed: What open_clip knows of them: where they are, preprocessing, quick_gelu.
    """

    architecture: str
    tag: str | None = None
    listed: dict[str, Any] = field(default_factory=dict)

    @property
    def quick_gelu(self) -> bool:
        """Whether the weights were trained with an activation that the plain name lacks."""
        return bool(self.listed.get("quick_gelu")) and "quickgelu" not in self.architecture


def load(config: EncodeConfig) -> TorchEncoder:
    """Load the model that `encode.model` names, downloading what open_clip lists.

    Raises:
        ConfigError: An unknown architecture or tag, a device or precision that is not there, a
            model that sees no square.
        ModelError: Weights that are missing or wrong, a package that is missing.
    """
    placement = place(config)
    name = parse(config)
    weights = check(pinned(*_find(name, config)))
    with _quietly(), explaining(weights.path, f"a checkpoint of open_clip's {config.model}"):
        model = _build(name, config)
        open_clip.load_checkpoint(model, str(weights.path), weights_only=True)
    weights.must_be_unchanged()
    model = model.to(placement.device).requires_grad_(False).eval()
    tokenizer = _tokenizer(name, config)
    with torch.inference_mode():
        dim = model.encode_text(tokenizer.tokens(["a"]).to(placement.device)).shape[-1]
    return TorchEncoder(
        backend="open_clip",
        model=name.architecture + ("-quickgelu" if name.quick_gelu else ""),
        weights_sha256=weights.sha256,
        dim=dim,
        placement=placement,
        preprocess=preprocess_of(model, config.model),
        tokenizer=tokenizer,
        forward_images=model.encode_image,
        forward_text=model.encode_text,
        autocast=True,
    )


def parse(config: EncodeConfig) -> Name:
    """Read `encode.model`, and refuse what open_clip does not know."""
    if config.model.startswith(_HUB):
        return Name(config.model)
    if config.model.startswith(_LOCAL):
        if config.weights is None:
            raise _refuse(f"{config.model} needs encode.weights, a checkpoint")
        return Name(config.model)
    architecture, _, tag = config.model.partition(":")
    if open_clip.get_model_config(architecture) is None:
        raise _refuse(
            f"open_clip has no architecture {architecture!r}, such as ViT-B-32:"
            " open_clip.list_models() lists them"
        )
    listed = open_clip.get_pretrained_cfg(architecture, tag) if tag else {}
    if (tag and not listed) or (not tag and config.weights is None):
        tags = ", ".join(open_clip.list_pretrained_tags_by_model(architecture)) or "none"
        raise _refuse(
            f"write {architecture}:TAG, or set encode.weights to a checkpoint of"
            f" {architecture}; its tags: {tags}"
        )
    return Name(architecture, tag or None, listed)


def preprocess_of(model: Any, name: str) -> Preprocess:
    """A model's own transform from its settings.

    Raises:
        ConfigError: A model that sees no square, or one that pads its pictures.
    """
    settings = open_clip.get_model_preprocess_cfg(model)
    size = settings["size"]
    height, width = (size, size) if isinstance(size, int) else size[-2:]
    mode = settings.get("resize_mode") or "shortest"
    if height != width or mode not in ("shortest", "squash"):
        raise _refuse(f"{name} sees {height} x {width} resized by {mode!r}: choose another model")
    bilinear = settings.get("interpolation") == "bilinear"
    return Preprocess(
        size=height,
        mean=_three(settings["mean"]),
        std=_three(settings["std"]),
        interpolation="bilinear" if bilinear else "bicubic",
        resize_mode="squash" if mode == "squash" else "shortest",
    )


def _find(name: Name, config: EncodeConfig) -> tuple[Path, str | None]:
    """The file of the weights and its pin, after a download if it is not the user's own."""
    if config.weights is not None:
        return Path(config.weights).expanduser(), config.sha256
    with _explaining_download(config.model):
        if name.architecture.startswith(_HUB):
            repository = name.architecture.removeprefix(_HUB)
            path = download_pretrained_from_hf(repository, cache_dir=_cache(config))
        else:
            path = open_clip.download_pretrained(name.listed, cache_dir=_cache(config))
    return Path(path), config.sha256


def _build(name: Name, config: EncodeConfig) -> Any:
    transform = {key: value for key, value in name.listed.items() if key != "size"}
    return open_clip.create_model(
        name.architecture,
        load_weights=False,
        pretrained_text=False,
        force_quick_gelu=name.quick_gelu,
        force_preprocess_cfg=transform,
        cache_dir=_cache(config),
    )


def _tokenizer(name: Name, config: EncodeConfig) -> Tokenizer:
    words = open_clip.get_tokenizer(name.architecture, cache_dir=_cache(config))
    if hasattr(words, "encode"):
        count = lambda text: len(words.encode(text)) + 2  # noqa: E731
    else:
        count = lambda text: len(words.tokenizer(text)["input_ids"])  # noqa: E731
    return Tokenizer(context=words.context_length, count=count, tokens=words)


def _cache(config: EncodeConfig) -> str | None:
    default = EncodeConfig.model_fields["cache_dir"].default
    return None if config.cache_dir == default else str(Path(config.cache_dir).expanduser())


def _three(values: Any) -> tuple[float, float, float]:
    red, green, blue = values if isinstance(values, list | tuple) else (values,) * 3
    return float(red), float(green), float(blue)


@contextmanager
def _explaining_download(name: str) -> Iterator[None]:
    try:
        yield
    except (OSError, RuntimeError, ValueError) as error:
        raise ModelError(
            f"its weights are not here and cannot be downloaded ({first_line(error)}):"
            " set encode.weights to a checkpoint that was fetched on another machine",
            code=Code.WEIGHTS_MISSING,
            uri=name,
        ) from error


@contextmanager
def _quietly() -> Iterator[None]:
    """Keep back open_clip's warning of random weights, which are replaced at once."""
    root = logging.getLogger()
    quiet = lambda record: record.levelno >= logging.ERROR  # noqa: E731
    root.addFilter(quiet)
    try:
        yield
    finally:
        root.removeFilter(quiet)


def _refuse(message: str) -> ConfigError:
    return ConfigError(message, code=Code.CONFIG_INVALID, uri="encode.model")
