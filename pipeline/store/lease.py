"""One run at a time over several machines, as well as a store without compare-and-swap can tell.

A run makes a small collection of its own and points the alias `<archive>__lease` at it: Milvus
refuses an alias that names another collection, so that only one succeeds. Until when it holds is in
the name of a second alias of that collection, which is renewed while the run goes on; what was not
renewed in time is taken over. Two runs that overlap all the same do no harm, since each writes rows
of its own revision.
"""

from __future__ import annotations

import logging
import re
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from pymilvus import CollectionSchema, DataType, FieldSchema
from pymilvus.exceptions import MilvusException

from pipeline.config import StoreConfig
from pipeline.errors import Code, LockedError
from pipeline.store import connection
from pipeline.store.client import Client

MARGIN_S = 60.0
"""A lease holds so much longer than `store.outage_s` after its last renewal; clocks may differ."""

_RENEWALS = 8
_BEAT = re.compile(r".+_until_(?P<seconds>[0-9]+)")

_log = logging.getLogger(__name__)


@contextmanager
def leased(
    config: StoreConfig,
    *,
    owner: str,
    lost: Callable[[], None] = lambda: None,
    holds_s: float | None = None,
    dial: Callable[[StoreConfig], Client] = connection.dial,
) -> Iterator[None]:
    """Within the block no other machine runs on this archive. A file needs none: it has one user.

    Args:
        config: Which archive.
        owner: Letters and digits that say who takes it. A lease of the same owner is taken over at
            once: it holds another lock, and so knows that what took it is dead.
        lost: Told if somebody else has it before the block ends.
        holds_s: How long it holds after its last renewal; longer than `store.outage_s` if None.
        dial: How to reach the store; tests put faults between.

    Raises:
        LockedError: Another machine has it.
        StoreError: The store failed.
    """
    if connection.is_lite(config.uri):
        yield
        return
    with connection.telling("take the lease", config):
        client = dial(config)
    try:
        held = _Lease(client, config, owner, holds_s or config.outage_s + MARGIN_S)
        with connection.telling("take the lease", config):
            held.take()
        ended = threading.Event()
        renewing = threading.Thread(target=held.renew_until, args=(ended, lost), name="lease")
        renewing.start()
        try:
            yield
        finally:
            ended.set()
            renewing.join()
            held.drop(held.own)
    finally:
        connection.hang_up(client, config)


class _Lease:
    def __init__(self, client: Client, config: StoreConfig, owner: str, holds_s: float) -> None:
        self._client = client
        self._config = config
        self._holds_s = holds_s
        self._timeout = config.timeout_s
        self._alias = f"{config.collection}__lease"
        self._beat = ""
        self._mine = f"{config.collection}__run_{owner}_"
        self.own = f"{self._mine}{uuid.uuid4().hex[:12]}"

    def take(self) -> None:
        """Take the lease, from a holder that is gone too; or raise LockedError."""
        schema = CollectionSchema(
            [
                FieldSchema("id", DataType.INT64, is_primary=True),
                FieldSchema("vector", DataType.FLOAT_VECTOR, dim=2),
            ]
        )
        self._client.create_collection(self.own, schema=schema, timeout=self._timeout)
        try:
            self._renew()
            if not self._is_ours():
                self._oust()
                if not self._is_ours():
                    raise self._locked("")
        except BaseException:  # also Ctrl-C: nothing of ours stays behind
            self.drop(self.own)
            raise

    def renew_until(self, ended: threading.Event, lost: Callable[[], None]) -> None:
        """Renew the lease while the run goes on, and say if it is somebody else's now."""
        while not ended.wait(self._holds_s / _RENEWALS):
            try:
                if self._holder() not in ("", self.own):
                    _log.warning("another machine took over %s", self._config.collection)
                    lost()
                    return
                self._renew()
            except connection.FAILURES as error:
                # It holds longer than the run waits for a store that is away.
                _log.debug("the lease of %s is not renewed: %s", self._config.collection, error)

    def drop(self, name: str) -> None:
        """Remove the collection of a run, and whatever names it."""
        with suppress(*connection.FAILURES):
            for alias in self._aliases(name):
                self._client.drop_alias(alias, timeout=self._timeout)
            self._client.drop_collection(name, timeout=self._timeout)

    def _renew(self) -> None:
        beat = f"{self.own}_until_{int(time.time() + self._holds_s)}"
        if beat != self._beat:
            self._client.create_alias(self.own, beat, timeout=self._timeout)
            before, self._beat = self._beat, beat
            if before:
                self._client.drop_alias(before, timeout=self._timeout)

    def _is_ours(self) -> bool:
        """Whether the alias is ours, or could be made so."""
        with suppress(MilvusException):
            self._client.create_alias(self.own, self._alias, timeout=self._timeout)
            return True
        return self._holder() == self.own

    def _holder(self) -> str:
        try:
            found = self._client.describe_alias(self._alias, timeout=self._timeout)
        except MilvusException:
            return ""
        return str(found["collection_name"])

    def _oust(self) -> None:
        """Drop a lease that was not renewed in time, or is of a run of ours that died."""
        holder = self._holder()
        if not holder or holder == self.own:
            return
        if holder.startswith(self._mine):
            self.drop(holder)
            return
        ends = [
            int(match["seconds"])
            for alias in self._aliases(holder)
            if (match := _BEAT.fullmatch(alias))
        ]
        left_s = max(ends, default=0) - time.time()
        if left_s > 0:
            raise self._locked(f"; it holds for {left_s:.0f} s if it is not renewed")
        _log.info("the run %s ended without a word: its lease is taken over", holder)
        self.drop(holder)

    def _aliases(self, name: str) -> list[str]:
        return list(self._client.list_aliases(name, timeout=self._timeout)["aliases"])

    def _locked(self, more: str) -> LockedError:
        return LockedError(
            f"a run on another machine is at it{more}: wait for it to end",
            code=Code.LOCKED,
            uri=self._config.collection,
        )
