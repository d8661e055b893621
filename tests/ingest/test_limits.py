"""What a decode process may take: decided by pure functions, held by real processes."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config import DecodeConfig
from pipeline.data import FileStamp, Video
from pipeline.ingest.limits import (
    ENOUGH_BYTES,
    FEWEST_BYTES,
    Limits,
    fair_bytes,
    file_deadline_s,
    held_bytes,
    limits_of,
    machine_bytes,
)

GB = 10**9
HOUR_OF_1080P = Video(
    "0" * 64, "/a.mp4", FileStamp(2 * GB, 0), "h264", "mp4", 1920, 1080, 0, 90_000, 3600.0, 25.0
)

SIZES = st.integers(0, 10**13)
FRAMES = st.integers(1, 10**8)
SIDES = st.integers(1, 20_000)


@pytest.mark.parametrize(
    ("machine_gb", "processes", "each_gb"),
    [(24, 1, 8), (64, 16, 4), (64, 4, 8), (32, 8, 4), (4, 2, 2), (2, 1, 1.5), (128, 16, 6)],
)
def test_memory_is_shared_fairly(machine_gb: int, processes: int, each_gb: float) -> None:
    assert fair_bytes(machine_gb * GB, processes) == each_gb * GB


@given(machine=st.integers(10**8, 10**13), processes=st.integers(1, 256))
def test_a_process_takes_no_more_than_is_needed_and_there(machine: int, processes: int) -> None:
    fair = fair_bytes(machine, processes)
    assert 0 < fair <= min(ENOUGH_BYTES, machine * 3 // 4)
    assert fair >= min(FEWEST_BYTES, machine // 2)


@given(size=SIZES, more=SIZES, frames=FRAMES, width=SIDES, height=SIDES)
def test_more_of_anything_has_more_time(
    size: int, more: int, frames: int, width: int, height: int
) -> None:
    video = replace(HOUR_OF_1080P, frames=frames, width=width, height=height)
    longer = replace(video, frames=frames + 1)
    larger = replace(video, width=width + 1)
    assert 600 <= file_deadline_s(size) <= file_deadline_s(size + more)
    assert file_deadline_s(size) < file_deadline_s(size, video)
    assert file_deadline_s(size, video) < file_deadline_s(size, longer)
    assert file_deadline_s(size, video) < file_deadline_s(size, larger)


def test_an_hour_of_video_has_hours_not_days() -> None:
    assert 12 * 3600 < file_deadline_s(2 * GB, HOUR_OF_1080P) < 24 * 3600


def test_what_is_set_is_taken() -> None:
    auto = limits_of(DecodeConfig(), 2)
    assert auto == Limits(fair_bytes(machine_bytes(), 2), 120.0, None)
    assert auto.reserved_bytes > auto.memory_bytes
    ours = DecodeConfig(memory_mb=700, deadline_s=5.0, file_deadline_s=60.0)
    assert limits_of(ours, 2) == Limits(700_000_000, 5.0, 60.0)


def test_memory_of_processes() -> None:
    before = held_bytes(os.getpid())
    held = bytearray(os.urandom(1 << 20) * 64)
    assert held_bytes(os.getpid()) - before > len(held) // 2
    assert machine_bytes() > before
    assert held_bytes(2**22 + 1) == 0, "no such process"
