"""What somebody wrote -> a question, or what to write instead."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from pipeline.data import Picture, Question, Spot, Words
from pipeline.errors import Code, FilterError, MediaError, QueryError
from pipeline.filters import KindIs, TagIs
from pipeline.search.ask import MOST_CHARACTERS, MOST_PARTS, Parts, describe, question_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a car", [Words("a car")]),
        ("a car^2", [Words("a car", 2.0)]),
        ("a car^0.5", [Words("a car", 0.5)]),
        ("a car^1e2", [Words("a car", 100.0)]),
        ("2^3^0.5", [Words("2^3", 0.5)]),
        ("a^b", [Words("a^b")]),
        ("a car^x", [Words("a car^x")]),
        ("a car^-1", [Words("a car^-1")]),
        ("line\nbreak^2", [Words("line\nbreak", 2.0)]),
        (["a car", "night^3"], [Words("a car"), Words("night", 3.0)]),
        (("a car",), [Words("a car")]),
        ({"a car": 2, "night": 0.5}, [Words("a car", 2.0), Words("night", 0.5)]),
        ({"a car^2": 3.0}, [Words("a car^2", 3.0)]),
        ({"a car": np.float32(2)}, [Words("a car", 2.0)]),
        ((text for text in ["a car"]), [Words("a car")]),
        ("user@host", [Words("user@host")]),
    ],
)
def test_texts_and_their_weights(text: Parts, words: list[Words]) -> None:
    assert question_of(text) == Question(texts=tuple(words))


@pytest.mark.parametrize(
    ("written", "spot"),
    [
        ("holiday.mp4", Spot("holiday.mp4")),
        ("holiday.mp4@12.5", Spot("holiday.mp4", 12.5)),
        ("holiday.mp4@1:30", Spot("holiday.mp4", 90.0)),
        ("holiday.mp4@1m30s^2", Spot("holiday.mp4", 90.0, 2.0)),
        ("holiday.mp4^0.5", Spot("holiday.mp4", None, 0.5)),
        ("a@b/holiday.mp4", Spot("a@b/holiday.mp4")),
        ("a@1@2", Spot("a@1", 2.0)),
        ("v@5x", Spot("v@5x")),
    ],
)
@pytest.mark.parametrize("part", ["like", "more", "less"])
def test_spots(part: str, written: str, spot: Spot) -> None:
    parts: dict[str, Any] = {part: written}
    assert getattr(question_of("a car", **parts), part) == (spot,)


def draw(path: Path) -> None:
    Image.new("RGB", (8, 8)).save(path, "PNG")


def test_a_file_may_be_called_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("clip@5", "clip^2"):
        Path(name).touch()
    for name in ("frame^2", "other"):
        draw(Path(name))
    assert question_of(like=["clip@5", "clip^2", "clip@5@7", "clip^2^3"]).like == (
        Spot("clip@5"), Spot("clip^2"), Spot("clip@5", 7.0), Spot("clip^2", None, 3.0),
    )  # fmt: skip
    found = question_of(image=["frame^2", Path("frame^2"), "other^2"]).pictures
    assert found == (
        Picture(Path("frame^2")), Picture(Path("frame^2")), Picture(Path("other"), 2.0),
    )  # fmt: skip


def test_a_path_of_any_kind_is_read(tmp_path: Path) -> None:
    draw(tmp_path / "a.png")
    (entry,) = os.scandir(tmp_path)
    assert question_of(image=entry).pictures == (Picture(tmp_path / "a.png"),)


def test_everything_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    draw(Path("a.png"))
    asked = question_of(
        "a car^2", image=Path("a.png"), like="v", without="rain", more=["v@1"], less=["w@2"],
        where="tag = night",
    )  # fmt: skip
    assert asked == Question(
        (Words("a car", 2.0),), (Picture(Path("a.png")),), (Spot("v"),), (Words("rain"),),
        (Spot("v", 1.0),), (Spot("w", 2.0),), TagIs("night"),
    )  # fmt: skip
    assert question_of("a car", where=KindIs("tile")).where == KindIs("tile")


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ({}, "^say what to look for"),
        ({"text": []}, "^say what to look for"),
        ({"without": "rain"}, "^only what is not wanted: say what to look for"),
        ({"less": "v@1"}, "^only what is not wanted: say what to look for"),
        ({"where": "tag = night"}, "^say what to look for"),
        ({"text": ""}, "a text is empty"),
        ({"text": " \t\n"}, "a text is empty"),
        ({"text": " ^2"}, "a text is empty"),
        ({"text": ["a car", ""]}, "a text is empty"),
        ({"text": "a car", "without": " "}, "a text that is not wanted is empty"),
        ({"like": " "}, "the name of a video is empty"),
        ({"like": " @5"}, "the name of a video is empty"),
        ({"text": "x" * (MOST_CHARACTERS + 1)}, "has 10,001 characters, at most 10,000"),
        ({"text": "a car^0"}, "a weight is .*'a car\\^2'"),
        ({"text": "a car^1.2.3"}, "a weight is .*'a car\\^2'"),
        ({"text": "a car^."}, "a weight is"),
        ({"text": {"a car": -1.0}}, "a weight is"),
        ({"text": {"a car": float("nan")}}, "a weight is"),
        ({"text": {"a car": float("inf")}}, "a weight is"),
        ({"text": {"a car": 10**400}}, "a weight is"),
        ({"text": {"a car": "2"}}, "weight of 'a car' is a number.*, not of type str"),
        ({"text": {"a car": None}}, "weight of 'a car' is a number.*, not of type NoneType"),
        ({"text": "a car^1e400"}, "a weight is"),
        ({"text": "a car^1e39"}, "a weight is"),
        ({"text": "a car^1e-39"}, "a weight is"),
        ({"image": "a.png^0"}, "a weight is"),
        ({"like": "v@1^0"}, "a weight is"),
        ({"like": "v@1:2:3:4"}, "'1:2:3:4' is no time: write VIDEO@12.5"),
        ({"like": "v@1.2.3"}, "is no time"),
        ({"like": "v@" + "9" * 400}, "is no time"),
        ({"text": 5}, "a text is text or a path, as in 'a red car'.*, not of type int"),
        ({"text": b"a car"}, "a text is .*, not of type bytes"),
        ({"text": ["a car", None]}, "a text is .*, not of type NoneType"),
        ({"text": {5: 1.0}}, "a text is .*, not of type int"),
        ({"text": "a car", "without": [1.5]}, "a text that is not wanted is .*, not of type float"),
        ({"image": np.zeros((2, 2, 3))}, "a picture is .*, not of type ndarray"),
        ({"image": Image.new("RGB", (2, 2))}, "a picture is .*, not of type Image"),
        ({"like": ("v", 3)}, "a video is .*, not of type int"),
        ({"text": ["a car"] * 60, "without": ["rain"] * 41}, f"at most {MOST_PARTS} parts"),
    ],
)
def test_what_cannot_be_asked(parts: dict[str, Any], says: str) -> None:
    with pytest.raises(QueryError, match=says) as caught:
        question_of(**parts)
    assert caught.value.code == Code.QUERY_INVALID
    assert caught.value.exit_code == 2


def test_a_message_about_a_long_part_is_short() -> None:
    with pytest.raises(QueryError) as caught:
        question_of("x" * 5000 + "^0")
    assert len(str(caught.value)) < 200


def test_a_filter_that_cannot_be_read() -> None:
    with pytest.raises(FilterError, match="no field 'tga'"):
        question_of("a car", where="tga = night")


@given(st.text(min_size=1).filter(str.strip), st.floats(0.001, 1000))
def test_any_text_can_carry_a_weight(text: str, weight: float) -> None:
    asked = question_of(f"{text}^{weight!r}")
    assert asked.texts == (Words(text, weight),)


def test_a_picture_that_is_not_there() -> None:
    with pytest.raises(MediaError, match="no such file"):
        question_of(image="nowhere.png")


def test_a_question_as_a_heading(tmp_path: Path) -> None:
    draw(tmp_path / "a.png")
    asked = question_of(
        ["a car^2", "night"],
        image=tmp_path / "a.png",
        like="/archive/v.mp4@3",
        without=["rain", "fog"],
    )
    assert describe(asked) == "a car + night + a.png + like v.mp4, not rain, not fog"
    assert describe(question_of(more="v@1", without="rain")) == "more like this, not rain"
