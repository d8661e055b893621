"""`vsearch query` by its contract, for what can be asked besides one text or one picture."""
# ruff: noqa: F401, F811  fixtures are imported, and named again where they are used

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.asking import indexed, names
from tests.cli.test_cli import Run, folder, vsearch

ALL = ("--min-confidence", "0")


def scores(document: Any) -> dict[str, float]:
    return {found["metadata"]["filename"]: found["score"] for found in document["results"]}


def test_every_form_at_once(indexed: Path, vsearch: Run, drawn: Path) -> None:
    plain = vsearch("query", "a car", *ALL, "--json")
    assert plain.code == 0, plain.err
    zoo = f"{drawn}/zoo.mp4"
    for args in (
        ["--text", "a red house^0.5"],
        ["--not", "a road", "-n", "snow^2"],
        ["--like", zoo],
        ["--more", f"{zoo}@1"],
        ["--less", f"{zoo}@0:01"],
        ["--where", "time < 3"],
    ):
        other = vsearch("query", "a car", *args, *ALL, "--json")
        assert other.code == 0, other.err
        assert scores(other.document) != scores(plain.document)
        assert ("zoo.mp4" in scores(other.document)) == ("--like" not in args)


def test_parts_need_no_leading_text(indexed: Path, vsearch: Run, drawn: Path) -> None:
    texts = vsearch("query", "-t", "a red car", "-t", "a road", *ALL)
    assert names(texts)[0] == "road_trip.mp4"
    assert len(names(vsearch("query", "--like", f"{drawn}/zoo.mp4@1", *ALL))) == 4
    assert names(vsearch("query", "--more", f"{drawn}/zoo.mp4@1", *ALL))[0] == "zoo.mp4"


def test_the_rows_behind_a_score(indexed: Path, vsearch: Run) -> None:
    options = ("--explain", "--aggregate", "top_mean", "-k", "2", *ALL)
    lines = vsearch("query", "a red car", *options).out.splitlines()
    assert [line[0] for line in lines] == ["1", "\t", "\t", "\t", "2", "\t", "\t", "\t"]
    assert lines[1].startswith("\t0.333 x 0.")
    assert " at 0:0" in lines[1]
    document = vsearch("query", "a red car", *options, "--json").document
    for found in document["results"]:
        evidence = found["evidence"]
        assert set(evidence[0]) == {"row_id", "scene_index", "kind", "at_s", "score", "weight"}
        total = sum(row["weight"] * row["score"] for row in evidence)
        assert total == pytest.approx(found["score"], abs=1e-5)
    plain = vsearch("query", "a red car", *ALL, "--json").document
    assert all("evidence" not in found for found in plain["results"])


def test_many_rows_are_not_all_told(indexed: Path, vsearch: Run) -> None:
    result = vsearch("query", "a car", "--explain", "--aggregate", "mean", "-k", "1", *ALL)
    place, *rows, rest = result.out.splitlines()
    assert place.startswith("1\t")
    assert len(rows) == 10
    assert " other rows" in rest


@pytest.mark.parametrize("aggregate", ["max", "mean", "top_mean", "softmax"])
def test_aggregates_give_their_scores(indexed: Path, vsearch: Run, aggregate: str) -> None:
    option = vsearch("query", "a car", "--aggregate", aggregate, *ALL, "--json").document
    ours = ("--set", f"search.aggregate={aggregate}")
    setting = vsearch("query", "a car", *ours, *ALL, "--json").document
    assert scores(option) == pytest.approx(scores(setting), abs=1e-6)
    best = scores(vsearch("query", "a car", "--aggregate", "max", *ALL, "--json").document)
    assert all(score <= best[name] + 1e-6 for name, score in scores(option).items())


def test_a_table_on_a_terminal(
    indexed: Path, vsearch: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.cli.answers.on_terminal", lambda: True)
    monkeypatch.setenv("COLUMNS", "160")
    result = vsearch("query", "a red car", "--explain", *ALL)
    assert result.code == 0, result.err
    assert "confidence" in result.out
    assert "road_trip.mp4" in result.out
    assert "1.000 x 0." in result.out
    assert "5 videos in " in result.out
    assert "1.00 " not in result.out, "nothing is certain"


def test_nothing_answers(indexed: Path, vsearch: Run) -> None:
    result = vsearch("query", "a slice of pizza", "-k", "2")
    assert (result.code, result.out) == (0, "")
    lines = result.err.splitlines()
    (said,) = [n for n, line in enumerate(lines) if line.startswith("no match: nothing stands out")]
    assert lines[said + 1] == "nearest, though hardly what was asked for:"
    assert [line.split("\t")[0] for line in lines[said + 2 :]] == ["1", "2"]
    document = vsearch("query", "a slice of pizza", "-k", "2", "--json").document
    assert set(document) == {"results", "no_match", "took_ms", "reason", "nearest"}
    assert (document["results"], document["no_match"]) == ([], True)
    assert f"no match: {document['reason']}" == lines[said]
    assert [found["confidence"] < 0.95 for found in document["nearest"]] == [True, True]
    assert vsearch("query", "a slice of pizza", *ALL).out.count("\n") == 5
    sure = vsearch("query", "a red car", "--min-confidence", "0.9999999")
    assert (sure.out == "") == ("no match" in sure.err)


def test_a_bound_is_told(indexed: Path, vsearch: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.search.score.FIRST_WINDOW", 4)
    monkeypatch.setattr("pipeline.search.score.MOST_ROWS", 1)
    options = ("query", "a car", "--aggregate", "softmax", "-k", "1", *ALL)
    document = vsearch(*options, "--json").document
    assert document["bound"] >= document["results"][0]["score"]
    monkeypatch.setattr("pipeline.cli.answers.on_terminal", lambda: True)
    assert f"another may score up to {document['bound']:.3f}" in vsearch(*options).out


@pytest.mark.parametrize(
    ("args", "code"),
    [
        ([""], "query_invalid"),
        ([" \n"], "query_invalid"),
        (["a car", "-t", " "], "query_invalid"),
        (["a car", "--not", ""], "query_invalid"),
        (["word " * 10_000], "query_invalid"),
        (["word " * 500], "query_invalid"),
        (["--not", "a bus"], "query_invalid"),
        (["--less", "zoo@1"], "query_invalid"),
        (["a car", "--not", "a car^4"], "query_invalid"),
        (["a car^0"], "query_invalid"),
        (["a car^1e300"], "query_invalid"),
        (["a car", "--more", "zoo@1.2.3"], "query_invalid"),
        (["a car", "--where", "tag ="], "query_invalid"),
        (["a car", "--where", "video = abc"], "query_invalid"),
        (["a car", "--like", "gone.mp4"], "not_found"),
        (["a car", "--more", "abcdef@1"], "not_found"),
        (["a car", "--min-confidence", "1"], "query_invalid"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_cannot_be_asked(indexed: Path, vsearch: Run, args: list[str], code: str) -> None:
    result = vsearch("query", *args, "--json")
    assert result.code == 2, result.err
    (failure,) = result.document["failures"]
    assert failure["code"] == code
    (line,) = [x for x in result.err.splitlines() if x.startswith("vsearch: error: ")]
    assert len(line) < 400
    assert "Traceback" not in result.err


def test_pictures_that_are_none(indexed: Path, vsearch: Run) -> None:
    (indexed / "no.png").write_text("no picture")
    for name, code in (("no.png", "image_invalid"), ("gone.png", "not_found")):
        result = vsearch("query", "a car", "--image", name, "--json")
        assert (result.code, result.document["failures"][0]["code"]) == (1, code)
        assert name in result.err
        assert "Traceback" not in result.err


@pytest.mark.parametrize(
    "args",
    [
        ["--min-confidence", "2"], ["--min-confidence", "-1"], ["--min-confidence", "nan"],
        ["--min-confidence", "x"], ["-k", "0"], ["-k", "1001"], ["--aggregate", "median"],
    ],
)  # fmt: skip
def test_options_out_of_range(indexed: Path, vsearch: Run, args: list[str]) -> None:
    result = vsearch("query", "a car", *args)
    assert (result.code, result.out) == (2, "")
    assert "Traceback" not in result.err


def test_an_empty_archive(indexed: Path, vsearch: Run, drawn: Path) -> None:
    ours = ("--set", "store.uri=./own.db", "--set", "run.state_dir=own")
    assert vsearch("ingest", drawn / "zoo.mp4", *ours).code == 0
    assert vsearch("delete", drawn / "zoo.mp4", "--yes", *ours).code == 0
    for options in ([], ["--aggregate", "mean"], ["--aggregate", "softmax", "--explain"]):
        result = vsearch("query", "a car", *options, *ours)
        assert (result.code, result.out) == (0, "")
        assert result.err.splitlines()[-1] == "no match: the archive holds no video"
    document = vsearch("query", "a car", *ours, "--json").document
    assert document["reason"] == "the archive holds no video"
    assert document["nearest"] == []
    like = vsearch("similar", drawn / "zoo.mp4", *ours, "--json")
    assert (like.code, like.document["failures"][0]["code"]) == (2, "not_found")


def test_what_is_printed_is_json(indexed: Path, vsearch: Run) -> None:
    def refuse(constant: str) -> float:
        raise ValueError(constant)

    for args in (["a red car"], ["a slice of pizza"], ["a car", "--aggregate", "softmax"]):
        result = vsearch("query", *args, "--explain", "--json")
        json.loads(result.out, parse_constant=refuse)
