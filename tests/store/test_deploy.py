"""What the compose file promises, read as YAML: starting it needs Docker and is not tested here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

COMPOSE = Path(__file__).parents[2] / "deploy" / "milvus-standalone.yml"


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())
    return loaded


def test_services(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert set(services) == {"etcd", "minio", "milvus"}
    assert services["milvus"]["image"] == "milvusdb/milvus:v3.0.1"
    assert all("healthcheck" in service for service in services.values())
    assert all(":" in service["image"] for service in services.values())


def test_only_one_port_is_published_and_only_here(compose: dict[str, Any]) -> None:
    published = [
        port for service in compose["services"].values() for port in service.get("ports", ())
    ]
    assert published == ["127.0.0.1:19530:19530"]
    assert not any("network_mode" in service for service in compose["services"].values())


def test_data_is_in_named_volumes(compose: dict[str, Any]) -> None:
    mounted = [v for service in compose["services"].values() for v in service["volumes"]]
    assert {mount.partition(":")[0] for mount in mounted} == set(compose["volumes"])


def test_credentials_are_required_and_not_written_here(compose: dict[str, Any]) -> None:
    milvus = compose["services"]["milvus"]["environment"]
    assert milvus["COMMON_SECURITY_AUTHORIZATIONENABLED"] == "true"
    secret = [
        value
        for service in compose["services"].values()
        for name, value in service["environment"].items()
        if any(word in name for word in ("PASSWORD", "SECRET", "USER", "ACCESS_KEY"))
    ]
    assert len(secret) == 5
    assert all(value.startswith("${") and ":?" in value for value in secret)
