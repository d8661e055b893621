"""What became of mutants and good files -> what is wrong with that."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from pipeline.errors import Code
from tests.fuzz.victim import Held, Row, Told

MEMORY_SHARE = 1.05
MEMORY_MIB = 32.0
"""The parent's memory in the last quarter may be so much above the first one's: what the store
and the report keep of each file, and what an allocator does not give back."""

_VECTOR_TOLERANCE = 1e-5


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that must not be.

    Args:
        kind: `crash`, `hang`, `error`, `internal`, `unaccounted`, `good`, `leak` or `memory`.
        what: A sentence.
        file: Name of the file that it is about; of a crash and a hang, the last one that
            was told of, while events of others waited for a batch of the encoder to be full.
    """

    kind: str
    what: str
    file: str = ""


def faults_of(
    told: Told, files: Iterable[str], alone: Mapping[Row, np.ndarray], good: Mapping[str, str]
) -> list[Fault]:
    """What is wrong with an ingest.

    Args:
        told: What became of it.
        files: Names of all files of its folder.
        alone: The rows of the good files where there were no others.
        good: Their video ids by name.
    """
    return [*_accounts(told, set(files)), *_internal(told), *_good(told, alone, good)]


def _accounts(told: Told, files: set[str]) -> list[Fault]:
    """Each file is indexed or failed, once; the report's numbers say the same."""
    counts, failed = told.counts, Counter(Path(each.uri).name for each in told.failures)
    faults = [
        Fault("unaccounted", f"it failed {times} times", name)
        for name, times in failed.items()
        if times > 1
    ]
    faults += [
        Fault("unaccounted", "it failed and is indexed", name)
        for name in sorted(failed.keys() & told.indexed.keys())
    ]
    missing = sorted(files - failed.keys() - told.indexed.keys())
    if len(missing) > counts.left:
        faults += [
            Fault("unaccounted", "it neither failed nor is indexed", name) for name in missing
        ]
    faults += [
        Fault("unaccounted", "there is no such file", name)
        for name in sorted((failed.keys() | told.indexed.keys()) - files)
    ]
    ended = {
        "found": (counts.found, len(files)),
        "failed": (counts.failed, len(failed)),
        "partial": (counts.partial, len(told.partial)),
        "whole": (counts.ingested + counts.unchanged, len(told.indexed.keys() - told.partial)),
    }
    faults += [
        Fault("unaccounted", f"{said} {what} by the report, {are} indeed")
        for what, (said, are) in ended.items()
        if said != are
    ]
    return faults


def _internal(told: Told) -> list[Fault]:
    return [
        Fault("internal", each.message, Path(each.uri).name)
        for each in told.failures
        if each.code == Code.INTERNAL
    ]


def _good(told: Told, alone: Mapping[Row, np.ndarray], good: Mapping[str, str]) -> list[Fault]:
    """The good files have the rows that they have without the others."""
    if told.counts.left:
        good = {name: key for name, key in good.items() if name in told.indexed}
    failed = {Path(each.uri).name: each for each in told.failures}
    faults = []
    for name, video_id in good.items():
        if told.indexed.get(name) != video_id:
            faults.append(Fault("good", f"it is not indexed: {failed.get(name)}", name))
            continue
        if name in told.partial:
            faults.append(Fault("good", "it is partial", name))
        before = {row: vector for row, vector in alone.items() if row[0] == video_id}
        now = {row: vector for row, vector in told.rows.items() if row[0] == video_id}
        if before.keys() != now.keys():
            faults.append(Fault("good", f"it has {len(now)} rows, not its {len(before)}", name))
        elif any(np.abs(now[row] - before[row]).max() > _VECTOR_TOLERANCE for row in before):
            faults.append(Fault("good", "its vectors are others", name))
    return faults


def leaks(before: Held, after: Held) -> list[Fault]:
    """What a process holds in the end that it did not hold in the beginning."""
    return [
        Fault("leak", f"{getattr(before, each.name)} {each.name} before, {now} after")
        for each in fields(Held)
        if (now := getattr(after, each.name)) > getattr(before, each.name)
    ]


def growth(memory: Sequence[float]) -> list[Fault]:
    """Whether the memory of one ingest, MiB over time, is higher in its last quarter than may be.

    One by one: each archive that a process opens costs some MB that the store's libraries keep,
    whatever the files are.
    """
    quarter = len(memory) // 4
    if not quarter:
        return []
    first, last = (statistics.median(part) for part in (memory[:quarter], memory[-quarter:]))
    if last <= first * MEMORY_SHARE + MEMORY_MIB:
        return []
    return [Fault("memory", f"{first:.0f} MiB in the first quarter, {last:.0f} in the last")]
