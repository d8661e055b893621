"""`vsearch sequence` by its contract. The model is untrained: what it finds means nothing here."""
# ruff: noqa: F401, F811  fixtures are imported, and named again where they are used

from __future__ import annotations

import itertools
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from PIL import Image

from pipeline.ingest.run import ingest
from pipeline.settings import load_config
from pipeline.text import seconds_of
from tests.cli.test_cli import Run, folder, vsearch
from tests.media_factory import MediaFactory


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory, media: MediaFactory, untrained: Path) -> Path:
    """A folder with the settings of an archive of three videos; no test here changes it."""
    place = tmp_path_factory.mktemp("sequence")
    (place / "videos").mkdir()
    for name in ("h264.mp4", "vp9.webm", "hevc.mkv"):
        shutil.copy(media[name], place / "videos")
    settings = {
        "source": {"paths": [str(place / "videos")]},
        "encode": {"weights": str(untrained), "device": "cpu"},
        "store": {"uri": str(place / "archive.db")},
        "run": {"state_dir": str(place / "state")},
    }
    (place / "vsearch.yaml").write_text(yaml.safe_dump(settings))
    assert ingest(load_config(place / "vsearch.yaml").config).videos.ingested == 3
    return place


@pytest.fixture
def indexed(folder: Path, archive: Path) -> Path:
    """A folder of the test's own, where commands without `--config` ask that archive."""
    shutil.copy(archive / "vsearch.yaml", folder)
    return folder


def test_the_document(indexed: Path, vsearch: Run) -> None:
    result = vsearch("sequence", "a man", "a red car", "--json")
    assert result.code == 0, result.err
    document = result.document
    assert set(document) == {"results", "no_match", "reason", "compared", "bound", "took_ms"}
    assert (document["no_match"], document["reason"]) == (False, "")
    assert (document["compared"], document["bound"]) == (3, None)
    query = vsearch("query", "a man", "--json").document
    metadata = {found["content_id"]: found["metadata"] for found in query["results"]}
    assert {found["content_id"] for found in document["results"]} == set(metadata)
    for found in document["results"]:
        assert set(found) == {
            "content_id", "score", "start_s", "end_s", "timestamps", "metadata", "steps",
        }  # fmt: skip
        assert found["metadata"] == metadata[found["content_id"]]
        check_steps(found, ["a man", "a red car"])
    scores = [found["score"] for found in document["results"]]
    assert scores == sorted(scores, reverse=True)


def check_steps(found: dict[str, Any], texts: list[str]) -> None:
    steps = found["steps"]
    assert [step["text"] for step in steps] == texts
    for step in steps:
        assert set(step) == {"text", "start_s", "end_s", "best_s", "score", "cosine"}
        assert step["start_s"] <= step["best_s"] <= step["end_s"]
    for before, after in itertools.pairwise(steps):
        assert 0 <= after["start_s"] - before["end_s"] <= 10
    assert found["score"] == pytest.approx(sum(step["score"] for step in steps) / len(steps))
    assert found["timestamps"] == [step["best_s"] for step in steps]
    assert (found["start_s"], found["end_s"]) == (steps[0]["start_s"], steps[-1]["end_s"])


def test_in_a_pipe_there_are_plain_lines(indexed: Path, vsearch: Run) -> None:
    result = vsearch("sequence", "one", "two", "--top-k", "2")
    lines = [line.split("\t") for line in result.out.splitlines()]
    assert [line[0] for line in lines] == ["1", "2"]
    for _, score, times, span, path in lines:
        float(score)
        first, second = map(seconds_of, times.split(", "))
        start, end = map(seconds_of, span.split("-"))
        assert start <= first < second <= end
        assert Path(path).exists()
    assert "\x1b" not in result.out + result.err


def test_on_a_terminal_there_is_a_table(
    indexed: Path, vsearch: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.cli.sequence.on_terminal", lambda: True)
    monkeypatch.setenv("COLUMNS", "200")
    result = vsearch("sequence", "a [bold]man[/bold]", "[/red] car")
    assert result.code == 0, result.err
    header = result.out.splitlines()[1]
    assert "a [bold]man[/bold]" in header
    assert "[/red] car" in header
    assert "3 moments in " in result.out
    assert "3 videos compared" in result.out


def test_options_arrive(indexed: Path, vsearch: Run) -> None:
    def spans(*options: str) -> list[tuple[float, float]]:
        document = vsearch("sequence", "one", "two", "--json", *options).document
        return [
            (step["start_s"], step["end_s"])
            for found in document["results"]
            for step in found["steps"]
        ]

    assert all(start < end for start, end in spans())
    frames = spans("--granularity", "frame", "--within", "0:01.5", "--order", "any")
    assert all(start == end for start, end in frames)
    pairs = zip(frames[::2], frames[1::2], strict=True)
    assert all(0 < abs(one[0] - two[0]) <= 1.5 for one, two in pairs)
    assert len(spans("--top-k", "1")) == 2
    many = spans("--granularity", "frame", "--per-video", "3")
    assert len(many) > len(spans("--granularity", "frame")) == 6


def test_moments_on_a_contact_sheet(indexed: Path, vsearch: Run) -> None:
    plain = vsearch("sequence", "one", "two", "--contact-sheet", "two.png", "--top-k", "2")
    assert plain.code == 0, plain.err
    assert plain.err.splitlines()[-1] == "contact sheet: two.png"
    document = vsearch(
        "sequence", "1", "2", "3", "--json", "--order", "any", "--granularity", "frame",
        "--contact-sheet", "three.jpg", "--top-k", "3",
    ).document  # fmt: skip
    assert len(document["results"]) == 3
    with Image.open(indexed / "two.png") as two, Image.open(indexed / "three.jpg") as three:
        assert two.width < 3 * 320 < three.width
        assert two.height / 2 == pytest.approx(three.height / 3, rel=0.05)


def test_no_video_is_long_enough(indexed: Path, vsearch: Run) -> None:
    steps = ["1", "2", "3", "4", "5"]
    fixed = vsearch("sequence", *steps, "--json", "--contact-sheet", "none.png")
    assert fixed.code == 0, fixed.err
    assert (fixed.document["results"], fixed.document["no_match"]) == ([], True)
    assert "none of 3 videos has 5 scenes" in fixed.document["reason"]
    assert (indexed / "none.png").exists()
    plain = vsearch("sequence", *steps)
    assert (plain.code, plain.out) == (0, "")
    assert f"no match: {fixed.document['reason']}" in plain.err.splitlines()


@pytest.mark.parametrize(
    ("args", "says"),
    [
        ([], "2 to 5 texts, not 0"),
        (["one"], "2 to 5 texts, not 1"),
        (list("123456"), "2 to 5 texts, not 6"),
        (["one", " "], "text 2 is empty"),
        (["one", "two", "--within", "0"], "above 0"),
        (["one", "two", "--within", "-5"], "above 0"),
        (["one", "two", "--within", "nan"], "above 0"),
        (["one", "two", "--within", "soon"], "'soon'"),
        (["one", "two", "--order", "loose"], "strict or any"),
        (["one", "two", "--granularity", "tile"], "scene or frame"),
    ],
)
def test_what_cannot_be_asked_is_told_before_the_settings_are_looked_for(
    folder: Path, vsearch: Run, args: list[str], says: str
) -> None:
    result = vsearch("sequence", *args, "--json")
    assert result.code == 2
    (failure,) = result.document["failures"]
    assert failure["code"] == "query_invalid"
    assert says in failure["message"]
    assert says in result.err
    assert "config:" not in result.err


def test_other_errors(indexed: Path, vsearch: Run) -> None:
    long = vsearch("sequence", "one", "word " * 10_000, "--json")
    assert (long.code, long.document["failures"][0]["code"]) == (2, "query_invalid")
    sheet = vsearch("sequence", "one", "two", "--contact-sheet", "sheet.gif", "--json")
    assert (sheet.code, sheet.document["failures"][0]["code"]) == (2, "config_invalid")
    gone = vsearch("sequence", "one", "two", "--set", "store.uri=./gone.db", "--json")
    assert (gone.code, gone.document["failures"][0]["code"]) == (1, "not_indexed")
