"""Texts become filters, and what is wrong is shown where it stands."""

from __future__ import annotations

import math
import pickle
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import Code, FilterError, QueryError
from pipeline.filters import (
    And,
    DurationIn,
    Filter,
    KindIs,
    Not,
    Or,
    PathIs,
    RecordedIn,
    Span,
    TagIs,
    TimeIn,
    VideoIs,
)
from pipeline.search.where import grammar, parse_filter
from pipeline.search.where.grammar import MAX_CHARACTERS, MAX_DEPTH

DAY = datetime(2024, 5, 1, tzinfo=UTC)
NEXT = DAY + timedelta(days=1)
AT = datetime(2024, 5, 1, 8, 30, tzinfo=UTC)
TICK = timedelta(microseconds=1)
PAGE = Path(__file__).parents[3] / "docs" / "search.md"
A, B, C = TagIs("a"), TagIs("b"), TagIs("c")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("time in 10..60", TimeIn(Span(10, 60))),
        ("time in 1:30..1:02:03.25", TimeIn(Span(90, 3723.25))),
        ("time in 90:00..", TimeIn(Span(5400))),
        ("time in ..0.5", TimeIn(Span(0, 0.5))),
        ("time not in 10..60", Not(TimeIn(Span(10, 60)))),
        ("duration < 60", DurationIn(Span(0, 60))),
        ("duration<=60", DurationIn(Span(0, math.nextafter(60, math.inf)))),
        ("duration > 60", DurationIn(Span(math.nextafter(60, math.inf)))),
        ("duration >= 1:00", DurationIn(Span(60))),
        ("duration = 60", DurationIn(Span(60, math.nextafter(60, math.inf)))),
        ("duration != 60", Not(DurationIn(Span(60, math.nextafter(60, math.inf))))),
        ("recorded >= 2024-05-01", RecordedIn(DAY, None)),
        ("recorded > 2024-05-01", RecordedIn(NEXT, None)),
        ("recorded < 2024-05-01", RecordedIn(None, DAY)),
        ("recorded <= 2024-05-01", RecordedIn(None, NEXT)),
        ("recorded = 2024-05-01", RecordedIn(DAY, NEXT)),
        ("recorded in 2024-05-01..2024-05-01", RecordedIn(DAY, NEXT)),
        ("recorded in 2024-05-01..2024-05-01T08:30Z", RecordedIn(DAY, AT)),
        ("recorded in ..2024-05-01", RecordedIn(None, NEXT)),
        ("recorded >= 2024-05-01T10:30:00+02:00", RecordedIn(AT, None)),
        ("recorded > 2024-05-01T08:30", RecordedIn(AT + TICK, None)),
        ("recorded <= '2024-05-01 08:30:00.0z'", RecordedIn(None, AT + TICK)),
        ("recorded <= 9999-12-31", RecordedIn(None, None)),
        ('path = "cam1/*"', PathIs("cam1/*")),
        ("path = cam1/**", PathIs("cam1/**")),
        ("path != '/a b/c'", Not(PathIs("/a b/c"))),
        ("tag = night", TagIs("night")),
        (r'tag = "say \"x\" \\ \n"', TagIs('say "x" \\ \\n')),
        ("tag = time", TagIs("time")),
        ('tag = "and"', TagIs("and")),
        ("tag == ü", TagIs("ü")),
        ("tag in (a, b)", Or((A, B))),
        ("tag not in (a,b)", Not(Or((A, B)))),
        ("kind = TILE", KindIs("tile")),
        ("kind in (frame)", KindIs("frame")),
        ("video in (DEADBEEF, 0123456789)", Or((VideoIs("deadbeef"), VideoIs("0123456789")))),
        ("tag=a or tag=b and not tag=c", Or((A, And((B, Not(C)))))),
        ("(tag=a or tag=b) AND tag=c", And((Or((A, B)), C))),
        ("not not tag=a", Not(Not(A))),
        ("not (tag=a and tag=b and tag=c)", Not(And((A, B, C)))),
        ("\ttag\n=\na ", A),
    ],
)
def test_what_is_read(text: str, expected: Filter) -> None:
    assert parse_filter(text) == expected


@pytest.mark.parametrize(
    ("text", "at", "message"),
    [
        ("", 0, "expected a condition such as"),
        ("   ", 3, "expected a condition such as"),
        ("tiem in 10..60", 0, "there is no field 'tiem': did you mean time?"),
        ("tag = a and recorded_at > 2024-01-01", 12, "did you mean recorded?"),
        ("xyzzy = 3", 0, "write one of time, duration, recorded, path, tag, kind, video"),
        ("'tag' = a", 0, "expected a condition"),
        ("tag", 3, "expected =, != or in after tag, found the end"),
        ("tag >= a", 4, "expected =, != or in after tag, found '>='"),
        ("time like 3", 5, "expected =, !=, <, <=, >, >= or in after time, found 'like'"),
        ("tag not a", 8, "expected in, found 'a'"),
        ("tag = ", 6, "expected a tag, found the end"),
        ("tag = ''", 6, "nothing between the quotes"),
        ("tag = or", 6, "in quotes"),
        ("tag = red car", 10, "put a text with spaces in quotes"),
        ("tag = a tag = b", 8, "expected 'and', 'or' or the end"),
        ("tag in a", 7, "expected '(' as in tag in"),
        ("tag in (a b", 10, "expected ',' or ')', found 'b'"),
        ("tag in ()", 8, "expected a tag, found ')'"),
        ("(tag = a", 8, "expected 'and', 'or' or ')', found the end"),
        ("tag = a)", 7, "found ')'"),
        ("tag = a and", 11, "expected a condition"),
        ('tag = "a', 6, 'end it with "'),
        ("!tag = a", 0, "write != or not"),
        ("time in 10", 10, "expected '..'"),
        ("time in ..", 10, "expected the end of the range"),
        ("time in 60..10", 8, "this range is empty"),
        ("time in 10..10", 8, "this range is empty"),
        ("time in 10..abc", 12, "'abc' is no time: write seconds such as 90.5, m:ss or h:mm:ss"),
        ("time < 0", 7, "nothing is below 0"),
        ("time > -3", 7, "'-3' is no time"),
        ("time > 1:75", 7, "is no time"),
        ("time > 1:5", 7, "is no time"),
        ("time > 1:75:00", 7, "is no time"),
        ("time > 1e3", 7, "is no time"),
        ("time > ٣", 7, "is no time"),
        ("duration < 9999999999", 11, "is no time"),
        ("recorded > yesterday", 11, "write 2024-05-01 or 2024-05-01T18:30:00+02:00"),
        ("recorded > 2024-02-30", 11, "no date"),
        ("recorded > 20240501", 11, "no date"),
        ("recorded > 0001-01-01T00:00+14:00", 11, "no date"),
        ("recorded > 9999-12-31", 11, "after the last day"),
        ("recorded in 2024-05-02..2024-05-01", 12, "this range is empty"),
        ("kind = tiel", 7, "there is no kind 'tiel': did you mean tile?"),
        ("video = abc", 8, "'abc' is not the first 8 to 64 hex digits"),
        ("video = " + "0" * 65, 8, "first 8 to 64"),
        ("path = ./cam1", 7, "write no . or .."),
        ("path = '/a/../b'", 7, "write no . or .."),
        ("tag = a and\n tiem = 3", 13, "did you mean time?"),
        ("tag = 夜 and tiem = 3", 12, "did you mean time?"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_shown(text: str, at: int, message: str) -> None:
    with pytest.raises(FilterError) as caught:
        parse_filter(text)
    first, shown, caret = caught.value.message.split("\n")
    assert message in first
    assert caret.strip() == "^"
    column = len(caret) - 3
    wide, escaped = text[:at].count("夜"), text[:at].count("\n")
    assert column == at + wide + escaped
    if "夜" not in text:
        assert text.replace("\n", "\\n").startswith(shown[2:].rstrip("…"))


def test_an_error_is_one_of_the_question_and_survives_a_process_border() -> None:
    with pytest.raises(QueryError) as caught:
        parse_filter("tag = \x1b[31m red\x00")
    error = caught.value
    assert (error.code, error.exit_code) == (Code.QUERY_INVALID, 2)
    assert all(line.isprintable() for line in error.message.split("\n"))
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), again.message, again.code) == (FilterError, error.message, error.code)


def test_limits() -> None:
    fits = "tag = " + "a" * (MAX_CHARACTERS - 6)
    assert parse_filter(fits) == TagIs("a" * (MAX_CHARACTERS - 6))
    with pytest.raises(FilterError, match=f"{MAX_CHARACTERS} are allowed") as caught:
        parse_filter(fits + "a")
    assert len(caught.value.message) < 400
    with pytest.raises(FilterError) as caught:
        parse_filter("recorded > " + "9" * 7000)
    assert len(caught.value.message) < 400
    deep = "(" * MAX_DEPTH + "tag = a" + ")" * MAX_DEPTH
    assert parse_filter(deep) == A
    assert parse_filter(" and ".join([deep] * 3)) == And((A, A, A))
    for sign in ("(", "not "):
        with pytest.raises(FilterError, match=f"more than {MAX_DEPTH} parentheses"):
            parse_filter(sign + deep)


words = st.lists(
    st.sampled_from([
        "time", "in", "10", "..", "60", "tag", "=", "a", "and", "or", "not", "(", ")", "recorded",
        ">=", "2024-05-01", "video", "deadbeef", ",", "kind", "tile", "'q'",
    ]),
    max_size=12,
)  # fmt: skip


@given(
    st.text(st.sampled_from(" ()=<>!.,'\"\\:0129abcdeft-/*") | st.characters(), max_size=60)
    | words.map(" ".join)
)
def test_any_text_is_a_filter_or_a_told_error(text: str) -> None:
    try:
        parse_filter(text)
        return
    except FilterError as error:
        message = error.message
    assert len(message.split("\n")) == 3


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30))
def test_a_quoted_text_is_itself(text: str) -> None:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    assert parse_filter(f'tag = "{escaped}"') == TagIs(text)


def test_the_page_says_what_the_grammar_says() -> None:
    page = PAGE.read_text(encoding="utf-8")
    rules = [line.strip() for line in (grammar.__doc__ or "").splitlines()[4:] if line.strip()]
    assert len(rules) == 8
    assert all(rule in page for rule in rules)
    assert f"at most {MAX_CHARACTERS:,} characters and {MAX_DEPTH} parentheses" in page


def test_the_examples_of_the_page_are_filters() -> None:
    page = PAGE.read_text(encoding="utf-8")
    examples = re.findall(r"--where '(.*)'", page)
    assert len(examples) >= 5
    for example in examples:
        if "recored" not in example:
            parse_filter(example)
