"""`python -m tests.fuzz`: damaged videos through a whole ingest, and what went wrong."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from tests.fuzz.harness import Result, fuzz
from tests.fuzz.mutants import mutant
from tests.fuzz.sources import make_sources


def main() -> None:
    """Run what the command line says; the exit code is 1 if anything went wrong."""
    arguments = _arguments()
    place = arguments.folder
    if arguments.write is not None:
        made = mutant(make_sources(place / "sources"), arguments.seed, arguments.write)
        (place / made.name).write_bytes(made.data)
        print(place / made.name)
        return
    numbers = range(arguments.start, arguments.start + arguments.count)
    with _bar() as bar:
        task = bar.add_task("fuzz", total=len(numbers))
        result = fuzz(
            place, seed=arguments.seed, numbers=numbers, minutes=arguments.minutes,
            tell=lambda many: bar.advance(task, many),
        )  # fmt: skip
    if arguments.json:
        print(json.dumps(document(result), indent=2))
    else:
        _print(result, place)
    sys.exit(1 if result.faults else 0)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--count", type=int, default=2000, help="how many mutants")
    parser.add_argument("--seed", type=int, default=1, help="another one gives other mutants")
    parser.add_argument("--start", type=int, default=0, help="number of the first one")
    parser.add_argument("--minutes", type=float, help="begin no further file then")
    parser.add_argument("--write", type=int, metavar="N", help="make mutant N, and nothing else")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument(
        "--folder", type=Path, default=Path(".fuzz"), help="for all files; .fuzz unless told"
    )
    return parser.parse_args()


def _bar() -> Progress:
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
    )  # fmt: skip
    return Progress(*columns, console=Console(stderr=True), transient=True)


def document(result: Result) -> dict[str, Any]:
    """Of `--json`."""
    return {
        "seed": result.seed,
        "mutants": result.mutants,
        "good": result.good,
        "outcomes": dict(result.codes.most_common()),
        "faults": [{**asdict(fault), "mutant": number} for fault, number in result.faults],
        "wall_s": round(result.wall_s, 1),
        "parent_mib": [round(each) for each in _ends(result)],
        "decoder_mib": round(result.decoder_memory),
        "kept": str(result.kept) if result.kept else None,
    }


def _print(result: Result, place: Path) -> None:
    table = Table("outcome", "mutants", title=f"seed {result.seed}")
    for outcome, many in result.codes.most_common():
        table.add_row(outcome, str(many))
    Console().print(table)
    first, last = _ends(result)
    print(
        f"{result.mutants} mutants and {result.good} good files in {result.wall_s:.0f} s"
        f" ({result.mutants / result.wall_s:.1f} mutants/s); the parent held {first:.0f} MiB at"
        f" first and {last:.0f} in the end, a decode process {result.decoder_memory:.0f} at most"
    )
    for fault, number in result.faults:
        again = (
            "" if number is None else f"\n    again: {_command(result.seed, fault.kind, number)}"
        )
        print(f"{fault.kind}: {fault.file}: {fault.what}{again}")
    if result.faults:
        print(f"{len(result.faults)} faults; files in {result.kept}, log in {place / 'log.txt'}")


def _ends(result: Result) -> tuple[float, float]:
    every = [each for ingest in result.memory for each in ingest]
    return (every[0], every[-1]) if every else (0.0, 0.0)


def _command(seed: int, kind: str, number: int) -> str:
    count = 50 if kind in {"crash", "hang"} else 1
    return f"python -m tests.fuzz --seed {seed} --start {number} --count {count}"


if __name__ == "__main__":
    main()
