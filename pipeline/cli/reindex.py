"""`vsearch reindex`: the archive made equal to the disk and the settings."""

from __future__ import annotations

from typing import Annotated

import typer

from pipeline.cli.ingest import MaxMinutes, run_and_report
from pipeline.cli.options import AsJson, ConfigFile, Overrides

EPILOG = "From cron: see docs/operations.md. Exit code 4: another run is at it, try again later."


def reindex_cli(
    max_minutes: MaxMinutes = None,
    remove_gone: Annotated[
        bool,
        typer.Option(
            "--remove-gone", help="Remove videos of a folder even if it lost nearly all of them."
        ),
    ] = False,
    accept_loss: Annotated[
        bool,
        typer.Option(
            "--accept-loss", help="Switch to new settings even if some videos cannot be read again."
        ),
    ] = False,
    config: ConfigFile = None,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Make the archive equal to the files of source.paths, with the least work.

    New and changed files are ingested; renamed and copied ones cost no decoding; videos without a
    file are removed. With other settings a new archive is made beside the one that answers,
    checked, and switched to at once; vsearch rollback goes back, but to no archive whose rows are
    stored in the form of an older vsearch.
    """
    run_and_report(
        "reindex",
        None,
        config,
        overrides,
        as_json=as_json,
        max_minutes=max_minutes,
        remove_gone=remove_gone,
        accept_loss=accept_loss,
    )
