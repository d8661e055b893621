"""Searches and queries whose answers stay as Milvus sends them: column by column.

pymilvus makes a dict of each row; making and reading those takes longer than all else that is done
with an answer. It has no option for that. So here are its own requests, its own repeats and its own
errors, without that last step. These are parts of pymilvus that nothing says will stay as they are:
this room alone knows them, and the range in pyproject.toml ends before the next version.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pymilvus import MilvusClient
from pymilvus.client.prepare import Prepare
from pymilvus.client.ts_utils import construct_guarantee_ts
from pymilvus.client.utils import check_status
from pymilvus.decorators import retry_on_rpc_failure
from pymilvus.exceptions import MilvusException

from pipeline.data import Float32Array


class ColumnClient:
    """A reached `MilvusClient`, but for its `search` and `query`."""

    def __init__(self, client: MilvusClient) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def search(self, collection_name: str, **options: Any) -> Any:
        """As `Client.search`."""
        return search(*self._line(), collection_name, **options)

    def query(self, collection_name: str, **options: Any) -> Any:
        """As `Client.query`."""
        return query(*self._line(), collection_name, **options)

    def _line(self) -> tuple[Any, Any]:
        return self._client._get_connection(), self._client._generate_call_context()


def _repeating(call: Callable[..., Any]) -> Callable[..., Any]:
    """Repeat what fails as pymilvus does, which also names the call in what it raises at last."""
    repeated: Callable[..., Any] = retry_on_rpc_failure()(call)
    return repeated


@_repeating
def search(
    handler: Any,
    context: Any,
    collection: str,
    *,
    field: str,
    vectors: Float32Array,
    limit: int,
    condition: str,
    params: dict[str, Any],
    fields: Sequence[str],
    consistency: str,
    timeout: float,
) -> Any:
    """For each vector the rows whose `field` is nearest, as `schema_pb2.SearchResultData`."""
    read = _consistently(handler, context, collection, consistency_level=consistency)
    request = Prepare.search_requests_with_expr(
        collection, field, params, limit, vectors.tolist(), expr=condition,
        output_fields=fields, **read,
    )  # fmt: skip
    answer = handler._stub.Search(request, timeout=timeout, metadata=context.to_grpc_metadata())
    check_status(answer.status)
    return answer.results


@_repeating
def query(
    handler: Any,
    context: Any,
    collection: str,
    *,
    condition: str,
    fields: Sequence[str],
    consistency: str,
    timeout: float,
    **options: Any,
) -> Any:
    """The rows that satisfy a condition, as `milvus_pb2.QueryResults`."""
    read = _consistently(handler, context, collection, consistency_level=consistency, **options)
    request = Prepare.query_request(collection, condition, fields, None, **read)
    answer = handler._stub.Query(request, timeout=timeout, metadata=context.to_grpc_metadata())
    check_status(answer.status)
    # Where nothing is found, columns are there all the same, and empty.
    if not answer.fields_data:
        raise MilvusException(message="no columns in an answer")
    return answer


def _consistently(handler: Any, context: Any, collection: str, **options: Any) -> dict[str, Any]:
    database = context.get_db_name()
    default = construct_guarantee_ts(collection, options, handler.server_address, database)
    return {"use_default_consistency": default, **options}
