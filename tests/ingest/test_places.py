"""Which paths are gone, and where each video is now."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from pipeline.config import SourceConfig
from pipeline.data import Failure, VideoEntry
from pipeline.errors import Code
from pipeline.ingest.discover import discover
from pipeline.ingest.places import MANY, Places, gone, outside, unfound


def lost(known: list[str], found: list[Path | Failure], *names: str, **options: bool) -> set[str]:
    paths, _ = gone(known, found, SourceConfig(paths=names), even_many=False, **options)
    return paths


class TestGone:
    def test_beneath_a_folder(self, tmp_path: Path) -> None:
        a, b, c = (str(tmp_path / name) for name in ("a.mp4", "b/b.mp4", "c.mp4"))
        assert lost([a, b, c], [Path(a)], str(tmp_path)) == {b, c}

    def test_outside_the_source(self, tmp_path: Path) -> None:
        inside, outside = str(tmp_path / "in" / "a.mp4"), str(tmp_path / "into" / "b.mp4")
        still = tmp_path / "in" / "c.mp4"
        assert lost([inside, outside], [still], str(tmp_path / "in")) == {inside}

    @pytest.mark.parametrize(
        ("pattern", "path", "expected"),
        [
            ("/v/*.mp4", "/v/a.mp4", True),
            ("/v/*.mp4", "/v/b/a.mp4", False),
            ("/v/**/*.mp4", "/v/b/c/a.mp4", True),
            ("/v/**/*.mp4", "/v/a.mp4", True),
            ("/v/cam?/[ab]*.mp4", "/v/cam1/b1.mp4", True),
            ("/v/cam?/[!ab]*.mp4", "/v/cam1/b1.mp4", False),
            ("/v/a+b(1).mp4", "/v/a+b(1).mp4", True),
            ("/v/a+b*.mp4", "/v/aab.mp4", False),
            ("/v/[z-a]*.mp4", "/v/a.mp4", False),
            ("/v/[*]a.mp4", "/v/*a.mp4", True),
        ],
    )
    def test_globs(self, pattern: str, path: str, expected: bool) -> None:
        assert (outside([path], SourceConfig(paths=(pattern,))) == []) is expected

    def test_a_folder_that_lost_everything_is_doubted(self, tmp_path: Path) -> None:
        known = [str(tmp_path / "a.mp4")]
        source = SourceConfig(paths=(str(tmp_path),))
        none = [Failure(str(tmp_path), Code.NO_VIDEOS, "holds no video")]
        paths, failures = gone(known, none, source, even_many=False)
        assert paths == set()
        assert [(each.uri, each.code) for each in failures] == [(str(tmp_path), Code.MANY_GONE)]
        assert "--remove-gone" in failures[0].message
        assert gone(known, none, source, even_many=True) == (set(known), [])

    def test_a_folder_that_lost_more_than_half_is_doubted(self, tmp_path: Path) -> None:
        known = [str(tmp_path / f"{n}.mp4") for n in range(2 * MANY)]
        half: list[Path | Failure] = [Path(path) for path in known[:MANY]]
        assert lost(known, half, str(tmp_path)) == set(known[MANY:])
        assert lost(known, half[:-1], str(tmp_path)) == set()

    def test_a_folder_that_cannot_be_listed_keeps_its_videos(self, tmp_path: Path) -> None:
        closed, there = tmp_path / "closed", tmp_path / "open.mp4"
        inside, beside = str(closed / "a.mp4"), str(tmp_path / "b.mp4")
        found = [there, Failure(str(closed), Code.UNREADABLE, "cannot be listed")]
        assert lost([inside, beside, str(there)], found, str(tmp_path)) == {beside}

    def test_a_missing_folder_keeps_its_videos_unless_told(self, tmp_path: Path) -> None:
        folder = tmp_path / "away"
        known = [str(folder / "a.mp4")]
        found = [Failure(str(folder), Code.NOT_FOUND, "no such file or directory")]
        assert lost(known, found, str(folder)) == set()
        source = SourceConfig(paths=(str(folder),))
        assert gone(known, found, source, even_many=True)[0] == set(known)

    @pytest.mark.parametrize("beside", [(), ("{}",)])
    def test_globs_beneath_a_missing_folder_keep_its_videos_unless_told(
        self, tmp_path: Path, beside: tuple[str, ...]
    ) -> None:
        here = [tmp_path / f"{n}.mp4" for n in range(3)]
        for path in here:
            path.touch()
        names = (f"{tmp_path}/away/*.mp4", *(name.format(tmp_path) for name in beside))
        source = SourceConfig(paths=names)
        found = list(discover(source))
        known = [str(tmp_path / "away" / "a.mp4"), *map(str, here)]
        assert gone(known, found, source, even_many=False) == (set(), [])
        assert gone(known, found, source, even_many=True) == ({known[0]}, [])

    def test_a_file_that_is_named(self, tmp_path: Path) -> None:
        """What else is in its folder says whether the disk is there."""
        path = str(tmp_path / "folder" / "a.mp4")
        found = [Failure(path, Code.NOT_FOUND, "no such file or directory")]
        assert lost([path], found, path) == set()
        (tmp_path / "folder").mkdir()
        assert lost([path], found, path) == set()
        (tmp_path / "folder" / "b.txt").touch()
        assert lost([path], found, path) == {path}

    def test_entries_that_overlap_do_not_overrule_a_doubt(self, tmp_path: Path) -> None:
        away = [str(tmp_path / "disk1" / f"{n}.mp4") for n in range(MANY + 1)]
        here: list[Path | Failure] = [tmp_path / f"{n}.mp4" for n in range(2 * MANY)]
        known = [*away, *map(str, here)]
        assert lost(known, here, str(tmp_path), str(tmp_path / "disk1")) == set()

    def test_a_link_to_a_disk_that_is_away(self, tmp_path: Path) -> None:
        (tmp_path / "videos").symlink_to(tmp_path / "mnt")
        source = SourceConfig(paths=(str(tmp_path / "videos"),))
        found = list(discover(source))
        assert [each.code for each in found if isinstance(each, Failure)] == [Code.NOT_FOUND]
        known = [str(tmp_path / "videos" / "a.mp4")]
        assert gone(known, found, source, even_many=False) == (set(), [])

    def test_a_file_that_is_there_is_not_gone(self, tmp_path: Path) -> None:
        """It was ingested by name, and a search of the folder passes it over."""
        for name in ("a.mp4", ".hidden.mp4", "x.dat"):
            (tmp_path / name).touch()
        known = [str(tmp_path / name) for name in ("a.mp4", ".hidden.mp4", "x.dat", "no.mp4")]
        assert lost(known, [tmp_path / "a.mp4"], str(tmp_path)) == {known[-1]}

    def test_a_disk_that_answers_with_errors(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Stale network mounts cannot be had here: what the system says of them is made up."""
        stat = os.stat

        def stale(path: Any, **options: Any) -> os.stat_result:
            if "dead" in str(path):
                raise OSError(errno.ESTALE, "Stale file handle")
            return stat(path, **options)

        monkeypatch.setattr(os, "stat", stale)
        monkeypatch.setattr(os, "lstat", stale)
        (tmp_path / "a.mp4").touch()
        dead = str(tmp_path / "dead")
        source = SourceConfig(paths=(dead, str(tmp_path)))
        found = list(discover(source))
        assert [(f.uri, f.code) for f in found if isinstance(f, Failure)] == [
            (dead, Code.UNREADABLE)
        ]
        known = [f"{dead}/b.mp4", str(tmp_path / "dead.mp4"), str(tmp_path / "c.mp4")]
        assert gone(known, found, source, even_many=True) == ({known[-1]}, [])


def entry(video_id: str, *paths: str) -> VideoEntry:
    return VideoEntry(video_id, 1, 3, paths)


class TestPlaces:
    def test_renamed_copied_replaced_and_new(self) -> None:
        places = Places([entry("one", "/a"), entry("two", "/b"), entry("three", "/c")])
        places.saw("/a2", "one")  # renamed
        places.saw("/b", "two")
        places.saw("/b2", "two")  # copied
        places.saw("/c", "four")  # replaced
        assert places.now({"/a"}) == {
            "one": ("/a2",),
            "two": ("/b", "/b2"),
            "three": (),
            "four": ("/c",),
        }

    def test_swapped(self) -> None:
        places = Places([entry("one", "/a"), entry("two", "/b")])
        places.saw("/a", "two")
        places.saw("/b", "one")
        assert places.now() == {"one": ("/b",), "two": ("/a",)}

    def test_what_was_not_seen_stays(self) -> None:
        assert Places([entry("one", "/a", "/b")]).now({"/b"}) == {"one": ("/a",)}


def test_what_a_successor_lacks() -> None:
    before = {
        each.video_id: each
        for each in (entry("in", "/a"), entry("gone", "/b"), entry("new", "/c"), entry("bad", "/d"))
    }
    places = Places([])
    places.saw("/a", "in")
    places.saw("/c", "other")
    assert unfound(before, places, {"in", "other"}, {"/b"}) == [before["bad"]]
