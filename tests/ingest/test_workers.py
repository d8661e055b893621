"""Decode processes: what they give, and what happens when one dies or falls silent."""

from __future__ import annotations

import os
import signal
import struct
import threading
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import psutil
import pytest

from pipeline.config import DecodeConfig, SampleConfig, ScenesConfig
from pipeline.data import Decoded, Failure, Progress, SceneSamples, Video
from pipeline.errors import Code
from pipeline.ingest import workers
from pipeline.ingest.child import Event
from pipeline.ingest.decode import DecodeSettings, decode_video
from pipeline.ingest.workers import DecodePool, decode_pool, worker_count
from tests.media_factory import MediaFactory

DECODE = DecodeConfig(workers=2)


def settings(**decode: object) -> DecodeSettings:
    return DecodeSettings(DECODE.model_copy(update=decode), ScenesConfig(), SampleConfig())


@pytest.fixture
def pool() -> Iterator[DecodePool]:
    with decode_pool(settings()) as opened:
        yield opened


def everything(pool: DecodePool, *paths: Path) -> list[Event]:
    return [e for e in pool.run(paths, wanted=lambda v: True) if not isinstance(e, Progress)]


def decoders() -> list[psutil.Process]:
    return [
        child
        for child in psutil.Process().children()
        # What another test started may have ended and not been waited for: it has no command line.
        if child.status() != psutil.STATUS_ZOMBIE and "spawn_main" in " ".join(child.cmdline())
    ]


def test_a_process_gives_what_decoding_here_gives(pool: DecodePool, media: MediaFactory) -> None:
    path = media["h264.mp4"]
    here = list(decode_video(path, settings()))
    there = everything(pool, path)
    assert [type(e) for e in there] == [type(e) for e in here]
    assert there[0] == here[0]
    for mine, theirs in zip(here, there, strict=True):
        if isinstance(mine, SceneSamples) and isinstance(theirs, SceneSamples):
            assert mine.scene == theirs.scene
            assert [s.pts_s for s in mine.samples] == [s.pts_s for s in theirs.samples]
            for a, b in zip(mine.samples, theirs.samples, strict=True):
                assert (a.pixels == b.pixels).all()


def test_bad_files_fail_by_name_and_stop_no_other(
    pool: DecodePool, media: MediaFactory, tmp_path: Path
) -> None:
    bad = [media["empty.mp4"], media["garbage.mp4"], tmp_path / "gone.mp4"]
    good = [media["h264.mp4"], media["vp9.webm"]]
    events = everything(pool, bad[0], good[0], *bad[1:], good[1])
    failed = {e.uri: e.code for e in events if isinstance(e, Failure)}
    assert failed == {
        str(bad[0]): Code.EMPTY_FILE,
        str(bad[1]): Code.NOT_A_VIDEO,
        str(bad[2]): Code.NOT_FOUND,
    }
    assert {e.video.path for e in events if isinstance(e, Decoded)} == {str(g) for g in good}


def test_what_is_not_wanted_is_not_decoded(pool: DecodePool, media: MediaFactory) -> None:
    paths = [media["h264.mp4"], media["vp9.webm"]]
    events = list(pool.run(paths, wanted=lambda video: video.codec == "vp9"))
    decoded = [e.video.codec for e in events if isinstance(e, Decoded)]
    assert decoded == ["vp9"]
    assert {e.codec for e in events if isinstance(e, Video)} == {"h264", "vp9"}


@pytest.mark.parametrize("blow", [signal.SIGSEGV, signal.SIGKILL])
def test_a_decoder_that_dies_costs_one_video(media: MediaFactory, blow: signal.Signals) -> None:
    victim, other = media["reel.mp4"], media["h264.mp4"]
    with decode_pool(settings(workers=1)) as pool:
        events: list[Event] = []
        for event in pool.run([victim, other], wanted=lambda v: True):
            if isinstance(event, Video) and event.path == str(victim):
                (process,) = decoders()
                # Stopped first, so that it cannot end before the blow.
                os.kill(process.pid, signal.SIGSTOP)
                os.kill(process.pid, blow)
                os.kill(process.pid, signal.SIGCONT)
            events.append(event)
    (failure,) = [e for e in events if isinstance(e, Failure)]
    assert (failure.uri, failure.code) == (str(victim), Code.DECODE_CRASH)
    assert blow.name in failure.message
    assert [e.video.path for e in events if isinstance(e, Decoded)] == [str(other)]


def test_a_decoder_that_falls_silent_is_killed(media: MediaFactory) -> None:
    victim, other = media["reel.mp4"], media["h264.mp4"]
    with decode_pool(settings(workers=1, deadline_s=3.0)) as pool:
        events: list[Event] = []
        stopped: psutil.Process | None = None
        for event in pool.run([victim, other], wanted=lambda v: True):
            if isinstance(event, Video) and event.path == str(victim):
                (stopped,) = decoders()
                os.kill(stopped.pid, signal.SIGSTOP)
            events.append(event)
    (failure,) = [e for e in events if isinstance(e, Failure)]
    assert (failure.uri, failure.code) == (str(victim), Code.DECODE_TIMEOUT)
    assert "decode.deadline_s" in failure.message
    assert [e.video.path for e in events if isinstance(e, Decoded)] == [str(other)]
    assert stopped is not None
    assert not stopped.is_running()


def stop_in_a_message(pipe: Connection, settings: DecodeSettings) -> None:
    """A decode process that announces a thousand bytes and sends none, as one hung with the GIL."""
    pipe.recv()
    os.write(pipe.fileno(), struct.pack("!i", 1000))
    threading.Event().wait()


def test_a_decoder_that_stops_in_a_message_is_killed(
    media: MediaFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "serve", stop_in_a_message)
    with decode_pool(settings(workers=1, deadline_s=2.0)) as pool:
        events = list(pool.run([media["h264.mp4"]], wanted=lambda v: True))
    assert [e.code for e in events if isinstance(e, Failure)] == [Code.DECODE_TIMEOUT]
    assert not decoders()


def test_a_decoder_that_dies_between_two_files_costs_none(media: MediaFactory) -> None:
    paths = [media["h264.mp4"], media["vp9.webm"]]
    with decode_pool(settings(workers=1)) as pool:
        events: list[Event] = []
        for event in pool.run(paths, wanted=lambda v: True):
            if isinstance(event, Decoded) and event.video.path == str(paths[0]):
                (process,) = decoders()
                process.kill()
                process.wait()
            events.append(event)
    assert not [e for e in events if isinstance(e, Failure)]
    assert [e.video.path for e in events if isinstance(e, Decoded)] == [str(p) for p in paths]


@pytest.mark.parametrize("name", ["vp9.webm", "h264.ts", "h264.mkv", "h264.mp4", "mpeg4.avi"])
def test_flipped_bytes_never_kill_a_process(
    pool: DecodePool, media: MediaFactory, tmp_path: Path, name: str
) -> None:
    whole = media[name].read_bytes()
    mutants = []
    for seed in range(6):
        data = bytearray(whole)
        rng = np.random.default_rng(seed)
        for at in rng.integers(0, len(data), 40):
            data[at] = rng.integers(0, 256)
        mutants.append(tmp_path / f"{seed}_{name}")
        mutants[-1].write_bytes(data)
    events = everything(pool, *mutants)
    ends = [e for e in events if isinstance(e, Decoded | Failure)]
    assert len(ends) == len(mutants)
    assert {e.code for e in ends if isinstance(e, Failure)} <= {
        Code.DECODE_ERROR, Code.NOT_A_VIDEO, Code.NO_VIDEO_STREAM, Code.NO_FRAMES,
    }  # fmt: skip


def test_no_process_is_left_behind(media: MediaFactory) -> None:
    with decode_pool(settings()) as pool:
        next(iter(pool.run([media["reel.mp4"], media["h264.mp4"]], wanted=lambda v: True)))
        assert decoders()
    assert not decoders()


def test_torch_never_comes_into_a_decode_process(media: MediaFactory) -> None:
    with decode_pool(settings(workers=1)) as pool:
        events = pool.run([media["reel.mp4"]], wanted=lambda v: True)
        next(events)
        (process,) = decoders()
        libraries = {Path(mapped.path).name for mapped in process.memory_maps()}
        assert not any(name.startswith("libtorch") for name in libraries)
        assert any("avcodec" in name for name in libraries)


def test_worker_count() -> None:
    assert worker_count(DecodeConfig(workers=7)) == 7
    assert 1 <= worker_count(DecodeConfig()) <= 16
