"""Where a model runs and with which numbers. Decisions only; models are elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch

from pipeline.config import EncodeConfig
from pipeline.errors import Code, ConfigError

Precision = Literal["float32", "bfloat16", "float16"]
_ALLOWED: dict[str, tuple[Precision, ...]] = {
    "cuda": ("float16", "bfloat16", "float32"),
    "cpu": ("float32", "bfloat16"),
    "mps": ("float32",),
}


@dataclass(frozen=True, slots=True)
class Placement:
    """A device and a precision that it has."""

    device: torch.device
    precision: Precision

    @property
    def dtype(self) -> torch.dtype:
        return {
            "float32": torch.float32,
            "bfloat16": torch.bfloat16,
            "float16": torch.float16,
        }[self.precision]


def place(config: EncodeConfig) -> Placement:
    """Choose device and precision.

    `auto` means the first CUDA device, else the CPU; and half precision on CUDA, bfloat16 on a CPU
    that multiplies it in hardware, else float32. The Apple GPU (`mps`) runs when asked for.

    Raises:
        ConfigError: A device that is not there, or a precision that it lacks.
    """
    device = choose_device(config.device)
    return Placement(device, choose_precision(config.precision, device.type, cpu_has_bfloat16()))


def choose_device(asked: str) -> torch.device:
    """`auto`, `cpu`, `cuda`, `cuda:1` or `mps` to a device that is there."""
    if asked == "auto":
        return torch.device("cuda:0" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(asked)
    except RuntimeError:
        raise _refuse("device", f"no such kind of device; {_devices()}", asked) from None
    count = {"cpu": 1, "cuda": torch.cuda.device_count(), "mps": _mps_devices()}.get(device.type, 0)
    if (device.index or 0) >= count:
        raise _refuse("device", f"this machine has no such device; {_devices()}", asked)
    return torch.device("cuda", device.index or 0) if device.type == "cuda" else device


def choose_precision(asked: str, device: str, cpu_bfloat16: bool) -> Precision:
    """Settle `auto`, and refuse what a kind of device lacks."""
    if asked == "auto":
        return "bfloat16" if device == "cpu" and cpu_bfloat16 else _ALLOWED[device][0]
    for precision in _ALLOWED[device]:
        if precision == asked:
            return precision
    raise _refuse("precision", f"on {device} it is auto, {' or '.join(_ALLOWED[device])}", asked)


def cpu_has_bfloat16() -> bool:
    """Whether the processor multiplies bfloat16 matrices: AVX512_BF16, AMX, or Arm's bf16.

    Asked of the processor, not timed: without these instructions bfloat16 is emulated, and slow.
    """
    # torch 2.10 lists everything in get_capabilities; before that, one private function a feature.
    if listing := getattr(torch.cpu, "get_capabilities", None):
        found = listing()
        return any(found.get(name, False) for name in ("avx512_bf16", "amx_bf16", "sve_bf16"))
    names = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(getattr(torch.cpu, name, bool)() for name in names)


def _mps_devices() -> int:
    return int(torch.backends.mps.is_available())


def _devices() -> str:
    cuda = [f"cuda:{index}" for index in range(torch.cuda.device_count())]
    return f"there are {', '.join(['auto', 'cpu', *cuda, *['mps'] * _mps_devices()])}"


def _refuse(key: str, message: str, value: str) -> ConfigError:
    return ConfigError(f"{message}, not {value!r}", code=Code.CONFIG_INVALID, uri=f"encode.{key}")
