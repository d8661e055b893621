"""Single requests to Milvus, bounded in time and size, repeated when that may help.

What is requested, and of which collection, is `VideoStore`'s to say.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from pipeline.config import StoreConfig
from pipeline.data import Float32Array
from pipeline.store import columns, expressions, rows
from pipeline.store.client import Client
from pipeline.store.columns import Columns
from pipeline.store.connection import (
    FAILURES,
    PATIENCE,
    is_too_large,
    is_transient,
    retrying,
    telling,
)
from pipeline.store.rows import Row

STRONG = "Strong"
_ROWS_A_PAGE = 1000


class Requests:
    """What can be asked of a reached Milvus.

    Args:
        client: The reached Milvus.
        config: Where it is, how long to wait, how readers read.
        request_bytes: Size of a write.
    """

    def __init__(self, client: Client, config: StoreConfig, request_bytes: int) -> None:
        self.client = client
        self._config = config
        self._request_bytes = request_bytes
        self._timeout = config.timeout_s
        # Made once: it takes as long as what is done with a short answer.
        self._brief = retrying(config)
        self.patient = False
        """Whether to wait for a server that went away, as long as `store.outage_s`."""

    def upsert(self, operation: str, collection: str, key: str, items: Iterable[Row]) -> int:
        """Write rows in batches, in order; say how many."""
        written = 0
        for batch in rows.batches(
            items, limit=self._request_bytes, size=rows.row_bytes, key=lambda row: str(row[key])
        ):
            with telling(operation, self._config):
                self._upsert(collection, batch)
            written += len(batch)
        return written

    def _upsert(self, collection: str, batch: Sequence[Row]) -> None:
        """Write a batch, in halves if it is refused as too large: limits differ between servers."""
        try:
            self._retrying(self.client.upsert, collection, data=batch, timeout=self._timeout)
        except FAILURES as error:
            if len(batch) == 1 or not is_too_large(error):
                raise
            middle = len(batch) // 2
            self._upsert(collection, batch[:middle])
            self._upsert(collection, batch[middle:])

    def delete(self, collection: str, condition: str) -> None:
        """Remove rows; they are gone for Strong readers when this returns."""
        with telling("delete rows", self._config):
            self._retrying(self.client.delete, collection, filter=condition, timeout=self._timeout)

    def flush(self, collection: str) -> None:
        """Have everything written on disk and indexed."""
        # A whole number: pymilvus waits for ever on a float.
        patience = math.ceil(PATIENCE * self._timeout)
        with telling("flush", self._config):
            self._retrying(self.client.flush, collection, timeout=patience)

    def count(self, collection: str, condition: str, consistency: str = STRONG) -> int:
        """How many rows satisfy a condition."""
        page = self._query(collection, condition, ["count(*)"], consistency)
        return int(page[0]["count(*)"])

    def fetch(
        self, collection: str, key: str, ids: Iterable[str], fields: Sequence[str], consistency: str
    ) -> Iterator[Row]:
        """Rows by key, in no order; keys that are not there are left out."""
        for chunk in rows.chunks(sorted(set(ids))):
            yield from self._query(collection, expressions.among(key, chunk), fields, consistency)

    def iterate(
        self, collection: str, key: str, condition: str, fields: Sequence[str]
    ) -> Iterator[Row]:
        """All rows that satisfy a condition, in order of key, a page at a time, read Strong.

        pymilvus' own iterator reads as of this machine's clock where the server names no time of
        its own (Milvus Lite, 2.3), and then misses what was written a moment ago: the pages are cut
        here.
        """
        last = ""
        while True:
            rest = expressions.every([expressions.after(key, last), condition])
            # Without `iterator` Milvus Lite gives any rows, not the first ones. With it pymilvus
            # sends no consistency, and the collection's own holds, which is Strong.
            options = {"limit": _ROWS_A_PAGE, "iterator": "True"}
            page = self._query(collection, rest, fields, STRONG, **options)
            if not page:
                return
            last = max(row[key] for row in page)
            yield from page

    def nearest(
        self,
        collection: str,
        field: str,
        vectors: Float32Array,
        limit: int,
        condition: str,
        params: dict[str, Any],
        fields: Sequence[str],
        consistency: str,
    ) -> list[Columns]:
        """For each vector the rows whose `field` is nearest, as its index finds them."""
        with telling("search", self._config):
            found = self._retrying(
                self.client.search,
                collection,
                field=field,
                vectors=vectors,
                limit=limit,
                condition=condition,
                params=params,
                fields=fields,
                consistency=consistency,
                timeout=self._timeout,
            )
        return list(Columns.each(found, len(vectors)))

    def server_version(self) -> str:
        """What answers there."""
        with telling("ask the server", self._config):
            return str(self.client.get_server_version(timeout=self._timeout))

    def _retrying(self, call: Callable[..., Any], *args: Any, **options: Any) -> Any:
        again = retrying(self._config, patient=True) if self.patient else self._brief
        try:
            return again(call, *args, **options)
        except FAILURES as error:
            # It was waited for once: what a run does as it ends does not wait again.
            self.patient = self.patient and not is_transient(error)
            raise

    def _query(
        self,
        collection: str,
        condition: str,
        fields: Sequence[str],
        consistency: str,
        **options: Any,
    ) -> list[Row]:
        with telling("read rows", self._config):
            page = self._retrying(
                self.client.query,
                collection,
                condition=condition,
                fields=fields,
                consistency=consistency,
                timeout=self._timeout,
                **options,
            )
        return columns.rows(page)
