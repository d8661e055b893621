"""`python -m benchmarks [NAME...]`: run benchmarks and print what they measured."""

from __future__ import annotations

import argparse
import importlib
import json
import sys
import time

from rich.console import Console
from rich.table import Table

from benchmarks.apart import measure_apart
from benchmarks.result import Ratio

NAMES = (
    "cold_start", "one_pass", "backends", "isolation", "memory", "preprocess", "search", "reindex",
    "demo_model", "demo_search",
)  # fmt: skip
HEADINGS = ("benchmark", "what", "ours", "reference", "unit", "ratio", "target", "", "note")


def main() -> None:
    arguments = _arguments()
    if arguments.list:
        for name in NAMES:
            print(f"{name:12} {(_module_doc(name)).splitlines()[0]}")
        return
    ratios: list[Ratio] = []
    for name in arguments.names or NAMES:
        started = time.perf_counter()
        print(f"{name} ...", end=" ", file=sys.stderr, flush=True)
        ratios += measure_apart(name)
        print(f"{time.perf_counter() - started:.0f} s", file=sys.stderr)
    if arguments.json:
        print(json.dumps([ratio.document() for ratio in ratios], indent=2))
    elif sys.stdout.isatty():
        _print_table(ratios)
    else:
        for ratio in ratios:
            print("\t".join(_cells(ratio)))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="which; all if none is given")
    parser.add_argument("--list", action="store_true", help="say what there is")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(NAMES):
        parser.error(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    return arguments


def _module_doc(name: str) -> str:
    return importlib.import_module(f"benchmarks.{name}").__doc__ or ""


def _print_table(ratios: list[Ratio]) -> None:
    table = Table(*HEADINGS, highlight=False)
    for column in (2, 3, 5):
        table.columns[column].justify = "right"
    for ratio in ratios:
        style = {True: "green", False: "red", None: ""}[ratio.met]
        table.add_row(*_cells(ratio), style=style)
    Console().print(table, markup=False)


def _cells(ratio: Ratio) -> tuple[str, ...]:
    sign = ">=" if ratio.better == "more" else "<="
    target = "" if ratio.target is None else f"{sign} {ratio.target:g}"
    met = {True: "met", False: "MISSED", None: ""}[ratio.met]
    return (
        ratio.benchmark,
        ratio.name,
        f"{ratio.ours:.4g}",
        f"{ratio.reference:.4g}",
        ratio.unit,
        f"{ratio.ratio:.3f}",
        target,
        met,
        ratio.note,
    )


if __name__ == "__main__":
    main()
