"""`vsearch doctor`: what is installed, and whether it would work."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from pipeline.cli.options import AsJson, ConfigFile, Overrides, json_errors, load, print_json
from pipeline.errors import Code, VSearchError

if TYPE_CHECKING:
    from pipeline.config import Config
    from pipeline.data import UInt8Array

_NEEDED = ("av", "clip-anytorch", "decord2", "numpy", "pymilvus", "scenedetect-headless", "torch")
_OPTIONAL = {"milvus-lite": "a .db file as store", "open-clip-torch": "encode.backend: open_clip"}


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Args:
        what: Its name.
        state: `ok`, `missing` (not needed now, or made by the first ingest), or `error`.
        detail: What was found.
    """

    what: str
    state: str
    detail: str


def doctor_cli(
    config: ConfigFile = None, overrides: Overrides = None, as_json: AsJson = False
) -> None:
    """Check that all that is needed is there.

    Packages, decoders, device, weights and store; exit code 1 if something is wrong.
    """
    with json_errors(as_json):
        loaded = load(config, overrides)
    findings = list(examine(loaded.config))
    healthy = all(finding.state != "error" for finding in findings)
    if as_json:
        checks = [dataclasses.asdict(finding) for finding in findings]
        print_json({"healthy": healthy, "checks": checks})
    else:
        for finding in findings:
            typer.echo(f"{finding.state:8} {finding.what:20} {finding.detail}")
    raise typer.Exit(0 if healthy else 1)


def examine(config: Config) -> Iterator[Finding]:
    """Look at everything that an ingest and a query under these settings need."""
    yield Finding("python", "ok", sys.version.split()[0])
    yield from _packages()
    yield from _decoders(config)
    yield from _encoder(config)
    yield _store(config)


def _packages() -> Iterator[Finding]:
    from importlib.metadata import PackageNotFoundError, version

    for name in (*_NEEDED, *_OPTIONAL):
        try:
            yield Finding(name, "ok", version(name))
        except PackageNotFoundError:
            if name in _OPTIONAL:
                yield Finding(name, "missing", f"only needed for {_OPTIONAL[name]}")
            else:
                yield Finding(name, "error", "not installed: install vsearch again")


def _decoders(config: Config) -> Iterator[Finding]:
    """Both decoders read a clip, in a process of their own as in an ingest."""
    import tempfile
    from pathlib import Path

    from pipeline.ingest.inspect import scenes_of_file
    from pipeline.media.writer import write_video

    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder, "clip.mp4")
        write_video(clip, _gray_frames())
        for backend in ("decord", "pyav"):
            chosen = config.decode.model_copy(update={"backend": backend})
            try:
                scenes_of_file(clip, config.model_copy(update={"decode": chosen}))
            except VSearchError as error:
                yield Finding(backend, "error", error.message)
            else:
                use = "used" if config.decode.backend in (backend, "auto") else "not used"
                yield Finding(backend, "ok", f"decodes H.264; {use} (decode.backend)")


def _gray_frames() -> Iterator[UInt8Array]:
    import numpy as np

    for level in range(0, 250, 10):
        yield np.full((64, 64, 3), level, dtype=np.uint8)


def _encoder(config: Config) -> Iterator[Finding]:
    from pipeline.models import describe

    status = describe(config.encode)
    for problem in status.problems:
        # What is published is fetched by the first run.
        published = config.encode.backend == "openai" and config.encode.weights is None
        fetched = published and problem.code == Code.WEIGHTS_MISSING
        yield Finding("encoder", "missing" if fetched else "error", str(problem))
    if status.device and status.precision:
        yield Finding("device", "ok", f"{status.device}, {status.precision}")
    if status.sha256:
        yield Finding("weights", "ok", f"{status.weights}, SHA-256 {status.sha256[:12]}...")


def _store(config: Config) -> Finding:
    from pipeline.store import VideoStore

    try:
        with VideoStore.connect(config.store) as store:
            store.open_for_reading()
            stats = store.stats()
            store.check_form()
    except VSearchError as error:
        state = "missing" if error.code == Code.NOT_INDEXED else "error"
        return Finding("store", state, str(error))
    return Finding(
        "store",
        "ok",
        f"{stats.uri} ({stats.server_version}): {stats.videos} videos, {stats.rows} rows",
    )
