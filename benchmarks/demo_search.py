"""What can be asked, on 500 drawn videos of three seeds: no match, negation, sequences, feedback.

Everything goes through ingest and Searcher as they are, with their default settings. What a result
shows is known, since it was drawn: a video is right if its best second shows what was asked for.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from benchmarks.drawn import Drawn, drawn, ingested
from benchmarks.negation import Without, compared, negations
from benchmarks.result import Ratio
from pipeline.data import Answer, VideoHit
from pipeline.demo.captions import UNANSWERABLE, Asked, Caption, ask, random_caption
from pipeline.demo.clips import truth_of
from pipeline.demo.places import PLACES
from pipeline.demo.things import PAINTS, THINGS
from pipeline.search.searcher import Searcher

SEEDS = (1001, 1002, 1003)
ANSWERABLE = 100
HARD = 50
TRIED = 200
TOP = 5
MARKED_WITHIN = 20
"""Results that somebody looks through for one to mark as meant, and one as not."""

TARGET_AUROC = 0.95
TARGET_REFUSED = 0.05
TARGET_NEGATION = 0.9
TARGET_SEQUENCE = 0.9


def measure() -> list[Ratio]:
    return [ratio for seed in SEEDS for ratio in _measure(seed)]


def _measure(seed: int) -> Iterator[Ratio]:
    archive = drawn(seed)
    random = np.random.default_rng((seed, 5))
    with tempfile.TemporaryDirectory() as folder:
        config = ingested(seed, archive, Path(folder))
        with Searcher(config) as searcher:
            yield from _no_match(seed, archive, searcher, random)
            yield from _negation(seed, archive, searcher, random)
            yield from _sequences(seed, archive, searcher)
            yield from _feedback(seed, archive, searcher, random)
        yield from compared(seed, config, archive, random)


def _no_match(
    seed: int, archive: Drawn, searcher: Searcher, random: np.random.Generator
) -> Iterator[Ratio]:
    answered = [searcher.query(text) for text in _answerable(archive, random)]
    strange = [searcher.query(text) for text in UNANSWERABLE]
    sure, unsure = np.array([_sure(a) for a in answered]), np.array([_sure(a) for a in strange])
    # The area under the ROC curve is the share of pairs in the right order.
    above = (sure[:, None] > unsure).mean() + (sure[:, None] == unsure).mean() / 2
    note = f"{ANSWERABLE} with an answer, {len(UNANSWERABLE)} without"
    yield _share(seed, "no match: AUROC of confidence", float(above), TARGET_AUROC, note)
    refused = float(np.mean([answer.no_match for answer in answered]))
    yield Ratio(
        "demo_search", f"seed {seed}: no match: refused though answerable", refused, 1.0, "",
        target=TARGET_REFUSED, note=f"of {ANSWERABLE}",
    )  # fmt: skip
    kept = float(np.mean([answer.no_match for answer in strange]))
    yield _share(seed, "no match: refused, unanswerable", kept, None, f"of {len(strange)}")


def _answerable(archive: Drawn, random: np.random.Generator) -> list[str]:
    spans = [span.facts for clip in archive.clips for span in truth_of(clip)]
    captions = (
        random_caption(spans[n], random)
        for n in random.choice(len(spans), ANSWERABLE, replace=False)
    )
    return [caption.text for caption in captions]


def _sure(answer: Answer) -> float:
    found = answer.results or answer.nearest
    return max(each.confidence or 0.0 for each in found)


def _negation(
    seed: int, archive: Drawn, searcher: Searcher, random: np.random.Generator
) -> Iterator[Ratio]:
    asked = negations(archive, random)
    ours = [
        _precision(
            archive,
            searcher.query(a.wanted.text, without=a.without.text, top_k=TOP, min_confidence=0),
            a,
        )
        for a in asked
    ]
    plain = [
        _precision(archive, searcher.query(a.wanted.text, top_k=TOP, min_confidence=0), a)
        for a in asked
    ]
    note = f"of {len(asked)} questions; {np.mean(plain):.3f} without the negative"
    yield _share(seed, "negation: precision@5", float(np.mean(ours)), TARGET_NEGATION, note)
    for family in dict.fromkeys(a.family for a in asked):
        chosen = [n for n, a in enumerate(asked) if a.family == family]
        name, share = f"negation: {family}", float(np.mean([ours[n] for n in chosen]))
        note = f"{np.mean([plain[n] for n in chosen]):.3f} without the negative"
        yield _share(seed, name, share, None, note)


def _precision(archive: Drawn, answer: Answer, asked: Without) -> float:
    return float(np.mean([asked.fits(archive.seen(found)) for found in answer.results[:TOP]]))


def _sequences(seed: int, archive: Drawn, searcher: Searcher) -> Iterator[Ratio]:
    right = []
    for pair in archive.pairs:
        answer = searcher.sequence((pair.first.text, pair.second.text), top_k=1)
        right.append(Path(answer.results[0].record.video.path).name == pair.clip.name)
    note = f"of {len(right)}; each has a video with both the other way round"
    yield _share(seed, "sequences: R@1", float(np.mean(right)), TARGET_SEQUENCE, note)


def _feedback(
    seed: int, archive: Drawn, searcher: Searcher, random: np.random.Generator
) -> Iterator[Ratio]:
    before, after = [], []
    for vague, meant in _vague(archive, random):
        first = searcher.query(vague.text, top_k=len(archive.clips), min_confidence=0).results
        near = first[:MARKED_WITHIN]
        right = [meant.holds(archive.seen(found)) for found in near]
        if all(right) or not any(right):
            continue
        more, less = near[right.index(True)], near[right.index(False)]
        second = searcher.query(
            vague.text,
            more=_spot(more),
            less=_spot(less),
            top_k=len(archive.clips),
            min_confidence=0,
        ).results
        # What was marked is known already: both are judged by the other videos.
        known = {_name(more), _name(less)}
        relevant = archive.shown(meant) - known
        before.append(
            _average_precision([_name(f) for f in first if _name(f) not in known], relevant)
        )
        after.append(
            _average_precision([_name(f) for f in second if _name(f) not in known], relevant)
        )
    hardest = np.argsort(before)[:HARD]
    was, now = (float(np.mean(np.array(values)[hardest])) for values in (before, after))
    better = int(np.sum(np.array(after)[hardest] > np.array(before)[hardest]))
    note = f"mean average precision of {len(hardest)} vague questions; {better} got better"
    yield Ratio(
        "demo_search", f"seed {seed}: feedback: after one round", now, was, "", "more", 1.0, note
    )


def _vague(archive: Drawn, random: np.random.Generator) -> Iterator[tuple[Caption, Caption]]:
    """Questions that say less than is meant: a thing, though one of a colour is meant."""
    pairs = [
        *((ask(Asked(kind)), ask(Asked(kind, colour))) for kind in THINGS for colour in PAINTS),
        *((ask(Asked(None, c)), ask(Asked(kind, c))) for kind in THINGS for c in PAINTS),
        *((ask(Asked(kind)), ask(Asked(kind), place=place)) for kind in THINGS for place in PLACES),
        *((ask(Asked(kind)), ask(Asked(kind), time="night")) for kind in THINGS),
        *((ask(Asked(kind)), ask(Asked(kind), time="sunset")) for kind in THINGS),
    ]  # fmt: skip
    chosen = 0
    for n in random.permutation(len(pairs)):
        if len(archive.shown(pairs[n][1])) >= TOP and chosen < TRIED:
            chosen += 1
            yield pairs[n]


def _average_precision(ranked: Sequence[str], relevant: set[str]) -> float:
    hits = np.array([name in relevant for name in ranked])
    precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
    return float(precision[hits].sum() / len(relevant))


def _name(found: VideoHit) -> str:
    return Path(found.record.video.path).name


def _spot(found: VideoHit) -> str:
    return f"{found.record.video.video_id}@{found.moments[0].best_s}"


def _share(seed: int, name: str, share: float, target: float | None, note: str) -> Ratio:
    return Ratio("demo_search", f"seed {seed}: {name}", share, 1.0, "", "more", target, note)
