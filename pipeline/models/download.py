"""From the network to the cache: whole, checked and once, however many processes ask.

A download goes to `FILE.partial`, is continued there after a break, hashed, and only then renamed.
"""

from __future__ import annotations

import hashlib
import http.client
import logging
import socket
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.errors import Code, ModelError
from pipeline.models.published import PublishedModel

_log = logging.getLogger(__name__)
_ATTEMPTS = 4
_TIMEOUT_S = 30.0
_BLOCK_BYTES = 2**20
_BUSY = (408, 425, 429)


class _DamagedError(Exception):
    """What was downloaded is not what was published."""


def download(model: PublishedModel, target: Path, *, pause_s: float = 1.0) -> None:
    """Put a published checkpoint at `target`, replacing what is there unless it is right.

    Args:
        model: What to fetch.
        target: Where it shall be.
        pause_s: Wait before the second attempt; it doubles with each further one.

    Raises:
        ModelError: WEIGHTS_MISSING when it cannot be fetched or written, WEIGHTS_INVALID when
            what comes is not what was published.
    """
    from filelock import FileLock

    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{target}.lock"):
            if not (target.is_file() and _sha256(target) == model.sha256):
                _download(model, target, pause_s)
    except _DamagedError as error:
        raise ModelError(
            f"{model.url} gave {error}; its SHA-256 must be {model.sha256}. Something between here"
            f" and there alters it: {_by_hand(model, target)}",
            code=Code.WEIGHTS_INVALID,
            uri=str(target),
        ) from None
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
        raise ModelError(
            f"the weights of {model.name} cannot be downloaded ({reason}):"
            f" {_by_hand(model, target)}",
            code=Code.WEIGHTS_MISSING,
            uri=str(target),
        ) from None


def _by_hand(model: PublishedModel, target: Path) -> str:
    return (
        f"fetch {model.url} on another machine and put it at {target},"
        " or set encode.weights to a checkpoint"
    )


def _download(model: PublishedModel, target: Path, pause_s: float) -> None:
    from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential

    partial = target.with_name(f"{target.name}.partial")
    _log.info("downloading %s from %s", model.name, model.url)
    for attempt in Retrying(
        stop=stop_after_attempt(_ATTEMPTS),
        wait=wait_exponential(multiplier=pause_s),
        retry=retry_if_exception(_is_transient),
        reraise=True,
    ):
        with attempt:
            _continue(model, partial)
    partial.replace(target)


def _continue(model: PublishedModel, partial: Path) -> None:
    """Fetch what is missing of a partial file, and check the whole."""
    have = partial.stat().st_size if partial.is_file() else 0
    try:
        _append(model, partial, have)
        if (digest := _sha256(partial)) != model.sha256:
            raise _DamagedError(f"{partial.stat().st_size} bytes with SHA-256 {digest}")
    except (_DamagedError, urllib.error.HTTPError) as error:
        if isinstance(error, urllib.error.HTTPError):
            error.close()
        if _is_transient(error):
            raise
        partial.unlink(missing_ok=True)
        if not have:
            raise
        # What an earlier attempt left may be at fault: once more, from nothing.
        _continue(model, partial)


def _append(model: PublishedModel, partial: Path, have: int) -> None:
    headers = {"User-Agent": "vsearch"} | ({"Range": f"bytes={have}-"} if have else {})
    # The addresses are our own table's, not a user's.
    request = urllib.request.Request(model.url, headers=headers)  # noqa: S310
    with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as source:  # noqa: S310
        resumed = source.status == http.client.PARTIAL_CONTENT
        left = source.length
        with partial.open("ab" if resumed else "wb") as sink, _progress(model, left) as advance:
            got = 0
            while block := source.read(_BLOCK_BYTES):
                got += len(block)
                advance(sink.write(block))
    if left is not None and got < left:
        raise http.client.IncompleteRead(b"", left - got)


@contextmanager
def _progress(model: PublishedModel, total: int | None) -> Iterator[Callable[[int], None]]:
    from rich.console import Console
    from rich.progress import DownloadColumn, Progress, TransferSpeedColumn

    columns = (*Progress.get_default_columns(), DownloadColumn(), TransferSpeedColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task(f"Downloading {model.name}", total=total)
        yield lambda count: progress.advance(task, count)


def _is_transient(error: BaseException) -> bool:
    """Whether trying again can help: not for a refusal, and not where there is no network."""
    if isinstance(error, urllib.error.HTTPError):
        return error.code >= http.client.INTERNAL_SERVER_ERROR or error.code in _BUSY
    if isinstance(error, urllib.error.URLError):
        return isinstance(error.reason, OSError) and not isinstance(error.reason, socket.gaierror)
    return isinstance(error, http.client.HTTPException | ConnectionError | TimeoutError)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
