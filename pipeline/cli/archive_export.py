"""`vsearch export`: the archive into a folder of Parquet files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.cli.options import AsJson, ConfigFile, Overrides, json_errors, load, print_json
from pipeline.errors import Code, VSearchError
from pipeline.text import printable

if TYPE_CHECKING:
    from pipeline.backup.write import ExportReport
    from pipeline.config import Config


def export_cli(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new folder, or an empty one.")],
    force: Annotated[bool, typer.Option("--force", help="Replace an earlier export.")] = False,
    config: ConfigFile = None,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Write the archive to a folder of Parquet files.

    All videos, their vectors and the settings that they were made with: a backup, and the way to
    another Milvus. The videos' files are not in it. See `vsearch import`.
    """
    with json_errors(as_json):
        report = _export(load(config, overrides).config, folder, force)
    if as_json:
        print_json(_document(report))
        return
    typer.echo(
        f"exported {report.videos} videos, {report.rows} rows to"
        f" {printable(str(report.folder))} ({report.size_bytes / 1e6:.1f} MB)"
        f" in {report.wall_s:.1f} s"
    )


def _export(config: Config, folder: Path, force: bool) -> ExportReport:
    from pipeline.backup.write import export_archive
    from pipeline.cli.counting import counting

    try:
        with counting("exporting") as watch:
            return export_archive(config, folder, watch, force=force)
    except KeyboardInterrupt:
        raise VSearchError("interrupted: nothing was exported", code=Code.INTERRUPTED) from None


def _document(report: ExportReport) -> dict[str, Any]:
    return {
        "folder": str(report.folder),
        "videos": report.videos,
        "rows": report.rows,
        "size_bytes": report.size_bytes,
        "wall_s": round(report.wall_s, 3),
    }
