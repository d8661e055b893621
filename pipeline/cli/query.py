"""`vsearch query`: a question, and the videos and moments that answer it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.cli.export import (
    ExportAll,
    ExportFolder,
    ExportFormat,
    Open,
    Overwrite,
    export_document,
    export_order,
    play,
    print_report,
    run_export,
)
from pipeline.cli.ingest import SOME_FAILED
from pipeline.cli.options import (
    AsJson,
    ConfigFile,
    Overrides,
    json_errors,
    load,
    on_terminal,
    print_json,
)
from pipeline.text import clock, printable

if TYPE_CHECKING:
    from pipeline.data import Answer, Moment, VideoHit, VideoRecord
    from pipeline.export.run import ExportReport
    from pipeline.filters import Filter

MOMENTS_A_LINE = 3
FILTERS = """A filter joins conditions with and, or, not and parentheses:

\b
  time in 1:30..2:00              moments there: seconds, m:ss or h:mm:ss
  duration < 60                   the video's length
  recorded >= 2024-05-01          days in UTC, or 2024-05-01T18:30+02:00
  path = "cam1/*"                 * in a name, ** across folders; cam1: all of it
  tag = night                     a label of the video
  kind = tile                     or frame, or scene
  video in (3f2a91c0, 77d0e41b)   the first 8 digits of their ids, or more

The first three take =, !=, <, <=, >, >= and in A..B; the others =, != and in (A, B).

\b
  vsearch query "a red car" --where 'path = cam1 and not time < 10'
  vsearch query dusk -w 'recorded in 2024-05-01..2024-05-31 or tag = night'
"""


def query_cli(
    text: Annotated[
        str | None, typer.Argument(help='What to look for, such as "a red car".')
    ] = None,
    image: Annotated[
        Path | None, typer.Option("--image", "-i", metavar="FILE", help="Look for a picture.")
    ] = None,
    where: Annotated[
        str | None,
        typer.Option(
            "--where",
            "-w",
            metavar="FILTER",
            help="Search only there, such as 'tag = night'; see below.",
        ),
    ] = None,
    top_k: Annotated[
        int | None,
        typer.Option("--top-k", "-k", min=1, max=1000, help="Most videos; else search.top_k."),
    ] = None,
    contact_sheet: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Draw the best moments into a picture (.png, .jpg, .webp), the first 100 at most.",
        ),
    ] = None,
    export: ExportFolder = None,
    export_format: ExportFormat = None,
    export_all: ExportAll = False,
    overwrite: Overwrite = False,
    open_best: Open = False,
    config: ConfigFile = None,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Find videos and moments by what is seen.

    The best videos come first, and in each the best moments.
    """
    with json_errors(as_json):
        more = () if top_k is None else (f"search.top_k={top_k}",)
        from pipeline.search.compose import check_question

        check_question(text, image)
        wanted = None if where is None else _filter(where)
        if contact_sheet is not None:
            from pipeline.media.picture import check_picture_path

            check_picture_path(contact_sheet)
        asked = (text if image is None else image.name) or ""
        order = export_order(export, export_format, export_all, overwrite, asked)
        loaded = load(config, overrides, *more)
        answer = _search(loaded.config, text, image, wanted)
        # The one document of --json says what was exported too.
        early = run_export(answer, order) if order and as_json else None
    _print_answer(answer, as_json, early)
    if contact_sheet is not None:
        _draw_sheet(contact_sheet, answer, asked)
    report = run_export(answer, order) if order and not early else early
    if open_best:
        play(answer)
    if report is not None:
        print_report(report)
        if report.failures:
            raise typer.Exit(SOME_FAILED)


def _print_answer(answer: Answer, as_json: bool, exported: ExportReport | None) -> None:
    if as_json:
        document = answer_document(answer)
        if exported is not None:
            document["export"] = export_document(exported)
        print_json(document)
    elif not answer.results:
        typer.echo(f"no match: {answer.reason}", err=True)
    elif on_terminal():
        _print_table(answer)
    else:
        for place, found in enumerate(answer.results, start=1):
            typer.echo(_line(place, found))


def _filter(text: str) -> Filter:
    from pipeline.search.where.grammar import parse_filter

    return parse_filter(text)


def _search(config: Any, text: str | None, image: Path | None, where: Filter | None) -> Answer:
    from rich.console import Console

    from pipeline.search.searcher import Searcher

    console = Console(stderr=True)
    with console.status("loading the model") as status, Searcher(config) as searcher:
        status.update("searching")
        return searcher.query(text=text, image=image, where=where)


def _draw_sheet(path: Path, answer: Answer, heading: str) -> None:
    from rich.console import Console

    from pipeline.search.sheet import write_contact_sheet

    with Console(stderr=True).status("drawing the contact sheet"):
        write_contact_sheet(path, {heading: answer})
    typer.echo(f"contact sheet: {printable(str(path))}", err=True)


def answer_document(answer: Answer) -> dict[str, Any]:
    """The contract of `query --json`; `reason` is there where there is no result."""
    return {
        "results": [_result_document(found) for found in answer.results],
        "no_match": answer.no_match,
        "took_ms": round(answer.took_s * 1000, 1),
        **({"reason": answer.reason} if answer.reason else {}),
    }


def _result_document(found: VideoHit) -> dict[str, Any]:
    return {
        "content_id": found.record.video.video_id,
        "score": found.score,
        "confidence": found.confidence,
        "timestamps": [moment.best_s for moment in found.moments],
        "metadata": metadata_document(found.record),
        "moments": [_moment_document(moment) for moment in found.moments],
    }


def metadata_document(record: VideoRecord) -> dict[str, Any]:
    """`results[].metadata` of every command that finds videos."""
    video = record.video
    path = Path(video.path)
    return {
        "filename": path.name,
        "file_ext": path.suffix.lstrip("."),
        "file_id": video.video_id,
        "file_url": path.as_uri(),
        "paths": list(record.paths),
        "duration_s": video.duration_s,
        "width": video.width,
        "height": video.height,
        "frame_rate": video.frame_rate,
        "codec": video.codec,
        "size_bytes": video.stamp.size_bytes,
        "recorded_at": video.recorded_at,
        "indexed_at": record.indexed_at,
        "tags": list(record.tags),
    }


def _moment_document(moment: Moment) -> dict[str, Any]:
    box = moment.box
    return {
        "start_s": moment.start_s,
        "end_s": moment.end_s,
        "best_s": moment.best_s,
        "score": moment.score,
        "box": [box.x0, box.y0, box.x1, box.y1],
    }


def _print_table(answer: Answer) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("", "score", "video", "at", "moments", highlight=False)
    table.columns[1].justify = "right"
    for place, found in enumerate(answer.results, start=1):
        table.add_row(
            str(place),
            f"{found.score:.3f}",
            printable(Path(found.record.video.path).name),
            clock(found.moments[0].best_s),
            _spans(found),
        )
    console = Console(file=sys.stdout)
    console.print(table, markup=False)
    console.print(f"{len(answer.results)} videos in {answer.took_s * 1000:.0f} ms", style="dim")


def _line(place: int, found: VideoHit) -> str:
    return "\t".join(
        (
            str(place),
            f"{found.score:.3f}",
            clock(found.moments[0].best_s),
            _spans(found),
            printable(found.record.video.path),
        )
    )


def _spans(found: VideoHit) -> str:
    shown = [f"{clock(m.start_s)}-{clock(m.end_s)}" for m in found.moments[:MOMENTS_A_LINE]]
    rest = len(found.moments) - len(shown)
    return ", ".join(shown) + (f" and {rest} more" if rest else "")
