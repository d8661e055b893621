"""Questions of every form to the drawn videos, with the model that understands them."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from pipeline.data import Answer
from pipeline.errors import MediaError, QueryError
from pipeline.media.chart import WIDTH as CHART_WIDTH
from pipeline.media.thumbnail import frame_at
from pipeline.search.aggregate import AGGREGATIONS
from pipeline.search.notebook import (
    MOST_PICTURES,
    ShownAnswer,
    ShownCurve,
    ShownSequence,
    answer_html,
    sequence_html,
)
from pipeline.search.searcher import Searcher
from pipeline.settings import load_config
from pipeline.text import clock


@pytest.fixture(scope="module")
def searcher(asked_archive: Path) -> Iterator[Searcher]:
    with Searcher(load_config(asked_archive).config) as opened:
        yield opened


def names(answer: Answer) -> list[str]:
    return [Path(found.record.video.path).name for found in answer.results]


def score(answer: Answer, name: str) -> float:
    (found,) = [hit.score for hit in answer.results if hit.record.video.path.endswith(name)]
    return found


def every(searcher: Searcher, *args: Any, **options: Any) -> Answer:
    """An answer with all videos in it, however unlikely."""
    return searcher.query(*args, min_confidence=0, **options)


def test_what_is_not_wanted_falls_behind(searcher: Searcher, drawn: Path) -> None:
    """The video shows a red car, and after that a blue one."""
    road_trip = str(drawn / "road_trip.mp4")
    red, blue = (searcher.curve(road_trip, text).best for text in ("a red car", "a blue car"))
    assert red < blue

    def red_ahead(without: str | None) -> float:
        scores = searcher.curve(road_trip, "a car", without=without).scores
        return float(scores[red] - scores[blue])

    assert red_ahead("a red car") < red_ahead(None) < red_ahead("a blue car")
    against = every(searcher, "a car", without="a red car^2", where="path = road_trip.mp4")
    start_s = searcher.curve(road_trip, "a blue car").starts_s[blue]
    assert against.results[0].moments[0].best_s >= start_s


def test_several_texts_and_their_weights(searcher: Searcher) -> None:
    car, house = "a red car", "a house in the snow"
    first, second = names(every(searcher, car))[0], names(every(searcher, house))[0]
    assert first != second
    assert names(every(searcher, {car: 5.0, house: 0.5}))[0] == first
    assert names(every(searcher, [f"{car}^0.5", f"{house}^5"]))[0] == second
    assert names(every(searcher, [car, house])) == names(every(searcher, [house, car]))


def test_a_text_and_a_picture(searcher: Searcher, drawn: Path, tmp_path: Path) -> None:
    Image.fromarray(frame_at(drawn / "winter.mkv", 1.0)).save(tmp_path / "frame.png")
    image = tmp_path / "frame.png"
    assert names(every(searcher, image=image))[0] == "winter.mkv"
    assert names(every(searcher, "a red car^3", image=image))[0] == "road_trip.mp4"
    assert names(every(searcher, "a red car^0.1", image=image))[0] == "winter.mkv"


def test_like_ones_are_found_without_those_that_were_named(searcher: Searcher, drawn: Path) -> None:
    alone = searcher.similar(str(drawn / "zoo.mp4"))
    assert "zoo.mp4" not in [Path(f.record.video.path).name for f in alone.nearest]
    like = every(searcher, like=str(drawn / "zoo.mp4"))
    assert len(names(like)) == 4
    assert "zoo.mp4" not in names(like)
    two = every(searcher, like=[str(drawn / "zoo.mp4"), f"{drawn}/winter.mkv@1"])
    assert set(names(two)) == {"road_trip.mp4", "harbour.mp4", "fly_by.mp4"}
    some = every(searcher, like=str(drawn / "zoo.mp4"), where="path = winter.mkv or path = zoo.mp4")
    assert names(some) == ["winter.mkv"]


def test_feedback_draws_a_video_up_and_down(searcher: Searcher, drawn: Path) -> None:
    plain = every(searcher, "an animal")
    last = names(plain)[-1]
    spot = f"{drawn}/{last}@{plain.results[-1].moments[0].best_s}"
    more, less = every(searcher, "an animal", more=spot), every(searcher, "an animal", less=spot)
    assert names(more).index(last) < len(names(plain)) - 1
    assert score(less, last) < score(plain, last) < score(more, last)
    assert names(every(searcher, more=spot))[0] == last


@pytest.mark.parametrize(
    "parts",
    [
        {"text": "a red car"},
        {"text": "a red car", "without": "snow"},
        {"text": ["a red car", "night"]},
        {"text": "a red car", "more": "zoo@1"},
        {"like": "road_trip"},
    ],
)
@pytest.mark.parametrize("aggregate", AGGREGATIONS)
def test_a_filter_holds_for_every_form(
    searcher: Searcher, drawn: Path, parts: dict[str, Any], aggregate: Any
) -> None:
    spots = {"zoo@1": f"{drawn}/zoo.mp4@1", "road_trip": f"{drawn}/road_trip.mp4"}
    parts = {key: spots.get(str(value), value) for key, value in parts.items()}
    where = "time in 1..3 and not path = harbour.mp4"
    answer = every(searcher, **parts, where=where, aggregate=aggregate)
    assert names(answer)
    assert "harbour.mp4" not in names(answer)
    for found in answer.results:
        assert all(1 <= m.start_s <= m.best_s < m.end_s <= 3 for m in found.moments)


@pytest.mark.parametrize("aggregate", AGGREGATIONS)
@pytest.mark.parametrize("where", [None, "time < 3"])
def test_the_evidence_sums_to_the_score(
    searcher: Searcher, aggregate: Any, where: str | None
) -> None:
    options: dict[str, Any] = {"aggregate": aggregate, "where": where}
    answer = every(searcher, "a red car", explain=True, **options)
    assert len(answer.results) == 5
    for found in answer.results:
        weights = [each.weight for each in found.evidence]
        assert sum(weights) == pytest.approx(1)
        assert weights == sorted(weights, reverse=True)
        total = sum(each.weight * each.hit.score for each in found.evidence)
        assert total == pytest.approx(found.score, abs=1e-5)
        assert {each.hit.video_id for each in found.evidence} == {found.record.video.video_id}
    plain = every(searcher, "a red car", **options)
    assert names(plain) == names(answer)
    assert [found.evidence for found in plain.results] == [()] * 5


def test_what_is_there_is_sure(searcher: Searcher) -> None:
    answer = searcher.query("a red car")
    assert names(answer)[0] == "road_trip.mp4"
    assert answer.results[0].confidence is not None
    assert answer.results[0].confidence > 0.95
    assert (answer.reason, answer.nearest, answer.bound) == ("", (), None)


@pytest.mark.parametrize("text", ["a slice of pizza", "a dentist", "a church organ"])
def test_what_is_not_there_is_no_match(searcher: Searcher, text: str) -> None:
    answer = searcher.query(text)
    assert answer.no_match
    assert answer.results == ()
    assert re.search(r"confidence 0\.\d\d, 0\.95 is wanted", answer.reason)
    assert len(answer.nearest) == 5
    assert all(found.confidence < 0.95 for found in answer.nearest if found.confidence is not None)
    whatever = every(searcher, text)
    assert [f.score for f in whatever.results] == [f.score for f in answer.nearest]
    assert whatever.reason == ""


def test_prompts_of_clip_answer_too(searcher: Searcher) -> None:
    config = searcher._config.model_copy(
        update={"search": searcher._config.search.model_copy(update={"templates": "clip"})}
    )
    with Searcher(config) as other:
        assert names(every(other, "a red car"))[0] == "road_trip.mp4"
        assert names(every(other, "a red car", without="snow"))[0] == "road_trip.mp4"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"top_k": 0}, "top_k: .* not 0"),
        ({"top_k": 1001}, "top_k: .* not 1001"),
        ({"min_confidence": 1.0}, "min_confidence: .* not 1.0"),
        ({"min_confidence": -0.1}, "min_confidence"),
        ({"min_confidence": float("nan")}, "min_confidence"),
        ({"aggregate": "median"}, "aggregate: .* not 'median'"),
    ],
)
def test_options_out_of_range(searcher: Searcher, options: dict[str, Any], says: str) -> None:
    with pytest.raises(QueryError, match=says) as caught:
        searcher.query("a red car", **options)
    assert "\n" not in str(caught.value)


def test_parts_that_cannot_be_used(searcher: Searcher, drawn: Path, tmp_path: Path) -> None:
    with pytest.raises(QueryError, match="not in the archive"):
        searcher.query("a red car", more="gone@1")
    with pytest.raises(QueryError, match="nothing is left"):
        searcher.query("a red car", without="a red car^4")
    with pytest.raises(QueryError, match="behind its end"):
        searcher.similar(f"{drawn}/zoo.mp4@1:00:00")
    with pytest.raises(MediaError):
        searcher.query(image=tmp_path / "gone.png")
    with pytest.raises(QueryError):
        searcher.similar()


def test_a_sequence_within_a_filter(searcher: Searcher) -> None:
    texts = ["a red car", "a blue car"]
    plain = searcher.sequence(texts, granularity="frame")
    some = searcher.sequence(texts, granularity="frame", where="time < 4 and not path = zoo.mp4")
    assert plain.results
    assert some.results
    for hit in some.results:
        assert not hit.record.video.path.endswith("zoo.mp4")
        assert hit.end_s < 4
    none = searcher.sequence(texts, where="tag = none")
    assert (none.results, none.reason) == ((), "no video satisfies the filter")


def test_a_notebook_shows_an_answer(searcher: Searcher) -> None:
    answer = searcher.query("a red car", top_k=2)
    assert isinstance(answer, ShownAnswer)
    page = answer._repr_html_()
    assert page.count('<img src="data:image/jpeg;base64,') == 2
    assert page.count("<tr>") == 3
    assert "road_trip.mp4" in page
    assert re.search(r"2 videos in \d+ ms", page)


def test_a_notebook_shows_that_nothing_answers(searcher: Searcher) -> None:
    page = answer_html(searcher.query("a slice of pizza", top_k=1))
    assert "<b>no match</b>: nothing stands out" in page
    assert "nearest, though hardly" in page
    assert page.count("<img ") == 1
    nothing = answer_html(searcher.query("a red car", where="tag = none"))
    assert nothing == "<p><b>no match</b>: no video satisfies the filter</p>"


def test_a_notebook_shows_a_sequence(searcher: Searcher) -> None:
    texts = ["a red car", "a <blue> car"]
    answer = searcher.sequence(texts, granularity="frame", top_k=2)
    assert isinstance(answer, ShownSequence)
    page = answer._repr_html_()
    assert page.count('<img src="data:image/jpeg;base64,') == 4
    assert page.count("<tr>") == 3
    assert "<th>a red car</th><th>a &lt;blue&gt; car</th>" in page
    (first, second) = answer.results[0].steps
    assert page.index(f"{clock(first.best_s)} (") < page.index(f"{clock(second.best_s)} (")
    assert re.search(r"2 moments in \d+ ms, 5 videos compared", page)
    none = searcher.sequence(texts, where="tag = none")
    assert sequence_html(none) == "<p><b>no match</b>: no video satisfies the filter</p>"


def test_pictures_of_a_long_sequence_are_few(searcher: Searcher) -> None:
    answer = searcher.sequence(["a car", "a house"], granularity="frame", per_video=9, top_k=20)
    assert len(answer.results) > MOST_PICTURES / 2
    page = sequence_html(answer)
    assert page.count("<img ") == MOST_PICTURES
    assert page.count("<tr>") == 1 + len(answer.results)


def test_a_notebook_shows_a_curve(searcher: Searcher, drawn: Path) -> None:
    curve = searcher.curve(str(drawn / "road_trip.mp4"), "a red car")
    assert isinstance(curve, ShownCurve)
    kind, packed = curve._repr_html_().removesuffix('">').split(",")
    assert kind == '<img src="data:image/jpeg;base64'
    with Image.open(io.BytesIO(base64.b64decode(packed))) as chart:
        assert chart.width == CHART_WIDTH


def test_names_of_files_are_no_html(searcher: Searcher) -> None:
    (found,) = searcher.query("a red car", top_k=1).results
    video = replace(found.record.video, path='/gone/<b onclick="x">&\x1b.mp4')
    record = replace(found.record, video=video, paths=(video.path,))
    page = answer_html(Answer((replace(found, record=record),), 0.01))
    assert "<b " not in page
    assert '"x"' not in page
    assert "\x1b" not in page
    assert "&lt;b onclick=&quot;x&quot;&gt;&amp;" in page
    assert "<img" not in page
