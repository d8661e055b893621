"""`vsearch similar`, as a user calls it."""
# ruff: noqa: F401, F811  fixtures are imported, and named again where they are used

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from tests.cli.asking import indexed, names
from tests.cli.test_cli import Run, folder, vsearch

ALL = ("--set", "search.min_confidence=0")


def test_a_video_by_its_path_or_its_id(indexed: Path, vsearch: Run, drawn: Path) -> None:
    document = vsearch("similar", drawn / "zoo.mp4", *ALL, "--json").document
    assert set(document) == {"results", "no_match", "took_ms"}
    others = [found["metadata"]["filename"] for found in document["results"]]
    assert len(others) == 4
    assert "zoo.mp4" not in others
    first = document["results"][0]
    by_id = vsearch("similar", first["content_id"][:8], *ALL)
    assert by_id.code == 0, by_id.err
    assert "zoo.mp4" in names(by_id)
    assert first["metadata"]["filename"] not in names(by_id)


def test_moments_and_weights(indexed: Path, vsearch: Run, drawn: Path) -> None:
    first, second = drawn / "zoo.mp4", drawn / "winter.mkv"
    both = vsearch("similar", f"{first}@0:01", f"{second}^2", *ALL)
    assert both.code == 0, both.err
    assert set(names(both)) == {"road_trip.mp4", "harbour.mp4", "fly_by.mp4"}
    some = vsearch("similar", first, "-k", "1", "--where", "time < 2", *ALL)
    assert len(names(some)) == 1


def test_a_contact_sheet(indexed: Path, vsearch: Run, drawn: Path) -> None:
    result = vsearch("similar", drawn / "zoo.mp4", *ALL, "--contact-sheet", "sheet.png")
    assert result.err.splitlines()[-1] == "contact sheet: sheet.png"
    with Image.open(indexed / "sheet.png") as sheet:
        assert sheet.width > 320


def test_nothing_is_like_it(indexed: Path, vsearch: Run, drawn: Path) -> None:
    only = vsearch("similar", drawn / "zoo.mp4", "-w", "path = zoo.mp4")
    assert (only.code, only.out) == (0, "")
    assert "no match: " in only.err


@pytest.mark.parametrize(
    ("args", "exit_code", "code", "says"),
    [
        (["gone.mp4"], 2, "not_found", "gone.mp4: is not in the archive"),
        (["zoo@1:00:00"], 2, "not_found", "zoo: is not in the archive"),
        (["{zoo}@1:00:00"], 2, "query_invalid", "is behind its end"),
        (["{zoo}@1.2.3"], 2, "query_invalid", "is no time"),
        (["{zoo}^0"], 2, "query_invalid", "a weight is"),
        (["{zoo}", " "], 2, "query_invalid", "the name of a video is empty"),
        (["{zoo}", "-w", "x"], 2, "query_invalid", "the filter"),
        (["{zoo}", "--contact-sheet", "x.gif"], 2, "config_invalid", "x.gif"),
        (["{zoo}", "--set", "store.collection=other"], 1, "not_indexed", "other"),
    ],
)
def test_what_cannot_be_asked(
    indexed: Path, vsearch: Run, drawn: Path,
    args: list[str], exit_code: int, code: str, says: str,
) -> None:  # fmt: skip
    result = vsearch("similar", *(a.format(zoo=drawn / "zoo.mp4") for a in args), "--json")
    assert result.code == exit_code, result.err
    assert result.document["failures"][0]["code"] == code
    assert "vsearch: error: " in result.err
    assert says in result.err or says == "the filter"
    assert "Traceback" not in result.err


def test_nothing_named_is_a_wrong_command_line(folder: Path, vsearch: Run) -> None:
    assert vsearch("similar").code == 2
