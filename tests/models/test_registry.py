"""Loading from settings, and describing without loading."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.config import EncodeConfig
from pipeline.errors import Code, ModelError
from pipeline.models import describe, load_encoder
from pipeline.models import weights as weights_module
from pipeline.models.download import download
from pipeline.models.published import PublishedModel
from tests.models.test_download import Server, server  # noqa: F401


def test_importing_the_room_imports_no_torch() -> None:
    code = "import sys, pipeline.models; print([m for m in ('torch', 'clip') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_loading_says_nothing_on_stderr(tiny_path: Path) -> None:
    code = (
        "import sys; from pipeline.config import EncodeConfig; from pipeline.models import *;"
        "load_encoder(EncodeConfig(weights=sys.argv[1], device='cpu')).encode_text(['a'])"
    )
    command = [sys.executable, "-c", code, str(tiny_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr == done.stdout == ""


def test_describe_says_what_would_be_loaded(tiny: EncodeConfig) -> None:
    status = describe(tiny)
    assert (status.backend, status.device, status.precision) == ("openai", "cpu", "float32")
    assert (status.weights, status.sha256, status.problems) == (tiny.weights, tiny.sha256, ())


def test_describe_collects_every_problem(tmp_path: Path) -> None:
    status = describe(EncodeConfig(device="cuda:99", cache_dir=str(tmp_path)))
    assert (status.device, status.precision, status.sha256) == (None, None, None)
    assert status.weights == str(tmp_path / "ViT-B-32.pt")
    assert [problem.code for problem in status.problems] == [
        Code.CONFIG_INVALID,
        Code.WEIGHTS_MISSING,
    ]
    assert "ViT-B-32.pt" in str(status.problems[1])
    assert not list(tmp_path.iterdir())


def test_describe_finds_a_damaged_file(tmp_path: Path) -> None:
    (tmp_path / "ViT-B-32.pt").write_bytes(b"cut off")
    (problem,) = describe(EncodeConfig(device="cpu", cache_dir=str(tmp_path))).problems
    assert problem.code is Code.WEIGHTS_INVALID


def test_a_damaged_file_in_the_cache_is_downloaded_anew(
    server: Server,  # noqa: F811
    tmp_path: Path,
) -> None:
    model = server.model()
    path = tmp_path / model.file_name
    path.write_bytes(b"damaged")
    file = weights_module.WeightsFile(path, model.sha256, model)
    checked = weights_module.check_or_replace(file, weights_module.check_in_background(file))
    assert checked.sha256 == model.sha256
    assert len(server.ranges) == 1


def test_a_damaged_file_without_a_network_says_both(server: Server, tmp_path: Path) -> None:  # noqa: F811
    server.plan = ["gone"]
    model = server.model()
    path = tmp_path / model.file_name
    path.write_bytes(b"damaged")
    file = weights_module.WeightsFile(path, model.sha256, model)
    with pytest.raises(
        ModelError, match=r"is damaged .*, and the weights of test cannot be downloaded"
    ):
        weights_module.check_or_replace(file, weights_module.check_in_background(file))
    assert path.read_bytes() == b"damaged"


def test_missing_weights_of_ones_own_are_told_before_torch_is_imported(tmp_path: Path) -> None:
    with pytest.raises(ModelError) as raised:
        load_encoder(EncodeConfig(weights=str(tmp_path / "none.safetensors")))
    assert raised.value.code is Code.WEIGHTS_MISSING


def test_fetch_leaves_what_is_there(server: Server, tmp_path: Path) -> None:  # noqa: F811
    model: PublishedModel = server.model()
    file = weights_module.WeightsFile(tmp_path / "m.pt", model.sha256, model)
    weights_module.fetch(file)
    weights_module.fetch(file)
    download(model, file.path)
    assert len(server.ranges) == 1
