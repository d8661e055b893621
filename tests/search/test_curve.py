"""`find_video` and `score_curve` on a real store."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.config import IndexConfig, StoreConfig
from pipeline.data import Embedding, FileStamp, Scene, ScoreCurve, VideoRecord
from pipeline.errors import Code, MediaError, QueryError
from pipeline.search.curve import score_curve
from pipeline.search.seeds import find_video
from pipeline.store import VideoStore
from tests.store.samples import DIM, IDENTITY, embeddings, record, video_id

QUERY = np.eye(1, DIM, dtype=np.float32)[0]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[VideoStore]:
    with VideoStore.connect(StoreConfig(uri=str(tmp_path / "archive.db"))) as opened:
        opened.open_for_writing(IDENTITY, IndexConfig())
        yield opened


def _rows(name: str, scores: list[list[float]]) -> list[Embedding]:
    """Rows with these cosines; each inner list is a scene, scenes come in any order."""
    rows = []
    for index, own in enumerate(scores):
        for number, score in enumerate(own):
            vector = np.zeros(DIM, np.float32)
            vector[0], vector[1] = score, np.sqrt(1 - score**2)
            scene = Scene(index, 2.0 * index, 2.0 * index + 2, "detected")
            like = embeddings(name, 1)[0]
            rows.append(
                replace(like, scene=scene, sample_index=number, pts_s=2 * index + number / 4,
                        vector=vector)
            )  # fmt: skip
    return rows


def test_each_scene_has_its_best_row(store: VideoStore) -> None:
    rows = _rows("a", [[0.1, 0.4, 0.2], [-0.3], [0.9, 0.9]])
    store.upsert_segments(reversed(rows), 1)
    store.upsert_segments(_rows("a", [[1.0]] * 5), 7)
    store.upsert_segments(_rows("b", [[0.95]]), 1)
    found = record("a", count=3)
    store.commit([found, record("b", count=1)])
    curve = score_curve(store, found, QUERY)
    assert curve.scores == pytest.approx([0.4, -0.3, 0.9], abs=1e-5)
    assert curve.scores.dtype == np.float32
    assert curve.times_s.tolist() == [0.25, 2.0, 4.0]
    assert curve.starts_s.tolist() == [0, 2, 4]
    assert curve.ends_s.tolist() == [2, 4, 6]
    assert curve.times_s.dtype == np.float64
    assert curve.best == 2


def test_a_video_without_rows(store: VideoStore) -> None:
    with pytest.raises(MediaError, match="no rows"):
        score_curve(store, record("a"), QUERY)


def test_a_curve_has_as_many_of_each() -> None:
    one, none = np.zeros(1), np.zeros(0)
    for columns in ((one, one, one, none), (none, none, none, none)):
        with pytest.raises(ValueError, match="as many"):
            ScoreCurve(record("a"), *columns)


A, B = record("a"), record("b", paths=("/archive/b.mp4", "/copies/b.mp4"))


@pytest.mark.parametrize(
    "name",
    ["/copies/b.mp4", "/copies/../archive/b.mp4", video_id("b"), video_id("b").upper(),
     video_id("b")[:4], video_id("b")[:20]],
)  # fmt: skip
def test_names_of_a_video(name: str) -> None:
    assert find_video([A, B], name) is B


@pytest.mark.parametrize("name", ["/archive/c.mp4", "ffff", video_id("a")[:3], "", "\0", "~"])
def test_names_of_no_video(name: str) -> None:
    with pytest.raises(QueryError) as caught:
        find_video([A, B], name)
    assert caught.value.code == Code.NOT_FOUND
    assert caught.value.exit_code == 2


def _with(found: VideoRecord, video_id: str, stamp: FileStamp | None = None) -> VideoRecord:
    stamp = stamp or found.video.stamp
    return replace(found, video=replace(found.video, video_id=video_id, stamp=stamp))


def test_a_prefix_of_two() -> None:
    one, two = _with(A, "abcd1" + "0" * 59), _with(B, "abcd2" + "0" * 59)
    with pytest.raises(QueryError, match="more digits") as caught:
        find_video([one, two], "abcd")
    assert caught.value.code == Code.QUERY_INVALID
    assert find_video([one, two], "abcd2") is two


def test_a_copy_that_was_never_ingested(tmp_path: Path) -> None:
    from pipeline.media.probe import content_id

    copy = tmp_path / "copy.mp4"
    copy.write_bytes(b"some video")
    known = _with(B, content_id(copy), FileStamp(10, 0))
    assert find_video([_with(A, "0" * 64, FileStamp(10, 0)), known], str(copy)) is known
    copy.write_bytes(b"same size!")
    with pytest.raises(QueryError):
        find_video([A, known], str(copy))
