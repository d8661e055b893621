"""Mutants, in rounds and with good files among them, through an ingest that is watched."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from pipeline.models import write_untrained
from pipeline.processes import SPAWN
from tests.fuzz.mutants import mutant
from tests.fuzz.sources import make_sources
from tests.fuzz.verdict import Fault, faults_of, growth, leaks
from tests.fuzz.victim import TOLD, Held, Order, Row, Told, serve

ROUND = 500
"""Mutants of one ingest."""

DEADLINE_S = 60.0
HANG_S = 4 * DEADLINE_S
"""A run of which nothing is heard for so long hangs: it should have killed its decoder by then."""

_FAREWELL_S = 10.0
_SETTLES_S = 40.0


class Ended(Exception):
    """The process that ingests crashed or hangs."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.what)
        self.fault = fault


@dataclass(slots=True)
class Result:
    """What a whole run found.

    Args:
        seed: Of its mutants.
        mutants: How many went in.
        good: Good files that went in with them, over all rounds.
        codes: Mutants by what became of them: `ingested`, `partial`, or the code of a failure.
        faults: With the number of the mutant, or None.
        wall_s: Of all of it.
        memory: Of the parent in MiB, over time, for each ingest.
        decoder_memory: Most that a decode process held, in MiB.
        kept: The folder of the mutants that are to blame.
    """

    seed: int
    mutants: int = 0
    good: int = 0
    codes: Counter[str] = field(default_factory=Counter)
    faults: list[tuple[Fault, int | None]] = field(default_factory=list)
    wall_s: float = 0.0
    memory: list[tuple[float, ...]] = field(default_factory=list)
    decoder_memory: float = 0.0
    kept: Path | None = None


class Fuzz:
    """Use `fuzz`."""

    def __init__(self, place: Path, seed: int, tell: Callable[[int], None]) -> None:
        self._place = place
        self._tell = tell
        self._sources = make_sources(place / "sources")
        self._ids = {name: hashlib.sha256(data).hexdigest() for name, data in self._sources.items()}
        self._weights = place / "untrained.safetensors"
        if not self._weights.exists():
            write_untrained(self._weights)
        self.result = Result(seed)

    def run(self, numbers: Sequence[int], minutes: float | None) -> Result:
        """Put mutants through, by their numbers."""
        started = time.monotonic()
        end = None if minutes is None else started + 60 * minutes
        with victim_of(self._place / "log.txt") as victim:
            try:
                self._rounds(victim, numbers, end)
            except Ended as ended:
                self._blame([ended.fault])
        self.result.wall_s = time.monotonic() - started
        return self.result

    def _rounds(self, victim: Victim, numbers: Sequence[int], end: float | None) -> None:
        alone = self._alone(victim)
        before = victim.held()
        for first in range(0, len(numbers), ROUND):
            left_s = None if end is None else max(0.0, end - time.monotonic())
            if left_s == 0:
                break
            self._round(victim, numbers[first : first + ROUND], alone, left_s)
        grown = [fault for each in self.result.memory for fault in growth(each)]
        self._blame([*victim.leaks(before), *grown])

    def _alone(self, victim: Victim) -> Mapping[Row, np.ndarray]:
        """The good files' rows without any others; the process has done all for a first time."""
        folder = self._folder("alone")
        for name, data in self._sources.items():
            (folder / name).write_bytes(data)
        told = victim.ingest(self._order(folder, None), lambda name: None)
        self._blame(faults_of(told, self._ids, told.rows, self._ids))
        return told.rows

    def _round(
        self,
        victim: Victim,
        numbers: Sequence[int],
        alone: Mapping[Row, np.ndarray],
        left_s: float | None,
    ) -> None:
        folder = self._folder("mutants")
        for number in numbers:
            made = mutant(self._sources, self.result.seed, number)
            (folder / made.name).write_bytes(made.data)
        damaged = {path.name for path in folder.iterdir()}
        good = {}
        for at, (name, data) in enumerate(self._sources.items()):
            # The number puts it among the others: a folder is read in order.
            number = numbers[at * len(numbers) // len(self._sources)]
            good[f"{number:06d}-good-{name}"] = self._ids[name]
            (folder / f"{number:06d}-good-{name}").write_bytes(data)
        told = victim.ingest(self._order(folder, left_s, good), self._seen(damaged))
        self._count(told, damaged, len(good))
        self._blame(faults_of(told, damaged | good.keys(), alone, good))

    def _seen(self, damaged: set[str]) -> Callable[[str], None]:
        seen: set[str] = set()

        def see(name: str) -> None:
            if name in damaged and name not in seen:
                seen.add(name)
                self._tell(1)

        return see

    def _count(self, told: Told, damaged: set[str], good: int) -> None:
        codes = {Path(each.uri).name: each.code for each in told.failures}
        codes |= dict.fromkeys(told.indexed, "ingested") | dict.fromkeys(told.partial, "partial")
        self.result.codes.update(str(codes.get(name, "left")) for name in damaged)
        self.result.mutants += len(damaged)
        self.result.good += good
        self.result.memory.append(told.memory)
        self.result.decoder_memory = max(self.result.decoder_memory, told.decoder_memory)

    def _blame(self, faults: list[Fault]) -> None:
        """Note faults, and keep the mutants that they are about."""
        for fault in faults:
            path = self._place / "mutants" / fault.file
            number = None
            if fault.file and path.is_file():
                self.result.kept = self._place / "kept"
                self.result.kept.mkdir(exist_ok=True)
                shutil.copy(path, self.result.kept)
                number = None if "-good-" in fault.file else int(fault.file[:6])
            self.result.faults.append((fault, number))

    def _order(
        self, folder: Path, after_s: float | None, good: Mapping[str, str] | None = None
    ) -> Order:
        place = self._place / "archive"
        shutil.rmtree(place, ignore_errors=True)
        names = frozenset(self._ids if good is None else good)
        options = (f"decode.deadline_s={DEADLINE_S}",)
        return Order(folder, place, self._weights, options, names, after_s)

    def _folder(self, name: str) -> Path:
        folder = self._place / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder


class Victim:
    """The process that ingests, seen from outside."""

    def __init__(self, process: SpawnProcess, pipe: Connection) -> None:
        self._process = process
        self._pipe = pipe

    def ingest(self, order: Order, see: Callable[[str], None]) -> Told:
        """Have one ingest done; told of each file as it is begun or ended.

        Raises:
            Ended: It crashed, hangs, or ended with an error.
        """
        last = ""
        answer = self._asked(order, last)
        while isinstance(answer, str):
            last = Path(answer).name
            see(last)
            answer = self._heard(last)
        if isinstance(answer, list):
            raise Ended(Fault("error", f"the run ended: {answer[0]}", last))
        return answer

    def held(self) -> Held:
        """What the process holds now."""
        return self._asked("held", "")

    def leaks(self, before: Held) -> list[Fault]:
        """What it holds that it did not hold before; what a library lets go later is waited for."""
        end = time.monotonic() + _SETTLES_S
        while (found := leaks(before, self.held())) and time.monotonic() < end:
            time.sleep(0.5)
        return found

    def _asked(self, question: object, last: str) -> Any:
        with contextlib.suppress(OSError):  # that it is gone is heard next
            self._pipe.send(question)
        return self._heard(last)

    def _heard(self, last: str) -> Any:
        try:
            if self._pipe.poll(HANG_S):
                return self._pipe.recv()
        except (EOFError, OSError):
            self._process.join(_FAREWELL_S)
            code = self._process.exitcode
            what = f"the parent ended with exit code {code}; perhaps of one behind it"
            raise Ended(Fault("crash", what, last)) from None
        assert self._process.pid is not None
        os.kill(self._process.pid, TOLD)
        time.sleep(1)  # until the log has where its threads are
        raise Ended(
            Fault("hang", f"nothing was heard for {HANG_S:g} s; perhaps of one behind it", last)
        )


@contextmanager
def victim_of(log: Path, target: Callable[[Connection, Path], None] = serve) -> Iterator[Victim]:
    """A process that ingests; it and its children are gone when the block ends."""
    ours, theirs = SPAWN.Pipe()
    process = SPAWN.Process(target=target, args=(theirs, log), name="fuzzed")
    process.start()
    theirs.close()
    assert process.pid is not None
    seen = psutil.Process(process.pid)
    try:
        yield Victim(process, ours)
        with contextlib.suppress(OSError):  # it is gone, which was said
            ours.send(None)
            process.join(_FAREWELL_S)
    finally:
        if process.is_alive():
            for member in (*seen.children(recursive=True), seen):
                member.kill()
        process.join()
        ours.close()


def fuzz(
    place: Path,
    *,
    seed: int,
    numbers: Sequence[int],
    minutes: float | None = None,
    tell: Callable[[int], None] = lambda many: None,
) -> Result:
    """Put mutants through an ingest.

    Args:
        place: A folder for all of it; the sources in it are taken if they are there.
        seed: Of the mutants.
        numbers: Which of them.
        minutes: After so many no further file is begun.
        tell: Told how many more mutants have come in.
    """
    return Fuzz(place, seed, tell).run(numbers, minutes)
