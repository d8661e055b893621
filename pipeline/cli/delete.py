"""`vsearch delete`: videos out of the archive; files stay where they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

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
from pipeline.text import printable

if TYPE_CHECKING:
    from pipeline.data import VideoRecord


def delete_cli(
    videos: Annotated[
        list[str],
        typer.Argument(
            metavar="VIDEO...",
            help="Paths as ingested, content ids or their first 8 digits, patterns of paths.",
        ),
    ],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    config: ConfigFile = None,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Remove videos from the archive.

    Their files stay where they are, and a later ingest brings them back.
    """
    from pipeline.ingest.delete import delete

    with json_errors(as_json):
        loaded = load(config, overrides)
        deleted = delete(loaded.config, videos, confirm=(lambda found: True) if yes else _confirm)
    if as_json:
        print_json({"deleted": [record.video.video_id for record in deleted]})
        return
    for record in deleted:
        typer.echo(f"deleted {printable(record.video.path)} ({record.rows} rows)")


def _confirm(found: list[VideoRecord]) -> bool:
    lines = (f"{printable(record.video.path)} ({record.rows} rows)" for record in found)
    question = f"Remove {len(found)} from the archive?"
    return confirmed(lines, question, command="vsearch delete")
