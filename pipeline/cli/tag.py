"""`vsearch tag`: labels of videos, shown and changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.cli.options import AsJson, ConfigFile, Overrides, json_errors, load, print_json
from pipeline.errors import Code, ConfigError
from pipeline.text import printable

if TYPE_CHECKING:
    from pipeline.data import VideoFacts

EPILOG = """VIDEO is a path as ingested, a content id or its first 8 digits, or a pattern of paths.

\b
  vsearch tag lecture.mp4
  vsearch tag 'lectures/**' --add lecture --add indoor
  vsearch tag --where 'tag = lecture and recorded < 2020-01-01' --add old --remove new
"""


def tag_cli(
    videos: Annotated[
        list[str] | None, typer.Argument(metavar="[VIDEO]...", help="Which videos; see below.")
    ] = None,
    add: Annotated[
        list[str] | None,
        typer.Option(metavar="TAG", help="Add this tag; can be repeated."),
    ] = None,
    remove: Annotated[
        list[str] | None,
        typer.Option(metavar="TAG", help="Remove this tag; can be repeated."),
    ] = None,
    where: Annotated[
        str | None,
        typer.Option(
            "--where",
            "-w",
            metavar="FILTER",
            help="Instead of VIDEO: all that satisfy this; vsearch query --help explains it.",
        ),
    ] = None,
    config: ConfigFile = None,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Add tags to videos, remove tags, or show them.

    Tags are what --where 'tag = night' asks for. A tag that a rule of source.tags gives may come
    back with a later ingest.
    """
    with json_errors(as_json):
        _check(videos, where)
        from pipeline.ingest.tags import tag
        from pipeline.search.where import videos_where

        chosen = None if where is None else videos_where(where)
        loaded = load(config, overrides)
        tagged = tag(loaded.config, videos or (), where=chosen, add=add or (), remove=remove or ())
    if as_json:
        print_json({"videos": [_document(facts) for facts in tagged]})
        return
    for facts in tagged:
        typer.echo(printable(facts.paths[0]) + "\t" + printable(", ".join(facts.tags)))
    if not tagged:
        typer.echo("no video satisfies the filter", err=True)


def _check(videos: list[str] | None, where: str | None) -> None:
    if bool(videos) == (where is not None):
        raise ConfigError(
            "say which videos: name them, or give --where, and not both",
            code=Code.CONFIG_INVALID,
            uri="vsearch tag",
        )


def _document(facts: VideoFacts) -> dict[str, Any]:
    return {
        "content_id": facts.video_id,
        "paths": list(facts.paths),
        "tags": list(facts.tags),
    }
