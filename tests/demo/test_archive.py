"""The demo's archive has something of everything, and a truth that holds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline.demo import archive
from pipeline.demo.archive import CLIPS, QUESTIONS, TRUTH, ground_truth, render_archive
from pipeline.demo.captions import UNANSWERABLE, plain
from pipeline.demo.clips import Clip, answers, truth_of
from pipeline.demo.facts import SIGN, SIZES
from pipeline.demo.places import PLACES, TIMES
from pipeline.demo.things import PAINTS, THINGS, WORDS
from pipeline.media.probe import probe


def test_twenty_videos_of_two_minutes() -> None:
    assert len({clip.name for clip in CLIPS}) == len(CLIPS) == 20
    assert sum(clip.duration_s for clip in CLIPS) >= 120
    assert all(3 <= clip.duration_s <= 15 for clip in CLIPS)


def test_there_are_cuts_fades_and_single_takes_in_three_codecs() -> None:
    several = [clip for clip in CLIPS if len(clip.takes) > 1]
    assert {clip.fades for clip in several} == {True, False}
    assert len(several) < len(CLIPS)
    assert {clip.codec for clip in CLIPS} == {"libx264", "libx265", "libvpx-vp9"}
    assert {Path(clip.name).suffix for clip in CLIPS} == {".mp4", ".mkv", ".webm"}
    assert all((clip.codec == "libvpx-vp9") == clip.name.endswith(".webm") for clip in CLIPS)


def test_all_that_is_in_it_can_be_drawn() -> None:
    for take in (take for clip in CLIPS for take in clip.takes):
        assert take.place in PLACES
        assert take.time in TIMES
        assert len(take.roles) <= 2
        for subject in (role.subject for role in take.roles):
            assert subject.colour in PAINTS
            assert subject.size in SIZES
            assert (subject.kind in THINGS) == (subject.word is None)
            assert subject.word is None or (subject.kind == SIGN and subject.word in WORDS)


def test_most_of_the_world_is_in_it() -> None:
    facts = [span.facts for clip in CLIPS for span in truth_of(clip)]
    assert {f.place for f in facts} == set(PLACES)
    assert {f.time for f in facts} == set(TIMES)
    assert {s.kind for f in facts for s in f.subjects} == {*THINGS, SIGN}
    assert {s.colour for f in facts for s in f.subjects} == set(PAINTS)


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.text)
def test_every_question_has_an_answer(question) -> None:
    found = [(clip, span) for clip in CLIPS for span in answers(question, clip)]
    assert found
    for clip, (start, end) in found:
        assert 0 <= start < end <= clip.duration_s
        inside = [s for s in truth_of(clip) if start <= s.start_s and s.end_s <= end]
        assert inside
        assert all(question.holds(span.facts) for span in inside)


def test_the_truth_survives_json_and_matches_the_answers() -> None:
    document = ground_truth(CLIPS, QUESTIONS)
    assert json.loads(json.dumps(document)) == document
    assert document["unanswerable"] == list(UNANSWERABLE)
    assert list(document["videos"]) == [clip.name for clip in CLIPS]
    for clip in CLIPS:
        assert document["videos"][clip.name] == [
            {"start_s": s.start_s, "end_s": s.end_s, "caption": plain(s.facts).text}
            for s in truth_of(clip)
        ]
    by_text = {entry["text"]: entry["answers"] for entry in document["questions"]}
    assert list(by_text) == [question.text for question in QUESTIONS]
    for question in QUESTIONS:
        for clip in CLIPS:
            found = tuple(
                (answer["start_s"], answer["end_s"])
                for answer in by_text[question.text]
                if answer["video"] == clip.name
            )
            assert found == answers(question, clip)


def test_the_truth_is_of_the_clips_it_is_given() -> None:
    document = ground_truth(iter(CLIPS[:2]), iter(QUESTIONS[:1]))
    assert list(document["videos"]) == [clip.name for clip in CLIPS[:2]]
    assert {answer["video"] for answer in document["questions"][0]["answers"]} == {CLIPS[0].name}


def test_rendering_writes_the_videos_and_the_truth_beside_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The first is the first in the other processes too.
    one = CLIPS[:1]
    monkeypatch.setattr(archive, "CLIPS", one)
    done: list[Clip] = []
    folder = tmp_path / "new" / "videos"
    render_archive(folder, on_progress=done.append)
    assert one == tuple(done)
    assert {path.name for path in folder.iterdir()} == {one[0].name}
    assert probe(folder / one[0].name).duration_s == pytest.approx(one[0].duration_s)
    written = json.loads((folder.parent / TRUTH).read_text("utf-8"))
    assert written == ground_truth(one, QUESTIONS)
