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

from pipeline.data import Float32Array


def search(
    client: MilvusClient,
    collection: str,
    *,
    field: str,
    vector: Float32Array,
    limit: int,
    condition: str,
    params: dict[str, Any],
    fields: Sequence[str],
    consistency: str,
    timeout: float,
) -> Any:
    """The rows whose `field` is nearest to a vector, as `schema_pb2.SearchResultData`."""
    read = _consistently(client, collection, consistency_level=consistency)
    request = Prepare.search_requests_with_expr(
        collection, field, params, limit, [vector.tolist()], expr=condition,
        output_fields=fields, **read,
    )  # fmt: skip
    return _ask(client, "Search", request, timeout=timeout).results


def query(
    client: MilvusClient,
    collection: str,
    *,
    condition: str,
    fields: Sequence[str],
    consistency: str,
    timeout: float,
    **options: Any,
) -> Any:
    """The rows that satisfy a condition, as `milvus_pb2.QueryResults`."""
    read = _consistently(client, collection, consistency_level=consistency, **options)
    request = Prepare.query_request(collection, condition, fields, None, **read)
    return _ask(client, "Query", request, timeout=timeout)


def _consistently(client: MilvusClient, collection: str, **options: Any) -> dict[str, Any]:
    handler = client._get_connection()
    database = client._generate_call_context().get_db_name()
    default = construct_guarantee_ts(collection, options, handler.server_address, database)
    return {"use_default_consistency": default, **options}


def _ask(client: MilvusClient, method: str, request: Any, *, timeout: float) -> Any:
    metadata = client._generate_call_context().to_grpc_metadata()
    return _repeat(client._get_connection(), method, request, timeout=timeout, metadata=metadata)


def _sent(handler: Any, method: str, request: Any, *, timeout: float, metadata: Any) -> Any:
    answer = getattr(handler._stub, method)(request, timeout=timeout, metadata=metadata)
    check_status(answer.status)
    return answer


_repeat: Callable[..., Any] = retry_on_rpc_failure()(_sent)
