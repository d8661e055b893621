"""Filters: whatever the values are, they stay values."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.data import Scope
from pipeline.filters import ALL_ROWS, NO_ROWS, RowMask, Selection, Span, TagIs
from pipeline.store import expressions
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
    expression = expressions.within(scope)
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
    assert expressions.within(Scope()) == expressions.EVERYTHING
    assert expressions.within(Scope(only=frozenset())) == "video_id in []"
    assert expressions.within(Scope(only=frozenset("ba"))) == 'video_id in ["a", "b"]'
    assert expressions.within(Scope(exclude=frozenset("a"))) == 'video_id not in ["a"]'
    assert expressions.within(Scope(revisions={"a": 3})) == (
        '(video_id not in ["a"] or (revision == 3 and video_id in ["a"]))'
    )
    assert expressions.within(Scope(only=frozenset("abc"), revisions={"a": 3, "d": 4})) == (
        '(video_id in ["b", "c"] or (revision == 3 and video_id in ["a"]))'
    )
    part = Selection({"a": ALL_ROWS, "b": NO_ROWS}, NO_ROWS)
    assert expressions.within(Scope(revisions={"a": 3, "b": 3}, selection=part)) == (
        '(revision == 3 and video_id in ["a"])'
    )


def test_long_choices_are_not_deep() -> None:
    expression = expressions.within(Scope(revisions={video_id(str(n)): n for n in range(4096)}))
    depth = deepest = 0
    for character in expression:
        depth += (character == "(") - (character == ")")
        deepest = max(deepest, depth)
    assert deepest <= 16


def test_selections_read_as_written() -> None:
    def written(selection: Selection) -> str:
        return expressions.within(Scope(selection=selection))

    assert written(Selection(rest=NO_ROWS)) == expressions.NOTHING
    assert written(Selection(rest=RowMask(tile=(Span(),)))) == 'kind in ["tile"]'
    late = (Span(10.0, 60.0),)
    assert written(Selection(rest=RowMask(late, late, late))) == "(pts_s >= 10.0 and pts_s < 60.0)"
    assert written(Selection({"a": RowMask(frame=(Span(1e-07),))}, NO_ROWS)) == (
        '(video_id in ["a"] and (kind in ["frame"] and pts_s >= 0.0000001))'
    )
    assert written(Selection({"a": NO_ROWS})) == 'video_id not in ["a"]'


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
