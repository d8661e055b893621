"""`vsearch retry`: files that failed, tried again."""

from __future__ import annotations

from typing import Annotated

import typer

from pipeline.cli.ingest import MaxMinutes, run_and_report
from pipeline.cli.options import AsJson, ConfigFile, Overrides

EPILOG = "vsearch status shows what failed, since when and how often."


def retry_cli(
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PATH]...",
            help="Failed files, folders or patterns such as 'cam1/*'; all that failed if none is"
            " given.",
        ),
    ] = None,
    code: Annotated[
        str | None,
        typer.Option(
            "--code", metavar="CODE", help="Only those that failed with this code: decode_timeout."
        ),
    ] = None,
    max_minutes: MaxMinutes = None,
    config: ConfigFile = None,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Try files again that failed.

    Runs pass over a file that failed, until it changes, or vsearch, its decoders or the decode
    settings do. This tries them now. The exit code is 3 if some fail again.
    """
    run_and_report(
        "retry",
        None,
        config,
        overrides,
        as_json=as_json,
        max_minutes=max_minutes,
        names=tuple(paths or ()),
        code=code,
    )
