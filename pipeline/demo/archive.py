"""The demo's own archive: twenty short videos, three questions, and the truth about them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.demo.captions import UNANSWERABLE, Asked, Caption, ask, plain
from pipeline.demo.clips import Clip, Take, answers, render, shows, truth_of
from pipeline.demo.facts import SIGN, Size, Subject
from pipeline.demo.picture import ALWAYS, Role

QUESTIONS: tuple[Caption, ...] = (
    ask(Asked("car", "red")),
    ask(Asked("boat"), time="sunset"),
    ask(Asked("dog"), Asked("ball"), place="meadow"),
)

TRUTH = "truth.json"

_SEED = 2026


def render_archive(folder: Path, *, on_progress: Callable[[Clip], None]) -> None:
    """Write the videos into a folder, which is made if it is missing, and the truth beside it.

    Args:
        folder: For the videos; `truth.json` goes beside it.
        on_progress: Told each clip that is done.
    """
    folder.mkdir(parents=True, exist_ok=True)
    # Processes: numpy and OpenCV's small calls hold the interpreter.
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        drawn = {pool.submit(render_clip, clip.name, folder): clip for clip in CLIPS}
        for future in as_completed(drawn):
            future.result()
            on_progress(drawn[future])
    document = ground_truth(CLIPS, QUESTIONS)
    (folder.parent / TRUTH).write_text(json.dumps(document, indent=1), "utf-8")


def render_clip(name: str, folder: Path) -> Path:
    """Write one of the videos into a folder that is there."""
    number, clip = next((n, clip) for n, clip in enumerate(CLIPS) if clip.name == name)
    return render(clip, folder, np.random.default_rng((_SEED, number)))


def is_right(question: Caption, name: str, at_s: float) -> bool:
    """Whether the video of that file name shows what was asked for at that time, in seconds."""
    return any(shows(clip, question, at_s) for clip in CLIPS if clip.name == name)


def ground_truth(clips: Iterable[Clip], questions: Iterable[Caption]) -> dict[str, Any]:
    """What is seen when, which questions are answered where, and 50 that nothing answers."""
    clips = tuple(clips)
    return {
        "videos": {
            clip.name: [
                {"start_s": span.start_s, "end_s": span.end_s, "caption": plain(span.facts).text}
                for span in truth_of(clip)
            ]
            for clip in clips
        },
        "questions": [
            {
                "text": question.text,
                "answers": [
                    {"video": clip.name, "start_s": start, "end_s": end}
                    for clip in clips
                    for start, end in answers(question, clip)
                ],
            }
            for question in questions
        ],
        "unanswerable": list(UNANSWERABLE),
    }


def _a(
    colour: str,
    kind: str,
    size: Size = "medium",
    *,
    comes: float = ALWAYS[0],
    goes: float = ALWAYS[1],
) -> Role:
    return Role(Subject(kind, colour, size), (comes, goes))


def _sign(colour: str, word: str) -> Role:
    return Role(Subject(SIGN, colour, word=word))


def _take(place: str, time: str, seconds: float, *roles: Role) -> Take:
    return Take(place, time, roles, seconds)


CLIPS: tuple[Clip, ...] = (
    Clip("road_trip.mp4", (
        _take("road", "day", 3.5, _a("red", "car", "big")),
        _take("desert", "day", 3.0, _a("blue", "car")),
        _take("road", "night", 3.0, _a("blue", "bus", "big")),
    )),
    Clip("harbour.mp4", (
        _take("sea", "day", 3.0, _a("white", "boat")),
        _take("sea", "sunset", 4.0, _a("white", "boat", "big")),
        _take("sea", "night", 2.5),
    )),
    Clip("playtime.mp4", (
        _take("meadow", "day", 6.0, _a("orange", "dog", "big"), _a("blue", "ball", comes=2.0)),
        _take("meadow", "day", 2.5, _a("red", "ball", "big")),
    )),
    Clip("city_lights.mp4", (
        _take("city", "night", 3.0, _a("yellow", "bus", "big")),
        _take("city", "night", 3.0, _sign("red", "CAFE")),
        _take("city", "sunset", 2.5),
    )),
    Clip("winter.mkv", (
        _take("snow", "day", 3.0, _a("purple", "house", "big")),
        _take("snow", "night", 3.0, _a("purple", "house")),
        _take("snow", "day", 3.0, _a("white", "dog")),
    ), fades=True),
    Clip("fly_by.mp4", (
        _take("meadow", "day", 8.0, _a("blue", "plane", "big", comes=2.0, goes=6.0)),
    )),
    Clip("balloons.mp4", (
        _take("meadow", "sunset", 3.0, _a("red", "balloon", "big")),
        _take("desert", "day", 3.0, _a("yellow", "balloon", "big")),
        _take("snow", "day", 3.0, _a("blue", "balloon")),
    ), fades=True),
    Clip("zoo.mp4", (
        _take("meadow", "day", 2.5, _sign("green", "ZOO")),
        _take("meadow", "day", 3.0, _a("blue", "person", "big"), _a("white", "dog")),
        _take("meadow", "sunset", 3.0, _a("pink", "flower")),
    )),
    Clip("traffic.mp4", (
        _take("road", "day", 3.0, _a("yellow", "car"), _a("blue", "bus")),
        _take("road", "day", 2.5, _sign("red", "STOP")),
        _take("road", "night", 3.0, _a("red", "car", "big")),
    )),
    Clip("garden.webm", (
        _take("meadow", "day", 3.0, _a("pink", "flower", "big")),
        _take("meadow", "day", 3.0, _a("red", "flower"), _a("yellow", "tree")),
        _take("meadow", "day", 3.0, _a("purple", "dog"), _a("yellow", "ball")),
    ), codec="libvpx-vp9"),
    Clip("night_sky.mp4", (
        _take("desert", "night", 3.0, _a("yellow", "star", "big")),
        _take("city", "night", 3.0, _a("white", "star")),
        _take("sea", "night", 3.0, _a("pink", "star", "big")),
    ), fades=True),
    Clip("island.mp4", (
        _take("sea", "day", 3.0, _a("red", "ball", "big")),
        _take("sea", "day", 3.0, _a("green", "tree", "big")),
        _take("sea", "sunset", 3.0, _a("red", "boat", "big")),
    )),
    Clip("regatta.mp4", (
        _take("sea", "day", 7.0, _a("blue", "boat", comes=1.5), _a("orange", "plane", goes=5.0)),
        _take("sea", "sunset", 3.0, _a("blue", "boat", "big")),
    )),
    Clip("neighbours.mp4", (
        _take("meadow", "day", 3.0, _a("red", "house"), _a("green", "tree")),
        _take("city", "day", 3.0, _a("blue", "house", "big")),
        _take("desert", "sunset", 3.0, _a("pink", "house")),
    )),
    Clip("expedition.mp4", (
        _take("snow", "day", 3.0, _a("blue", "person", "big")),
        _take("snow", "night", 3.0, _a("blue", "person")),
        _take("desert", "day", 3.0, _a("red", "person", "big")),
    )),
    Clip("taxi_rank.mp4", (
        _take("city", "day", 2.5, _sign("yellow", "TAXI")),
        _take("city", "day", 3.0, _a("yellow", "car", "big")),
        _take("city", "night", 3.0, _a("yellow", "car")),
    )),
    Clip("festival.mp4", (
        _take("city", "sunset", 3.0, _a("purple", "balloon", "big")),
        _take("city", "night", 3.0, _a("pink", "balloon"), _a("yellow", "star")),
    ), fades=True),
    Clip("drive_in.mp4", (
        _take("road", "sunset", 3.0, _a("red", "car", "big")),
        _take("road", "night", 3.0, _a("purple", "car")),
        _take("road", "night", 2.5, _sign("blue", "OPEN")),
    ), codec="libx265"),
    Clip("stray.mp4", (
        _take("city", "day", 9.0, _a("purple", "dog", comes=2.0, goes=6.5), _a("red", "house")),
    )),
    Clip("autumn.mp4", (
        _take("road", "day", 3.0, _a("orange", "tree", "big")),
        _take("meadow", "day", 3.0, _a("pink", "dog"), _a("green", "ball")),
        _take("desert", "day", 3.0, _a("red", "tree", "big")),
    )),
)  # fmt: skip
"""What `make demo` searches: cuts, fades and single takes; H.264, H.265 and VP9."""
