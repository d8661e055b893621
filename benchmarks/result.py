"""What a benchmark says, and how two things are timed in turns."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Ratio:
    """One comparison.

    Args:
        benchmark: The module that measured it.
        name: What was compared.
        ours: Our number.
        reference: The other number; where the target is a plain number, that number.
        unit: Of both.
        better: Whether `more` or `less` of it is good.
        target: Least (`more`) or greatest (`less`) ratio that keeps the promise, or None
            where there is none.
        note: What else a reader should know.
    """

    benchmark: str
    name: str
    ours: float
    reference: float
    unit: str
    better: Literal["more", "less"] = "less"
    target: float | None = None
    note: str = ""

    @property
    def ratio(self) -> float:
        """`ours / reference`."""
        return self.ours / self.reference

    @property
    def met(self) -> bool | None:
        """Whether the promise is kept, or None where there is none."""
        if self.target is None:
            return None
        return self.ratio >= self.target if self.better == "more" else self.ratio <= self.target

    def document(self) -> dict[str, Any]:
        """For `--json`."""
        fields = {name: getattr(self, name) for name in self.__slots__}
        return {**fields, "ratio": self.ratio, "met": self.met}


def in_turns(
    contenders: Mapping[str, Callable[[], object]], *, rounds: int
) -> dict[str, list[float]]:
    """Run contenders in turns (A B A B ...), so that a busy moment hits them alike.

    Returns:
        Wall seconds of each round by contender.
    """
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, run in contenders.items():
            started = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - started)
    return seconds


BLOCK, QUIET = 20, 0.12
"""Rounds that are judged together, and the share of the CPUs that the host may take in them."""


def in_quiet(
    contenders: Mapping[str, Callable[[], object]], *, rounds: int
) -> tuple[dict[str, list[float]], str]:
    """As `in_turns`, in blocks, of which those count during which the host left us the CPUs.

    What uses more cores than another suffers more where somebody else takes them.

    Returns:
        Wall seconds by contender, of at least so many rounds; and which these are. Of three times
        as many rounds all count where too few were quiet.
    """
    quiet: list[dict[str, list[float]]] = []
    every: list[dict[str, list[float]]] = []
    while BLOCK * len(quiet) < rounds and BLOCK * len(every) < 3 * rounds:
        before = _ticks()
        every.append(in_turns(contenders, rounds=BLOCK))
        ticks, stolen = (now - then for now, then in zip(_ticks(), before, strict=True))
        if stolen <= QUIET * ticks:
            quiet.append(every[-1])
    enough = BLOCK * len(quiet) >= rounds
    chosen = quiet if enough else every
    seconds = {name: [each for block in chosen for each in block[name]] for name in contenders}
    told = f"{BLOCK * len(quiet)} of {BLOCK * len(every)} rounds quiet"
    return seconds, told if enough else f"{told}: all of them counted"


def _ticks() -> tuple[int, int]:
    """Time of all CPUs so far, and how much of it the host gave to others (Linux: steal)."""
    stat = Path("/proc/stat")
    if not stat.exists():
        return 0, 0
    spent = [int(each) for each in stat.read_text().split("\n", 1)[0].split()[1:9]]
    return sum(spent), spent[7]


def middle(seconds: list[float]) -> float:
    """The median."""
    return statistics.median(seconds)
