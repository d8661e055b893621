"""Untrained CLIP checkpoints: for tests and benchmarks, where nothing can be downloaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from pipeline.models.weights import sha256_of

if TYPE_CHECKING:
    from pipeline.models.checkpoint import StateDict


@dataclass(frozen=True, slots=True)
class ClipShape:
    """The arguments of `clip.model.CLIP`, in its words."""

    embed_dim: int
    image_resolution: int
    vision_layers: int | tuple[int, int, int, int]
    vision_width: int
    vision_patch_size: int | None
    context_length: int = 77
    vocab_size: int = 49408
    transformer_width: int = 64
    transformer_heads: int = 1
    transformer_layers: int = 2


TINY = ClipShape(128, 64, 3, 128, 16)
VIT_B32 = ClipShape(
    512, 224, 12, 768, 32, transformer_width=512, transformer_heads=8, transformer_layers=12
)
ARCHITECTURES: Mapping[str, ClipShape] = MappingProxyType({"tiny": TINY, "vit_b32": VIT_B32})

# How much sharper than CLIP's own the first attention of `tiny` is. With a gain of 1 it is nearly
# uniform, and the cosine of two drawn frames 0.76 on average; with 3 that is 0.3 to 0.4, and of 300
# frames each is found again after a resize and a JPEG of quality 30. From 5 on noise disturbs it.
_TINY_GAIN = 3.0


def write_untrained(path: Path | str, *, seed: int = 0, architecture: str = "tiny") -> str:
    """Write a CLIP with seeded random weights, in OpenAI's layout, as safetensors.

    An untrained CLIP is good for finding the frame that a picture came from: its image features are
    a random, smooth projection of the picture, so near pictures have near features. It is of no use
    for text, which it places at random.

    Args:
        path: File to write, `.safetensors`.
        seed: Another seed gives another model.
        architecture: `tiny` (64 pixels, 128 dimensions, 14 MB) or `vit_b32` (OpenAI's, 353 MB).

    Returns:
        SHA-256 of the file.

    Raises:
        ValueError: A path without the suffix `.safetensors`, an unknown architecture.
    """
    from safetensors.torch import save_file

    path = Path(path)
    if path.suffix != ".safetensors" or architecture not in ARCHITECTURES:
        raise ValueError(f"{architecture} to {path}: {', '.join(ARCHITECTURES)} to .safetensors")
    gain = _TINY_GAIN if architecture == "tiny" else 1.0
    save_file(untrained_state(ARCHITECTURES[architecture], seed, gain), path)
    return sha256_of(path)


def untrained_state(shape: ClipShape, seed: int, attention_gain: float = 1.0) -> StateDict:
    """Named tensors, matrices in float16 and the rest in float32, as OpenAI's archives hold them.

    Args:
        shape: The architecture.
        seed: Of the random numbers; torch's own generator is left as it was.
        attention_gain: Factor on the projections into the attention of a vision transformer.
    """
    import torch

    from pipeline.models.openai_clip import CLIP, convert_weights

    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed)
        model = CLIP(**asdict(shape))
        if not isinstance(shape.vision_layers, tuple):
            for block in model.visual.transformer.resblocks:
                block.attn.in_proj_weight.mul_(attention_gain)
    convert_weights(model)
    return {name: value.detach().contiguous() for name, value in model.state_dict().items()}
