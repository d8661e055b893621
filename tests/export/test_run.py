"""`export`: an answer about real files, as files."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from pipeline.cli import export as cli
from pipeline.data import VideoHit
from pipeline.errors import Code, ConfigError, MediaError
from pipeline.export.run import FORMATS, Order, Step, check_folder, export
from pipeline.export.worker import worker
from pipeline.media.probe import probe
from tests.export.samples import about, answer, hit, moment
from tests.media_factory import MediaFactory


@pytest.fixture
def videos(media: MediaFactory, tmp_path: Path) -> Path:
    (tmp_path / "videos").mkdir()
    for name in ("h264_bframes.mp4", "vp9.webm", "with_audio.mp4"):
        shutil.copy(media[name], tmp_path / "videos")
    return tmp_path / "videos"


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def _results(videos: Path) -> tuple[VideoHit, ...]:
    return (
        about(videos / "h264_bframes.mp4", moment(1.0, 2.0, 0.9), moment(0.0, 0.5, 0.4)),
        about(videos / "vp9.webm", moment(0.2, 0.6, 0.8)),
        about(videos / "with_audio.mp4", moment(1.2, 2.2, 0.7)),
    )


def test_clips(videos: Path, tmp_path: Path) -> None:
    steps: list[Step] = []
    out = tmp_path / "new" / "out"
    report = export(answer(*_results(videos)), Order(out), watch=steps.append)
    assert report.failures == ()
    assert [path.name for path in report.files] == _names(out) == [
        "01 h264_bframes 00h00m01.000s-00h00m02.000s.mp4",
        "02 vp9 00h00m00.200s-00h00m00.600s.mp4",
        "03 with_audio 00h00m01.200s-00h00m02.200s.mp4",
    ]  # fmt: skip
    assert [probe(path).frames for path in report.files] == [24, 10, 25]
    assert [step.number for step in steps] == sorted(step.number for step in steps)
    assert steps[-1].total == 3


def test_every_moment(videos: Path, tmp_path: Path) -> None:
    found = answer(_results(videos)[0])
    report = export(found, Order(tmp_path / "out", every=True))
    assert [path.name[:5] for path in report.files] == ["01 h2", "01-2 "]


def test_what_is_gone_or_changed_costs_one_moment(
    videos: Path, tmp_path: Path, media: MediaFactory
) -> None:
    results = _results(videos)
    (videos / "vp9.webm").unlink()
    shutil.copy(media["long_gop.mp4"], videos / "with_audio.mp4")
    for form, name in (("clips", "01 h264_bframes 00h00m01.000s-00h00m02.000s.mp4"),
                       ("edl", "moments.edl"), ("fcpxml", "moments.fcpxml")):  # fmt: skip
        out = tmp_path / form
        report = export(answer(*results), Order(out, form))
        assert [(Path(f.uri).name, f.code) for f in report.failures] == [
            ("vp9.webm", Code.NOT_FOUND), ("with_audio.mp4", Code.FILE_CHANGED),
        ]  # fmt: skip
        assert _names(out) == [name]
    table = export(answer(*results), Order(tmp_path / "csv", "csv"))
    assert table.failures == ()
    assert len((tmp_path / "csv" / "moments.csv").read_text().splitlines()) == 4


def test_a_copy_stands_in_and_a_new_date_is_no_change(videos: Path, tmp_path: Path) -> None:
    from dataclasses import replace

    result = _results(videos)[1]
    copy = Path(shutil.copy(videos / "vp9.webm", videos / "copy.webm"))
    os.utime(copy, (1, 1))
    (videos / "vp9.webm").unlink()
    paths = (*result.record.paths, str(copy))
    again = hit(replace(result.record, paths=paths), *result.moments)
    assert export(answer(again), Order(tmp_path / "out")).failures == ()


def test_another_content_of_the_same_size(videos: Path, tmp_path: Path) -> None:
    result = _results(videos)[1]
    data = bytearray((videos / "vp9.webm").read_bytes())
    data[-1] ^= 1
    (videos / "vp9.webm").write_bytes(data)
    os.utime(videos / "vp9.webm", (1, 1))
    (failure,) = export(answer(result), Order(tmp_path / "out")).failures
    assert failure.code == Code.FILE_CHANGED


def test_nothing_is_replaced_unless_it_is_said(videos: Path, tmp_path: Path) -> None:
    found = answer(_results(videos)[1])
    for form in FORMATS:
        (path,) = export(found, Order(tmp_path / form, form)).files
        path.write_text("mine")
        (failure,) = export(found, Order(tmp_path / form, form)).failures
        assert failure.code == Code.FILE_EXISTS
        assert "--overwrite" in failure.message
        assert path.read_text() == "mine"
        assert export(found, Order(tmp_path / form, form, overwrite=True)).files == (path,)
        assert path.read_bytes() != b"mine"
        assert _names(tmp_path / form) == [path.name]


def test_a_list_for_each_rate(videos: Path, tmp_path: Path) -> None:
    report = export(answer(*_results(videos)), Order(tmp_path / "out", "edl", title="a red car"))
    assert _names(tmp_path / "out") == ["moments-24.edl", "moments-25.edl"]
    assert len(report.files) == 2
    text = (tmp_path / "out" / "moments-25.edl").read_text()
    assert " AA/V " in text
    assert " V     C" in text


def test_no_match_is_no_failure(tmp_path: Path) -> None:
    for form in FORMATS:
        report = export(answer(), Order(tmp_path / form, form))
        assert report.failures == ()
        assert len(report.files) == (form == "csv")


def test_a_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file", tmp_path / "file" / "below", Path("/proc/x")):
        with pytest.raises(ConfigError) as caught:
            check_folder(folder)
        assert caught.value.exit_code == 2
    check_folder(tmp_path / "a" / "b")
    assert not (tmp_path / "a").exists()


def test_the_command_line_knows_the_formats() -> None:
    assert tuple(form.value for form in cli.ExportForm) == FORMATS


def die(*, watch) -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def sleep(seconds: float, *, watch) -> str:
    time.sleep(seconds)
    return "awake"


def fail(*, watch) -> None:
    raise ZeroDivisionError("one by zero")


def test_a_crash_or_silence_costs_one_thing() -> None:
    with worker(silence_s=250) as process:
        with pytest.raises(MediaError) as caught:
            process.do(die, uri="a.mp4")
        assert (caught.value.code, caught.value.uri) == (Code.DECODE_CRASH, "a.mp4")
        assert "SIGSEGV" in caught.value.message
        assert process.do(sleep, 0.0, uri="b.mp4") == "awake"
        with pytest.raises(MediaError, match="ZeroDivisionError: one by zero"):
            process.do(fail, uri="c.mp4")
        process._silence_s = 0.5
        with pytest.raises(MediaError) as caught:
            process.do(sleep, 60.0, uri="d.mp4")
        assert caught.value.code == Code.DECODE_TIMEOUT


def test_ctrl_c_leaves_no_half_file(media: MediaFactory, tmp_path: Path) -> None:
    """A span that takes long to encode, and Ctrl-C to the whole group in the middle."""
    script = f"""
        from pathlib import Path
        from tests.export.samples import about, answer, moment
        from pipeline.cli.export import run_export
        from pipeline.export.run import Order
        from pipeline.errors import VSearchError
        if __name__ == "__main__":
            videos = [Path({str(media["short.mp4"])!r}), Path({str(media["reel.mp4"])!r})]
            found = answer(*(about(path, moment(0.02, 60.0)) for path in videos))
            try:
                run_export(found, Order(Path("out")))
            except VSearchError as error:
                print(error.code)
    """
    path = tmp_path / "script.py"
    path.write_text(textwrap.dedent(script))
    with subprocess.Popen(
        [sys.executable, str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        cwd=tmp_path, start_new_session=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:  # fmt: skip
        assert process.stdout is not None
        while (tmp_path / "out").exists() is False or len(_names(tmp_path / "out")) < 2:
            assert process.poll() is None, process.stderr.read()
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate()
    assert "interrupted" in out, out + err
    assert "Traceback" not in err
    assert [name[:8] for name in _names(tmp_path / "out")] == ["01 short"]
