"""`vsearch scenes`: where a video is cut, without a model or a store."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.options import AsJson, ConfigFile, Overrides, json_errors, load, print_json
from pipeline.text import clock


def scenes_cli(
    video: Annotated[Path, typer.Argument(help="A video file.")],
    config: ConfigFile = None,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Show the scenes of a video file.

    The settings of `scenes` say how it is cut; neither a model nor a store is needed.
    """
    from pipeline.media.look import look_at

    with json_errors(as_json):
        loaded = load(config, overrides)
        look_at(video)
        # It imports decoders, which takes longer than that look.
        from pipeline.ingest.inspect import scenes_of_file

        found = scenes_of_file(video, loaded.config)
    if as_json:
        spans = [{"index": s.index, "start_s": s.start_s, "end_s": s.end_s} for s in found]
        print_json({"scenes": spans})
        return
    for scene in found:
        typer.echo(
            f"{scene.index:4}  {clock(scene.start_s):>10} - {clock(scene.end_s):>10}"
            f"  {scene.end_s - scene.start_s:8.2f} s  {scene.boundary}"
        )
