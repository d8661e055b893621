"""Device and precision: decided, not measured."""

from __future__ import annotations

import pytest
import torch

from pipeline.config import EncodeConfig
from pipeline.errors import Code, ConfigError
from pipeline.models.placement import (
    Placement,
    choose_device,
    choose_precision,
    cpu_has_bfloat16,
    place,
)


@pytest.mark.parametrize(
    ("asked", "device", "cpu_bfloat16", "chosen"),
    [
        ("auto", "cuda", False, "float16"),
        ("auto", "cpu", True, "bfloat16"),
        ("auto", "cpu", False, "float32"),
        ("auto", "mps", True, "float32"),
        ("float32", "cuda", False, "float32"),
        ("bfloat16", "cuda", False, "bfloat16"),
        ("float32", "cpu", True, "float32"),
        ("bfloat16", "cpu", False, "bfloat16"),
    ],
)
def test_precision(asked: str, device: str, cpu_bfloat16: bool, chosen: str) -> None:
    assert choose_precision(asked, device, cpu_bfloat16) == chosen


def test_a_precision_that_a_device_lacks_names_what_it_has() -> None:
    with pytest.raises(ConfigError, match=r"float32 or bfloat16, not 'float16'") as raised:
        choose_precision("float16", "cpu", True)
    assert (raised.value.code, raised.value.uri) == (Code.CONFIG_INVALID, "encode.precision")


@pytest.mark.parametrize("asked", ["cuda:99", "tpu", "nonsense", "cpu:1", ""])
def test_a_device_that_is_not_there_names_those_that_are(asked: str) -> None:
    with pytest.raises(ConfigError, match="there are auto, cpu") as raised:
        choose_device(asked)
    assert raised.value.uri == "encode.device"


def test_auto_is_a_gpu_if_there_is_one() -> None:
    assert place(EncodeConfig()).device.type == ("cuda" if torch.cuda.is_available() else "cpu")
    assert place(EncodeConfig(device="cpu", precision="float32")) == Placement(
        torch.device("cpu"), "float32"
    )


def test_bfloat16_is_what_the_processor_says() -> None:
    flags = torch.cpu.get_capabilities()
    expected = flags.get("avx512_bf16") or flags.get("amx_bf16") or flags.get("sve_bf16")
    assert cpu_has_bfloat16() == bool(expected)
