"""Damaged videos through a whole ingest; more of them with `make fuzz`."""

from __future__ import annotations

import json
import os
import signal
import threading
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from pathlib import Path

import psutil
import pytest

from tests.fuzz import harness
from tests.fuzz.__main__ import document
from tests.fuzz.harness import Ended, fuzz, victim_of
from tests.fuzz.mutants import mutant
from tests.fuzz.victim import Order

ORDER = Order(Path("none"), Path("none"), Path("none"), (), frozenset())


ONCE = (371, 709, 1201)
"""Those of seed 1 that showed a fault."""


@pytest.mark.timeout(900)
def test_a_hundred_mutants(tmp_path: Path) -> None:
    seen: list[int] = []
    resource_tracker.ensure_running()
    before = {*psutil.Process().children(recursive=True)}
    result = fuzz(tmp_path, seed=1, numbers=[*range(100), *ONCE], tell=seen.append)
    assert [fault for fault, _ in result.faults] == [], (tmp_path / "log.txt").read_text()[-3000:]
    assert result.mutants == result.codes.total() == 100 + len(ONCE)
    assert result.good == 15
    assert sum(seen) <= result.mutants
    assert min(result.codes["ingested"], result.codes["partial"]) > 5
    assert len(result.codes) > 3
    assert json.loads(json.dumps(document(result)))["mutants"] == result.mutants
    assert {*psutil.Process().children(recursive=True)} <= before


def die(pipe: Connection, log: Path) -> None:
    pipe.recv()
    pipe.send("/videos/000007-x.mp4")
    os.kill(os.getpid(), signal.SIGKILL)


def fall_silent(pipe: Connection, log: Path) -> None:
    signal.signal(signal.SIGUSR1, lambda number, frame: None)
    pipe.recv()
    while True:
        threading.Event().wait()


def test_a_crash_of_the_parent_is_seen(tmp_path: Path) -> None:
    seen: list[str] = []
    with victim_of(tmp_path / "log", die) as victim, pytest.raises(Ended) as caught:
        victim.ingest(ORDER, seen.append)
    assert seen == ["000007-x.mp4"]
    fault = caught.value.fault
    assert (fault.kind, fault.file) == ("crash", "000007-x.mp4")
    assert "-9" in fault.what


def test_a_hang_of_the_parent_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(harness, "HANG_S", 5.0)
    with victim_of(tmp_path / "log", fall_silent) as victim, pytest.raises(Ended) as caught:
        victim.ingest(ORDER, lambda name: None)
    assert caught.value.fault.kind == "hang"


def test_what_is_to_blame_is_kept(tmp_path: Path) -> None:
    run = harness.Fuzz(tmp_path, 5, lambda many: None)
    (tmp_path / "mutants").mkdir()
    made = mutant(run._sources, 5, 12)
    (tmp_path / "mutants" / made.name).write_bytes(made.data)
    run._blame([harness.Fault("internal", "TypeError", made.name)])
    ((fault, number),) = run.result.faults
    assert (fault.file, number) == (made.name, 12)
    assert (tmp_path / "kept" / made.name).read_bytes() == made.data
