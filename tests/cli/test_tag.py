"""`vsearch tag` by its contract."""
# ruff: noqa: F401, F811  fixtures are imported, and named again where they are used

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.cli.test_cli import Run, folder, vsearch
from tests.ingest.archives import COPIES, filled, three
from tests.store.samples import video_id


@pytest.fixture
def tagged(folder: Path) -> Path:
    """A folder where commands without `--config` are about an archive of three videos."""
    config = filled(folder, three())
    (folder / "vsearch.yaml").write_text(
        yaml.safe_dump(config.model_dump(mode="json", include={"store": {"uri"}, "run": True}))
    )
    return folder


def test_lines_and_a_document(tagged: Path, vsearch: Run) -> None:
    shown = vsearch("tag", "/archive/*/a.mp4", "/archive/cam2/c.mp4")
    assert (shown.code, shown.out.splitlines()) == (
        0, [f"{COPIES[0]}\tnight, rain", "/archive/cam2/c.mp4\t"],
    )  # fmt: skip
    changed = vsearch("tag", video_id("a")[:8], "--add", "day", "--add", "a b", "--remove", "rain")
    assert changed.out == f"{COPIES[0]}\ta b, day, night\n"
    again = vsearch("tag", video_id("a")[:8], "--add", "day", "--remove", "rain", "--json")
    assert again.document == {
        "videos": [
            {"content_id": video_id("a"), "paths": list(COPIES), "tags": ["a b", "day", "night"]}
        ]
    }


def test_videos_by_a_filter(tagged: Path, vsearch: Run) -> None:
    found = vsearch("tag", "--where", "tag = night or path = cam2", "--add", "seen", "--json")
    assert found.code == 0, found.err
    assert [one["tags"] for one in found.document["videos"]] == [
        ["night", "rain", "seen"],
        ["seen"],
    ]
    none = vsearch("tag", "-w", "tag = nobody", "--add", "seen")
    assert (none.code, none.out) == (0, "")
    assert none.err.splitlines()[-1] == "no video satisfies the filter"


@pytest.mark.parametrize(
    ("args", "exit_code", "code", "said"),
    [
        (["--add", "x"], 2, "config_invalid", "say which videos"),
        (["c.mp4", "--where", "tag = a"], 2, "config_invalid", "not both"),
        (["--where", "tga = a"], 2, "query_invalid", "did you mean tag?"),
        (["--where", "time < 3"], 2, "query_invalid", "choose moments"),
        (["gone.mp4", "--add", "x"], 1, "not_found", "gone.mp4"),
        (["cam1/*", "--add", "x,y"], 2, "config_invalid", "tag 'x,y'"),
        (["cam1/*", "--add", "x", "--remove", "x"], 2, "config_invalid", "tag 'x'"),
        (["cam1/*", "--set", "store.collection=other"], 1, "not_indexed", "vsearch ingest"),
    ],
)
def test_errors_say_what_to_do(
    tagged: Path, vsearch: Run, args: list[str], exit_code: int, code: str, said: str
) -> None:
    result = vsearch("tag", *args, "--json")
    assert result.code == exit_code, result.err
    (failure,) = result.document["failures"]
    assert failure["code"] == code
    assert said in result.err


def test_the_help_names_it(folder: Path, vsearch: Run) -> None:
    assert "\n  tag " in vsearch("--help").out
    shown = vsearch("tag", "--help").out
    assert all(option in shown for option in ("--add", "--remove", "--where", "--json"))
