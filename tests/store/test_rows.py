"""How facts are written down, and how writes are cut into requests."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import Code, StoreError
from pipeline.store import rows
from tests.store.samples import embeddings, record

items = st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(1, 50)))


@given(items, st.integers(1, 120))
def test_batches(stream: list[tuple[str, int]], limit: int) -> None:
    cut = list(
        rows.batches(stream, limit=limit, size=lambda item: item[1], key=lambda item: item[0])
    )
    assert [item for batch in cut for item in batch] == stream
    for batch in cut:
        assert len({key for key, _ in batch}) == len(batch) > 0
        assert sum(size for _, size in batch) <= limit or len(batch) == 1
    for batch, following in pairwise(cut):
        fits = sum(size for _, size in batch) + following[0][1] <= limit
        assert not fits or following[0][0] in {key for key, _ in batch}


@given(st.text())
def test_every_text_survives(text: str) -> None:
    escaped = rows.escape(text)
    assert rows.unescape(escaped.encode().decode()) == text


@given(st.binary())
def test_every_file_name_survives(name: bytes) -> None:
    text = name.decode("utf-8", "surrogateescape")
    assert rows.unescape(rows.escape(text)).encode("utf-8", "surrogateescape") == name


@given(st.lists(st.text(), max_size=3), st.lists(st.text(), max_size=3))
def test_records_read_back(paths: list[str], tags: list[str]) -> None:
    given_record = replace(record("a"), paths=tuple(paths), tags=tuple(tags))
    found = rows.video_record(rows.video_row(given_record))
    assert repr(found) == repr(given_record)


@given(st.lists(st.text(), min_size=1, max_size=50))
def test_a_row_is_not_larger_than_it_says(paths: list[str]) -> None:
    row = rows.video_row(record("a", paths=tuple(paths)))
    texts = sum(len(path.encode()) for path in row["paths"])
    assert rows.row_bytes(row) >= texts + row["mean"].nbytes + len(row["probe"]["path"].encode())


def test_rows_of_a_batch_have_one_size() -> None:
    sizes = {rows.row_bytes(rows.segment_row(row, 1)) for row in embeddings("a")}
    assert len(sizes) == 1


def test_more_paths_than_milvus_holds() -> None:
    many = record("a", paths=tuple(map(str, range(rows.MAX_PATHS + 1))))
    with pytest.raises(StoreError, match="4097 paths") as caught:
        rows.video_row(many)
    assert caught.value.code == Code.STORE_FAILED
