"""What a server lets us in by: from the settings, or from a file that somebody keeps secrets in."""

from __future__ import annotations

from pathlib import Path

from pipeline.config import StoreConfig
from pipeline.errors import Code, ConfigError
from pipeline.files import read_regular, told

_MOST_BYTES = 1 << 16


def token_of(config: StoreConfig) -> str:
    """`store.token`, else what is in `store.token_file`; empty if there is none.

    The file is read each time: whoever keeps secrets may put another one there.

    Raises:
        ConfigError: The file cannot be read, or is empty.
    """
    if config.token is not None:
        return config.token.get_secret_value()
    if config.token_file is None:
        return ""
    path = Path(config.token_file).expanduser()
    try:
        token = read_regular(path, most_bytes=_MOST_BYTES).decode().strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = told(error) if isinstance(error, OSError) else "is no text"
        raise _no_token(path, reason) from None
    if not token:
        raise _no_token(path, "is empty: write USER:PASSWORD or an API key into it")
    return token


def _no_token(path: Path, reason: str) -> ConfigError:
    return ConfigError(reason, code=Code.CONFIG_INVALID, uri=f"store.token_file {path}")
