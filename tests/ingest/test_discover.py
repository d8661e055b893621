"""Paths and globs to files."""

from __future__ import annotations

import os
import socket
from contextlib import closing
from pathlib import Path

import pytest

from pipeline.config import SourceConfig
from pipeline.data import Failure
from pipeline.errors import Code
from pipeline.ingest.discover import discover


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("b.mp4", "a.MKV", "notes.txt", ".hidden.mp4", "sub/c.webm", ".git/d.mp4", "e"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    return tmp_path


def names(root: Path, *paths: str | Path, **options: object) -> list[str]:
    source = SourceConfig(paths=tuple(map(str, paths)), **options)  # type: ignore[arg-type]
    return [
        found.code if isinstance(found, Failure) else str(found.relative_to(root))
        for found in discover(source)
    ]


def test_a_directory_gives_its_videos_in_order(tree: Path) -> None:
    assert names(tree, tree) == ["a.MKV", "b.mp4", "sub/c.webm"]


def test_a_named_file_needs_no_extension(tree: Path) -> None:
    assert names(tree, tree / "e") == ["e"]


def test_globs(tree: Path) -> None:
    assert names(tree, f"{tree}/**/*.webm") == ["sub/c.webm"]
    assert names(tree, f"{tree}/*") == ["a.MKV", "b.mp4"]


def test_each_file_once(tree: Path) -> None:
    assert names(tree, tree, tree / "b.mp4", f"{tree}/*.mp4") == ["a.MKV", "b.mp4", "sub/c.webm"]


def test_other_extensions(tree: Path) -> None:
    assert names(tree, tree, extensions=(".TXT",)) == ["notes.txt"]


def test_what_is_not_there(tree: Path) -> None:
    assert names(tree, tree / "gone", tree) == [Code.NOT_FOUND, "a.MKV", "b.mp4", "sub/c.webm"]


def test_what_holds_no_video(tree: Path) -> None:
    (tree / "empty").mkdir()
    assert names(tree, tree / "empty") == [Code.NO_VIDEOS]
    assert names(tree, f"{tree}/*.avi") == [Code.NO_VIDEOS]


@pytest.mark.parametrize("pattern", ["gone/*.mp4", "gone/sub/**/*.mp4", "b.mp4/*"])
def test_a_glob_beneath_a_folder_that_is_not_there(tree: Path, pattern: str) -> None:
    (failure,) = discover(SourceConfig(paths=(f"{tree}/{pattern}",)))
    assert isinstance(failure, Failure)
    assert failure.code == Code.NOT_FOUND
    assert failure.uri == str(tree / pattern[: pattern.index("/*")])
    assert pattern in failure.message


class TestLinks:
    def test_are_followed_on_demand_alone(self, tree: Path) -> None:
        (tree / "link.mp4").symlink_to(tree / "b.mp4")
        (tree / "linked").symlink_to(tree / ".git")
        assert names(tree, tree) == ["a.MKV", "b.mp4", "sub/c.webm"]
        assert names(tree, f"{tree}/**") == ["a.MKV", "b.mp4", "sub/c.webm"]
        followed = ["a.MKV", "b.mp4", "link.mp4", "linked/d.mp4", "sub/c.webm"]
        assert names(tree, tree, follow_links=True) == followed
        assert names(tree, f"{tree}/**", follow_links=True) == followed

    @pytest.mark.parametrize("pattern", ["", "/**", "/**/*.mp4"])
    def test_never_lead_out_of_their_entry(
        self, tree: Path, tmp_path_factory: pytest.TempPathFactory, pattern: str
    ) -> None:
        other = tmp_path_factory.mktemp("other")
        (other / "f.mp4").write_bytes(b"x")
        (tree / "sub" / "folder").symlink_to(other)
        (tree / "sub" / "file.mp4").symlink_to(other / "f.mp4")
        # Its name begins as that of the root does.
        beside = tree.with_name(f"{tree.name}-beside")
        beside.mkdir()
        (beside / "g.mp4").write_bytes(b"x")
        (tree / "beside.mp4").symlink_to(beside / "g.mp4")
        source = SourceConfig(paths=(f"{tree}{pattern}",), follow_links=True)
        refused = {f.uri: f.code for f in discover(source) if isinstance(f, Failure)}
        places = ("sub/folder", "sub/file.mp4", "beside.mp4")
        assert refused == {str(tree / place): Code.BAD_LINK for place in places}
        assert not any("/f.mp4" in str(f) for f in discover(source) if isinstance(f, Path))
        # An entry of its own is what the message asks for.
        assert [Path(f) for f in discover(SourceConfig(paths=(str(other),)))] == [other / "f.mp4"]  # type: ignore[arg-type]

    def test_never_lead_in_circles(self, tree: Path) -> None:
        (tree / "sub" / "up").symlink_to(tree)
        (tree / "sub" / "here").symlink_to(".")
        (tree / "one.mp4").symlink_to("two.mp4")
        (tree / "two.mp4").symlink_to("one.mp4")
        found = ["a.MKV", "b.mp4", "sub/c.webm"]
        assert names(tree, tree) == found
        assert names(tree, f"{tree}/**") == found
        for entry in (tree, f"{tree}/**"):
            followed = names(tree, entry, follow_links=True)
            assert [name for name in followed if name != Code.BAD_LINK] == found
            assert followed.count(Code.BAD_LINK) == 4

    def test_to_a_folder_that_is_in_already_give_nothing_twice(self, tree: Path) -> None:
        (tree / "z").symlink_to("sub")
        assert names(tree, tree, follow_links=True) == ["a.MKV", "b.mp4", "sub/c.webm"]

    def test_to_what_is_not_there_are_told(self, tree: Path) -> None:
        (tree / "gone.mp4").symlink_to(tree / "nowhere.mp4")
        assert Code.NOT_FOUND in names(tree, tree, follow_links=True)

    def test_that_are_named_are_followed(self, tree: Path, tmp_path_factory) -> None:
        links = tmp_path_factory.mktemp("links")
        (links / "folder").symlink_to(tree)
        (links / "file.mp4").symlink_to(tree / "b.mp4")
        assert names(links, links / "file.mp4") == ["file.mp4"]
        for follow in (False, True):
            found = names(links, links / "folder", follow_links=follow)
            assert found == ["folder/a.MKV", "folder/b.mp4", "folder/sub/c.webm"]

    def test_that_are_named_and_lead_nowhere(self, tree: Path) -> None:
        (tree / "one").symlink_to("two")
        (tree / "two").symlink_to("one")
        (tree / "gone").symlink_to("nowhere")
        assert names(tree, tree / "one") == [Code.BAD_LINK]
        assert names(tree, tree / "gone") == [Code.NOT_FOUND]


class TestOnlyRegularFiles:
    """Opening another thing by name could wait for ever; these tests would, then."""

    @pytest.fixture
    def odd(self, tree: Path) -> Path:
        folder = tree / "odd"
        folder.mkdir()
        os.mkfifo(folder / "pipe.mp4")
        (folder / "null.mp4").symlink_to("/dev/null")
        (folder / "link.mp4").symlink_to("pipe.mp4")
        with closing(socket.socket(socket.AF_UNIX)) as listening:
            listening.bind(str(folder / "s.mp4"))
        return folder

    @pytest.mark.parametrize("name", ["pipe.mp4", "null.mp4", "link.mp4", "s.mp4"])
    def test_that_are_named(self, odd: Path, name: str) -> None:
        (failure,) = discover(SourceConfig(paths=(str(odd / name),)))
        assert isinstance(failure, Failure)
        assert failure.code == Code.UNREADABLE
        assert "not a regular file" in failure.message

    @pytest.mark.parametrize("pattern", ["", "/*", "/../**/*.mp4"])
    def test_that_are_found(self, odd: Path, pattern: str) -> None:
        source = SourceConfig(paths=(f"{odd}{pattern}",))
        told = {Path(f.uri).name for f in discover(source) if isinstance(f, Failure)}
        assert {"pipe.mp4", "s.mp4"} <= told
        assert not told & {"null.mp4", "link.mp4"}
        followed = discover(source.model_copy(update={"follow_links": True}))
        failures = {Path(f.uri).name: f.code for f in followed if isinstance(f, Failure)}
        assert failures["link.mp4"] == Code.UNREADABLE
        assert failures["null.mp4"] == Code.BAD_LINK

    def test_a_folder_with_the_name_of_a_video_is_a_folder(self, tree: Path) -> None:
        (tree / "folder.mp4").mkdir()
        (tree / "folder.mp4" / "x.mp4").write_bytes(b"x")
        assert names(tree, tree / "folder.mp4") == ["folder.mp4/x.mp4"]


@pytest.mark.parametrize(
    "name",
    ["http://127.0.0.1:9/a.mp4", "http://127.0.0.1:9/a?b=c", "file:///a.mp4", "concat:a.mp4|b.mp4",
     "subfile,,start,0,end,9,,:a", "pipe:0", "-i", "%03d.mp4",
     "a\0b.mp4", "~nobody-of-this-name/a.mp4", "x" * 5000],
)  # fmt: skip
def test_a_name_is_a_path_and_nothing_else(tree: Path, monkeypatch, name: str) -> None:
    monkeypatch.chdir(tree)
    (failure,) = discover(SourceConfig(paths=(name,)))
    assert isinstance(failure, Failure)
    assert failure.code in (Code.NOT_FOUND, Code.UNREADABLE)


def test_overlapping_entries_tell_a_failure_once(tree: Path) -> None:
    os.mkfifo(tree / "pipe.mp4")
    found = names(tree, tree, f"{tree}/*.mp4", tree / "pipe.mp4")
    assert found.count(Code.UNREADABLE) == 1


def test_a_glob_looks_no_further_than_its_pattern(tree: Path, monkeypatch) -> None:
    listed = []
    scandir = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: (listed.append(str(path)), scandir(path))[1])
    (tree / "sub" / "deeper").mkdir()
    assert names(tree, f"{tree}/s*/*.webm") == ["sub/c.webm"]
    assert listed == [str(tree), str(tree / "sub")]


def test_names_that_look_like_globs_are_taken_as_they_are(tree: Path) -> None:
    (tree / "[1] what?.mp4").write_bytes(b"x")
    assert names(tree, tree / "[1] what?.mp4") == ["[1] what?.mp4"]


def test_relative_paths_become_absolute(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree)
    assert names(tree, "b.mp4", "./sub") == ["b.mp4", "sub/c.webm"]
