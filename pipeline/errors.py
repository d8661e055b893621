"""What can go wrong, under names that stay.

One small family: every error that a user can cause or meet has a kind (which decides the exit code)
and a `Code` (which scripts may rely on). Programming errors are not here; they stay Python's own.
"""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from pipeline.text import pointed, printable


class Code(StrEnum):
    """Stable names of failures, as they stand in `failures[].code` of `--json` reports."""

    BACKUP_INVALID = "backup_invalid"
    BAD_LINK = "bad_link"
    CONFIG_INVALID = "config_invalid"
    CONFIG_NOT_FOUND = "config_not_found"
    DECODE_CRASH = "decode_crash"
    DECODE_ERROR = "decode_error"
    DECODE_MEMORY = "decode_memory"
    DECODE_TIMEOUT = "decode_timeout"
    EMPTY_FILE = "empty_file"
    FILE_CHANGED = "file_changed"
    FILE_EXISTS = "file_exists"
    FILE_TOO_LARGE = "file_too_large"
    IMAGE_INVALID = "image_invalid"
    INTERNAL = "internal"
    INTERRUPTED = "interrupted"
    INDEX_UNSOUND = "index_unsound"
    LEFT_BEHIND = "left_behind"
    LOCKED = "locked"
    MANY_GONE = "many_gone"
    MODEL_MISMATCH = "model_mismatch"
    NO_FRAMES = "no_frames"
    NO_VIDEO_STREAM = "no_video_stream"
    NO_VIDEOS = "no_videos"
    NOT_A_VIDEO = "not_a_video"
    NOT_FOUND = "not_found"
    NOT_INDEXED = "not_indexed"
    NOTHING_TO_INGEST = "nothing_to_ingest"
    PACKAGE_MISSING = "package_missing"
    PLAYER_FAILED = "player_failed"
    QUERY_INVALID = "query_invalid"
    SETTINGS_MISMATCH = "settings_mismatch"
    STORE_FAILED = "store_failed"
    STORE_UNREACHABLE = "store_unreachable"
    UNREADABLE = "unreadable"
    UNWRITABLE = "unwritable"
    WEIGHTS_INVALID = "weights_invalid"
    WEIGHTS_MISSING = "weights_missing"


LASTING = frozenset(
    {
        Code.DECODE_CRASH,
        Code.DECODE_ERROR,
        Code.DECODE_MEMORY,
        Code.DECODE_TIMEOUT,
        Code.EMPTY_FILE,
        Code.FILE_TOO_LARGE,
        Code.INTERNAL,
        Code.NO_FRAMES,
        Code.NO_VIDEO_STREAM,
        Code.NOT_A_VIDEO,
    }
)
"""Failures that are the file's own: it fails again, until it or what reads it has changed."""


class VSearchError(Exception):
    """The root of all errors that are told to the user in one line.

    Args:
        message: What is wrong and what to do, one line, without the place.
        code: The stable name.
        uri: The place: a path, a store address, a config key. Printed before the message.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, code: Code, uri: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.uri = uri

    def __str__(self) -> str:
        return f"{self.uri}: {self.message}" if self.uri else self.message

    def __reduce__(self) -> tuple[object, ...]:
        # Errors cross process borders; Exception's own pickling loses keyword arguments.
        return (_rebuild, (type(self), self.message, self.code, self.uri))


def _rebuild(kind: type[VSearchError], message: str, code: Code, uri: str | None) -> VSearchError:
    return kind(message, code=code, uri=uri)


class ConfigError(VSearchError):
    """A setting, or the command line, is wrong."""

    exit_code = 2


class QueryError(VSearchError):
    """A question that cannot be answered as it was put."""

    exit_code = 2


class FilterError(QueryError):
    """A filter that cannot be read.

    Its message has three printable lines: what is wrong, the filter, and a caret under the place.

    Args:
        message: What is wrong and what to do, one line.
        text: The filter.
        at: Index of the character in `text` that is to blame; its length for the end.
    """

    def __init__(self, message: str, *, text: str, at: int) -> None:
        super().__init__(f"{printable(message)}\n{pointed(text, at)}", code=Code.QUERY_INVALID)
        self._facts = (message, text, at)

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild_filter_error, self._facts)


def _rebuild_filter_error(message: str, text: str, at: int) -> FilterError:
    return FilterError(message, text=text, at=at)


class MediaError(VSearchError):
    """A file cannot be read as a video or an image."""


class ModelError(VSearchError):
    """The encoder cannot be had or does not fit."""


class StoreError(VSearchError):
    """Milvus cannot be reached or refused."""


class BackupError(VSearchError):
    """An exported archive cannot be read or written."""


class LockedError(VSearchError):
    """Somebody else holds what must be held alone."""

    exit_code = 4
