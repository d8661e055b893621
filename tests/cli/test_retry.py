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


@pytest.fixture
def linked(indexed: Path, vsearch: Run, media: MediaFactory) -> Path:
    """Videos that are outside, and links to them that an ingest refused or passed over."""
    (indexed / "outer").mkdir()
    shutil.copy(media["mpeg4.mp4"], indexed / "outer" / "secret.mp4")
    shutil.copy(media["garbage.mp4"], indexed / "videos" / "broken.mp4")
    (indexed / "videos" / "sub").mkdir()
    shutil.copy(media["garbage.mp4"], indexed / "videos" / "sub" / "secret.mp4")
    (indexed / "videos" / "link.mp4").symlink_to("../outer/secret.mp4")
    followed = vsearch("ingest", "videos", "--set", "source.follow_links=true", "--json")
    codes = {Path(each["uri"]).name: each["code"] for each in followed.document["failures"]}
    assert codes == {
        "link.mp4": "bad_link", "broken.mp4": "not_a_video", "secret.mp4": "not_a_video",
    }  # fmt: skip
    # What was a file and failed is a link now, by itself or by its folder.
    (indexed / "videos" / "broken.mp4").unlink()
    (indexed / "videos" / "broken.mp4").symlink_to("../outer/secret.mp4")
    shutil.rmtree(indexed / "videos" / "sub")
    (indexed / "videos" / "sub").symlink_to("../outer")
    return indexed


@pytest.mark.parametrize("follow", ["true", "false"])
@pytest.mark.parametrize("names", [(), ("videos",), ("videos/*",), ("*.mp4",)])
def test_links_that_lead_out_are_not_followed_by_itself(
    linked: Path, vsearch: Run, names: tuple[str, ...], follow: str
) -> None:
    result = vsearch("retry", *names, "--set", f"source.follow_links={follow}", "--json")
    assert {each["code"] for each in result.document["failures"]} == {"bad_link"}
    # `videos/*` is the files of one folder alone.
    assert tried(result) >= {"link.mp4", "broken.mp4"}
    assert vsearch("status", "--json").document["videos"] == 3


def test_a_link_that_somebody_names_is_followed(linked: Path, vsearch: Run) -> None:
    result = vsearch("retry", "videos/link.mp4", "--json")
    assert (result.code, result.document["videos"]["ingested"]) == (0, 1), result.err


def test_a_link_within_the_source_is_followed_as_it_says(
    indexed: Path, vsearch: Run, media: MediaFactory
) -> None:
    bad, away = indexed / "videos" / "broken.mp4", indexed / "videos" / "good.dat"
    shutil.copy(media["garbage.mp4"], bad)
    assert vsearch("ingest", "videos").code == 3
    bad.unlink()
    shutil.copy(media["mpeg4.mp4"], away)
    bad.symlink_to("good.dat")
    assert tried(vsearch("retry", "--json")) == {"broken.mp4"}
    assert vsearch("retry", "--set", "source.follow_links=true").code == 0


def test_a_source_that_is_a_link(indexed: Path, vsearch: Run, media: MediaFactory) -> None:
    (indexed / "disk").symlink_to("videos")
    bad = indexed / "videos" / "broken.mp4"
    shutil.copy(media["garbage.mp4"], bad)
    assert vsearch("ingest", "disk").code == 3
    shutil.copy(media["mpeg4.mp4"], bad)
    assert vsearch("retry").code == 0, "the source is remembered"


def test_a_file_that_became_a_folder(failing: Path, vsearch: Run, media: MediaFactory) -> None:
    (failing / "videos" / "broken.mp4").unlink()
    (failing / "videos" / "broken.mp4").mkdir()
    shutil.copy(media["mpeg4.mp4"], failing / "videos" / "broken.mp4" / "other.mp4")
    for names in ((), ("videos/broken.mp4",)):
        result = vsearch("retry", *names, "--json")
        assert "broken.mp4" in tried(result)
        (told,) = (e for e in result.document["failures"] if e["uri"].endswith("broken.mp4"))
        assert (told["code"], "is a folder now" in told["message"]) == ("unreadable", True)


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
