"""`vsearch plot`: the score over time of one video."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.cli.options import AsJson, ConfigFile, Overrides, json_errors, load, print_json
from pipeline.text import clock, printable, sparkline

if TYPE_CHECKING:
    from pipeline.data import ScoreCurve


def plot_cli(
    video: Annotated[
        str, typer.Argument(help="A path as ingested, a content id, or the start of one.")
    ],
    text: Annotated[
        str | None, typer.Argument(help='What to look for, such as "a red car".')
    ] = None,
    image: Annotated[
        Path | None, typer.Option("--image", "-i", metavar="FILE", help="Look for a picture.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Draw it (.png, .jpg, .webp)."),
    ] = None,
    config: ConfigFile = None,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Show how well each scene of a video answers.

    One line of blocks in the terminal, and a picture with --output.
    """
    with json_errors(as_json):
        from pipeline.search.compose import check_question

        check_question(text, image)
        if output is not None:
            from pipeline.media.picture import check_picture_path

            check_picture_path(output)
        loaded = load(config, overrides)
        curve = _curve(loaded.config, video, text, image)
        if output is not None:
            from pipeline.search.plot import write_plot

            write_plot(output, curve, heading=(text if image is None else image.name) or "")
            typer.echo(f"plot: {printable(str(output))}", err=True)
    if as_json:
        print_json(curve_document(curve))
    else:
        _print_curve(curve)


def curve_document(curve: ScoreCurve) -> dict[str, Any]:
    """The contract of `plot --json`."""
    video = curve.record.video
    columns = (curve.starts_s, curve.ends_s, curve.times_s, curve.scores)
    scenes = [
        {"start_s": start_s, "end_s": end_s, "best_s": best_s, "score": score}
        for start_s, end_s, best_s, score in zip(*(c.tolist() for c in columns), strict=True)
    ]
    return {
        "content_id": video.video_id,
        "path": video.path,
        "duration_s": video.duration_s,
        "best": scenes[curve.best],
        "scenes": scenes,
    }


def _curve(config: Any, video: str, text: str | None, image: Path | None) -> ScoreCurve:
    from rich.console import Console

    from pipeline.search.searcher import Searcher

    console = Console(stderr=True)
    with console.status("loading the model") as status, Searcher(config) as searcher:
        status.update("comparing")
        return searcher.curve(video, text=text, image=image)


def _print_curve(curve: ScoreCurve) -> None:
    width = shutil.get_terminal_size().columns
    video, best = curve.record.video, curve.best
    end = clock(video.duration_s)
    typer.echo(printable(video.path))
    steps = zip(curve.starts_s.tolist(), curve.ends_s.tolist(), curve.scores.tolist(), strict=True)
    typer.echo(sparkline(list(steps), video.duration_s, width))
    typer.echo(f"{clock(0)}{end:>{max(1, width - len(clock(0)))}}")
    typer.echo(
        f"best {curve.scores[best]:.3f} at {clock(float(curve.times_s[best]))};"
        f" {len(curve.scores)} scenes from {curve.scores.min():.3f} to {curve.scores.max():.3f}"
    )
