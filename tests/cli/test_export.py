"""`query --export`, `query --open` and `plot`, as a user calls them."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from pipeline.media.probe import probe
from pipeline.text import BLOCKS
from tests.cli.test_cli import Run, folder, indexed, vsearch  # noqa: F401
from tests.ingest.test_run import frame_of
from tests.media_factory import MediaFactory


def test_a_query_is_exported(indexed: Path, vsearch: Run) -> None:  # noqa: F811
    plain = vsearch("query", "a red car", "--export", "out")
    assert plain.code == 0, plain.err
    assert len(plain.out.splitlines()) == 3
    names = sorted(path.name for path in (indexed / "out").iterdir())
    assert [name[:3] for name in names] == ["01 ", "02 ", "03 "]
    assert all(probe(indexed / "out" / name).codec == "h264" for name in names)
    assert sorted(x.removeprefix("exported out/") for x in plain.err.splitlines()[-3:]) == names
    (indexed / "videos" / "vp9.webm").unlink()
    some = vsearch("query", "a red car", "--export", "out", "--export-format", "edl", "--json")
    assert some.code == 3
    assert set(some.document) == {"results", "no_match", "took_ms", "export"}
    assert some.document["export"]["files"] == ["out/moments.edl"]
    (failure,) = some.document["export"]["failures"]
    assert (Path(failure["uri"]).name, failure["code"]) == ("vp9.webm", "not_found")
    again = vsearch("query", "x", "--export", "out", "--export-format", "edl", "--export-all")
    assert again.code == 3
    assert "file_exists" in again.err
    said = ("--export-format", "csv", "--export-all", "--overwrite")
    assert vsearch("query", "x", "--export", "out", *said).code == 0


@pytest.mark.parametrize(
    "args", [["--export-all"], ["--overwrite"], ["--export-format", "csv"], ["--export", "file"]]
)
def test_what_cannot_be_exported_is_told_before_the_search(
    folder: Path, vsearch: Run, args: list[str]  # noqa: F811
) -> None:  # fmt: skip
    (folder / "file").write_text("")
    result = vsearch("query", "a red car", *args, "--json")
    assert result.code == 2
    assert result.document["failures"][0]["code"] == "config_invalid"
    assert "config:" not in result.err


def test_the_best_moment_is_played(
    indexed: Path, vsearch: Run, media: MediaFactory, monkeypatch: pytest.MonkeyPatch  # noqa: F811
) -> None:  # fmt: skip
    picture, name, seconds = frame_of(media["vp9.webm"], indexed)
    programs = indexed / "bin"
    programs.mkdir()
    (programs / "mpv").write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {indexed}/played\n')
    (programs / "mpv").chmod(0o755)
    monkeypatch.setenv("PATH", str(programs))
    result = vsearch("query", "--image", picture, "--open")
    assert result.code == 0, result.err
    start, _, path = (indexed / "played").read_text().splitlines()
    assert path == str(indexed / "videos" / name)
    assert abs(float(start.removeprefix("--start=")) - seconds) <= 1.0
    assert f"playing {path} in mpv" in result.err
    monkeypatch.setenv("PATH", str(indexed))
    result = vsearch("query", "--image", picture, "--open")
    assert result.code == 1
    assert "install mpv" in result.err


def test_a_plot(
    indexed: Path, vsearch: Run, media: MediaFactory, monkeypatch: pytest.MonkeyPatch  # noqa: F811
) -> None:  # fmt: skip
    monkeypatch.setenv("COLUMNS", "50")
    picture, name, seconds = frame_of(media["vp9.webm"], indexed)
    result = vsearch("plot", f"videos/{name}", "--image", picture, "-o", "plot.png")
    assert result.code == 0, result.err
    path, line, axis, best = result.out.splitlines()
    assert path.endswith(name)
    assert len(line) == len(axis) == 50
    assert set(line) <= set(BLOCKS)
    assert best.startswith("best 1.000 at 0:0")
    with Image.open(indexed / "plot.png") as page:
        assert page.width == 1200
    document = vsearch("plot", f"videos/{name}", "--image", picture, "--json").document
    assert set(document) == {"content_id", "path", "duration_s", "best", "scenes"}
    assert abs(document["best"]["best_s"] - seconds) <= 1.0
    assert document["best"] == max(document["scenes"], key=lambda scene: scene["score"])
    spans = [(scene["start_s"], scene["end_s"]) for scene in document["scenes"]]
    assert spans[0][0] == 0
    assert spans == sorted(spans)
    by_id = vsearch("plot", document["content_id"][:12], "--image", picture, "--json")
    assert by_id.document == document


@pytest.mark.parametrize(
    ("args", "exit_code", "code"),
    [
        (["gone.mp4", "a red car"], 2, "not_found"),
        (["videos/h264.mp4"], 2, "query_invalid"),
        (["videos/h264.mp4", "  "], 2, "query_invalid"),
        (["videos/h264.mp4", "x", "-o", "plot.gif"], 2, "config_invalid"),
    ],
)
def test_what_cannot_be_plotted(
    indexed: Path, vsearch: Run, args: list[str], exit_code: int, code: str  # noqa: F811
) -> None:  # fmt: skip
    result = vsearch("plot", *args, "--json")
    assert result.code == exit_code, result.err
    assert [failure["code"] for failure in result.document["failures"]] == [code]
