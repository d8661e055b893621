"""Sets of rows: the laws of sets, and one form for each."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from pipeline.filters import ALL_ROWS, KINDS, NO_ROWS, RowMask, Span
from pipeline.search.where.masks import complement, intersection, joined, union

points = st.integers(0, 12)
spans = st.lists(
    st.tuples(points, points | st.just(float("inf"))).filter(lambda ends: ends[0] < ends[1]),
    max_size=4,
).map(lambda ends: joined(Span(*pair) for pair in ends))
masks = st.builds(RowMask, spans, spans, spans) | st.sampled_from([ALL_ROWS, NO_ROWS])
PLACES = [(kind, quarter / 4) for kind in KINDS for quarter in range(60)]


def rows(mask: RowMask) -> set[tuple[str, float]]:
    return {(kind, pts_s) for kind, pts_s in PLACES if mask.admits(kind, pts_s)}


@given(masks, masks)
def test_they_are_sets_of_rows(first: RowMask, second: RowMask) -> None:
    assert rows(union(first, second)) == rows(first) | rows(second)
    assert rows(intersection(first, second)) == rows(first) & rows(second)
    assert rows(complement(first)) == set(PLACES) - rows(first)


@given(masks, masks, masks)
def test_equal_sets_are_equal(first: RowMask, second: RowMask, third: RowMask) -> None:
    assert complement(complement(first)) == first
    assert complement(union(first, second)) == intersection(complement(first), complement(second))
    assert intersection(first, union(second, third)) == union(
        intersection(first, second), intersection(first, third)
    )
    assert union(first, complement(first)) == ALL_ROWS
    assert intersection(first, complement(first)) == NO_ROWS
    for kind in KINDS:
        own = union(first, second).spans(kind)
        assert all(a.end_s < b.start_s for a, b in pairwise(own))
