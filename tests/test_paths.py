"""Patterns of paths, on paths of every shape."""

from __future__ import annotations

import time

import pytest

from pipeline.paths import names_path


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("/archive/cam1", "/archive/cam1/mon/a.mp4", True),
        ("/archive/cam", "/archive/cam1/mon/a.mp4", False),
        ("/cam1", "/archive/cam1/mon/a.mp4", False),
        ("cam1", "/archive/cam1/mon/a.mp4", True),
        ("cam1/mon", "/archive/cam1/mon/a.mp4", True),
        ("archive/mon", "/archive/cam1/mon/a.mp4", False),
        ("a.mp4", "/archive/cam1/mon/a.mp4", True),
        ("a.mp4/", "/archive/cam1/mon/a.mp4", False),
        ("mon/", "/archive/cam1/mon/a.mp4", True),
        ("/", "/a.mp4", True),
        ("cam1/*", "/archive/cam1/a.mp4", True),
        ("cam1/*", "/archive/cam1/mon/a.mp4", False),
        ("cam1/*/*", "/archive/cam1/mon/a.mp4", True),
        ("cam1/**", "/archive/cam1/mon/a.mp4", True),
        ("cam1/**/a.mp4", "/archive/cam1/a.mp4", True),
        ("cam1/**/a.mp4", "/archive/cam1/x/y/a.mp4", True),
        ("/**/x/**/a.*", "/archive/x/b/x/c/a.mp4", True),
        ("/**/x/**/a.*", "/archive/b/c/a.mp4", False),
        ("cam?/*.mp4", "/archive/cam1/a.mp4", True),
        ("cam?/*.mp4", "/archive/cam12/a.mp4", False),
        ("*.mp4", "/archive/cam1/a.mp4", True),
        ("*.MP4", "/archive/cam1/a.mp4", False),
        ("b [1080p].mkv", "/copy/b [1080p].mkv", True),
        ("*[1080p]*", "/copy/b [1080p].mkv", True),
        ("*[1080p]*", "/copy/b 1.mkv", False),
        ("*", "/x\udcff\n.mp4", True),
    ],
)
def test_patterns_of_paths(pattern: str, path: str, expected: bool) -> None:
    assert names_path(pattern, path) is expected


def test_a_pattern_cannot_take_for_ever() -> None:
    started = time.perf_counter()
    assert not names_path("/".join(["**", "*a*a*a*a*a*b"] * 300), "/".join(["a" * 200] * 40))
    assert not names_path("*a" * 1000 + "b", "a" * 250)
    assert time.perf_counter() - started < 5
