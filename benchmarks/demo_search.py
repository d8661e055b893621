"""What can be asked, on 500 drawn videos of three seeds: no match, negation, sequences, feedback.

Everything goes through ingest and Searcher as they are, with their default settings. What a result
shows is known, since it was drawn: a video is right if its best second shows what was asked for.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.drawn import Drawn, drawn, ingested
from benchmarks.negation import Without, compared, negations
from benchmarks.result import Ratio
from benchmarks.standing import auroc, standings
from pipeline.data import Answer, VideoHit
from pipeline.demo.captions import UNANSWERABLE, Asked, Caption, ask, random_caption
from pipeline.demo.clips import truth_of
from pipeline.demo.places import PLACES
from pipeline.demo.things import PAINTS, THINGS
from pipeline.search.searcher import Searcher

SEEDS = (1001, 1002, 1003)
ANSWERABLE = 100
HARD = 50
TRIED = 100
DEPTH = 100
TOP = 5
MARKED_WITHIN = 20
"""Results that somebody looks through for one to mark as meant, and one as not."""

TARGET_AUROC = 0.95
TARGET_REFUSED = 0.05
TARGET_NEGATION = 0.9
TARGET_SEQUENCE = 0.9


_KINDS = [(kind, ask(Asked(kind))) for kind in THINGS]
_VAGUE = [
    *((thing, ask(Asked(kind, colour))) for kind, thing in _KINDS for colour in PAINTS),
    *((ask(Asked(None, c)), ask(Asked(kind, c))) for kind, _ in _KINDS for c in PAINTS),
    *((thing, ask(Asked(kind), place=place)) for kind, thing in _KINDS for place in PLACES),
    *((thing, ask(Asked(kind), time="night")) for kind, thing in _KINDS),
    *((thing, ask(Asked(kind), time="sunset")) for kind, thing in _KINDS),
]
"""What is asked and what is meant: a thing, though one of a colour is meant."""

_FORMS = {
    "questions that say less than is meant": _VAGUE,
    "questions that say all": [(meant, meant) for _, meant in _VAGUE],
}


def measure() -> list[Ratio]:
    return [ratio for seed in SEEDS for ratio in _measure(seed)]


def _measure(seed: int) -> Iterator[Ratio]:
    with tempfile.TemporaryDirectory() as folder:
        yield from measure_in(Path(folder), seed)


def measure_in(folder: Path, seed: int) -> Iterator[Ratio]:
    """Measure one seed; its videos and archive are made in a folder, or found there."""
    archive = drawn(seed)
    random = np.random.default_rng((seed, 5))
    config = ingested(seed, archive.clips, folder)
    with Searcher(config) as searcher:
        yield from _no_match(seed, archive, searcher, random)
        yield from _negation(seed, archive, searcher, random)
        yield from _sequences(seed, archive, searcher)
        for form, pairs in _FORMS.items():
            yield from _feedback(seed, archive, searcher, form, pairs, random)
    yield from compared(seed, config, archive, random)
    texts = answerable(archive, np.random.default_rng((seed, 5)))
    yield from standings(seed, config, texts, UNANSWERABLE)


def _no_match(
    seed: int, archive: Drawn, searcher: Searcher, random: np.random.Generator
) -> Iterator[Ratio]:
    answered = [searcher.query(text) for text in answerable(archive, random)]
    strange = [searcher.query(text) for text in UNANSWERABLE]
    above = auroc(np.array([_sure(a) for a in answered]), np.array([_sure(a) for a in strange]))
    note = f"{ANSWERABLE} with an answer, {len(UNANSWERABLE)} without"
    yield _share(seed, "no match: AUROC of confidence", above, TARGET_AUROC, note)
    refused = float(np.mean([answer.no_match for answer in answered]))
    yield Ratio(
        "demo_search", f"seed {seed}: no match: refused though answerable", refused, 1.0, "",
        target=TARGET_REFUSED, note=f"of {ANSWERABLE}",
    )  # fmt: skip
    kept = float(np.mean([answer.no_match for answer in strange]))
    yield _share(seed, "no match: refused, unanswerable", kept, None, f"of {len(strange)}")


def answerable(archive: Drawn, random: np.random.Generator) -> list[str]:
    """Questions that videos of the archive answer."""
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
    ours = [_precision(archive, searcher, each, each.without.text) for each in asked]
    plain = [_precision(archive, searcher, each, None) for each in asked]
    note = f"of {len(asked)} questions; {np.mean(plain):.3f} without the negative"
    yield _share(seed, "negation: precision@5", float(np.mean(ours)), TARGET_NEGATION, note)
    for family in dict.fromkeys(a.family for a in asked):
        chosen = [n for n, a in enumerate(asked) if a.family == family]
        name, share = f"negation: {family}", float(np.mean([ours[n] for n in chosen]))
        note = f"{np.mean([plain[n] for n in chosen]):.3f} without the negative"
        yield _share(seed, name, share, None, note)


def _precision(archive: Drawn, searcher: Searcher, asked: Without, without: str | None) -> float:
    answer = searcher.query(asked.wanted.text, without=without, top_k=TOP, min_confidence=0.0)
    return float(np.mean([asked.fits(archive.seen(found)) for found in answer.results]))


def _sequences(seed: int, archive: Drawn, searcher: Searcher) -> Iterator[Ratio]:
    right = []
    for pair in archive.pairs:
        answer = searcher.sequence((pair.first.text, pair.second.text), top_k=1)
        right.append(Path(answer.results[0].record.video.path).name == pair.clip.name)
    note = f"of {len(right)}; each has a video with both the other way round"
    yield _share(seed, "sequences: R@1", float(np.mean(right)), TARGET_SEQUENCE, note)


@dataclass(frozen=True, slots=True)
class Marked:
    """A question that says less than is meant, its answer, and what somebody marks in it.

    Args:
        asked: What is asked.
        meant: What is meant.
        first: The answer.
        more: The first result that shows what is meant.
        less: The first that does not.
    """

    asked: Caption
    meant: Caption
    first: Sequence[VideoHit]
    more: VideoHit
    less: VideoHit

    def precision(self, archive: Drawn, results: Sequence[VideoHit]) -> float:
        """Average precision; what was marked is known already, and is left out."""
        known = {_name(self.more), _name(self.less)}
        relevant = archive.shown(self.meant) - known
        return _average_precision([n for n in map(_name, results) if n not in known], relevant)


def _feedback(
    seed: int,
    archive: Drawn,
    searcher: Searcher,
    form: str,
    pairs: Sequence[tuple[Caption, Caption]],
    random: np.random.Generator,
) -> Iterator[Ratio]:
    chosen = _chosen(archive, pairs, random)
    marked = list(_marked(archive, searcher, chosen))
    marked.sort(key=lambda each: each.precision(archive, each.first))
    hard = marked[:HARD]
    was = [each.precision(archive, each.first) for each in hard]
    now = [each.precision(archive, _refined(searcher, each)) for each in hard]
    better = int(np.sum(np.array(now) > np.array(was)))
    note = f"mean average precision at {DEPTH} of {len(hard)}; {better} got better"
    name = f"seed {seed}: feedback, {form}"
    before, after = float(np.mean(was)), float(np.mean(now))
    target = 1.0 if pairs is _VAGUE else None
    yield Ratio("demo_search", name, after, before, "", "more", target, note)


def _marked(
    archive: Drawn, searcher: Searcher, pairs: Sequence[tuple[Caption, Caption]]
) -> Iterator[Marked]:
    answers: dict[str, Sequence[VideoHit]] = {}
    for asked, meant in pairs:
        if asked.text not in answers:
            answers[asked.text] = searcher.query(
                asked.text, top_k=DEPTH, min_confidence=0.0
            ).results
        near = answers[asked.text][:MARKED_WITHIN]
        right = [meant.holds(archive.seen(found)) for found in near]
        if any(right) and not all(right):
            more, less = near[right.index(True)], near[right.index(False)]
            yield Marked(asked, meant, answers[asked.text], more, less)


def _refined(searcher: Searcher, marked: Marked) -> Sequence[VideoHit]:
    return searcher.query(
        marked.asked.text,
        more=_spot(marked.more),
        less=_spot(marked.less),
        top_k=DEPTH,
        min_confidence=0.0,
    ).results


def _chosen(
    archive: Drawn, pairs: Sequence[tuple[Caption, Caption]], random: np.random.Generator
) -> list[tuple[Caption, Caption]]:
    """Some of which at least five videos show what is meant."""
    order = random.permutation(len(pairs))
    return [pairs[n] for n in order if len(archive.shown(pairs[n][1])) >= TOP][:TRIED]


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
