"""Runs a benchmark in a process of its own: what it imports and holds weighs on no other."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from importlib import import_module
from multiprocessing import get_context

from benchmarks.result import Ratio


def measure_apart(name: str) -> list[Ratio]:
    """What `benchmarks.<name>.measure()` gives."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as child:
        return child.submit(_measure, name).result()


def _measure(name: str) -> list[Ratio]:
    ratios: list[Ratio] = import_module(f"benchmarks.{name}").measure()
    return ratios
