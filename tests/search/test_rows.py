"""All rows of some videos: each once, whatever a search gives at most."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from pipeline.config import IndexConfig, StoreConfig
from pipeline.filters import ALWAYS, NO_ROWS, RowMask, Selection, Span
from pipeline.search import rows
from pipeline.search.rows import all_rows
from pipeline.store import VideoStore
from tests.search.archives import Made, archive, direction, fill
from tests.store.samples import TILED

VIDEOS = archive(1)
QUERY = direction(np.random.default_rng(1))


@pytest.fixture(scope="module", params=["FLAT", "HNSW"])
def store(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[VideoStore]:
    uri = str(tmp_path_factory.mktemp("rows") / "archive.db")
    with VideoStore.connect(StoreConfig(uri=uri)) as opened:
        opened.open_for_writing(TILED, IndexConfig.model_validate({"type": request.param}))
        fill(opened, VIDEOS)
        yield opened


def read(
    store: VideoStore, videos: list[Made], selection: Selection | None = None
) -> dict[str, list[tuple[str, float]]]:
    """Keys and scores of rows, by video id, as they come."""
    chosen = Selection() if selection is None else selection
    found = all_rows(store, QUERY, [one.record for one in videos], selection=chosen)
    return {key: [(hit.row_id, hit.score) for hit in hits] for key, hits in found.items()}


def assert_all(
    found: dict[str, list[tuple[str, float]]], videos: list[Made], selection: Selection
) -> None:
    assert found.keys() == {one.record.video.video_id for one in videos}
    for one in videos:
        mask = selection.mask(one.record.video.video_id)
        expected = {
            row.row_id(one.record.revision): float(row.vector @ QUERY)
            for row in one.rows
            if mask.admits(row.kind, row.pts_s)
        }
        got = found[one.record.video.video_id]
        assert len(got) == len(expected)
        assert dict(got) == pytest.approx(expected, abs=1e-5)
        assert [score for _, score in got] == sorted((score for _, score in got), reverse=True)


# Of the widest, 4 rows, a video of many is read in parts; with 30 videos share a search.
@pytest.mark.parametrize("widest", [4, 7, 30, 1000])
def test_each_row_comes_once(
    store: VideoStore, monkeypatch: pytest.MonkeyPatch, widest: int
) -> None:
    monkeypatch.setattr(rows, "MAX_LIMIT", widest)
    assert len(VIDEOS[0].rows) > 30
    assert_all(read(store, VIDEOS), VIDEOS, Selection())


@pytest.mark.parametrize("widest", [5, 1000])
def test_masks_hold(store: VideoStore, monkeypatch: pytest.MonkeyPatch, widest: int) -> None:
    monkeypatch.setattr(rows, "MAX_LIMIT", widest)
    first, second, third, *_ = (one.record.video.video_id for one in VIDEOS)
    selection = Selection(
        {
            first: RowMask(frame=(Span(0.5, 3.5), Span(5)), tile=(Span(2, 2.6),)),
            second: NO_ROWS,
            third: RowMask(scene=ALWAYS),
        },
        RowMask(*3 * ((Span(0, 2),),)),
    )
    assert_all(read(store, VIDEOS, selection), VIDEOS, selection)


def test_of_some_videos_only_theirs_come(store: VideoStore) -> None:
    assert_all(read(store, VIDEOS[4:6]), VIDEOS[4:6], Selection())
    assert read(store, []) == {}
