"""Videos and moments by name -> the vectors that are stored of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from unittest import mock

import numpy as np
import pytest

from pipeline.config import IndexConfig, StoreConfig
from pipeline.data import Spot, VideoRecord
from pipeline.errors import Code, MediaError, QueryError
from pipeline.search.seeds import find_seeds
from pipeline.store import VideoStore
from tests.store.samples import TILED, embeddings, mean, record, video_id

ROWS = [
    replace(row, pts_s=pts_s)
    for row, pts_s in zip(embeddings("a", 5), (0.0, 1.0, 3.0, 40.0, 200.0), strict=True)
]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VideoStore]:
    """Video a has samples at odd times, and tiles; b has tiles alone, c no rows at all."""
    uri = str(tmp_path_factory.mktemp("seeds") / "archive.db")
    with VideoStore.connect(StoreConfig(uri=uri)) as opened:
        opened.open_for_writing(TILED, IndexConfig())
        opened.upsert_segments(ROWS, 1)
        opened.upsert_segments((replace(row, pts_s=9.0) for row in embeddings("a", 5)), 7)
        tiles = [
            replace(row, sample_index=1, kind="tile", pts_s=2.0, vector=-row.vector) for row in ROWS
        ]
        opened.upsert_segments(tiles, 1)
        opened.upsert_segments((replace(row, kind="tile") for row in embeddings("b")), 1)
        opened.commit([long(name) for name in "abc"])
        yield opened


def long(name: str) -> VideoRecord:
    found = record(name)
    return replace(found, video=replace(found.video, duration_s=250.0), mean=mean(ROWS))


def test_a_whole_video_is_the_mean_of_its_rows(store: VideoStore) -> None:
    (seed,) = find_seeds(store, [Spot("/archive/a.mp4")])
    assert seed.record.video.video_id == video_id("a")
    assert seed.vector.dtype == np.float32
    np.testing.assert_allclose(seed.vector, mean(ROWS) / np.linalg.norm(mean(ROWS)), atol=1e-6)


@pytest.mark.parametrize(
    ("at_s", "row"),
    [(0.0, 0), (0.4, 0), (0.6, 1), (1.9, 1), (2.1, 2), (2.0, 1), (9.0, 2), (22.0, 3), (121.0, 4),
     (119.0, 3), (250.0, 4)],
)  # fmt: skip
def test_a_moment_is_the_sample_that_is_nearest_in_time(
    store: VideoStore, at_s: float, row: int
) -> None:
    (seed,) = find_seeds(store, [Spot(video_id("a")[:10], at_s)])
    np.testing.assert_allclose(seed.vector, ROWS[row].vector, atol=1e-6)


def test_seeds_come_in_the_order_of_their_spots(store: VideoStore) -> None:
    spots = [Spot("/archive/c.mp4"), Spot("/archive/a.mp4", 1.0), Spot("/archive/b.mp4")]
    found = [seed.record.video.video_id for seed in find_seeds(store, spots)]
    assert found == [video_id(name) for name in "cab"]
    assert find_seeds(store, []) == []


def test_whole_ids_are_looked_up_and_other_names_cost_one_reading(store: VideoStore) -> None:
    a, b, c = (Spot(video_id(name)) for name in "abc")
    with mock.patch.object(store, "iterate_videos", wraps=store.iterate_videos) as reading:
        found = find_seeds(store, [c, Spot(video_id("a").upper(), 1.0), b, a])
        assert [seed.record.video.video_id for seed in found] == [video_id(x) for x in "caba"]
        assert find_seeds(store, []) == []
        reading.assert_not_called()
        found = find_seeds(store, [Spot("/archive/c.mp4"), a, Spot("/archive/b.mp4")])
        assert [seed.record.video.video_id for seed in found] == [video_id(x) for x in "cab"]
        reading.assert_called_once_with()
        with pytest.raises(QueryError, match="is not in the archive"):
            find_seeds(store, [a, Spot("0" * 64)])


def test_a_moment_behind_the_end(store: VideoStore) -> None:
    with pytest.raises(QueryError, match=r"4:11\.0 is behind its end, 4:10\.0") as caught:
        find_seeds(store, [Spot("/archive/a.mp4", 251.0)])
    assert caught.value.code == Code.QUERY_INVALID
    assert caught.value.uri == "/archive/a.mp4"


@pytest.mark.parametrize("name", ["gone.mp4", "abcdef012345", "", "/archive", "\0"])
def test_a_video_that_is_not_there(store: VideoStore, name: str) -> None:
    with pytest.raises(QueryError, match="is not in the archive") as caught:
        find_seeds(store, [Spot(name)])
    assert caught.value.code == Code.NOT_FOUND


@pytest.mark.parametrize("name", ["b", "c"])
def test_a_video_without_a_whole_frame_has_no_moment(store: VideoStore, name: str) -> None:
    with pytest.raises(MediaError, match="no rows") as caught:
        find_seeds(store, [Spot(f"/archive/{name}.mp4", 1.0)])
    assert caught.value.code == Code.NO_FRAMES
