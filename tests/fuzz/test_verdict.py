"""Whether what must not be is found."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from pipeline.data import Failure, VideoCounts
from pipeline.errors import Code
from tests.fuzz.verdict import faults_of, growth, leaks
from tests.fuzz.victim import Held, Row, Told

ROW: Row = ("id", 0, 0.0, 1.0, 0.5, (0.0, 0.0, 1.0, 1.0))
ALONE = {ROW: np.ones(4)}
GOOD = {"good.mp4": "id"}
FILES = {"bad.mp4", "good.mp4", "half.mp4"}
FINE = Told(
    counts=VideoCounts(found=3, ingested=1, partial=1, failed=1),
    failures=(Failure("/x/bad.mp4", Code.NOT_A_VIDEO, "is no video"),),
    indexed={"good.mp4": "id", "half.mp4": "other"},
    partial=frozenset({"half.mp4"}),
    rows=ALONE,
    memory=(),
    decoder_memory=0.0,
)
INTERNAL = Failure("/x/bad.mp4", Code.INTERNAL, "TypeError: no")
OTHER = Failure("/x/half.mp4", Code.DECODE_ERROR, "is damaged")


def test_all_well() -> None:
    assert faults_of(FINE, FILES, ALONE, GOOD) == []


@pytest.mark.parametrize(
    ("kind", "file", "changes"),
    [
        ("internal", "bad.mp4", {"failures": (INTERNAL,)}),
        ("unaccounted", "bad.mp4", {"failures": FINE.failures * 2}),
        ("unaccounted", "bad.mp4", {"failures": ()}),
        ("unaccounted", "half.mp4", {"failures": (*FINE.failures, OTHER)}),
        ("unaccounted", "half.mp4", {"indexed": GOOD}),
        ("unaccounted", "", {"counts": VideoCounts(found=3, ingested=1, failed=2)}),
        ("unaccounted", "what.mp4", {"indexed": {**FINE.indexed, "what.mp4": "what"}}),
        ("good", "good.mp4", {"indexed": {"half.mp4": "other"}}),
        ("unaccounted", "", {"partial": frozenset()}),
        ("good", "good.mp4", {"partial": frozenset({"good.mp4"})}),
        ("good", "good.mp4", {"rows": {}}),
        ("good", "good.mp4", {"rows": {ROW: np.full(4, 0.9)}}),
    ],
)
def test_what_is_wrong(kind: str, file: str, changes: dict[str, object]) -> None:
    found = faults_of(dataclasses.replace(FINE, **changes), FILES, ALONE, GOOD)
    assert (kind, file) in {(fault.kind, fault.file) for fault in found}


def test_what_was_not_begun_is_no_fault() -> None:
    left = dataclasses.replace(
        FINE, counts=VideoCounts(found=3, ingested=1, failed=1, left=1), indexed=GOOD,
        partial=frozenset(),
    )  # fmt: skip
    assert faults_of(left, FILES, ALONE, GOOD) == []


def test_leaks_are_named() -> None:
    (fault,) = leaks(Held(7, 1, 1), Held(9, 1, 0))
    assert fault.what == "7 descriptors before, 9 after"


def test_memory_may_not_grow() -> None:
    level = [1000.0, 1010.0, 990.0, 1005.0] * 10
    assert growth(level) == []
    assert growth([]) == []
    (fault,) = growth([mib + 4 * number for number, mib in enumerate(level)])
    assert fault.kind == "memory"
