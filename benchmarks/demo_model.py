"""The demo's CLIP on clips of seeds that training never saw, through ingest and search as they are.

For each seed 200 clips of one to three takes are drawn, each with a caption of one of its takes
that is true nowhere else: 100 of pairs that training saw, 100 of pairs that were kept from it. Each
caption is asked; the first video must be its clip, and its best moment must overlap the take.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.demo_limits import limits
from benchmarks.drawn import ingested
from benchmarks.result import Ratio
from pipeline.data import Answer
from pipeline.demo.captions import UNANSWERABLE, Caption, plain
from pipeline.demo.clips import Clip, answers, shows, still_take, truth_of
from pipeline.demo.examples import seen
from pipeline.demo.facts import held_out, random_facts
from pipeline.search.searcher import Searcher

SEEDS = (1001, 1002, 1003)
CLIPS = 200
TARGET_SEEN = 0.90
TARGET_HELD_OUT = 0.80
TARGET_MOMENT = 0.90


@dataclass(frozen=True, slots=True)
class Asked:
    """A clip, what is asked for it, and whether training saw such a pair."""

    clip: Clip
    caption: Caption
    held_out: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came back.

    Args:
        asked: For what.
        right: The first video is the clip.
        overlaps: Its best moment overlaps the truth.
        inside: The time that is named is inside the truth.
        score: Of the first video.
    """

    asked: Asked
    right: bool
    overlaps: bool
    inside: bool
    score: float


def measure() -> list[Ratio]:
    return [ratio for seed in SEEDS for ratio in (*_measure(seed), *limits(seed))]


def _measure(seed: int) -> Iterator[Ratio]:
    with tempfile.TemporaryDirectory() as folder:
        asked = make_clips(seed)
        config = ingested(seed, [each.clip for each in asked], Path(folder))
        with Searcher(config) as searcher:
            outcomes = [_judge(one, searcher.query(text=one.caption.text)) for one in asked]
            strange = [searcher.query(text=text).results[0].score for text in UNANSWERABLE]
    right = [outcome for outcome in outcomes if outcome.right]
    # In a clip of one take, any moment is right.
    several = [outcome for outcome in right if len(outcome.asked.clip.takes) > 1]
    groups = {
        ("R@1, pairs seen in training", TARGET_SEEN): [
            outcome.right for outcome in outcomes if not outcome.asked.held_out
        ],
        ("R@1, held-out pairs", TARGET_HELD_OUT): [
            outcome.right for outcome in outcomes if outcome.asked.held_out
        ],
        ("best moment overlaps the truth", TARGET_MOMENT): [o.overlaps for o in right],
        ("overlaps, clips of several takes", None): [o.overlaps for o in several],
        ("its time is inside the truth, clips of several takes", None): [
            outcome.inside for outcome in several
        ],
        ("an answer scores above a question without one", None): [
            outcome.score > score for outcome in outcomes for score in strange
        ],
    }
    for (name, target), values in groups.items():
        share, note = float(np.mean(values)), f"of {len(values)}"
        yield Ratio("demo_model", f"seed {seed}: {name}", share, 1.0, "", "more", target, note)


def make_clips(seed: int) -> list[Asked]:
    """200 clips with captions that are true of one clip only, alternately seen and held out."""
    random = np.random.default_rng(seed)
    made: list[Asked] = []
    while len(made) < CLIPS:
        new = _make_clip(len(made), random)
        if not any(_true_of(new.caption, a.clip) or _true_of(a.caption, new.clip) for a in made):
            made.append(new)
    return made


def _make_clip(number: int, random: np.random.Generator) -> Asked:
    wanted = number % 2 == 1
    facts = random_facts(random, allowed=lambda f: bool(f.subjects) and held_out(f) is wanted)
    others = [random_facts(random, allowed=seen) for _ in range(int(random.integers(3)))]
    takes = [still_take(each, round(random.uniform(1.6, 2.8), 1)) for each in (facts, *others)]
    order = random.permutation(len(takes))
    clip = Clip(
        f"{number:03}.mp4",
        tuple(takes[n] for n in order),
        fades=bool(random.random() < 0.3),
        fps=12,
    )
    return Asked(clip, plain(facts), wanted)


def _true_of(caption: Caption, clip: Clip) -> bool:
    return any(caption.holds(span.facts) for span in truth_of(clip))


def _judge(asked: Asked, answer: Answer) -> Outcome:
    first = answer.results[0]
    moment = first.moments[0]
    truths = answers(asked.caption, asked.clip)
    return Outcome(
        asked,
        right=Path(first.record.video.path).name == asked.clip.name,
        overlaps=any(moment.start_s < end and start < moment.end_s for start, end in truths),
        inside=shows(asked.clip, asked.caption, moment.best_s),
        score=first.score,
    )
