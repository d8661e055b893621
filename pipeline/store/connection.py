"""The wire: how a Milvus is reached, and how what it says becomes our errors.

What belongs here: dialling, hanging up, retries and the translation of every pymilvus and gRPC
error. What is asked of Milvus does not.
"""

from __future__ import annotations

import logging
import os
import shutil
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

import grpc
import tenacity
from pymilvus import MilvusClient
from pymilvus.exceptions import ErrorCode, MilvusException

from pipeline.config import StoreConfig
from pipeline.errors import Code, ConfigError, LockedError, StoreError, VSearchError
from pipeline.store.client import Client
from pipeline.store.credentials import token_of
from pipeline.store.protocol import ColumnClient
from pipeline.text import without_secret

FAILURES = (MilvusException, grpc.RpcError)
"""Everything that a pymilvus call raises when Milvus, not our code, is to blame."""

PATIENCE = 10
"""Building, loading and flushing may take this many times longer than one answer."""

_SCHEMES = ("http", "https", "tcp", "unix")
_TRANSIENT = (
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.ABORTED,
)
# Milvus Lite hangs up on pymilvus' pings, every 10 s, when a call takes longer or none is made.
_NO_PINGS = {
    "grpc.keepalive_time_ms": 2**31 - 1,
    "grpc.keepalive_permit_without_calls": False,
}
# Milvus answers so while it, or the part that is asked, is starting or was lost: connecting failed
# or service unavailable, collection or partition not loaded (any more, or yet), no replica, no
# channel, a node that is gone.
_AWAY = (2, 101, 103, 201, 401, 503, 901, 902)
_NOT_READY = "not ready"
_TOO_LARGE = "larger than max"
_ATTEMPTS = 4
_REASON_CHARACTERS = 300

_lite_users: Counter[str] = Counter()
_lite_lock = threading.Lock()


def is_lite(uri: str) -> bool:
    """Whether this is a file of Milvus Lite rather than the address of a server."""
    return uri.endswith(".db") and urlsplit(uri).scheme not in _SCHEMES


def file_bytes(config: StoreConfig) -> int | None:
    """What Milvus Lite's file, which is a folder, takes on disk; None for a server."""
    if not is_lite(config.uri):
        return None
    total = 0
    for folder, _, names in os.walk(config.uri):
        for name in names:
            # Milvus Lite may tidy up meanwhile.
            with suppress(FileNotFoundError):
                total += Path(folder, name).lstat().st_size
    return total


def dial(config: StoreConfig) -> Client:
    """Reach the Milvus of a config; `hang_up` ends it.

    Raises:
        ConfigError: `store.uri` is neither a file ending in .db nor an address.
        LockedError: Another process holds the file.
        StoreError: Nothing answers there, or it refuses the token.
    """
    _silence()
    if is_lite(config.uri):
        return _open_file(config)
    if urlsplit(config.uri).scheme not in _SCHEMES:
        raise ConfigError(
            "is neither a file ending in .db nor an address such as http://127.0.0.1:19530",
            code=Code.CONFIG_INVALID,
            uri=f"store.uri {without_secret(config.uri)}",
        )
    try:
        return _client(config)
    except FAILURES as error:
        raise _unreachable(error, config) from error


def hang_up(client: Client, config: StoreConfig) -> None:
    """Close a client; the last one of a Milvus Lite file lets other processes have it."""
    client.close()
    if not is_lite(config.uri):
        return
    from milvus_lite.server_manager import server_manager_instance

    path = str(Path(config.uri).resolve())
    with _lite_lock:
        _lite_users[path] -= 1
        if _lite_users[path] <= 0:
            del _lite_users[path]
            server_manager_instance.release_server(config.uri)


def clear_place(name: str, config: StoreConfig) -> None:
    """Remove what is in the way of making a collection that is not there.

    Milvus Lite that is cut short, or finds the disk full, while it makes or drops a collection,
    leaves a folder, and makes none of that name for ever after.
    """
    if is_lite(config.uri):
        shutil.rmtree(Path(config.uri) / "collections" / name, ignore_errors=True)


@contextmanager
def telling(operation: str, config: StoreConfig) -> Iterator[None]:
    """Turn what pymilvus raises into a StoreError that says what could not be done, and where."""
    try:
        yield
    except FAILURES as error:
        gone = _is_away(error)
        raise StoreError(
            f"cannot {operation}: {_reason(error, config)}",
            code=Code.STORE_UNREACHABLE if gone else Code.STORE_FAILED,
            uri=without_secret(config.uri),
        ) from error


def retrying(config: StoreConfig, *, patient: bool = False) -> tenacity.Retrying:
    """Try again what may be tried again: at most 4 times, and not after `store.timeout_s`.

    pymilvus itself repeats calls to a server that it loses, but not those that come next, and none
    that a server answers while it is starting.

    Args:
        config: How long.
        patient: Until `store.outage_s` instead, and as often as that takes. A file is never away.
    """
    waits = patient and not is_lite(config.uri)
    brief = tenacity.stop_after_attempt(_ATTEMPTS) | tenacity.stop_after_delay(config.timeout_s)
    return tenacity.Retrying(
        retry=tenacity.retry_if_exception(is_transient),
        stop=tenacity.stop_after_delay(config.outage_s) if waits else brief,
        wait=tenacity.wait_exponential_jitter(multiplier=0.1, max=2.0),
        reraise=True,
    )


def is_transient(error: BaseException) -> bool:
    """Whether the same request may succeed a moment later."""
    if _status(error) in _TRANSIENT or _is_away(error):
        return True
    return isinstance(error, MilvusException) and (
        error.retriable or error.code == ErrorCode.RATE_LIMIT
    )


def is_too_large(error: BaseException) -> bool:
    """Whether a request was refused for its size, so that a part of it may pass."""
    return _status(error) == grpc.StatusCode.RESOURCE_EXHAUSTED and _TOO_LARGE in _text(error)


def _is_away(error: BaseException) -> bool:
    """Whether nothing answers there, or a server that cannot yet, or not any more."""
    if _status(error) == grpc.StatusCode.UNAVAILABLE:
        return True
    return isinstance(error, MilvusException) and (
        error.code in _AWAY or _NOT_READY in str(error.message)
    )


def _client(config: StoreConfig) -> Client:
    client = MilvusClient(
        config.uri,
        token="" if is_lite(config.uri) else token_of(config),
        timeout=config.timeout_s,
        # It ends when it is closed; shared connections outlive the file behind them.
        dedicated=True,
        grpc_options=_NO_PINGS if is_lite(config.uri) else {},
    )
    return cast("Client", ColumnClient(client))


def _open_file(config: StoreConfig) -> Client:
    path = Path(config.uri).resolve()
    logger = logging.getLogger("milvus_lite.server_manager")
    logged = _LoggedError()
    logger.addHandler(logged)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _lite_lock:
            client = _client(config)
            _lite_users[str(path)] += 1
        return client
    except (*FAILURES, OSError) as error:
        raise _unusable(logged.error or error, config) from error
    finally:
        logger.removeHandler(logged)


def _unusable(error: BaseException, config: StoreConfig) -> VSearchError:
    if type(error).__name__ == "DataDirLockedError":
        return LockedError(
            "another process is using this Milvus Lite file, which takes one at a time: wait for"
            " it, or run a Milvus server and name it in store.uri",
            code=Code.LOCKED,
            uri=config.uri,
        )
    if isinstance(error, FileExistsError | NotADirectoryError):
        reason = "something else has this name: choose another store.uri"
    else:
        reason = f"cannot be opened: {_reason(error, config)}"
    return StoreError(reason, code=Code.STORE_UNREACHABLE, uri=config.uri)


def _unreachable(error: BaseException, config: StoreConfig) -> StoreError:
    status = _status(error)
    if status in (grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED):
        reason = (
            "the server refuses the token: set store.token, or store.token_file, to USER:PASSWORD"
            " or an API key"
        )
    elif status == grpc.StatusCode.DEADLINE_EXCEEDED:
        reason = f"nothing answered within store.timeout_s, {config.timeout_s:g} s: {_CHECK}"
    else:
        reason = f"no Milvus answers here: {_CHECK}"
    return StoreError(reason, code=Code.STORE_UNREACHABLE, uri=without_secret(config.uri))


_CHECK = "start the server, or correct store.uri"


def _status(error: BaseException | None) -> grpc.StatusCode | None:
    """The gRPC status behind an error: its own, its code's, or that of what caused it."""
    seen: set[int] = set()
    # pymilvus raises errors from themselves: the chain of causes has loops.
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        code = getattr(error, "code", None)
        status = code() if callable(code) else code
        if isinstance(status, grpc.StatusCode):
            return status
        error = error.__cause__
    return None


def _reason(error: BaseException, config: StoreConfig) -> str:
    if _status(error) == grpc.StatusCode.DEADLINE_EXCEEDED:
        return f"no answer within {config.timeout_s:g} s"
    line = " ".join(_text(error).split()) or type(error).__name__
    # What a library says of an address may be all of it.
    line = line.replace(config.uri, without_secret(config.uri))
    return line if len(line) <= _REASON_CHARACTERS else f"{line[:_REASON_CHARACTERS]}..."


def _text(error: BaseException) -> str:
    details = getattr(error, "details", None)
    return str((details() if callable(details) else getattr(error, "message", None)) or error)


def _silence() -> None:
    """They log, with traceback, errors that they also raise: the user reads ours once."""
    for name in ("pymilvus", "grpc._server"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    lite = logging.getLogger("milvus_lite")
    lite.propagate = False
    if not lite.handlers:
        lite.addHandler(logging.NullHandler())


class _LoggedError(logging.Handler):
    """Keeps the exception that Milvus Lite logs instead of raising."""

    error: BaseException | None = None

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info:
            self.error = record.exc_info[1]
