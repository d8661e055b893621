"""Sequences in a real store: hand-made vectors, in Milvus Lite."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.config import IndexConfig, StoreConfig
from pipeline.data import Box, Embedding, Float32Array, Kind, Scene, SequenceAnswer
from pipeline.search import candidates
from pipeline.search.candidates import find_candidates, find_sequences, scored_rows
from pipeline.search.sequence import sequence_question
from pipeline.store import VideoStore
from tests.store.samples import DIM, TILED, record, video_id

A, B, C = np.eye(DIM, dtype=np.float32)[:3]
WORDS = {"a": A, "b": B, "c": C}


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VideoStore]:
    """An open archive for the whole module: opening one takes a second."""
    config = StoreConfig(uri=str(tmp_path_factory.mktemp("sequence") / "archive.db"))
    with VideoStore.connect(config) as opened:
        opened.open_for_writing(TILED, IndexConfig())
        yield opened


@pytest.fixture
def store(archive: VideoStore) -> Iterator[VideoStore]:
    yield archive
    archive.delete_videos([entry.video_id for entry in archive.entries()])


def looks(letter: str, random: np.random.Generator) -> Float32Array:
    """A unit vector near the one that a letter stands for; near none for a dot."""
    vector = np.zeros(DIM)
    if letter != ".":
        vector += WORDS[letter] * 0.9
    vector[3:] += random.normal(size=DIM - 3) * 0.1
    vector[7] += 1.0 if letter == "." else 0.2
    unit: Float32Array = (vector / np.linalg.norm(vector)).astype(np.float32)
    return unit


def put(
    store: VideoStore,
    name: str,
    scenes: str,
    *,
    seconds: float = 4.0,
    kinds: str = "f",
    rev: int = 1,
) -> None:
    """A video whose scenes show what letters say; `kinds` are the rows of each: frame or tile."""
    random = np.random.default_rng([*name.encode()])
    rows = []
    for index, letter in enumerate(scenes):
        scene = Scene(index, index * seconds, (index + 1) * seconds, "detected")
        for number, kind in enumerate(kinds):
            # Of several rows only the last shows it: the others are of the second before.
            shown = letter if number == len(kinds) - 1 else "."
            word: Kind = "tile" if kind == "t" else "frame"
            at = scene.start_s + 1 + (number if word == "frame" else number - 1)
            rows.append(
                Embedding(
                    video_id(name), scene, number, at, word, Box(0, 0, 0.5, 0.5),
                    looks(shown, random),
                )
            )  # fmt: skip
    store.upsert_segments(rows, rev)
    store.commit([record(name, rev, count=len(rows))])


def ask(store: VideoStore, *texts: str, top_k: int = 10, per_video: int = 1, **options: Any) -> Any:
    ours = {"within": "10s", "order": "strict", "granularity": "scene", **options}
    vectors = np.array([WORDS[text] for text in texts])
    question = sequence_question(texts, **ours)
    return find_sequences(store, question, vectors, top_k=top_k, per_video=per_video)


def names(answer: SequenceAnswer) -> list[str]:
    return [Path(hit.record.video.path).stem for hit in answer.results]


def test_b_then_a_is_not_a_then_b(store: VideoStore) -> None:
    for number in range(8):
        put(store, f"reversed{number}", "..ba..")
    put(store, "apart", "a.........b")
    put(store, "right", "...a.b.")
    answer = ask(store, "a", "b")
    assert names(answer)[0] == "right"
    best = answer.results[0]
    assert [(s.text, s.start_s, s.best_s, s.end_s) for s in best.steps] == [
        ("a", 12, 13, 16), ("b", 20, 21, 24),
    ]  # fmt: skip
    assert (best.start_s, best.end_s) == (12, 24)
    assert best.score > answer.results[1].score + 1
    assert all(step.cosine > 0.8 and step.score > 1 for step in best.steps)
    assert (answer.compared, answer.bound, answer.reason) == (10, None, "")
    assert set(names(ask(store, "b", "a", top_k=8))) == {f"reversed{n}" for n in range(8)}


def test_within_is_the_time_between_scenes(store: VideoStore) -> None:
    put(store, "far", ".a...b.")
    put(store, "near", ".a..b.")

    def scores(within: str) -> dict[str, float]:
        answer = ask(store, "a", "b", within=within)
        return {name: hit.score for name, hit in zip(names(answer), answer.results, strict=True)}

    assert scores("12s")["far"] == pytest.approx(scores("12s")["near"], abs=0.2)
    assert scores("11.9s")["near"] > scores("11.9s")["far"] + 0.5
    assert scores("8s")["near"] > scores("7.9s")["near"] + 0.5


def test_in_any_order_both_are_found(store: VideoStore) -> None:
    put(store, "forth", "..ab..")
    put(store, "back", "..ba..")
    put(store, "one", "..a...")
    answer = ask(store, "a", "b", order="any")
    assert set(names(answer)[:2]) == {"forth", "back"}
    back = next(hit for hit in answer.results if hit.record.video.path.endswith("back.mp4"))
    assert [(step.text, step.start_s) for step in back.steps] == [("a", 12), ("b", 8)]
    assert (back.start_s, back.end_s) == (8, 16)


def test_three_steps(store: VideoStore) -> None:
    for name in ("cba", "bac", "acb", "abc", "ab.", ".bc"):
        put(store, name, f".{name}.")
    assert names(ask(store, "a", "b", "c"))[0] == "abc"
    assert names(ask(store, "c", "b", "a"))[0] == "cba"
    assert set(names(ask(store, "a", "b", "c", order="any"))[:4]) == {"cba", "bac", "acb", "abc"}


def test_the_same_text_twice_is_two_scenes(store: VideoStore) -> None:
    put(store, "once", ".a..")
    put(store, "twice", ".a.a")
    answer = ask(store, "a", "a")
    assert names(answer)[0] == "twice"
    assert [step.start_s for step in answer.results[0].steps] == [4, 12]


def test_frames_of_one_scene_follow_each_other_only_as_frames(store: VideoStore) -> None:
    put(store, "long", "ab", kinds="fft")
    by_scene = ask(store, "a", "b").results[0]
    assert [step.start_s for step in by_scene.steps] == [0, 4]
    by_frame = ask(store, "a", "b", granularity="frame", within="4s").results[0]
    # The tile of the second frame shows it.
    assert [(s.start_s, s.end_s, s.best_s) for s in by_frame.steps] == [(2, 2, 2), (6, 6, 6)]
    assert (
        ask(store, "a", "b", granularity="frame", within="3.9s").results[0].score < by_frame.score
    )


def test_a_video_shows_as_many_moments_as_are_asked_for(store: VideoStore) -> None:
    put(store, "twice", ".ab...ab.")
    put(store, "none", ".........")
    answer = ask(store, "a", "b", per_video=2, top_k=2)
    assert names(answer) == ["twice", "twice"]
    assert sorted(hit.start_s for hit in answer.results) == [4, 24]
    assert len(ask(store, "a", "b").results) == 2


def test_rows_that_do_not_count_make_no_moment(store: VideoStore) -> None:
    put(store, "again", ".ab.", rev=1)
    put(store, "again", "..", rev=2)
    put(store, "right", ".a.b")
    put(store, "gone", ".ab.")
    # As an ingest that was killed leaves it: rows without a video.
    half = [_embedding("half", 0, "a"), _embedding("half", 1, "b")]
    store.upsert_segments(half, 1)
    store.delete_videos([video_id("gone")])
    answer = ask(store, "a", "b")
    assert names(answer) == ["right", "again"]
    assert answer.results[1].score < 0
    assert answer.compared == 2
    store.delete_videos([video_id("half")])


def _embedding(name: str, index: int, letter: str) -> Embedding:
    scene = Scene(index, index * 4.0, index * 4.0 + 4, "detected")
    vector = looks(letter, np.random.default_rng(1))
    return Embedding(video_id(name), scene, 0, index * 4.0 + 1, "frame", Box(0, 0, 1, 1), vector)


def test_an_empty_archive_says_so(store: VideoStore) -> None:
    answer = ask(store, "a", "b")
    assert answer.results == ()
    assert answer.reason == "the archive holds no video"
    assert (answer.compared, answer.bound) == (0, None)


def test_videos_that_are_too_short_are_told(store: VideoStore) -> None:
    put(store, "one", "a")
    put(store, "two", "ab")
    answer = ask(store, "a", "b", "c")
    assert answer.results == ()
    assert answer.reason == "none of 2 videos has 3 scenes that follow each other within 10 s"


def test_what_is_left_out_scores_no_more_than_the_bound(
    store: VideoStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = np.random.default_rng(7)
    for number in range(40):
        put(store, f"v{number}", "".join(random.choice([*"ab....."], size=8)))
    monkeypatch.setattr(candidates, "CANDIDATES", 1000)
    whole = ask(store, "a", "b", top_k=40)
    assert (whole.compared, whole.bound) == (40, None)
    monkeypatch.setattr(candidates, "CANDIDATES", 6)
    some = ask(store, "a", "b", top_k=1)
    assert some.bound is not None
    assert 6 <= some.compared < 40
    assert names(some)[0] in names(whole)[:3]

    vectors = np.array([A, B])
    found = find_candidates(store, vectors, wanted=6)
    assert found.floors is not None
    left_out = {entry.video_id for entry in store.entries()} - found.records.keys()
    assert left_out
    everything = find_candidates(store, vectors, wanted=1000)
    for hit, cosines in scored_rows(store, everything, vectors):
        if hit.video_id in left_out:
            assert np.all(cosines <= found.floors + 1e-6)
    assert {hit.video_id for hit, _ in scored_rows(store, found, vectors)} == set(found.records)
