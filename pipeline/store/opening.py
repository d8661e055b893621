"""How a store is reached, and which of its archives is open.

What belongs here: the life of a connection, and finding, making and following archives. What is
read and written then is in `milvus.py`.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Self, TypeVar

from pipeline.closing import Closing
from pipeline.config import IndexConfig, StoreConfig
from pipeline.data import Identity
from pipeline.store import archive, connection
from pipeline.store.archive import Archive
from pipeline.store.client import Client
from pipeline.store.requests import STRONG, Requests
from pipeline.store.versions import Names

MAX_REQUEST_BYTES = 16 * 1024 * 1024
"""Size of a write; a server refuses more than 64 MB, and smaller ones are as fast."""

_MOST_BESIDE = 64
"""Requests beside others that one process waits for at once; further ones wait for their turn."""

T = TypeVar("T")


class OpenStore(Closing):
    """A store, and the archive that is open in it. Use `VideoStore`.

    Args:
        config: Which Milvus, which collection, how to search.
        dial: How to reach it; tests put faults between.
        request_bytes: Size of a write.
    """

    def __init__(
        self,
        config: StoreConfig,
        *,
        dial: Callable[[StoreConfig], Client] = connection.dial,
        request_bytes: int = MAX_REQUEST_BYTES,
    ) -> None:
        self._config = config
        self._dial = dial
        self._request_bytes = request_bytes
        self._requests: Requests | None = None
        self._archive: Archive | None = None
        self._consistency: str = config.consistency
        self._others = ThreadPoolExecutor(_MOST_BESIDE)

    @classmethod
    def connect(cls, config: StoreConfig) -> Self:
        """Reach the Milvus of a config. A Milvus Lite file that does not exist is not made yet.

        Raises:
            ConfigError: `store.uri` is no address.
            LockedError: Another process holds the Milvus Lite file.
            StoreError: Nothing answers, or the token is refused.
        """
        store = cls(config)
        if not store.is_new:
            store._reach()
        return store

    def open_for_writing(self, identity: Identity, index: IndexConfig) -> None:
        """Find the archive or make it, and load it.

        Raises:
            StoreError: The archive was made with other settings (`settings_mismatch`).
        """
        self._open(lambda client: archive.find_or_make(client, self._config, identity, index))

    def open_aside(self, identity: Identity, index: IndexConfig) -> None:
        """Find or make an archive of these settings beside the one that answers, and load it.

        No reader sees it before `Generations.switch`.
        """
        self._open(lambda client: archive.find_or_make_aside(client, self._config, identity, index))

    def open_generation(self, names: Names) -> None:
        """Open one generation, whether it answers or not, for writing and for reading Strong."""
        self._open(lambda client: archive.read(client, self._config, names))

    def open_for_reading(self) -> Identity:
        """Find and load the archive; say what its vectors mean.

        Raises:
            StoreError: Nothing is indexed under this name (`not_indexed`).
        """
        if self.is_new:
            raise archive.not_indexed(self._config)
        client = self._reach().client
        with connection.telling("open the archive", self._config):
            found = archive.find_for_reading(client, self._config)
            archive.load(client, self._config, found.names)
        self._archive = found
        return found.settings.identity

    def check_form(self) -> None:
        """Refuse to search an archive whose rows are stored in another form.

        Raises:
            StoreError: The open one is (`settings_mismatch`); all but a search reads it.
        """
        archive.check_form(self._opened(), self._config)

    def open_for_changing(self) -> Identity:
        """As `open_for_reading`, for who writes back what was read: every read is Strong."""
        identity = self.open_for_reading()
        self._consistency = STRONG
        return identity

    def resolve(self) -> Names:
        """Follow the alias again: one cheap request, and more only if it was switched.

        Raises:
            StoreError: There is no alias any more (`not_indexed`).
        """
        with connection.telling("follow the alias", self._config):
            names = archive.find(self._reach().client, self._config)
        if names != self.names:
            self.open_for_reading()
        return self.names

    def snapshot(self) -> Self:
        """This store with the archive that is open now, whatever other threads resolve meanwhile.

        It uses the same connection, and is not closed by itself.
        """
        return copy.copy(self)

    def beside(self, request: Callable[[], T]) -> Future[T]:
        """Make requests in another thread. They must not wait for others that were begun so."""
        return self._others.submit(request)

    @property
    def sees_latest(self) -> bool:
        """Whether reads see whatever was written before: asked to, or of a file of Milvus Lite."""
        return self._consistency == STRONG or connection.is_lite(self._config.uri)

    @property
    def names(self) -> Names:
        """The collections of the open archive."""
        return self._opened().names

    @property
    def identity(self) -> Identity:
        """What gives the vectors of the open archive their meaning."""
        return self._opened().settings.identity

    def close(self) -> None:
        """Hang up for good. A file of Milvus Lite is free once its last store is closed."""
        self._others.shutdown(cancel_futures=True)
        requests, self._requests, self._archive = self._requests, None, None
        if requests is not None:
            connection.hang_up(requests.client, self._config)

    def _open(self, find: Callable[[Client], Archive]) -> None:
        """Open for writing what is found, and from now on wait for a server that goes away."""
        requests = self._reach()
        requests.patient = True

        def opened() -> Archive:
            found = find(requests.client)
            archive.load(requests.client, self._config, found.names)
            return found

        with connection.telling("open the archive", self._config):
            # Whatever was begun, the next attempt completes.
            self._archive = connection.retrying(self._config, patient=True)(opened)
        self._consistency = STRONG

    @property
    def is_new(self) -> bool:
        """Whether it is a file of Milvus Lite that does not exist."""
        return connection.is_lite(self._config.uri) and not Path(self._config.uri).exists()

    def _reach(self) -> Requests:
        if self._requests is None:
            self._requests = Requests(self._dial(self._config), self._config, self._request_bytes)
        return self._requests

    def _opened(self) -> Archive:
        if self._archive is None:
            raise RuntimeError("call open_for_writing or open_for_reading first")
        return self._archive
