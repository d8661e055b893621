"""OpenAI's CLIP through the `clip` package: its architecture, tokenizer and rounding of weights.

What `clip.load` gives is kept to the last bit, its way there is not: it fills every weight with
random numbers before it overwrites them, which costs more than the reading.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import torch

from pipeline.config import EncodeConfig
from pipeline.errors import Code, ModelError
from pipeline.models.checkpoint import StateDict, explaining, read_state_dict
from pipeline.models.placement import Placement, place
from pipeline.models.preprocess import Preprocess
from pipeline.models.published import PUBLISHED
from pipeline.models.torch_encoder import Tokenizer, TorchEncoder
from pipeline.models.weights import Weights

with warnings.catch_warnings():
    # clip still asks pkg_resources for a version; that is no news for a user of vsearch.
    warnings.filterwarnings("ignore", message="pkg_resources is deprecated")
    import clip
    from clip.model import CLIP, build_model, convert_weights

__all__ = ["CLIP", "Architecture", "build", "convert_weights", "load"]

MEAN = (0.48145466, 0.4578275, 0.40821073)
STD = (0.26862954, 0.26130258, 0.27577711)
# Entries of OpenAI's archives that are no weights.
_NOT_WEIGHTS = ("input_resolution", "context_length", "vocab_size")


def load(config: EncodeConfig, weights: Weights) -> TorchEncoder:
    """Load a checked checkpoint.

    Raises:
        ConfigError: A device or precision that is not there.
        ModelError: WEIGHTS_INVALID for a file that holds no CLIP of OpenAI's layout, or another one
            than `encode.model` names.
    """
    placement = place(config)
    state = read_state_dict(weights)
    with explaining(weights.path, "a CLIP checkpoint of OpenAI's layout"):
        model = build(state, placement)
        _must_read_tokens(model)
    architecture = Architecture.of(model)
    _must_not_contradict(config, architecture, weights)
    return TorchEncoder(
        backend=config.backend,
        model=architecture.name,
        weights_sha256=weights.sha256,
        dim=architecture.dim,
        placement=placement,
        preprocess=Preprocess(architecture.input_size, MEAN, STD),
        tokenizer=_tokenizer(model.context_length),
        forward_images=model.encode_image,
        forward_text=model.encode_text,
        autocast=placement.precision != "float16",
    )


def build(state: StateDict, placement: Placement) -> CLIP:
    """Make the model that `clip.load` makes of a state dict, without initializing it first.

    Like there, matrices go through float16 even if the checkpoint is float32.
    """
    named = {name: value for name, value in state.items() if name not in _NOT_WEIGHTS}
    with torch.device("meta"):
        model = build_model({name: value.to("meta") for name, value in named.items()})
    own = model.state_dict()
    half = placement.precision == "float16"
    loaded = {
        # A copy in any case: safetensors are mapped, and the file may be overwritten later.
        name: value.to(own[name].dtype).to(
            placement.device,
            torch.float32 if own[name].is_floating_point() and not half else own[name].dtype,
            copy=True,
        )
        for name, value in named.items()
    }
    model.load_state_dict(loaded, assign=True)
    mask = model.build_attention_mask()
    for block in model.transformer.resblocks:
        # No parameter and no buffer, so it is not among the weights.
        block.attn_mask = mask
    return model.requires_grad_(False).eval()


@dataclass(frozen=True, slots=True)
class Architecture:
    """What tells CLIPs apart, as read from a model."""

    tower: str
    input_size: int
    dim: int

    @classmethod
    def of(cls, model: CLIP) -> Architecture:
        visual = model.visual
        if hasattr(visual, "conv1") and hasattr(visual, "transformer"):
            layers, width = visual.transformer.layers, visual.transformer.width
            tower = f"ViT {layers}x{width}/{visual.conv1.kernel_size[0]}"
        else:
            stages = (visual.layer1, visual.layer2, visual.layer3, visual.layer4)
            tower = f"RN {'-'.join(str(len(s)) for s in stages)}x{visual.conv3.out_channels}"
        return cls(tower, visual.input_resolution, model.text_projection.shape[1])

    @property
    def name(self) -> str:
        """OpenAI's name if it is one of theirs, else what it consists of."""
        own = f"{self.tower} {self.input_size}px {self.dim}d"
        return _OPENAI_TOWERS.get((self.tower, self.input_size), own)


_OPENAI_TOWERS = {
    ("RN 3-4-6-3x64", 224): "RN50",
    ("RN 3-4-23-3x64", 224): "RN101",
    ("RN 4-6-10-6x80", 288): "RN50x4",
    ("RN 6-8-18-8x96", 384): "RN50x16",
    ("RN 3-15-36-10x128", 448): "RN50x64",
    ("ViT 12x768/32", 224): "ViT-B/32",
    ("ViT 12x768/16", 224): "ViT-B/16",
    ("ViT 24x1024/14", 224): "ViT-L/14",
    ("ViT 24x1024/14", 336): "ViT-L/14@336px",
}


def _must_not_contradict(config: EncodeConfig, found: Architecture, weights: Weights) -> None:
    """Refuse weights of another model than was asked for; the default name asks for nothing."""
    default = EncodeConfig.model_fields["model"].default
    if config.model in PUBLISHED and config.model not in (default, found.name):
        raise ModelError(
            f"holds {found.name}, but encode.model is {config.model}: change one of them",
            code=Code.WEIGHTS_INVALID,
            uri=str(weights.path),
        )


def _must_read_tokens(model: CLIP) -> None:
    tokens = int(clip.tokenize("", truncate=True).max()) + 1
    if model.vocab_size < tokens:
        raise ValueError(f"its vocabulary has {model.vocab_size} tokens, clip's tokenizer {tokens}")


def _tokenizer(context: int) -> Tokenizer:
    # Private, and the only way to count without building a second one in half a second.
    words = clip.clip._tokenizer
    return Tokenizer(
        context=context,
        count=lambda text: len(words.encode(text)) + 2,
        tokens=lambda texts: clip.tokenize(texts, context),
    )
