"""`vsearch retry` by its contract."""
# ruff: noqa: F401, F811  fixtures are imported, and named again where they are used

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.cli.test_cli import Run, folder, indexed, vsearch
from tests.media_factory import MediaFactory


@pytest.fixture
def failing(indexed: Path, vsearch: Run, media: MediaFactory) -> Path:
    """An archive with three good videos, and three files that failed."""
    (indexed / "videos" / "cam1").mkdir()
    shutil.copy(media["garbage.mp4"], indexed / "videos" / "cam1" / "rubbish.mp4")
    shutil.copy(media["garbage.mp4"], indexed / "videos" / "broken.mp4")
    (indexed / "videos" / "empty.mp4").touch()
    assert vsearch("ingest", "videos").code == 3
    return indexed


def tried(result: object) -> set[str]:
    assert result.code == 3, result.err  # type: ignore[attr-defined]
    document = result.document  # type: ignore[attr-defined]
    assert document["videos"]["found"] == document["videos"]["failed"]
    return {Path(failure["uri"]).name for failure in document["failures"]}


def test_which_files(failing: Path, vsearch: Run) -> None:
    assert tried(vsearch("retry", "--json")) == {"rubbish.mp4", "broken.mp4", "empty.mp4"}
    assert tried(vsearch("retry", "videos/broken.mp4", "--json")) == {"broken.mp4"}
    assert tried(vsearch("retry", "videos/cam1", "--json")) == {"rubbish.mp4"}
    assert tried(vsearch("retry", "cam1/*", "--json")) == {"rubbish.mp4"}
    assert tried(vsearch("retry", "--code", "empty_file", "--json")) == {"empty.mp4"}
    failures = vsearch("status", "--json").document["failures"]
    often = {Path(each["uri"]).name: each["attempts"] for each in failures}
    assert often == {"rubbish.mp4": 4, "broken.mp4": 3, "empty.mp4": 3}
    assert "tried 4 times" in vsearch("status").out


def test_a_mended_file_is_in(failing: Path, vsearch: Run, media: MediaFactory) -> None:
    shutil.copy(media["mpeg4.mp4"], failing / "videos" / "broken.mp4")
    mended = vsearch("retry", "videos/broken.mp4", "--json")
    assert (mended.code, mended.document["videos"]["ingested"]) == (0, 1), mended.err
    status = vsearch("status", "--json").document
    assert (status["videos"], status["failed"]) == (4, {"empty_file": 1, "not_a_video": 1})
    assert status["last_run"]["command"] == "retry"
    again = vsearch("ingest", "--json")
    assert (again.code, again.document["videos"]["unchanged"]) == (0, 4), "source.paths stays"
    assert again.document["videos"]["failed_before"] == 2


def test_names_and_codes_that_are_wrong(failing: Path, vsearch: Run) -> None:
    for name in ("videos/h264.mp4", "gone.mp4", "nowhere/*"):
        result = vsearch("retry", name, "--json")
        (failure,) = result.document["failures"]
        assert (result.code, failure["code"], failure["uri"]) == (2, "not_found", name)
    wrong = vsearch("retry", "--code", "decode_tiemout")
    assert wrong.code == 2
    assert "decode_tiemout" in wrong.err
    assert tried(vsearch("retry", "--json")) == {"rubbish.mp4", "broken.mp4", "empty.mp4"}


def test_nothing_to_try(indexed: Path, vsearch: Run) -> None:
    result = vsearch("retry")
    assert (result.code, result.out) == (0, "no such file has failed: nothing to try again\n")
    document = vsearch("retry", "--json").document
    assert (document["videos"]["found"], document["failures"]) == (0, [])
    assert vsearch("retry", "--code", "decode_crash").code == 0


def test_without_an_archive(folder: Path, vsearch: Run) -> None:
    result = vsearch("retry", "--json")
    assert (result.code, result.document["failures"][0]["code"]) == (1, "not_indexed")
