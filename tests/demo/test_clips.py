"""Videos show what their truth says, from when to when."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.data import DRAWN
from pipeline.demo.captions import Asked, ask, plain
from pipeline.demo.clips import FADE_S, Clip, Span, Take, answers, render, still_take, truth_of
from pipeline.demo.facts import Facts, Subject
from pipeline.demo.picture import ALWAYS, Role
from pipeline.media.probe import probe
from pipeline.media.reader import open_frames
from tests.demo.drawn import any_facts, places, things, times

CAR, DOG, BALL = Subject("car", "red"), Subject("dog", "white"), Subject("ball", "blue")
ON_ROAD = Facts("road", "day", (CAR,))
IN_SNOW = Facts("snow", "day", (DOG,))
AT_SEA = Facts("sea", "night", ())
TAKES = (still_take(ON_ROAD, 1.2), still_take(IN_SNOW, 1.4), still_take(AT_SEA, 1.0))
FPS = 20

_SMALL = (96, 54)


def rendered(clip: Clip, folder: Path, seed: int = 5) -> Path:
    return render(clip, folder, np.random.default_rng(seed))


def frames_of(path: Path) -> np.ndarray:
    """All frames, small: float32 (frames, 54, 96, 3)."""
    pictures = (picture for batch in open_frames(path) for picture in batch.frames)
    small = [cv2.resize(p, _SMALL, interpolation=cv2.INTER_AREA) for p in pictures]
    return np.stack(small).astype(np.float32)


def changes_of(frames: np.ndarray) -> np.ndarray:
    """How much each frame differs from the one before; `[n]` is between frames n and n + 1."""
    return np.abs(np.diff(frames, axis=0)).mean(axis=(1, 2, 3))


def cuts_of(clip: Clip) -> list[int]:
    """The first frames of all takes but the first, by the truth."""
    return [round(span.start_s * clip.fps) for span in truth_of(clip)[1:]]


# Seconds in eighths, whose sums are exact.
eighths = st.integers(1, 64).map(lambda n: n / 8)
edges = st.integers(-16, 80).map(lambda n: n / 8)
spans = st.one_of(st.just(ALWAYS), st.tuples(edges, edges).map(lambda e: (min(e), max(e) + 0.125)))
roles = st.lists(st.builds(Role, things, spans), max_size=2).map(tuple)
takes = st.builds(Take, places, times, roles, eighths)
any_clips = st.builds(Clip, st.just("any.mp4"), st.lists(takes, min_size=1, max_size=4).map(tuple))


@given(clip=any_clips)
def test_truth_is_in_order_and_without_gaps(clip: Clip) -> None:
    truth = truth_of(clip)
    assert truth[0].start_s == 0
    assert truth[-1].end_s == clip.duration_s
    assert all(before.end_s == after.start_s for before, after in pairwise(truth))
    assert all(span.start_s < span.end_s for span in truth)


@given(clip=any_clips, share=st.floats(0.01, 0.99))
def test_truth_is_what_the_roles_say(clip: Clip, share: float) -> None:
    start = 0.0
    for take in clip.takes:
        t = share * take.seconds
        there = tuple(role.subject for role in take.roles if role.span[0] <= t < role.span[1])
        assert _facts_at(truth_of(clip), start + t) == Facts(take.place, take.time, there)
        start += take.seconds


def _facts_at(truth: Sequence[Span], t: float) -> Facts:
    return next(span.facts for span in truth if span.start_s <= t < span.end_s)


def test_truth_has_no_gaps_where_sums_are_not_exact() -> None:
    clip = Clip("tenths.mp4", tuple(still_take(ON_ROAD, seconds) for seconds in (0.1, 0.2, 0.3)))
    assert all(before.end_s == after.start_s for before, after in pairwise(truth_of(clip)))
    assert answers(plain(ON_ROAD), clip) == ((0.0, pytest.approx(0.6)),)


def test_entrances_split_the_truth() -> None:
    coming = (Role(DOG), Role(BALL, (2.0, 4.5)))
    clip = Clip("play.mp4", (still_take(ON_ROAD, 3.0), Take("meadow", "day", coming, 6.0)))
    alone, both = Facts("meadow", "day", (DOG,)), Facts("meadow", "day", (DOG, BALL))
    assert truth_of(clip) == (
        Span(0.0, 3.0, ON_ROAD),
        Span(3.0, 5.0, alone),
        Span(5.0, 7.5, both),
        Span(7.5, 9.0, alone),
    )
    assert answers(ask(Asked("dog")), clip) == ((3.0, 9.0),)
    assert answers(ask(Asked("ball")), clip) == ((5.0, 7.5),)
    assert answers(ask(Asked("dog"), Asked("ball")), clip) == ((5.0, 7.5),)
    assert answers(ask(time="day"), clip) == ((0.0, 9.0),)
    assert answers(ask(Asked("boat")), clip) == ()


def test_answers_apart_are_not_joined() -> None:
    clip = Clip("there_and_back.mp4", (TAKES[0], TAKES[1], TAKES[0]))
    assert answers(plain(ON_ROAD), clip) == ((0.0, 1.2), (2.6, pytest.approx(3.8)))


@given(clip=any_clips, facts=any_facts)
def test_answers_cover_just_the_spans_that_hold(clip: Clip, facts: Facts) -> None:
    for caption in (plain(facts), plain(truth_of(clip)[0].facts), ask(time="day")):
        found = answers(caption, clip)
        assert all(before[1] < after[0] for before, after in pairwise(found))
        for span in truth_of(clip):
            inside = any(start <= span.start_s and span.end_s <= end for start, end in found)
            assert inside == caption.holds(span.facts)
        assert sum(end - start for start, end in found) == sum(
            span.end_s - span.start_s for span in truth_of(clip) if caption.holds(span.facts)
        )


@pytest.fixture(scope="module")
def cut(tmp_path_factory: pytest.TempPathFactory) -> tuple[Clip, Path]:
    clip = Clip("cut.mp4", TAKES, fps=FPS)
    return clip, rendered(clip, tmp_path_factory.mktemp("cut"))


@pytest.fixture(scope="module")
def faded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Clip, Path]:
    clip = Clip("faded.mp4", TAKES, fades=True, fps=FPS)
    return clip, rendered(clip, tmp_path_factory.mktemp("faded"))


@pytest.mark.parametrize(
    ("name", "encoder", "codec", "fps"),
    [
        ("a.mp4", "libx264", "h264", 20),
        ("a.mkv", "libx264", "h264", 25),
        ("a.mp4", "libx265", "hevc", 10),
        ("a.webm", "libvpx-vp9", "vp9", 10),
    ],
)
def test_a_file_is_as_its_clip_says(
    name: str, encoder: str, codec: str, fps: int, tmp_path: Path
) -> None:
    clip = Clip(name, (still_take(ON_ROAD, 0.6), still_take(AT_SEA, 0.4)), fps=fps, codec=encoder)
    path = rendered(clip, tmp_path)
    video = probe(path)
    assert path == tmp_path / name
    assert (video.codec, video.width, video.height) == (codec, 640, 360)
    assert video.frames == fps
    assert video.duration_s == pytest.approx(clip.duration_s, abs=0.002)
    assert video.frame_rate == pytest.approx(fps, rel=0.002)
    assert video.comment == DRAWN


def test_cuts_are_where_the_truth_says(cut: tuple[Clip, Path]) -> None:
    clip, path = cut
    changes = changes_of(frames_of(path))
    largest = np.argsort(changes)[::-1]
    assert sorted((largest[:2] + 1).tolist()) == cuts_of(clip) == [24, 52]
    assert changes[largest[1]] > 4 * changes[largest[2]]


def test_fades_have_no_jump(cut: tuple[Clip, Path], faded: tuple[Clip, Path]) -> None:
    sharp, soft = (changes_of(frames_of(path)) for _, path in (cut, faded))
    assert len(sharp) == len(soft)
    assert soft.max() < sharp.max() / 4


def test_the_truth_changes_in_the_middle_of_a_fade(faded: tuple[Clip, Path]) -> None:
    clip, path = faded
    frames = frames_of(path)
    half = round(FADE_S / 2 * clip.fps)
    for at in cuts_of(clip):
        shares = _shares(frames[at - half - 1 : at + half + 2])
        assert shares[half + 1] == pytest.approx(0.5, abs=0.06)
        assert (np.diff(shares)[1:-1] > 0).all()
        assert shares[half + 1 - 3] == pytest.approx(0.25, abs=0.08)
        assert shares[half + 1 + 3] == pytest.approx(0.75, abs=0.08)


def _shares(fade: np.ndarray) -> np.ndarray:
    """How far each frame is on the way from the first to the last, 0 to 1."""
    way = (fade[-1] - fade[0]).ravel()
    return np.array([(frame - fade[0]).ravel() @ way for frame in fade]) / (way @ way)


def test_outside_of_its_fades_a_clip_is_the_same(
    cut: tuple[Clip, Path], faded: tuple[Clip, Path]
) -> None:
    sharp, soft = (frames_of(path) for _, path in (cut, faded))
    half = round(FADE_S / 2 * FPS)
    apart = np.abs(sharp - soft).mean(axis=(1, 2, 3))
    near = {n for at in cuts_of(cut[0]) for n in range(at - half, at + half + 1)}
    assert max(apart[n] for n in range(len(apart)) if n not in near) < 2


def test_the_same_clip_and_seed_give_the_same_bytes(cut: tuple[Clip, Path], tmp_path: Path) -> None:
    clip, path = cut
    assert rendered(clip, tmp_path).read_bytes() == path.read_bytes()
    assert rendered(clip, tmp_path, seed=6).read_bytes() != path.read_bytes()
