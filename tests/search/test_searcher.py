"""Searching drawn videos with a model that understands them: right videos, right times."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.data import VideoHit
from pipeline.demo.archive import CLIPS, is_right
from pipeline.demo.captions import Asked, Caption, ask, plain
from pipeline.demo.clips import answers, truth_of
from pipeline.media.thumbnail import frame_at
from pipeline.search import opening
from pipeline.search.opening import View
from pipeline.search.searcher import Searcher
from pipeline.settings import load_config
from tests.conftest import index_drawn


@pytest.fixture(scope="module")
def searcher(drawn: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Searcher]:
    """Over the drawn videos, sampled as they are by default."""
    settings = index_drawn(drawn, tmp_path_factory.mktemp("search"))
    with Searcher(load_config(settings).config) as opened:
        yield opened


def right(caption: Caption, found: VideoHit) -> bool:
    """The best moment of a video shows what was asked for."""
    return is_right(caption, Path(found.record.video.path).name, found.moments[0].best_s)


def test_a_red_car_is_found_within_two_seconds(searcher: Searcher) -> None:
    answer = searcher.query(text="a red car")
    first = answer.results[0]
    assert Path(first.record.video.path).name == "road_trip.mp4"
    start, end = answers(ask(Asked("car", "red")), CLIPS[0])[0]
    assert start - 2 <= first.moments[0].best_s <= end + 2


def test_what_each_take_shows_is_found_in_it(searcher: Searcher, drawn: Path) -> None:
    names = {path.name for path in drawn.iterdir()}
    captions = [
        plain(span.facts) for clip in CLIPS if clip.name in names for span in truth_of(clip)
    ]
    assert len(captions) > 8
    found = [right(c, searcher.query(text=c.text).results[0]) for c in captions]
    assert np.mean(found) >= 0.9, list(zip([c.text for c in captions], found, strict=True))


def test_things_are_found_by_their_colour_and_kind_alone(searcher: Searcher, drawn: Path) -> None:
    names = {path.name for path in drawn.iterdir()}
    spans = [span for clip in CLIPS if clip.name in names for span in truth_of(clip)]
    things = {(s.kind, s.colour, s.word) for span in spans for s in span.facts.subjects}
    captions = [
        ask(Asked(kind, colour, word=word)) for kind, colour, word in sorted(things, key=str)
    ]
    assert len(captions) >= 8
    found = [right(c, searcher.query(text=c.text).results[0]) for c in captions]
    assert np.mean(found) >= 0.8, list(zip([c.text for c in captions], found, strict=True))


def test_a_picture_finds_the_take_that_it_came_from(
    searcher: Searcher, drawn: Path, tmp_path: Path
) -> None:
    # Made smaller and saved as a JPEG, as somebody might have it.
    frame = Image.fromarray(frame_at(drawn / "winter.mkv", 1.0)).resize((320, 180))
    frame.save(tmp_path / "house.jpg", quality=70)
    first = searcher.query(image=tmp_path / "house.jpg").results[0]
    assert Path(first.record.video.path).name == "winter.mkv"
    assert first.moments[0].best_s < 3.0


def test_questions_asked_at_once_get_the_answers_that_they_get_alone(searcher: Searcher) -> None:
    texts = ["a red car", "a boat", "a house at night", "a dog"]

    def ask(text: str) -> list[tuple[str, float, float, float]]:
        answer = searcher.query(text=text)
        return [
            (found.record.video.video_id, round(found.score, 6), moment.start_s, moment.end_s)
            for found in answer.results or answer.nearest
            for moment in found.moments
        ]

    alone = [ask(text) for text in texts]
    assert all(alone)
    with ThreadPoolExecutor(8) as several:
        assert list(several.map(ask, 10 * texts)) == 10 * alone


def test_a_sample_that_is_drawn_anew_does_not_ask_twice(
    searcher: Searcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "FRESH_S", -1.0)
    asked: list[View] = []
    for _ in range(2):
        searcher._opened.ask(lambda view: lambda: asked.append(view))
    assert len(asked) == 2
    assert asked[0] is not asked[1]
