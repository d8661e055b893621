"""Decode processes: what they give, and what happens when one dies or falls silent."""

from __future__ import annotations

import os
import signal
import struct
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import psutil
import pytest

from pipeline.config import DecodeConfig, SampleConfig, ScenesConfig
from pipeline.data import Decoded, Failure, Killed, Progress, SceneSamples, Video
from pipeline.errors import Code
from pipeline.ingest import worker
from pipeline.ingest.child import Event
from pipeline.ingest.decode import DecodeSettings, decode_video
from pipeline.ingest.limits import Limits
from pipeline.ingest.workers import DecodePool, decode_pool, worker_count
from tests.ingest import trouble
from tests.media_factory import FFMPEG, MediaFactory

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
    with decode_pool(settings(workers=1, deadline_s=10.0)) as pool:
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


def stop_in_a_message(pipe: Connection, settings: DecodeSettings, limits: Limits) -> None:
    """A decode process that announces a thousand bytes and sends none, as one hung with the GIL."""
    pipe.recv()
    os.write(pipe.fileno(), struct.pack("!i", 1000))
    threading.Event().wait()


def test_a_decoder_that_stops_in_a_message_is_killed(
    media: MediaFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "serve", stop_in_a_message)
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


@pytest.fixture
def troubled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Decoders do as file names say."""
    monkeypatch.setattr(worker, "serve", trouble.serve)


def failures(pool: DecodePool, *paths: Path) -> dict[str, Failure]:
    return {Path(e.uri).name: e for e in everything(pool, *paths) if isinstance(e, Failure)}


@pytest.mark.usefixtures("troubled")
def test_a_decoder_that_hangs_holding_the_interpreter_is_killed(tmp_path: Path) -> None:
    with decode_pool(settings(workers=1, deadline_s=3.0)) as pool:
        failed = failures(pool, tmp_path / "hang.mp4")
    assert failed["hang.mp4"].code == Code.DECODE_TIMEOUT
    assert "decode.deadline_s" in failed["hang.mp4"].message
    assert not decoders()


@pytest.mark.usefixtures("troubled")
def test_tiny_progress_for_ever_ends_too(tmp_path: Path) -> None:
    with decode_pool(settings(workers=1, file_deadline_s=3.0)) as pool:
        failed = failures(pool, tmp_path / "for_ever.mp4")
    assert failed["for_ever.mp4"].code == Code.DECODE_TIMEOUT
    assert "decode.file_deadline_s" in failed["for_ever.mp4"].message


@pytest.mark.usefixtures("troubled")
def test_decoders_that_talk_hide_none_that_is_silent(tmp_path: Path) -> None:
    with decode_pool(settings(workers=3, deadline_s=15.0)) as pool:
        talkers = [tmp_path / "1_for_ever.mp4", tmp_path / "2_for_ever.mp4"]
        events = pool.run([*talkers, tmp_path / "hang.mp4"], wanted=lambda v: True)
        failure = next(event for event in events if isinstance(event, Failure))
    assert (Path(failure.uri).name, failure.code) == ("hang.mp4", Code.DECODE_TIMEOUT)


def test_a_parent_that_is_busy_makes_nobody_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a process said, and waits to be taken, is no silence of its own.

    By a clock of the test's: on a machine that is busy no real one tells who was slow.
    """
    now = 100.0
    monkeypatch.setattr(worker, "time", SimpleNamespace(monotonic=lambda: now))
    clock = worker._Clock()
    now = 103.0
    assert (clock.silent_s, clock.worked_s) == (3.0, 3.0)
    clock.said()
    now = 400.0
    clock.said()
    assert (clock.silent_s, clock.worked_s) == (0.0, 3.0)
    clock.heard()
    assert clock.silent_s == 0.0, "one still waits"
    clock.heard()
    now = 402.0
    assert (clock.silent_s, clock.worked_s) == (2.0, 5.0)
    clock.begin()
    assert (clock.silent_s, clock.worked_s) == (0.0, 0.0)


@pytest.mark.usefixtures("troubled")
@pytest.mark.parametrize("how", ["ask", "eat", "full"])
def test_memory_has_a_limit(media: MediaFactory, tmp_path: Path, how: str) -> None:
    greedy, other = tmp_path / f"{how}.mp4", media["mpeg4.mp4"]
    with decode_pool(settings(workers=1, memory_mb=900)) as pool:
        events = everything(pool, greedy, other)
    (failure,) = [e for e in events if isinstance(e, Failure)]
    assert (failure.uri, failure.code) == (str(greedy), Code.DECODE_MEMORY)
    assert "900 MB" in failure.message
    assert "decode.memory_mb" in failure.message
    assert [e.video.path for e in events if isinstance(e, Decoded)] == [str(other)]


@pytest.fixture(scope="module")
def vast(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sound video of one picture that takes 650 MB to decode."""
    path = tmp_path_factory.mktemp("vast") / "vast.avi"
    picture = ("-f", "lavfi", "-i", "color=teal:s=12000x12000:r=1", "-frames:v", "1")
    subprocess.run([FFMPEG, "-v", "error", *picture, "-c:v", "mjpeg", path], check=True)
    return path


def test_a_real_file_may_need_too_much(vast: Path) -> None:
    with decode_pool(settings(workers=1, memory_mb=400)) as pool:
        assert failures(pool, vast)["vast.avi"].code == Code.DECODE_MEMORY
    with decode_pool(settings(workers=1)) as pool:
        assert not failures(pool, vast)


@pytest.mark.parametrize("spare_mb", [50, 400])
def test_a_decoder_that_gets_no_memory_does_not_call_it_damage(vast: Path, spare_mb: int) -> None:
    script = f"""
        import re, resource
        from pathlib import Path
        from pipeline.config import DecodeConfig, SampleConfig, ScenesConfig
        from pipeline.ingest import child
        from pipeline.ingest.decode import DecodeSettings, decode_video
        from pipeline.ingest.limits import limits_of

        path, config = Path({str(vast)!r}), DecodeConfig()
        data = re.search("VmData:\\s+(\\d+)", Path("/proc/self/status").read_text())
        most = (int(data[1]) << 10) + {spare_mb} * 10**6
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))
        try:
            list(decode_video(path, DecodeSettings(config, ScenesConfig(), SampleConfig())))
        except Exception as error:
            print(child._failure(path, error, limits_of(config, 1)).code)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(["", *sys.path])},
    )  # fmt: skip
    assert done.stdout == "decode_memory\n"


def test_a_file_may_be_too_large(media: MediaFactory) -> None:
    path = media["h264.mp4"]
    size_mb = path.stat().st_size / 1e6
    with decode_pool(settings(workers=1, max_file_mb=size_mb / 2)) as pool:
        failure = failures(pool, path)["h264.mp4"]
    assert failure.code == Code.FILE_TOO_LARGE
    assert "decode.max_file_mb" in failure.message
    with decode_pool(settings(workers=1, max_file_mb=size_mb)) as pool:
        assert not failures(pool, path)


@pytest.mark.usefixtures("troubled")
def test_many_crashes_leave_nothing_behind(media: MediaFactory, tmp_path: Path) -> None:
    good = [media["h264.mp4"], media["mpeg4.mp4"]]
    bad = [tmp_path / f"crash_{n}.mp4" for n in range(20)]
    mixed = [*bad[:10], good[0], *bad[10:], good[1]]
    with decode_pool(settings(workers=2)) as pool:
        everything(pool, bad[0])
        before = open_files(), threading.active_count()
        events = everything(pool, *mixed)
        alive = len(decoders())
        after = open_files(), threading.active_count()
    failed = [(e.uri, e.code) for e in events if isinstance(e, Failure)]
    assert sorted(failed) == sorted((str(path), Code.DECODE_CRASH) for path in bad)
    done = {e.video.path for e in events if isinstance(e, Decoded)}
    assert done == {str(path) for path in good}
    assert alive <= 2
    # One process alive, with its pipe, its sentinel and its thread, before; two at most after.
    assert after[0] - before[0] <= 4
    assert after[1] - before[1] <= 2
    assert not decoders()


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def starts(monkeypatch: pytest.MonkeyPatch) -> list[tuple[worker.Worker, str]]:
    """Which process gets which file, as it goes on."""
    started: list[tuple[worker.Worker, str]] = []
    begin = worker.Worker.start

    def noted(self: worker.Worker, path: Path) -> None:
        started.append((self, path.name))
        begin(self, path)

    monkeypatch.setattr(worker.Worker, "start", noted)
    return started


@pytest.mark.usefixtures("troubled")
def test_no_file_pays_for_what_others_left_behind(
    media: MediaFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = starts(monkeypatch)
    with decode_pool(settings(workers=1, memory_mb=900)) as pool:
        failed = failures(pool, tmp_path / "keep.mp4", media["mpeg4.mp4"], media["h264.mp4"])
    assert {name: failure.code for name, failure in failed.items()} == {"keep.mp4": Code.NOT_FOUND}
    processes = [process for process, _ in started]
    assert len({*processes}) == 2
    assert processes[1] is processes[2], "one that left nothing goes on"


@pytest.mark.usefixtures("troubled")
def test_a_file_that_kills_is_tried_in_one_fresh_process(
    media: MediaFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = starts(monkeypatch)
    good = [media["h264.mp4"], media["mpeg4.mp4"], media["vp9.webm"]]
    with decode_pool(settings(workers=3)) as pool:
        everything(pool, *good)
        failed = failures(pool, tmp_path / "crash.mp4")
    assert failed["crash.mp4"].code == Code.DECODE_CRASH
    (first, _), (second, _) = [each for each in started if each[1] == "crash.mp4"]
    assert first is not second
    assert second.files == 1, "the second time in a process of its own"


@pytest.mark.usefixtures("troubled")
def test_a_file_whose_decoder_others_killed_is_worth_one_more_try(
    media: MediaFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "killed_again.mp4"
    path.write_bytes(media["h264.mp4"].read_bytes())
    started = starts(monkeypatch)
    with decode_pool(settings(workers=1)) as pool:
        first = failures(pool, path)[path.name]
        everything(pool, media["mpeg4.mp4"])
        told = list(pool.run([path], wanted=lambda v: True, fresh=True))
        (second,) = [event for event in told if isinstance(event, Failure)]
    assert isinstance(first, Killed)
    assert not isinstance(second, Killed)
    assert first.code == second.code == Code.DECODE_CRASH
    assert "SIGKILL from outside" in second.message
    assert started[-1][0].files == 1, "in a process that had read nothing"


def test_a_decoder_does_not_outlive_a_parent_that_was_killed(tmp_path: Path) -> None:
    script = f"""
        from pathlib import Path
        from pipeline.config import DecodeConfig, SampleConfig, ScenesConfig
        from pipeline.ingest import worker
        from pipeline.ingest.decode import DecodeSettings
        from pipeline.ingest.workers import decode_pool
        from tests.ingest import trouble

        if __name__ == "__main__":
            worker.serve = trouble.serve
            settings = DecodeSettings(DecodeConfig(workers=1), ScenesConfig(), SampleConfig())
            with decode_pool(settings) as pool:
                list(pool.run([Path({str(tmp_path)!r}, "hang.mp4")], wanted=lambda v: True))
    """
    (tmp_path / "main.py").write_text(textwrap.dedent(script))
    here = {**os.environ, "PYTHONPATH": os.pathsep.join(["", *sys.path])}
    with subprocess.Popen([sys.executable, tmp_path / "main.py"], env=here) as parent:
        pid = tmp_path / "hang.pid"
        while not pid.exists():
            assert parent.poll() is None
            time.sleep(0.05)
        child = psutil.Process(int(pid.read_text()))
        parent.kill()
    gone, _ = psutil.wait_procs([child], timeout=60)
    assert gone, "it still hangs, and nobody waits for it"


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
