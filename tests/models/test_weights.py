"""Which file, and is it the right one."""

from __future__ import annotations

import hashlib
import os
import pickle
import struct
from collections.abc import Callable
from pathlib import Path

import clip
import pytest

from pipeline.config import EncodeConfig
from pipeline.errors import Code, ConfigError, ModelError
from pipeline.models import weights
from pipeline.models.checkpoint import read_state_dict
from pipeline.models.published import PUBLISHED

SHA256 = hashlib.sha256(b"weights").hexdigest()
OTHER = hashlib.sha256(b"other").hexdigest()


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    path = tmp_path / "my model.pt"
    path.write_bytes(b"weights")
    return path


def settings(path: Path, sha256: str | None = None) -> EncodeConfig:
    return EncodeConfig(weights=str(path), sha256=sha256)


def test_the_published_models_are_those_of_clip() -> None:
    assert {name: model.url for name, model in PUBLISHED.items()} == clip.clip._MODELS
    for model in PUBLISHED.values():
        assert model.url.split("/")[-2:] == [model.sha256, model.file_name]


def test_a_published_model_is_looked_for_where_clip_caches_it(tmp_path: Path) -> None:
    file = weights.locate(EncodeConfig(model="ViT-L/14@336px", cache_dir=str(tmp_path)))
    assert file.path == tmp_path / "ViT-L-14-336px.pt"
    assert file.published is PUBLISHED["ViT-L/14@336px"]
    assert weights.locate(EncodeConfig()).path == Path.home() / ".cache/clip/ViT-B-32.pt"


def test_an_unknown_model_names_the_known_ones() -> None:
    with pytest.raises(ConfigError, match=r"'ViT-B-32' is none of.*RN50x4.*encode\.weights"):
        weights.locate(EncodeConfig(model="ViT-B-32"))


def test_a_hash_that_is_not_the_published_one_is_refused() -> None:
    with pytest.raises(ConfigError, match=OTHER):
        weights.locate(EncodeConfig(sha256=OTHER))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no such file") as raised:
        weights.locate(settings(tmp_path / "none.pt"))
    assert raised.value.code is Code.WEIGHTS_MISSING
    assert raised.value.uri == str(tmp_path / "none.pt")
    with pytest.raises(ModelError, match="is a folder"):
        weights.locate(settings(tmp_path))


def test_only_safetensors_go_without_a_pin(checkpoint: Path) -> None:
    with pytest.raises(ModelError, match="sha256sum") as raised:
        weights.locate(settings(checkpoint))
    assert raised.value.code is Code.WEIGHTS_INVALID
    safe = checkpoint.rename(checkpoint.with_name("m.safetensors"))
    assert weights.check(weights.locate(settings(safe))).sha256 == SHA256


@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
def test_a_pin_is_checked(checkpoint: Path, suffix: str) -> None:
    path = checkpoint.rename(checkpoint.with_name(f"m{suffix}"))
    assert weights.check(weights.locate(settings(path, SHA256))).sha256 == SHA256
    with pytest.raises(ModelError, match=f"{SHA256}, it must be {OTHER}") as raised:
        weights.check(weights.locate(settings(path, OTHER)))
    assert raised.value.code is Code.WEIGHTS_INVALID


@pytest.mark.parametrize(
    "line",
    [
        f"{SHA256}  my model.pt\n",
        f"{SHA256} *my model.pt",
        f"{SHA256.upper()}  some/where/my model.pt\n",
        f"{OTHER}  another.pt\n{SHA256}  my model.pt\n",
        f"{SHA256}\n",
    ],
)
def test_a_sum_beside_it_is_a_pin(checkpoint: Path, line: str) -> None:
    Path(f"{checkpoint}.sha256").write_text(line)
    assert weights.locate(settings(checkpoint)).sha256 == SHA256
    assert weights.locate(settings(checkpoint, OTHER)).sha256 == OTHER


@pytest.mark.parametrize("line", ["", "nonsense", f"{OTHER}  another.pt\n", "abc  my model.pt\n"])
def test_a_sum_that_says_nothing_is_refused(checkpoint: Path, line: str) -> None:
    Path(f"{checkpoint}.sha256").write_text(line)
    with pytest.raises(ModelError, match="holds no line as"):
        weights.locate(settings(checkpoint))


def test_a_file_that_changes_meanwhile_is_refused(checkpoint: Path) -> None:
    checked = weights.check(weights.locate(settings(checkpoint, SHA256)))
    checked.must_be_unchanged()
    checkpoint.write_bytes(b"weights and more")
    with pytest.raises(ModelError, match="changed while it was loaded"):
        checked.must_be_unchanged()


def test_a_check_in_the_background_is_the_same_check(checkpoint: Path) -> None:
    good, bad = (weights.locate(settings(checkpoint, sha256)) for sha256 in (SHA256, OTHER))
    assert weights.check_in_background(good).result() == weights.check(good)
    with pytest.raises(ModelError, match=OTHER):
        weights.check_or_replace(bad, weights.check_in_background(bad))


def test_hashing_reads_all_of_a_large_file(tmp_path: Path) -> None:
    content = bytes(range(251)) * 300_000
    (tmp_path / "large").write_bytes(content)
    assert weights.sha256_of(tmp_path / "large") == hashlib.sha256(content).hexdigest()


def test_what_is_no_regular_file_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.safetensors")
    for path in (tmp_path / "pipe.safetensors", Path("/dev/zero")):
        with pytest.raises(ModelError, match="not a regular file") as raised:
            weights.locate(settings(path))
        assert raised.value.code is Code.WEIGHTS_MISSING
        with pytest.raises(ModelError, match="not a regular file"):
            weights.check(weights.WeightsFile(path, None))


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.write_text("x" * (2 << 20))])
def test_a_sum_beside_it_is_read_with_care(
    checkpoint: Path, make: Callable[[Path], object]
) -> None:
    make(Path(f"{checkpoint}.sha256"))
    with pytest.raises(ModelError) as raised:
        weights.locate(settings(checkpoint))
    assert raised.value.code is Code.WEIGHTS_INVALID


class _Payload:
    """Unpickled, it makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.path,)


def _header(length: int, text: bytes = b"", rest: bytes = b"") -> bytes:
    return struct.pack("<Q", length) + text + rest


_TENSOR = b'{"a": {"dtype": "F32", "shape": [1000000000, 1000000], "data_offsets": [0, %d]}}'


@pytest.mark.parametrize(
    "content",
    [
        b"",
        _header(1 << 62),
        _header(100, b"{}"),
        _header(2, b"{]"),
        _header(len(_TENSOR % 4), _TENSOR % 4, bytes(4)),
        _header(len(_TENSOR % (1 << 60)), _TENSOR % (1 << 60), bytes(4)),
        _header(70_000, b'{"a": ' * 11_000 + b" " * 4_000),
        _header(2, b"{}"),
    ],
    ids=["empty", "length", "cut", "json", "shape", "offsets", "nested", "nothing"],
)
def test_safetensors_that_lie(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(content)
    with pytest.raises(ModelError) as raised:
        read_state_dict(weights.check(weights.locate(settings(path))))
    assert raised.value.code is Code.WEIGHTS_INVALID


@pytest.mark.parametrize("suffix", ["pt", "safetensors"])
def test_code_in_a_checkpoint_is_never_run(tmp_path: Path, suffix: str) -> None:
    """Not in one that claims to be safetensors, and not in one that is pinned."""
    path, made = tmp_path / f"model.{suffix}", tmp_path / "made"
    path.write_bytes(pickle.dumps({"weight": _Payload(made)}, protocol=2))
    pin = weights.sha256_of(path) if suffix == "pt" else None
    with pytest.raises(ModelError) as raised:
        read_state_dict(weights.check(weights.locate(settings(path, pin))))
    assert raised.value.code is Code.WEIGHTS_INVALID
    assert not made.exists()
    # Who would load it plainly runs it.
    pickle.loads(path.read_bytes())
    assert made.exists()
