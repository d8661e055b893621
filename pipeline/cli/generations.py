"""`vsearch rollback` and `vsearch prune`: back to what answered before, or rid of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.cli.options import (
    AsJson,
    ConfigFile,
    Overrides,
    confirmed,
    json_errors,
    load,
    print_json,
)

if TYPE_CHECKING:
    from pipeline.store import Generation

_MEGABYTE = 1e6


def rollback_cli(
    config: ConfigFile = None, overrides: Overrides = None, as_json: AsJson = False
) -> None:
    """Let the archive that answered before the last switch answer again.

    Doing it twice goes forth and back. Paths and tags go along; videos that came or went since the
    switch do not.
    """
    with json_errors(as_json):
        loaded = load(config, overrides)
        from pipeline.ingest.migrate import rollback

        done = rollback(loaded.config)
    if as_json:
        print_json({"segments": done.names.segments, "more": done.more, "fewer": done.fewer})
        return
    typer.echo(f"{done.names.segments} answers again")
    if done.more or done.fewer:
        typer.echo(
            f"it has {done.more} videos that the other one lacks, and lacks {done.fewer} that it"
            " has: vsearch reindex, with the settings of this one, makes it equal to the disk"
        )


def prune_cli(
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    keep_previous: Annotated[
        bool, typer.Option("--keep-previous", help="Keep what vsearch rollback goes back to.")
    ] = False,
    config: ConfigFile = None,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Drop what new settings left behind: every archive of this name but the one that answers.

    It says what, and how much, before it asks. What a later vsearch made stays.
    """
    with json_errors(as_json):
        loaded = load(config, overrides)
        from pipeline.ingest.migrate import prune

        confirm = (lambda found: True) if yes else _confirm
        dropped = prune(loaded.config, confirm=confirm, keep_previous=keep_previous)
    if as_json:
        print_json({"dropped": [described(each) for each in dropped]})
        return
    for each in dropped:
        typer.echo(f"dropped {_line(each)}")
    if not dropped:
        typer.echo("nothing was dropped")


def described(generation: Generation) -> dict[str, Any]:
    """A generation as `--json` says it."""
    return {
        "segments": generation.names.segments,
        "role": generation.role,
        "videos": generation.videos,
        "rows": generation.rows,
        "vector_bytes": generation.vector_bytes,
    }


def _line(generation: Generation) -> str:
    return (
        f"{generation.names.segments} ({generation.role}): {generation.videos} videos,"
        f" {generation.rows} rows, {generation.vector_bytes / _MEGABYTE:.1f} MB of vectors"
    )


def _confirm(found: list[Generation]) -> bool:
    return confirmed(map(_line, found), "Drop these?", command="vsearch prune")
