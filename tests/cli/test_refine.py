"""`vsearch refine`: what somebody types, and what it leads to."""
# ruff: noqa: F401, F811  fixtures are imported, and named again where they are used

from __future__ import annotations

import io
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.asking import indexed, names
from tests.cli.test_cli import Result, Run, folder, vsearch

Refine = Callable[..., Result]


@pytest.fixture
def refine(indexed: Path, vsearch: Run, monkeypatch: pytest.MonkeyPatch) -> Refine:
    """Run `vsearch refine` with lines on stdin; confidence is another test's."""

    def run(*args: str, typed: str) -> Result:
        monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
        return vsearch("refine", "--set", "search.min_confidence=0", *args)

    return run


def again(result: Result, vsearch: Run) -> tuple[str, Result]:
    """The command that gives the same, and what it gives."""
    # What is typed on a terminal ends the prompt's line; here nothing does.
    *_, command = result.err.rstrip().split("the same again: ")
    program, *arguments = shlex.split(command)
    assert program == "vsearch"
    return command, vsearch(*arguments)


def last(result: Result) -> list[str]:
    """The lines of the last answer."""
    lines = result.out.splitlines()
    start = max(n for n, line in enumerate(lines) if line.startswith("1\t"))
    return lines[start:]


@pytest.mark.parametrize(
    ("args", "typed", "says"),
    [
        (["a red car"], "", []),
        (["a red car"], "+1 -2\nq\n", ["--more", "--less"]),
        (["a red car^2", "--not", "a bus^3", "-k", "3"], "-1\n+2\n", ["^2.0", "^3.0", "--top-k 3"]),
        (["a red car"], "w time > 2\n", ["--where 'time > 2'"]),
        (["a red car", "-w", "time > 1"], "w time < 1\n+1\n", ["--where 'time < 1'"]),
        (["a red car", "-w", "time > 1"], "w time < 1\nu\n", ["--where 'time > 1'"]),
        (["a red car"], "+1\nu\nw time > 2\nundo\n", ["query 'a red car' --set"]),
        (["2^3^1"], "quit", ["'2^3^1.0'"]),
        (["a red car"], "+1\n-1\n+1 -1 +2\n", ["--less"]),
    ],
)  # fmt: skip
def test_the_command_at_the_end_gives_the_same(
    refine: Refine, vsearch: Run, args: list[str], typed: str, says: list[str]
) -> None:
    result = refine(*args, typed=typed)
    assert result.code == 0, result.err
    command, same = again(result, vsearch)
    assert same.code == 0, same.err
    assert same.out.splitlines() == last(result)
    for part in says:
        assert part in command


def test_a_text_that_begins_like_an_option(refine: Refine, vsearch: Run) -> None:
    result = refine("--top-k", "2", "--", "--not", typed="")
    assert result.code == 0, result.err
    assert again(result, vsearch)[1].out == result.out


def test_more_and_less_change_what_is_found(refine: Refine) -> None:
    before, after = refine("something", typed="q\n"), refine("something", typed="+3\nq\n")
    liked = names(before)[2]
    assert names(Result(0, "\n".join(last(after)), ""))[0] == liked
    disliked = refine("something", typed="-1\n-1\nq\n")
    assert last(disliked) != before.out.splitlines()


def test_the_last_word_on_a_result_holds(refine: Refine, vsearch: Run) -> None:
    command, _ = again(refine("a red car", typed="+1\n-1\n"), vsearch)
    assert command.count("@") == command.count("--less") == 1


def test_every_answer_is_printed_and_nothing_else(refine: Refine) -> None:
    result = refine("a red car", "-k", "2", typed="+1\nw time > 1\nu\nq\n")
    assert [line[0] for line in result.out.splitlines()] == ["1", "2"] * 4
    assert "refine> " in result.err


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("what?\n", "+1 more like it, -3 less"),
        ("\n", "+1 more like it, -3 less"),
        ("u\n", "+1 more like it"),
        ("+1 two\n", "+1 more like it"),
        ("w\n", "+1 more like it"),
        ("+9\n", "there is no result 9, they go from 1 to 5"),
        ("-0\n", "there is no result 0"),
        ("o 17\n", "there is no result 17"),
        ("o x\n", "there is no result x"),
        ("w tga = night\n", "there is no field 'tga'"),
    ],
)
def test_what_cannot_be_done_is_told_and_asked_again(refine: Refine, typed: str, says: str) -> None:
    result = refine("a red car", typed=typed + "q\n")
    assert result.code == 0
    assert says in result.err
    assert len(result.out.splitlines()) == 5
    assert result.err.count("refine> ") == 2


def test_without_a_player(refine: Refine, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setenv("PATH", str(folder))
    result = refine("a red car", typed="o 2\n")
    assert result.code == 0, result.err
    assert "install mpv" in result.err
    assert "the same again: " in result.err


def test_a_filter_that_leaves_nothing_can_be_undone(refine: Refine) -> None:
    result = refine("a red car", typed="w tag = none\n+1\nu\nq\n")
    assert "no match: no video satisfies the filter" in result.err
    assert "there is no result 1" in result.err
    lines = result.out.splitlines()
    assert lines[:5] == lines[5:]


def test_a_token_is_not_repeated(refine: Refine, vsearch: Run) -> None:
    result = refine("a red car", "--set", "store.token=Secret-1", typed="")
    assert result.code == 0, result.err
    assert "Secret-1" not in result.out + result.err


@pytest.mark.parametrize("args", [[], ["  "], ["--not", "a bus"], ["a car", "-w", "x"]])
def test_what_cannot_be_asked(refine: Refine, args: list[str]) -> None:
    result = refine(*args, typed="")
    assert (result.code, result.out) == (2, "")
    assert "vsearch: error: " in result.err
    assert "Traceback" not in result.err
