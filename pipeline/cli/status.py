"""`vsearch status`: what is in the archive, how fresh and how large it is, and what failed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import typer

from pipeline.cli.options import AsJson, ConfigFile, Overrides, json_errors, load, print_json
from pipeline.text import clock, printable

if TYPE_CHECKING:
    from pipeline.config import Config
    from pipeline.data import FailedFile

EPILOG = "What to watch of it: see docs/operations.md."

_MEGABYTE = 1e6


def status_cli(
    config: ConfigFile = None, overrides: Overrides = None, as_json: AsJson = False
) -> None:
    """Show what is indexed, how fresh and how large it is, and what failed.

    Videos and rows, the last run, sizes, the encoder and the settings that made the archive, what
    earlier runs and settings left over, and the files whose last attempt failed.
    """
    with json_errors(as_json):
        loaded = load(config, overrides)
        document = status(loaded.config)
    if as_json:
        print_json(document)
        return
    lines = [*_lines(document)]
    width = max(len(name) for name, _ in lines)
    for name, text in lines:
        typer.echo(f"{name:{width}}  {text}".rstrip())
    for failure in _told(document):
        place, message = printable(failure["uri"]), printable(failure["message"])
        typer.echo(f"  {place} [{failure['code']}]: {message}{_often(failure)}")


def status(config: Config) -> dict[str, Any]:
    """What `status --json` says; its keys stay."""
    import dataclasses

    from pipeline.cli.generations import described
    from pipeline.ingest.state import last_run
    from pipeline.store import Generations, VideoStore

    with VideoStore.connect(config.store) as store:
        store.open_for_reading()
        # Before all rows are counted: what is committed in between is not taken for left over.
        totals = store.totals()
        stats = store.stats()
        with Generations(config.store) as generations:
            others = [described(each) for each in generations.all() if each.role != "current"]
    identity = stats.settings.identity
    failures = _failures(config, stats.names.segments)
    return {
        "store": stats.uri,
        "server": stats.server_version,
        "collection": config.store.collection,
        "segments": stats.names.segments,
        "fingerprint": stats.names.fingerprint,
        "form": stats.settings.schema,
        **dataclasses.asdict(totals),
        "partial": [{"uri": path, "covered": spans} for path, spans in totals.partial.items()],
        "last_run": last_run(config),
        "index": {"type": stats.settings.index.type, **stats.settings.index.params},
        "encoder": dict(identity.encoder),
        "content": dict(identity.content),
        "dim": identity.dim,
        "versions": dict(stats.settings.versions),
        "vector_bytes": 4 * identity.dim * (stats.rows + totals.videos),
        "file_bytes": stats.file_bytes,
        "left_over": {"rows": max(0, stats.rows - totals.rows), "generations": others},
        "failed": dict(sorted(Counter(each.failure.code for each in failures).items())),
        "failures": [_failure(each) for each in failures],
    }


def _failure(each: FailedFile) -> dict[str, Any]:
    return {
        "uri": each.failure.uri,
        "code": each.failure.code,
        "message": each.failure.message,
        "since": each.since,
        "last": each.last,
        "attempts": each.attempts,
        "tried_with": each.tried_with,
    }


def _failures(config: Config, segments: str) -> list[FailedFile]:
    from pipeline.ingest.ledger import Ledger
    from pipeline.ingest.state import ledger_path

    path = ledger_path(config, segments)
    if not path.exists():
        return []
    with Ledger(path) as ledger:
        return ledger.failures()


def _lines(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The document as people read it: names, and what is to say."""
    yield "archive", f"{document['collection']} in {document['store']} ({document['server']})"
    yield "videos", f"{document['videos']}, {clock(document['video_s'])} in all"
    yield "rows", str(document["rows"])
    if document["videos"]:
        yield "indexed", f"{document['oldest_indexed_at']} to {document['newest_indexed_at']}"
    yield "last run", _run(document["last_run"])
    yield "size", _size(document)
    encoder = document["encoder"]
    weights = f", weights {encoder['weights_sha256'][:12]}" if "weights_sha256" in encoder else ""
    yield "encoder", f"{encoder['backend']} {encoder['model']}{weights}"
    yield "scenes", _flat(document["content"]["scenes"])
    yield "sample", _flat(document["content"]["sample"])
    yield "index", _flat(document["index"])
    yield "segments", f"{document['segments']}, rows in form {document['form']}"
    yield "left over", f"{document['left_over']['rows']} rows of no committed video"
    for each in document["left_over"]["generations"]:
        yield (
            "",
            f"{each['segments']} ({each['role']}): {each['videos']} videos, {each['rows']} rows,"
            f" {each['vector_bytes'] / _MEGABYTE:.1f} MB of vectors",
        )
    failed = _flat(document["failed"])
    yield "failed", f"{failed}; vsearch retry tries them again" if failed else "none"
    yield "partial", f"{len(document['partial'])} videos, in as far as they can be read"
    for each in document["partial"]:
        spans = ", ".join(f"{clock(start_s)}-{clock(end_s)}" for start_s, end_s in each["covered"])
        yield "", f"{printable(each['uri'])}: {spans}"


def _run(note: dict[str, Any] | None) -> str:
    if note is None:
        return "none is noted in run.state_dir"
    text = f"{note['command']}, {note['started']} to {note['ended']}: "
    if note["error"]:
        return f"{text}error {note['error']['code']}: {printable(note['error']['message'])}"
    counts = {name: count for name, count in note["report"]["videos"].items() if count}
    return text + (", ".join(f"{count} {name}" for name, count in counts.items()) or "no files")


def _size(document: dict[str, Any]) -> str:
    text = f"{document['vector_bytes'] / _MEGABYTE:.1f} MB of vectors (dim {document['dim']})"
    if document["file_bytes"] is not None:
        text += f", {document['file_bytes'] / _MEGABYTE:.1f} MB on disk"
    return text


def _flat(value: dict[str, Any]) -> str:
    return ", ".join(f"{key} {inner}" for key, inner in value.items() if inner is not None)


def _often(failure: dict[str, Any]) -> str:
    """Since when a file fails; nothing of what only the last run said."""
    if not failure.get("since"):
        return ""
    times = f"{failure['attempts']} times" if failure["attempts"] > 1 else "once"
    return f" (since {failure['since']}, tried {times})"


def _told(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Files that failed, and what else the last run failed at, such as a folder that is away."""
    failures: list[dict[str, Any]] = document["failures"]
    report = (document["last_run"] or {}).get("report") or {"failures": []}
    known = {failure["uri"] for failure in failures}
    return failures + [each for each in report["failures"] if each["uri"] not in known]
