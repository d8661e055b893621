"""A checked file to named tensors: safetensors, a state dict of torch, or a TorchScript archive."""

from __future__ import annotations

import pickle
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from pipeline.errors import Code, ModelError
from pipeline.models.weights import Weights

StateDict = dict[str, torch.Tensor]

# What torch, safetensors and the model classes raise for bytes or tensors that are not a model's.
_BROKEN = (
    ArithmeticError, AssertionError, AttributeError, EOFError, LookupError, RuntimeError, TypeError,
    ValueError, OSError, pickle.UnpicklingError, zipfile.BadZipFile, SafetensorError,
)  # fmt: skip


@contextmanager
def explaining(path: Path, what: str) -> Iterator[None]:
    """Turn what third parties raise for a broken checkpoint into one ModelError with its path."""
    try:
        yield
    except _BROKEN as error:
        raise ModelError(
            f"is not {what} ({type(error).__name__}: {first_line(error)})",
            code=Code.WEIGHTS_INVALID,
            uri=str(path),
        ) from error


def first_line(error: BaseException) -> str:
    """What an error says, short enough for a line of ours."""
    return next(iter(str(error).strip().splitlines()), "no reason given")[:200]


def read_state_dict(weights: Weights) -> StateDict:
    """Read a checkpoint's tensors onto the CPU.

    Nothing but numbers is unpickled (`weights_only`), on top of the pin; the code of a TorchScript
    archive is parsed and never called.

    Raises:
        ModelError: WEIGHTS_INVALID for a file that is none of the three.
    """
    with explaining(weights.path, "a checkpoint of named tensors"):
        state = _read(weights.path)
        if not state or not all(isinstance(value, torch.Tensor) for value in state.values()):
            raise ValueError("it must hold tensors by name, as model.state_dict() gives them")
    weights.must_be_unchanged()
    return state


def _read(path: Path) -> StateDict:
    if path.suffix == ".safetensors":
        return load_file(path)
    if _is_torchscript(path):
        with warnings.catch_warnings():
            # TorchScript is deprecated; it is how OpenAI published.
            warnings.filterwarnings("ignore", message=".*torch.jit.load. is deprecated")
            archive = torch.jit.load(path, map_location="cpu")  # type: ignore[no-untyped-call]
            return dict(archive.state_dict())
    return dict(torch.load(path, map_location="cpu", weights_only=True))


def _is_torchscript(path: Path) -> bool:
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any(name.endswith("/constants.pkl") for name in archive.namelist())
