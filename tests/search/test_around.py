"""Which rows around the best one are asked for, and which of those that are known count."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from pipeline.data import WHOLE_FRAME, Hit, Place, row_ids
from pipeline.filters import ALL_ROWS, RowMask, Span
from pipeline.search.around import Around, first_places
from pipeline.search.moments import Sampling
from tests.store.samples import record, video_id

THREE = Sampling(3, None, 3)
SCENES = 20


def row(scene: int, sample: int, score: float, revision: int = 1) -> Hit:
    """One of three rows of a scene of 3 s."""
    [key] = row_ids(video_id("a"), revision, [scene], [sample])
    start_s, pts_s = 3.0 * scene, 3 * scene + sample + 0.5
    return Hit(
        key, video_id("a"), revision, scene, start_s, start_s + 3, pts_s,
        "frame", WHOLE_FRAME, score,
    )  # fmt: skip


def around(
    met: Sequence[Hit], ahead: Iterable[Hit] = (), *, mask: RowMask = ALL_ROWS, gap_s: float = 2.0
) -> Around:
    video = replace(record("a", count=3 * SCENES), scenes=SCENES)
    return Around(met, ahead, video, THREE, mask, gap_s)


def places(scenes: Iterable[int], samples: Sequence[int]) -> dict[str, Place]:
    return row_ids(video_id("a"), 1, scenes, samples)


def test_of_a_scene_only_what_is_not_known_is_asked_for() -> None:
    met = [row(10, 1, 0.9), row(11, 0, 0.8), row(11, 1, 0.7), row(11, 2, 0.6)]
    some = places([10], [0, 2])
    others = places([8, 9, 12, 13], range(3))
    assert around(met).wanted() == first_places(met, THREE, 2.0) == others | some


def test_what_was_read_ahead_is_not_asked_for() -> None:
    met = [row(10, 1, 0.9)]
    ahead = [row(scene, sample, 0.5) for scene in (8, 9, 10, 11) for sample in range(3)]
    assert around(met, ahead).wanted() == places([12], range(3))
    # Of another revision nothing was read.
    stale = [each._replace(revision=2) for each in ahead]
    assert around(met, stale).wanted() == around(met).wanted() == first_places(met, THREE, 2.0)


def test_no_scene_is_asked_for_that_the_video_does_not_have() -> None:
    assert around([row(0, 0, 0.9)]).wanted() == places([0], [1, 2]) | places([1, 2], range(3))
    last = around([row(SCENES - 1, 2, 0.9)])
    assert last.wanted() == places([SCENES - 3, SCENES - 2], range(3)) | places(
        [SCENES - 1], [0, 1]
    )


def test_the_score_that_the_search_gave_is_the_one_that_counts() -> None:
    """A quantized index has another than the comparison by key."""
    met = [row(10, 1, 0.9)]
    ahead = [row(scene, sample, 0.5) for scene in range(8, 13) for sample in range(3)]
    known = around(met, ahead)
    known.take([])
    assert known.is_read
    assert known.rows[met[0].row_id].score == 0.9
    assert len(known.rows) == 15


def test_what_was_read_ahead_counts_as_far_as_it_is_wanted() -> None:
    met = [row(10, 1, 0.9)]
    ahead = [row(scene, sample, 0.5) for scene in range(8, 13) for sample in range(3)]
    wanted = RowMask(frame=(Span(29, 34),))
    known = around(met, ahead, mask=wanted)
    known.take([])
    assert {hit.pts_s for hit in known.rows.values()} == {29.5, 30.5, 31.5, 32.5, 33.5}
