"""`vsearch status`: what is in the archive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from pipeline.cli.options import AsJson, ConfigFile, Overrides, json_errors, load, print_json
from pipeline.text import printable

if TYPE_CHECKING:
    from pipeline.config import Config


def status_cli(
    config: ConfigFile = None, overrides: Overrides = None, as_json: AsJson = False
) -> None:
    """Show what is indexed, and what failed.

    Counts, index, encoder, and the files whose last attempt failed.
    """
    with json_errors(as_json):
        loaded = load(config, overrides)
        document = status(loaded.config)
    if as_json:
        print_json(document)
        return
    failures = document.pop("failures")
    encoder = document.pop("encoder")
    document["encoder"] = {
        name: encoder[name] for name in ("backend", "model", "weights_sha256") if name in encoder
    }
    for name, value in document.items():
        typer.echo(f"{name:14} {_flat(value)}")
    typer.echo(f"{'failures':14} {len(failures)}")
    for failure in failures:
        typer.echo(f"  {printable(failure['uri'])} [{failure['code']}]: {failure['message']}")


def status(config: Config) -> dict[str, Any]:
    """What `status --json` says."""
    import dataclasses

    from pipeline.ingest.ledger import Ledger
    from pipeline.ingest.state import ledger_path
    from pipeline.store import VideoStore

    with VideoStore.connect(config.store) as store:
        store.open_for_reading()
        stats = store.stats()
    path = ledger_path(config, stats.names.segments)
    failures: list[dict[str, str]] = []
    if path.exists():
        with Ledger(path) as ledger:
            failures = [dataclasses.asdict(failure) for failure in ledger.failures()]
    return {
        "store": stats.uri,
        "server": stats.server_version,
        "collection": config.store.collection,
        "segments": stats.names.segments,
        "videos": stats.videos,
        "rows": stats.rows,
        "index": {"type": stats.settings.index.type, **stats.settings.index.params},
        "encoder": dict(stats.settings.identity.encoder),
        "dim": stats.settings.identity.dim,
        "failures": failures,
    }


def _flat(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {inner}" for key, inner in value.items())
    return str(value)
