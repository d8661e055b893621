"""`vsearch import`: what `vsearch export` wrote, into an archive."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.cli.options import AsJson, ConfigFile, Overrides, json_errors, load, print_json
from pipeline.errors import Code, VSearchError

if TYPE_CHECKING:
    from pipeline.backup.restore import ImportReport
    from pipeline.config import Config


def import_cli(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="A folder that vsearch export has written.")
    ],
    config: ConfigFile = None,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Bring an exported archive back, here or into another Milvus.

    The archive that store.uri and store.collection name is made if it is not there. Videos that are
    in already are passed over, so that an import that was interrupted is run again.
    """
    with json_errors(as_json):
        report = _import(load(config, overrides).config, folder)
    if as_json:
        print_json(_document(report))
        return
    typer.echo(
        f"{report.found} found: {report.imported} imported, {report.unchanged} unchanged;"
        f" {report.rows_written} rows in {report.wall_s:.1f} s"
    )


def _import(config: Config, folder: Path) -> ImportReport:
    from pipeline.backup.restore import import_archive
    from pipeline.cli.counting import counting

    try:
        with counting("importing") as watch:
            return import_archive(config, folder, watch)
    except KeyboardInterrupt:
        raise VSearchError(
            "interrupted: committed videos are kept, run again to go on", code=Code.INTERRUPTED
        ) from None


def _document(report: ImportReport) -> dict[str, Any]:
    return {
        "videos": {
            "found": report.found,
            "imported": report.imported,
            "unchanged": report.unchanged,
        },
        "rows_written": report.rows_written,
        "wall_s": round(report.wall_s, 3),
    }
