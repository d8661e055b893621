"""Paths and globs to files."""

from __future__ import annotations

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


def test_links_are_followed_only_on_demand_and_never_in_circles(
    tree: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = tmp_path_factory.mktemp("other")
    (other / "f.mp4").write_bytes(b"x")
    (tree / "link").symlink_to(other)
    (tree / "link.mp4").symlink_to(other / "f.mp4")
    (tree / "sub" / "up").symlink_to(tree)
    assert names(tree, tree) == ["a.MKV", "b.mp4", "sub/c.webm"]
    followed = names(tree, tree, follow_links=True)
    assert "link/f.mp4" in followed
    assert "link.mp4" in followed
    assert len(followed) == 5


def test_names_that_look_like_globs_are_taken_as_they_are(tree: Path) -> None:
    (tree / "[1] what?.mp4").write_bytes(b"x")
    assert names(tree, tree / "[1] what?.mp4") == ["[1] what?.mp4"]


def test_relative_paths_become_absolute(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree)
    assert names(tree, "b.mp4", "./sub") == ["b.mp4", "sub/c.webm"]
