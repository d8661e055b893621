"""The contract of the command line: what is printed where, and how it ends."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from PIL import Image

from pipeline.cli import main
from pipeline.config import Config
from pipeline.search.where import parse_filter
from pipeline.text import clock
from tests.ingest.test_run import frame_of
from tests.media_factory import MediaFactory

VSEARCH = Path(sys.executable).with_name("vsearch")


class Result(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Result]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith("VSEARCH_"):
            monkeypatch.delenv(name)
    return tmp_path


@pytest.fixture
def vsearch(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Run:
    """Run the command in this process, as its console script would."""

    def run(*args: str | Path) -> Result:
        monkeypatch.setattr(sys, "argv", ["vsearch", *map(str, args)])
        capfd.readouterr()
        try:
            main()
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
        return Result(code, *capfd.readouterr())

    return run


@pytest.fixture
def indexed(folder: Path, vsearch: Run, media: MediaFactory, untrained: Path) -> Path:
    """A folder with three videos in it, indexed by settings in `vsearch.yaml`'s place."""
    (folder / "videos").mkdir()
    for name in ("h264.mp4", "vp9.webm", "hevc.mkv"):
        shutil.copy(media[name], folder / "videos")
    settings = {"encode": {"weights": str(untrained), "device": "cpu"}}
    (folder / "ours.yaml").write_text(yaml.safe_dump(settings))
    report = vsearch("ingest", "videos", "--config", "ours.yaml", "--json")
    assert report.code == 0, report.err
    return folder


def test_ingest_reports_by_its_contract(indexed: Path, vsearch: Run) -> None:
    result = vsearch("ingest", "videos", "--json")
    assert result.code == 0
    assert set(result.document) == {
        "videos", "rows_written", "video_s", "setup_s", "wall_s", "failures",
    }  # fmt: skip
    assert result.document["videos"] == {
        "found": 3, "ingested": 0, "unchanged": 3, "partial": 0, "failed": 0,
        "failed_before": 0, "removed": 0, "left": 0,
    }  # fmt: skip
    assert result.document["failures"] == []


def test_a_bare_query_uses_the_settings_of_the_last_ingest(
    indexed: Path, vsearch: Run, media: MediaFactory
) -> None:
    picture, video, seconds = frame_of(media["vp9.webm"], indexed)
    result = vsearch("query", "--image", picture, "--json")
    assert result.code == 0, result.err
    assert "last-ingest.yaml" in result.err
    assert set(result.document) == {"results", "no_match", "took_ms"}
    best = result.document["results"][0]
    assert set(best) == {"content_id", "score", "confidence", "timestamps", "metadata", "moments"}
    assert best["metadata"]["filename"] == video
    assert best["metadata"]["file_ext"] == "webm"
    assert best["metadata"]["file_url"].startswith("file:///")
    assert best["confidence"] is None
    assert set(best["moments"][0]) == {"start_s", "end_s", "best_s", "score", "box"}
    assert best["timestamps"] == [moment["best_s"] for moment in best["moments"]]
    assert abs(best["timestamps"][0] - seconds) <= 1.0
    assert len({r["content_id"] for r in result.document["results"]}) == 3


def test_in_a_pipe_a_query_is_plain_lines(indexed: Path, vsearch: Run) -> None:
    result = vsearch("query", "anything", "--top-k", "2")
    lines = result.out.splitlines()
    assert [line.split("\t")[0] for line in lines] == ["1", "2"]
    assert all(len(line.split("\t")) == 5 for line in lines)
    assert "\x1b" not in result.out + result.err


def test_a_contact_sheet_of_a_query(indexed: Path, vsearch: Run) -> None:
    (indexed / "videos" / "hevc.mkv").rename(indexed / "moved.mkv")
    plain = vsearch("query", "a red car", "--contact-sheet", "sheet.jpg")
    assert plain.code == 0, plain.err
    assert len(plain.out.splitlines()) == 3
    assert plain.err.splitlines()[-1] == "contact sheet: sheet.jpg"
    (indexed / "frame.png").write_bytes((indexed / "sheet.jpg").read_bytes())
    result = vsearch("query", "--image", "frame.png", "--json", "--contact-sheet", "sheet.png")
    assert result.code == 0, result.err
    assert len(result.document["results"]) == 3
    with Image.open(indexed / "sheet.png") as sheet:
        assert sheet.width > 3 * 320


def test_a_sheet_that_cannot_be_written_is_told_before_the_search(
    folder: Path, vsearch: Run
) -> None:
    for path in ("sheet.gif", "gone/sheet.png"):
        result = vsearch("query", "a red car", "--contact-sheet", path, "--json")
        assert result.code == 2
        (failure,) = result.document["failures"]
        assert (failure["uri"], failure["code"]) == (path, "config_invalid")
        assert path in result.err
        assert "config:" not in result.err, "not even the settings were looked for"


def test_a_filter_of_a_query(indexed: Path, vsearch: Run) -> None:
    def found(where: str) -> Any:
        result = vsearch("query", "a red car", "--where", where, "--json")
        assert result.code == 0, result.err
        return result.document

    every = found("duration > 0")["results"]
    assert len(every) == 3
    (best, *_) = found('path = "*.webm" or path = videos/hevc.mkv')["results"]
    assert best["metadata"]["file_ext"] in ("webm", "mkv")
    (alone,) = found(f"video = {every[1]['content_id'][:10]}")["results"]
    assert alone["score"] == pytest.approx(every[1]["score"], abs=1e-5)
    for result in found("time in 1..0:02 and not kind = tile")["results"]:
        for moment in result["moments"]:
            assert 1 <= moment["start_s"] <= moment["best_s"] < moment["end_s"] <= 2


@pytest.mark.parametrize(
    ("where", "reason"),
    [
        ("tag = night", "no video satisfies the filter"),
        ("time > 1:00:00", "no moment of any video satisfies the filter"),
        ('path = "*.webm" and kind = tile', "the filter selects 1 video, but no moment there"),
    ],
)
def test_an_empty_answer_says_why(indexed: Path, vsearch: Run, where: str, reason: str) -> None:
    result = vsearch("query", "a red car", "-w", where)
    assert (result.code, result.out) == (0, "")
    assert result.err.splitlines()[-1] == f"no match: {reason}"
    document = vsearch("query", "a red car", "-w", where, "--json").document
    assert (document["results"], document["no_match"], document["reason"]) == ([], True, reason)


def test_a_filter_that_cannot_be_read_is_shown_before_the_search(
    folder: Path, vsearch: Run
) -> None:
    result = vsearch("query", "a red car", "--where", "tag = a or\ttiem in 1..2", "--json")
    assert result.code == 2
    assert result.err.splitlines() == [
        "vsearch: error: there is no field 'tiem': did you mean time?",
        "  tag = a or\\ttiem in 1..2",
        "              ^",
    ]
    (failure,) = result.document["failures"]
    assert failure["code"] == "query_invalid"
    assert failure["message"].endswith("^")
    empty = vsearch("query", "a red car", "--where", "")
    assert (empty.code, "expected a condition" in empty.err) == (2, True)


def test_the_help_of_a_query_explains_filters(folder: Path, vsearch: Run) -> None:
    shown = vsearch("query", "--help").out
    for line in shown.splitlines():
        if line.startswith("    vsearch query") and "--where" in line:
            *_, quoted = line.split("'")[:-1]
            parse_filter(quoted)
    for field in ("time", "duration", "recorded", "path", "tag", "kind", "video"):
        assert f"    {field} " in shown


def test_status_and_delete(indexed: Path, vsearch: Run) -> None:
    before = vsearch("status", "--json").document
    assert before["videos"] == 3
    assert before["rows"] > 0
    assert before["index"]["type"] == "HNSW"
    assert before["failures"] == []
    assert "videos" in vsearch("status").out
    refused = vsearch("delete", "videos/h264.mp4")
    assert refused.code == 2
    assert "--yes" in refused.err
    gone = vsearch("delete", "videos/h264.mp4", "--yes", "--json")
    assert gone.code == 0
    assert len(gone.document["deleted"]) == 1
    assert vsearch("status", "--json").document["videos"] == 2
    again = vsearch("delete", "videos/h264.mp4", "--yes", "--json")
    assert again.code == 1
    assert again.document["failures"][0]["code"] == "not_found"


def test_failures_are_named_and_kept_for_status(
    indexed: Path, vsearch: Run, media: MediaFactory
) -> None:
    shutil.copy(media["garbage.mp4"], indexed / "videos")
    result = vsearch("ingest", "videos", "gone", "--json")
    assert result.code == 3
    found = {(Path(f["uri"]).name, f["code"]) for f in result.document["failures"]}
    assert found == {("garbage.mp4", "not_a_video"), ("gone", "not_found")}
    assert all(set(f) == {"uri", "code", "message"} for f in result.document["failures"])
    (kept,) = vsearch("status", "--json").document["failures"]
    assert Path(kept["uri"]).name == "garbage.mp4", "a name that was mistyped is no file to look at"
    plain = vsearch("ingest", "videos")
    assert plain.code == 0, "it was said once"
    assert "4 found, 3 of them unchanged, 1 failed before" in plain.err
    assert "garbage.mp4" not in plain.err
    assert "0 failed" in plain.out
    assert "1 failed before and were not tried again" in plain.out
    again = vsearch("retry")
    assert again.code == 3
    assert "garbage.mp4 [not_a_video]" in again.err
    assert "1 found: 0 ingested, 0 unchanged, 1 failed" in again.out


def test_probe_and_scenes(vsearch: Run, media: MediaFactory) -> None:
    document = vsearch("probe", media["rotated_90.mp4"], "--json").document
    assert {
        "video_id", "codec", "width", "height", "rotation", "frames", "duration_s", "frame_rate",
        "recorded_at",
    } <= set(document)  # fmt: skip
    assert document["rotation"] == 90
    assert document["height"] > document["width"]
    assert document["covered"] is None, "nobody looked"
    assert not document["cut_short"]
    scenes = vsearch("scenes", media["h264.mp4"], "--json").document["scenes"]
    assert [scene["index"] for scene in scenes] == list(range(len(scenes)))
    assert set(scenes[0]) == {"index", "start_s", "end_s"}
    assert len(scenes) > 1
    fixed = ("--set", "scenes.detector=fixed", "--set", "scenes.max_length_s=0.5")
    windows = vsearch("scenes", media["h264.mp4"], "--json", *fixed).document["scenes"]
    assert [w["start_s"] for w in windows] == [i / 2 for i in range(len(windows))]
    assert "detected" in vsearch("scenes", media["h264.mp4"]).out


def test_probe_of_a_file_that_lacks_its_end(
    vsearch: Run, media: MediaFactory, tmp_path: Path
) -> None:
    path = tmp_path / "half.mkv"
    data = media["h264.mkv"].read_bytes()
    path.write_bytes(data[: len(data) // 2])
    document = vsearch("probe", path, "--json").document
    assert document["cut_short"] is True
    assert document["covered"] is None
    assert "cut_short    yes\n" in (out := vsearch("probe", path).out)
    assert "covered      unknown; see --check\n" in out
    checked = vsearch("probe", path, "--check", "--json").document
    assert checked["cut_short"] is True
    ((start_s, end_s),) = checked["covered"]
    assert 0 == start_s < end_s
    whole = vsearch("probe", media["h264.mkv"], "--check").out
    assert "covered      all of it\n" in whole
    assert "cut_short    no\n" in whole


def test_config_show_can_be_used_as_a_config(folder: Path, vsearch: Run) -> None:
    shown = vsearch("config", "show", "--set", "store.token=root:Secret-1")
    assert "Secret-1" not in shown.out + shown.err
    (folder / "shown.yaml").write_text(vsearch("config", "show").out)
    assert vsearch("config", "check", "--config", "shown.yaml").out == "valid\n"
    assert vsearch("config", "show", "--json").document == Config().model_dump(mode="json")
    wrong = vsearch("config", "check", "--set", "encode.modle=x", "--json")
    assert wrong.code == 2
    assert wrong.document["failures"][0]["code"] == "config_invalid"
    assert "encode.model" in wrong.err


def test_doctor_tells_what_is_there(indexed: Path, vsearch: Run) -> None:
    result = vsearch("doctor", "--json")
    assert result.code == 0, result.out
    states = {check["what"]: check["state"] for check in result.document["checks"]}
    assert states["decord"] == states["pyav"] == states["device"] == states["weights"] == "ok"
    assert states["store"] == "ok"
    sick = vsearch("doctor", "--set", "encode.weights=gone.pt")
    assert sick.code == 1
    assert "gone.pt" in sick.out


def test_doctor_misses_the_weights_that_come_along(
    vsearch: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.models.weights.DEMO_WEIGHTS", folder / "demo.pt")
    sick = vsearch("doctor", "--set", "encode.backend=demo")
    assert sick.code == 1
    assert "demo.pt" in sick.out


@pytest.mark.parametrize(
    ("args", "exit_code", "code"),
    [
        (["ingest", "--config", "gone.yaml"], 2, "config_not_found"),
        (["ingest", "videos", "--set", "encode.modle=x"], 2, "config_invalid"),
        (["ingest"], 2, "nothing_to_ingest"),
        (["ingest", "videos", "--set", "encode.weights=gone.pt"], 1, "weights_missing"),
        (["ingest", "videos", "--set", "store.uri=http://127.0.0.1:9"], 1, "store_unreachable"),
    ],
)
def test_what_stops_an_ingest_is_in_its_document(
    vsearch: Run, folder: Path, media: MediaFactory, untrained: Path,
    args: list[str], exit_code: int, code: str,
) -> None:  # fmt: skip
    (folder / "videos").mkdir()
    shutil.copy(media["h264.mp4"], folder / "videos")
    ours = ["--set", f"encode.weights={untrained}", "--set", "store.timeout_s=5"]
    # The last --set of a key wins.
    result = vsearch(args[0], *ours, *args[1:], "--json")
    assert result.code == exit_code, result.err
    assert [failure["code"] for failure in result.document["failures"]] == [code]
    (line,) = [x for x in result.err.splitlines() if x.startswith("vsearch: error: ")]
    assert line


@pytest.mark.parametrize(
    ("args", "exit_code", "code"),
    [
        (["query"], 2, "query_invalid"),
        (["query", "  "], 2, "query_invalid"),
        (["query", "--not", "text"], 2, "query_invalid"),
        (["query", "text", "--image", "x.png"], 1, "not_found"),
        (["query", "text", "--not", " "], 2, "query_invalid"),
        (["query", "text"], 1, "not_indexed"),
        (["status"], 1, "not_indexed"),
        (["delete", "x", "--yes"], 1, "not_indexed"),
        (["probe", "gone.mp4"], 1, "not_found"),
        (["scenes", "gone.mp4"], 1, "not_found"),
    ],
)
def test_other_errors_are_a_document_too(
    vsearch: Run, folder: Path, untrained: Path, args: list[str], exit_code: int, code: str
) -> None:
    result = vsearch(*args, "--set", f"encode.weights={untrained}", "--json")
    assert result.code == exit_code, result.err
    assert result.document["failures"][0]["code"] == code
    assert "Traceback" not in result.err
    assert not (folder / "vsearch.db").exists()


def test_questions_that_cannot_be_asked(indexed: Path, vsearch: Run) -> None:
    (indexed / "no.png").write_text("no picture")
    assert vsearch("query", "--image", "no.png", "--json").document["failures"][0]["code"] == (
        "image_invalid"
    )
    assert vsearch("query", "--image", "gone.png", "--json").document["failures"][0]["code"] == (
        "not_found"
    )
    long = vsearch("query", "word " * 10_000, "--json")
    assert (long.code, long.document["failures"][0]["code"]) == (2, "query_invalid")


@pytest.mark.parametrize(
    "args", [["--nope"], ["nope"], ["ingest", "--nope"], ["probe"], ["query", "x", "-k", "0"]]
)
def test_a_wrong_command_line_is_exit_code_2(vsearch: Run, args: list[str]) -> None:
    result = vsearch(*args)
    assert result.code == 2
    assert "Traceback" not in result.err


def test_help_is_enough_and_cheap(folder: Path) -> None:
    script = """
        import sys
        sys.argv = ["vsearch", "--help"]
        from pipeline.cli import main
        try:
            main()
        except SystemExit as end:
            assert end.code == 0
        heavy = {"torch", "numpy", "PIL", "av", "decord", "pymilvus", "scenedetect", "pydantic"}
        assert not heavy & set(sys.modules), heavy & set(sys.modules)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    for command in (
        "ingest", "query", "sequence", "plot", "status", "delete", "probe", "scenes", "config",
        "doctor",
    ):  # fmt: skip
        assert command in done.stdout


def test_a_lite_file_takes_one_process_at_a_time(indexed: Path, vsearch: Run) -> None:
    script = """
        import sys
        from pipeline.config import StoreConfig
        from pipeline.store import VideoStore
        with VideoStore.connect(StoreConfig(uri="./vsearch.db")) as store:
            store.open_for_reading()
            print("held", flush=True)
            sys.stdin.read()
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as holder:  # fmt: skip
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        for command in (["status"], ["query", "x"], ["ingest", "videos"]):
            result = vsearch(*command, "--json")
            assert result.code == 4
            assert "vsearch.db" in result.err
        holder.communicate()
    assert vsearch("status").code == 0


def test_ctrl_c_ends_an_ingest_with_one_line(
    folder: Path, media: MediaFactory, untrained: Path
) -> None:
    (folder / "videos").mkdir()
    for name in ("reel.mp4", "h264.mp4", "vp9.webm", "hevc.mkv"):
        shutil.copy(media[name], folder / "videos")
    ours = [f"--set=encode.weights={untrained}", "--set=encode.batch_size=2"]
    with subprocess.Popen(
        [str(VSEARCH), "ingest", "videos", "--json", *ours],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        # Who runs the tests in the background of a shell hands down an ignored Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:  # fmt: skip
        assert process.stderr is not None
        lines = []
        for line in process.stderr:
            lines.append(line)
            if "found" in line:
                # As a terminal does it: to the whole group.
                os.killpg(process.pid, signal.SIGINT)
                break
        lines += process.stderr.readlines()
        assert process.stdout is not None
        document = json.load(process.stdout)
    assert process.returncode == 1
    counts = document["videos"]
    assert counts["found"] == counts["ingested"] + counts["left"] == 4
    assert document["failures"][-1]["code"] == "interrupted"
    assert "interrupted" in lines[-1]
    assert not any("Traceback" in line for line in lines)


def test_clock() -> None:
    assert [clock(s) for s in (0, 9.96, 75.25, 3599.99, 3661)] == [
        "0:00.0", "0:10.0", "1:15.2", "1:00:00.0", "1:01:01.0",
    ]  # fmt: skip


def test_words_find_the_video_and_the_time(vsearch: Run, folder: Path, drawn: Path) -> None:
    demo = ("--set", "encode.backend=demo")
    report = vsearch("ingest", drawn, *demo)
    assert report.code == 0, report.err
    assert "warning" not in report.err
    best = vsearch("query", "a red car", *demo, "--json").document["results"][0]
    assert best["metadata"]["filename"] == "road_trip.mp4"
    assert best["timestamps"][0] < 3.5


def test_footage_that_the_demo_model_does_not_know_is_warned_of(
    vsearch: Run, folder: Path, media: MediaFactory
) -> None:
    report = vsearch("ingest", media["h264.mp4"], media["vp9.webm"], "--set", "encode.backend=demo")
    assert report.code == 0, report.err
    assert report.err.count("warning: ") == 1
    assert "encode.backend to openai" in report.err
