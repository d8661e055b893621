"""`vsearch probe`: what a player would show of a file."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.options import AsJson, ConfigFile, Overrides, json_errors, load, print_json
from pipeline.text import printable


def probe_cli(
    video: Annotated[Path, typer.Argument(help="A video file.")],
    check: Annotated[
        bool, typer.Option("--check", help="Decode all of it, to see whether it is whole.")
    ] = False,
    config: ConfigFile = None,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Show what a video file is.

    Codec, upright size, presented frames, duration, as a player shows them. What of a damaged file
    can be read is in covered: with --check, since only decoding says it. cut_short says that the
    file ends before it should.
    """
    from pipeline.media.look import look_at

    with json_errors(as_json):
        loaded = load(config, overrides)
        look_at(video)
        # It imports decoders, which takes longer than that look.
        from pipeline.ingest.inspect import probe_file

        found = dataclasses.asdict(probe_file(video, loaded.config, check=check))
    stamp = found.pop("stamp")
    document = {**found, "size_bytes": stamp["size_bytes"]}
    if not check:
        document["covered"] = None
    if as_json:
        print_json(document)
        return
    for name, value in document.items():
        typer.echo(f"{name:12} {_shown(name, value)}")


def _shown(name: str, value: object) -> str:
    if value is None:
        return "unknown; see --check" if name == "covered" else "unknown"
    if value == () and name == "covered":
        return "all of it"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.3f}" if isinstance(value, float) else printable(str(value))
