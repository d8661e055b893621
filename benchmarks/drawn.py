"""Archives of the demo's drawn world for benchmarks: 500 videos, with the truth about each.

A fifth of the videos shows one thing and then another, a fifth shows the same two the other way
round, and the rest is drawn at random: one to three takes each.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from pipeline.config import Config, EncodeConfig, RunConfig, SourceConfig, StoreConfig
from pipeline.data import VideoHit
from pipeline.demo.captions import Caption, plain
from pipeline.demo.clips import Clip, render, still_take, truth_of
from pipeline.demo.facts import Facts, random_facts
from pipeline.ingest.run import ingest

VIDEOS = 500
PAIRS = 100
FPS = 8


@dataclass(frozen=True, slots=True)
class Pair:
    """Two captions, and the clip that shows the first before the second."""

    first: Caption
    second: Caption
    clip: Clip


@dataclass(frozen=True, slots=True)
class Drawn:
    """The videos of one seed.

    Args:
        clips: All of them.
        pairs: The captions of each follow each other in one clip, and the other way round in one.
    """

    clips: tuple[Clip, ...]
    pairs: tuple[Pair, ...]

    def shown(self, caption: Caption) -> set[str]:
        """Names of the videos in which a caption is true at some time."""
        return {
            clip.name
            for clip in self.clips
            if any(caption.holds(span.facts) for span in truth_of(clip))
        }

    def seen(self, found: VideoHit) -> Facts:
        """What a result shows at the best second of its best moment."""
        name, at_s = Path(found.record.video.path).name, found.moments[0].best_s
        spans = truth_of(next(clip for clip in self.clips if clip.name == name))
        return next(span.facts for span in spans if span.start_s <= at_s < span.end_s)


def drawn(seed: int) -> Drawn:
    """Which videos a seed stands for; nothing is rendered."""
    random = np.random.default_rng((seed, 4))
    clips: list[Clip] = []
    pairs: list[Pair] = []
    while len(pairs) < PAIRS:
        one, two = (random_facts(random, allowed=_shows_something) for _ in range(2))
        # Both ways, so that the order alone tells them apart.
        there = _clip(len(clips), (one, two), random)
        back = _clip(len(clips) + 1, (two, one), random)
        pair = Pair(plain(one), plain(two), there)
        if _only_there(pair, [back, *clips]) and all(_only_there(p, [there, back]) for p in pairs):
            clips += [there, back]
            pairs.append(pair)
    while len(clips) < VIDEOS:
        takes = [random_facts(random) for _ in range(int(random.integers(1, 4)))]
        clip = _clip(len(clips), takes, random)
        if all(_only_there(pair, [clip]) for pair in pairs):
            clips.append(clip)
    return Drawn(tuple(clips), tuple(pairs))


def ingested(seed: int, clips: Sequence[Clip], folder: Path) -> Config:
    """Render and ingest clips; what the folder has already stays.

    Returns:
        The settings to search it with.
    """
    videos = folder / "videos"
    config = Config(
        source=SourceConfig(paths=(str(videos),)),
        encode=EncodeConfig(backend="demo"),
        store=StoreConfig(uri=str(folder / "vsearch.db")),
        run=RunConfig(state_dir=str(folder / "state")),
    )
    videos.mkdir(parents=True, exist_ok=True)
    missing = [n for n, clip in enumerate(clips) if not (videos / clip.name).exists()]
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        list(pool.map(partial(_render, seed, videos), missing, [clips[n] for n in missing]))
    report = ingest(config)
    assert not report.failures, report
    return config


def _only_there(pair: Pair, others: Sequence[Clip]) -> bool:
    """Whether no other clip shows both in this order."""
    return not any(_follows(pair, clip) for clip in others)


def _follows(pair: Pair, clip: Clip) -> bool:
    spans = truth_of(clip)
    return any(
        pair.first.holds(one.facts) and pair.second.holds(two.facts)
        for n, one in enumerate(spans)
        for two in spans[n + 1 :]
    )


def _clip(number: int, takes: Sequence[Facts], random: np.random.Generator) -> Clip:
    shots = tuple(still_take(facts, round(random.uniform(1.6, 2.8), 1)) for facts in takes)
    return Clip(f"{number:03}.mp4", shots, fps=FPS)


def _render(seed: int, folder: Path, number: int, clip: Clip) -> None:
    render(clip, folder, np.random.default_rng((seed, number)))


def _shows_something(facts: Facts) -> bool:
    return bool(facts.subjects)
