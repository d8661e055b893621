"""What a benchmark says, and how two things are timed in turns."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
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


def middle(seconds: list[float]) -> float:
    """The median."""
    return statistics.median(seconds)
