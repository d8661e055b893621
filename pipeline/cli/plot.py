"""`vsearch plot`: the score over time of one video."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.documents import curve_document
from pipeline.cli.options import AsJson, ConfigFile, Overrides, json_errors, load, print_json
from pipeline.cli.searching import Images, Text, Without, check_sheet, searching, working
from pipeline.text import clock, printable, sparkline

if TYPE_CHECKING:
    from pipeline.data import ScoreCurve


def plot_cli(
    video: Annotated[
        str, typer.Argument(help="A path as ingested, a content id, or the start of one.")
    ],
    text: Text = None,
    image: Images = None,
    without: Without = None,
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
        from pipeline.search.ask import describe, question_of

        question = question_of(text, image=image, without=without)
        check_sheet(output)
        with searching(load(config, overrides).config) as searcher, working("searching"):
            curve = searcher.curve(video, text, image=image, without=without)
        if output is not None:
            from pipeline.search.plot import write_plot

            write_plot(output, curve, heading=describe(question))
            typer.echo(f"plot: {printable(str(output))}", err=True)
    if as_json:
        print_json(curve_document(curve))
    else:
        _print_curve(curve)


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
