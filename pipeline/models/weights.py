"""Which file holds the weights, and is it the right one. No torch: bytes and hashes only.

Loading a pickle can run code, and `weights_only=True` has been bypassed (CVE-2025-32434,
CVE-2026-24747). So a file is loaded if it is safetensors, which hold numbers and nothing else, or
if its SHA-256 is known beforehand: published with the model, set as `encode.sha256`, or written in
`FILE.sha256` beside it as `sha256sum` writes it.
"""

from __future__ import annotations

import hashlib
import re
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

from pipeline.config import EncodeConfig
from pipeline.errors import Code, ConfigError, ModelError
from pipeline.files import open_regular, read_regular, regular, told
from pipeline.models.download import download
from pipeline.models.published import DEMO_SHA256, DEMO_WEIGHTS, PUBLISHED, PublishedModel

# A read gives up the GIL and waits for it again; beside an import that holds it, each wait takes
# up to 5 ms, so small blocks would make hashing slower than the import that it hides behind.
_BLOCK_BYTES = 32 * 2**20
_MOST_SUM_BYTES = 1 << 20
_SHA256 = re.compile(r"[0-9a-fA-F]{64}")


@dataclass(frozen=True, slots=True)
class WeightsFile:
    """A file of weights before it is read.

    Args:
        path: Where it is looked for.
        sha256: What its hash must be, or None for safetensors without a pin.
        published: The model that it holds when OpenAI published it; it can be downloaded then.
    """

    path: Path
    sha256: str | None
    published: PublishedModel | None = None


@dataclass(frozen=True, slots=True)
class Weights:
    """A file of weights that is there and right.

    Args:
        path: The file.
        sha256: Of its bytes.
        stamp: Size, change time and inode when it was hashed: the loader compares them again.
    """

    path: Path
    sha256: str
    stamp: tuple[int, int, int]

    def must_be_unchanged(self) -> None:
        """Raise ModelError if the file is no longer the one that was hashed."""
        try:
            same = _stamp(self.path) == self.stamp
        except OSError:
            same = False
        if not same:
            raise _invalid(self.path, "changed while it was loaded; run again")


def locate(config: EncodeConfig) -> WeightsFile:
    """Say which file `config` means and what pins it; the file itself is not opened.

    Raises:
        ConfigError: `encode.model` is not published and `encode.weights` is not set; or weights
            or a model are named for the demo, which brings its own.
        ModelError: A file that cannot be pinned.
    """
    if config.backend == "demo":
        return _demo(config)
    if config.weights is not None:
        return pinned(Path(config.weights).expanduser(), config.sha256)
    published = PUBLISHED.get(config.model)
    if published is None:
        raise ConfigError(
            f"{config.model!r} is none of OpenAI's models ({', '.join(PUBLISHED)}): choose one, set"
            " encode.weights to a checkpoint, or set encode.backend to open_clip",
            code=Code.CONFIG_INVALID,
            uri="encode.model",
        )
    if config.sha256 not in (None, published.sha256):
        raise ConfigError(
            f"{config.sha256} is not the hash of {published.name}, which is {published.sha256}:"
            " leave it out, or set encode.weights too",
            code=Code.CONFIG_INVALID,
            uri="encode.sha256",
        )
    path = Path(config.cache_dir).expanduser() / published.file_name
    return WeightsFile(path, published.sha256, published)


def _demo(config: EncodeConfig) -> WeightsFile:
    default = EncodeConfig()
    for name in ("weights", "sha256", "model"):
        if getattr(config, name) != getattr(default, name):
            raise ConfigError(
                "is not for the demo's model, which brings its own weights: leave it out, or set"
                " encode.backend to openai",
                code=Code.CONFIG_INVALID,
                uri=f"encode.{name}",
            )
    return WeightsFile(DEMO_WEIGHTS, DEMO_SHA256)


def pinned(path: Path, sha256: str | None) -> WeightsFile:
    """A file of the user's with its pin: `sha256`, else `FILE.sha256` beside it.

    Raises:
        ModelError: WEIGHTS_MISSING without the file, WEIGHTS_INVALID without a pin that it needs.
    """
    try:
        regular(path)
    except OSError as error:
        what = "no such file" if isinstance(error, FileNotFoundError) else told(error)
        raise ModelError(
            f"{what}; encode.weights names it", code=Code.WEIGHTS_MISSING, uri=str(path)
        ) from None
    beside = path.with_name(f"{path.name}.sha256")
    if sha256 is None and beside.is_file():
        sha256 = _read_sum(beside, path.name)
    if sha256 is None and path.suffix != ".safetensors":
        raise _invalid(
            path,
            "only safetensors are loaded unpinned, since other checkpoints can run code. If you"
            f" trust its origin, set encode.sha256 to what `sha256sum {path}` prints, or keep that"
            f" in {beside.name} beside it",
        )
    return WeightsFile(path, sha256)


def fetch(file: WeightsFile) -> None:
    """Download a published file that is not there yet; a user's file is left alone."""
    if file.published is not None and not file.path.is_file():
        download(file.published, file.path)


def check(file: WeightsFile) -> Weights:
    """Hash a file and compare.

    Raises:
        ModelError: WEIGHTS_MISSING when it cannot be read, WEIGHTS_INVALID when its hash is wrong.
    """
    try:
        stamp = _stamp(file.path)
        digest = sha256_of(file.path)
    except OSError as error:
        raise ModelError(
            f"cannot be read: {error.strerror or error}",
            code=Code.WEIGHTS_MISSING,
            uri=str(file.path),
        ) from None
    if file.sha256 is not None and digest != file.sha256:
        raise _invalid(file.path, f"its SHA-256 is {digest}, it must be {file.sha256}")
    weights = Weights(file.path, digest, stamp)
    weights.must_be_unchanged()
    return weights


def check_or_replace(file: WeightsFile, checked: Future[Weights]) -> Weights:
    """Wait for a check; a damaged file in the cache is downloaded anew, once."""
    try:
        return checked.result()
    except ModelError as error:
        if file.published is None or error.code is not Code.WEIGHTS_INVALID:
            raise
        damage = error
    try:
        download(file.published, file.path)
    except ModelError as error:
        raise ModelError(
            f"is damaged ({damage.message}), and {error.message}", code=error.code, uri=error.uri
        ) from None
    return check(file)


def check_in_background(file: WeightsFile) -> Future[Weights]:
    """Start `check` in a daemon thread, so that an interrupt does not wait for it."""
    future: Future[Weights] = Future()

    def run() -> None:
        try:
            future.set_result(check(file))
        except BaseException as error:  # noqa: BLE001  raised for whoever asks for the result
            future.set_exception(error)

    Thread(target=run, name="hash-weights", daemon=True).start()
    return future


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes, 64 lower-case hex digits."""
    digest = hashlib.sha256()
    block = memoryview(bytearray(min(_BLOCK_BYTES, max(1, path.stat().st_size))))
    with open_regular(path) as file:
        while count := file.readinto(block):
            digest.update(block[:count])
    return digest.hexdigest()


def _read_sum(beside: Path, name: str) -> str:
    try:
        text = read_regular(beside, most_bytes=_MOST_SUM_BYTES).decode("utf-8", "replace")
    except OSError as error:
        raise _invalid(beside, told(error)) from None
    lines = [line.split(maxsplit=1) for line in text.splitlines()]
    sums = [(line[0], line[1].lstrip("*") if line[1:] else name) for line in lines if line]
    found = {digest.lower() for digest, file in sums if Path(file.strip()).name == name}
    if len(found) != 1 or not _SHA256.fullmatch(next(iter(found))):
        raise _invalid(beside, f"holds no line as `sha256sum {name}` writes it")
    return found.pop()


def _stamp(path: Path) -> tuple[int, int, int]:
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns, stat.st_ino


def _invalid(path: Path, message: str) -> ModelError:
    return ModelError(message, code=Code.WEIGHTS_INVALID, uri=str(path))
