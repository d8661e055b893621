"""A picture that was drawn -> a file of the user's: refused early, or written."""

from __future__ import annotations

import tempfile
from pathlib import Path

from PIL.Image import Image

from pipeline.errors import Code, ConfigError, MediaError

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")


def check_picture_path(path: Path) -> None:
    """Refuse a file that cannot be written, before a model is loaded.

    Raises:
        ConfigError: Another suffix than `SUFFIXES`, or a folder or file that is not there to be
            written.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise _refused(path, f"is to be a picture: name it {', '.join(SUFFIXES)}")
    try:
        if not path.parent.is_dir():
            raise _refused(path, "its folder does not exist: make it first")
        if not path.exists():
            tempfile.TemporaryFile(dir=path.parent).close()
        elif path.is_file():
            path.open("ab").close()
        else:
            raise _refused(path, "is there and is no file: take another name")
    except OSError as error:
        raise _refused(path, f"cannot be written: {error.strerror}") from None


def save_picture(picture: Image, path: Path) -> None:
    """Write a picture in the format of its name; what is there is replaced.

    Raises:
        MediaError: UNWRITABLE.
    """
    try:
        picture.save(path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise MediaError(
            f"cannot be written: {reason}", code=Code.UNWRITABLE, uri=str(path)
        ) from None


def _refused(path: Path, message: str) -> ConfigError:
    return ConfigError(message, code=Code.CONFIG_INVALID, uri=str(path))
