"""`python -m pipeline.demo.train`: makes the demo's model.

Nothing but the command: each process that draws imports this module again, and needs no torch.
"""

from __future__ import annotations

import csv
from dataclasses import asdict, fields
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from pipeline.demo.recipe import RECIPE, Point, Recipe

CURVE = "training.csv"


def train(recipe: Recipe, path: Path, console: Console) -> str:
    """Learn, and write the weights, and the curve beside them.

    Returns:
        SHA-256 of the weights.
    """
    from pipeline.demo.learn import learn, save

    curve: list[Point] = []

    def note(point: Point) -> None:
        curve.append(point)
        console.print(
            f"step {point.step} of {recipe.steps}: loss {point.loss:.3f}, R@1"
            f" {point.seen_r1:.3f} seen, {point.held_out_r1:.3f} held out,"
            f" {point.minutes:.1f} min"
        )

    columns = (TextColumn("drawing"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task("", total=recipe.pictures)
        model = learn(recipe, drawn=lambda more: progress.advance(bar, more), at=note)
    digest = save(model, path)
    with path.with_name(CURVE).open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [field.name for field in fields(Point)])
        writer.writeheader()
        writer.writerows(asdict(point) for point in curve)
    return digest


def main(
    out: Annotated[Path, typer.Argument(metavar="FILE.pt", help="The file to write.")],
    steps: Annotated[int, typer.Option(min=1, help="Batches to learn from.")] = RECIPE.steps,
    pictures: Annotated[
        int, typer.Option(min=RECIPE.batch_size, help="Pictures to draw first.")
    ] = RECIPE.pictures,
    seed: Annotated[
        int, typer.Option(min=0, help="Another seed gives another model.")
    ] = RECIPE.seed,
    learning_rate: Annotated[
        float, typer.Option(min=1e-6, max=1, help="The highest, of one cycle.")
    ] = RECIPE.learning_rate,
    begin: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.pt", exists=True, dir_okay=False, help="Go on from weights made by this."
        ),
    ] = None,
) -> None:
    """Train the small CLIP of `encode.backend: demo`; its curve goes beside it, as training.csv.

    On a GPU if there is one; two cores take about half an hour.
    """
    if not out.parent.is_dir():
        raise typer.BadParameter(f"{out.parent} is no folder", param_hint="FILE.pt")
    recipe = Recipe(
        pictures=pictures, steps=steps, learning_rate=learning_rate, seed=seed, begin=begin
    )
    digest = train(recipe, out, Console(stderr=True))
    typer.echo(f"{digest}  {out}")


if __name__ == "__main__":
    typer.run(main)
