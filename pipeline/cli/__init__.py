"""The command line: one file a command, each a thin `x_cli` over a plain function of another room.

Importing this package must stay cheap: `vsearch --help` imports neither torch nor numpy, so that
commands import what they need when they run.
"""

from __future__ import annotations

import sys

import typer

from pipeline.cli.archive_export import export_cli
from pipeline.cli.archive_import import import_cli
from pipeline.cli.config import config_app
from pipeline.cli.delete import delete_cli
from pipeline.cli.doctor import doctor_cli
from pipeline.cli.generations import prune_cli, rollback_cli
from pipeline.cli.ingest import ingest_cli
from pipeline.cli.plot import plot_cli
from pipeline.cli.probe import probe_cli
from pipeline.cli.query import EPILOG as QUERY_EPILOG
from pipeline.cli.query import query_cli
from pipeline.cli.refine import EPILOG as REFINE_EPILOG
from pipeline.cli.refine import refine_cli
from pipeline.cli.reindex import EPILOG as REINDEX_EPILOG
from pipeline.cli.reindex import reindex_cli
from pipeline.cli.retry import EPILOG as RETRY_EPILOG
from pipeline.cli.retry import retry_cli
from pipeline.cli.scenes import scenes_cli
from pipeline.cli.sequence import EPILOG as SEQUENCE_EPILOG
from pipeline.cli.sequence import sequence_cli
from pipeline.cli.similar import EPILOG as SIMILAR_EPILOG
from pipeline.cli.similar import similar_cli
from pipeline.cli.status import EPILOG as STATUS_EPILOG
from pipeline.cli.status import status_cli
from pipeline.cli.tag import EPILOG as TAG_EPILOG
from pipeline.cli.tag import tag_cli
from pipeline.errors import FilterError, VSearchError
from pipeline.text import printable

app = typer.Typer(
    name="vsearch",
    help="Find moments in video archives by what is seen in them.",
    epilog='Start with: vsearch ingest VIDEOS/ && vsearch query "a red car"',
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # rich takes longer to import than all the rest of --help
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("ingest")(ingest_cli)
app.command("reindex", epilog=REINDEX_EPILOG)(reindex_cli)
app.command("retry", epilog=RETRY_EPILOG)(retry_cli)
app.command("query", epilog=QUERY_EPILOG)(query_cli)
app.command("similar", epilog=SIMILAR_EPILOG)(similar_cli)
app.command("sequence", epilog=SEQUENCE_EPILOG)(sequence_cli)
app.command("refine", epilog=REFINE_EPILOG)(refine_cli)
app.command("plot")(plot_cli)
app.command("status", epilog=STATUS_EPILOG)(status_cli)
app.command("tag", epilog=TAG_EPILOG)(tag_cli)
app.command("delete")(delete_cli)
app.command("rollback")(rollback_cli)
app.command("prune")(prune_cli)
app.command("export")(export_cli)
app.command("import")(import_cli)
app.command("probe")(probe_cli)
app.command("scenes")(scenes_cli)
app.add_typer(config_app, name="config")
app.command("doctor")(doctor_cli)


@app.callback(invoke_without_command=True)
def _version_cli(
    context: typer.Context,
    version: bool = typer.Option(False, "--version", help="Print the version and exit."),
) -> None:
    if version:
        from importlib.metadata import version as installed

        typer.echo(installed("vsearch"))
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit(2)


def main() -> None:
    """Run the command line; an error that a user can cause is one line on stderr.

    A filter that cannot be read is shown below that line, with a caret.
    """
    try:
        app()
    except FilterError as error:
        typer.echo(f"vsearch: error: {error}", err=True)
        sys.exit(error.exit_code)
    except VSearchError as error:
        typer.echo(f"vsearch: error: {printable(str(error))}", err=True)
        sys.exit(error.exit_code)
