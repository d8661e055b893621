"""`vsearch query`: a question, and the videos and moments that answer it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

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
    from pipeline.data import Answer, Moment, VideoHit

MOMENTS_A_LINE = 3


def query_cli(
    text: Annotated[
        str | None, typer.Argument(help='What to look for, such as "a red car".')
    ] = None,
    image: Annotated[
        Path | None, typer.Option("--image", "-i", metavar="FILE", help="Look for a picture.")
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
        if contact_sheet is not None:
            from pipeline.search.sheet import check_sheet_path

            check_sheet_path(contact_sheet)
        loaded = load(config, overrides, *more)
        answer = _search(loaded.config, text, image)
    _print_answer(answer, as_json)
    if contact_sheet is not None:
        _draw_sheet(contact_sheet, answer, text if image is None else image.name)


def _print_answer(answer: Answer, as_json: bool) -> None:
    if as_json:
        print_json(answer_document(answer))
    elif not answer.results:
        typer.echo("no match: the archive holds no video", err=True)
    elif on_terminal():
        _print_table(answer)
    else:
        for place, found in enumerate(answer.results, start=1):
            typer.echo(_line(place, found))


def _search(config: Any, text: str | None, image: Path | None) -> Answer:
    from rich.console import Console

    from pipeline.search.searcher import Searcher

    console = Console(stderr=True)
    with console.status("loading the model") as status, Searcher(config) as searcher:
        status.update("searching")
        return searcher.query(text=text, image=image)


def _draw_sheet(path: Path, answer: Answer, heading: str | None) -> None:
    from rich.console import Console

    from pipeline.search.sheet import write_contact_sheet

    with Console(stderr=True).status("drawing the contact sheet"):
        write_contact_sheet(path, {heading or "": answer})
    typer.echo(f"contact sheet: {printable(str(path))}", err=True)


def answer_document(answer: Answer) -> dict[str, Any]:
    """The contract of `query --json`."""
    return {
        "results": [_result_document(found) for found in answer.results],
        "no_match": answer.no_match,
        "took_ms": round(answer.took_s * 1000, 1),
    }


def _result_document(found: VideoHit) -> dict[str, Any]:
    video = found.record.video
    path = Path(video.path)
    return {
        "content_id": video.video_id,
        "score": found.score,
        "confidence": found.confidence,
        "timestamps": [moment.best_s for moment in found.moments],
        "metadata": {
            "filename": path.name,
            "file_ext": path.suffix.lstrip("."),
            "file_id": video.video_id,
            "file_url": path.as_uri(),
            "paths": list(found.record.paths),
            "duration_s": video.duration_s,
            "width": video.width,
            "height": video.height,
            "frame_rate": video.frame_rate,
            "codec": video.codec,
            "size_bytes": video.stamp.size_bytes,
            "recorded_at": video.recorded_at,
            "indexed_at": found.record.indexed_at,
            "tags": list(found.record.tags),
        },
        "moments": [_moment_document(moment) for moment in found.moments],
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
