"""Seeded checkpoints in OpenAI's exact layout, in each form that a user may have.

`write_untrained` of the package makes the weights; here they become a TorchScript archive as OpenAI
publishes, a state dict, or safetensors, and a small ResNet.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch
from safetensors.torch import save_file

from pipeline.models.untrained import TINY, VIT_B32, ClipShape, untrained_state
from pipeline.models.weights import sha256_of

StateDict = dict[str, torch.Tensor]
NUMBERS = ("input_resolution", "context_length", "vocab_size")

TINY_RESNET = ClipShape(64, 64, (1, 2, 1, 1), 8, None)
SHAPES: Mapping[str, ClipShape] = MappingProxyType(
    {"tiny": TINY, "tiny_resnet": TINY_RESNET, "vit_b32": VIT_B32}
)


def make_state(architecture: str, seed: int = 0) -> StateDict:
    """Random weights of `tiny`, `tiny_resnet` or `vit_b32`.

    The ResNet's statistics are made up too, so that its batch norms do something.
    """
    state = untrained_state(SHAPES[architecture], seed)
    numbers = torch.Generator().manual_seed(seed)
    for name, value in state.items():
        if name.endswith(("running_mean", "running_var", "bn3.weight")):
            value.copy_(torch.rand(value.shape, generator=numbers) * 0.5 + 0.1)
    return state


def write_torchscript(path: Path, state: StateDict) -> str:
    """Write an archive like OpenAI's: traced, with its three numbers among the state."""
    from pipeline.models.openai_clip import build
    from pipeline.models.placement import Placement

    model = build(state, Placement(torch.device("cpu"), "float32"))
    size, context, vocabulary = (
        model.visual.input_resolution,
        model.context_length,
        model.vocab_size,
    )
    del model.context_length, model.vocab_size
    for name, number in zip(NUMBERS, (size, context, vocabulary), strict=True):
        model.register_buffer(name, torch.tensor(number))
    inputs = {
        "encode_image": torch.zeros(1, 3, size, size),
        "encode_text": torch.zeros(1, context, dtype=torch.long),
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        archive: Any = torch.jit.trace_module(  # type: ignore[no-untyped-call]
            model, inputs, check_trace=False
        )
        for name, value in archive.state_dict(keep_vars=True).items():
            value.data = state.get(name, value.data)
        torch.jit.save(archive, path)
    return sha256_of(path)


def write_state_dict(path: Path, state: StateDict) -> str:
    """Write what `torch.save(model.state_dict(), path)` writes."""
    torch.save(state, path)
    return sha256_of(path)


def write_safetensors(path: Path, state: StateDict) -> str:
    """Write safetensors."""
    save_file(state, path)
    return sha256_of(path)


WRITERS: Mapping[str, Callable[[Path, StateDict], str]] = MappingProxyType(
    {
        "archive.pt": write_torchscript,
        "state.pt": write_state_dict,
        "model.safetensors": write_safetensors,
    }
)
