"""Filters: whatever the values are, they stay values."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.data import Identity, Scope, Stretch, video_key
from pipeline.filters import ALL_ROWS, NO_ROWS, RowMask, Selection, Span, TagIs
from pipeline.store import expressions, scopes
from tests.store.samples import video_id

texts = st.text(st.characters(exclude_categories=["Cs"]))
LITERAL = re.compile(r'"(?:[^"\\\n\r]|\\.)*"')
UNESCAPED = {"\\": "\\", '"': '"', "n": "\n", "r": "\r", "t": "\t"}


def read(literal: str) -> str:
    """A string literal as Milvus reads it: in double quotes, on one line, with C's escapes."""
    assert LITERAL.fullmatch(literal)
    return re.sub(r"\\(.)", lambda match: UNESCAPED[match[1]], literal[1:-1])


@given(texts)
def test_a_quoted_text_reads_back(text: str) -> None:
    assert read(expressions.quote(text)) == text


@given(
    st.none() | st.frozensets(texts),
    st.frozensets(texts),
    st.dictionaries(texts, st.integers(0, 5)),
)
def test_values_cannot_break_out(
    only: frozenset[str] | None, exclude: frozenset[str], revisions: dict[str, int]
) -> None:
    scope = Scope(only=only, exclude=exclude, revisions=revisions)
    expression = scopes.within(scope)
    rest = LITERAL.sub("", expression)
    assert not re.search(r'["\\\n\r]', rest)
    assert set(re.findall(r"[a-z_]+", rest)) <= {
        "video_id", "revision", "in", "not", "and", "or",
    }  # fmt: skip
    found = sorted(read(literal) for literal in LITERAL.findall(expression))
    listed = [*exclude, *revisions, *revisions] if only is None else [*(only - exclude)]
    assert found == sorted(listed)


def test_a_lone_surrogate_is_no_value() -> None:
    with pytest.raises(ValueError, match="UTF-8"):
        expressions.quote("x\udcff")


def test_scopes_read_as_written() -> None:
    assert scopes.within(Scope()) == expressions.EVERYTHING
    assert scopes.within(Scope(only=frozenset())) == "video_id in []"
    assert scopes.within(Scope(only=frozenset("ba"))) == 'video_id in ["a", "b"]'
    assert scopes.within(Scope(exclude=frozenset("a"))) == 'video_id != "a"'
    assert scopes.within(Scope(exclude=frozenset("ba"))) == 'video_id not in ["a", "b"]'
    assert scopes.within(Scope(revisions={"a": 3})) == (
        '(video_id != "a" or (revision == 3 and video_id in ["a"]))'
    )
    assert scopes.within(Scope(only=frozenset("abc"), revisions={"a": 3, "d": 4})) == (
        '(video_id in ["b", "c"] or (revision == 3 and video_id in ["a"]))'
    )
    part = Selection({"a": ALL_ROWS, "b": NO_ROWS}, NO_ROWS)
    assert scopes.within(Scope(revisions={"a": 3, "b": 3}, selection=part)) == (
        '(revision == 3 and video_id in ["a"])'
    )


def test_scopes_by_key_say_the_same_of_other_names() -> None:
    part = Selection({"a": ALL_ROWS, "b": RowMask(tile=(Span(),))}, NO_ROWS)
    for scope in (
        Scope(),
        Scope(only=frozenset()),
        Scope(only=frozenset("abc"), exclude=frozenset("d"), revisions={"a": 3, "d": 4}),
        Scope(exclude=frozenset("a"), revisions={"b": 3}),
        Scope(revisions={"a": 3}, selection=part),
        Scope(selection=Selection({"a": NO_ROWS})),
    ):
        expression = scopes.within(scope, scopes.BY_KEY)
        for name in "abcd":
            expression = expression.replace(str(video_key(name)), f'"{name}"')
        # Numbers are in another order than texts.
        expression = re.sub(
            r'\["[^]]*\]',
            lambda found: "[" + ", ".join(sorted(found[0][1:-1].split(", "))) + "]",
            expression.replace("video_key", "video_id"),
        )
        assert expression == scopes.within(scope)


def test_keys_are_63_bits_and_stay() -> None:
    """Other ones mean that no row is found by them any more: raise SCHEMA_VERSION."""
    assert video_key("a") == 7299139317422481125
    assert Stretch("a", 1, 2).key == 8840688808500225039


@pytest.mark.parametrize(
    ("sample", "scenes"),
    [
        ({"per_scene": 1}, 8),
        ({"per_scene": 3}, 2),
        ({"per_scene": 9}, 1),
        ({"per_scene": 9, "pooling": "mean"}, 8),
        ({"per_scene": 1, "fps": 2}, 1),
        ({"per_scene": 1, "tiles": {"size": 0.5}}, 1),
    ],
)
def test_a_stretch_stays_as_long(sample: dict[str, Any], scenes: int) -> None:
    assert Identity({}, {"sample": sample}, 4).stretch == scenes


def test_a_stretch_is_a_scene_where_nothing_is_known_of_samples() -> None:
    assert Identity({}, {}, 4).stretch == 1


def test_long_choices_are_not_deep() -> None:
    expression = scopes.within(Scope(revisions={video_id(str(n)): n for n in range(4096)}))
    depth = deepest = 0
    for character in expression:
        depth += (character == "(") - (character == ")")
        deepest = max(deepest, depth)
    assert deepest <= 16


def test_selections_read_as_written() -> None:
    def written(selection: Selection) -> str:
        return scopes.within(Scope(selection=selection))

    assert written(Selection(rest=NO_ROWS)) == expressions.NOTHING
    assert written(Selection(rest=RowMask(tile=(Span(),)))) == 'kind in ["tile"]'
    late = (Span(10.0, 60.0),)
    assert written(Selection(rest=RowMask(late, late, late))) == "(pts_s >= 10.0 and pts_s < 60.0)"
    assert written(Selection({"a": RowMask(frame=(Span(1e-07),))}, NO_ROWS)) == (
        '(video_id in ["a"] and (kind in ["frame"] and pts_s >= 0.0000001))'
    )
    assert written(Selection({"a": NO_ROWS})) == 'video_id != "a"'


@given(st.floats(0, 1e300))
def test_seconds_read_back(seconds: float) -> None:
    written = expressions.spanned("pts_s", Span(seconds)).removeprefix("pts_s >= ")
    assert float(written or 0) == seconds
    assert re.fullmatch(r"[0-9]*(\.[0-9]+)?", written)


@given(texts)
def test_a_tag_stays_a_value(tag: str) -> None:
    condition = expressions.possible(TagIs(tag))
    (literal,) = LITERAL.findall(condition)
    assert condition == f"array_contains(tags, {literal})"


def test_joining() -> None:
    assert expressions.every([]) == expressions.EVERYTHING
    assert expressions.every(["", "a == 1"]) == "a == 1"
    assert expressions.some(["", "a == 1"]) == expressions.EVERYTHING
    with pytest.raises(ValueError, match="at least one"):
        expressions.some([])
