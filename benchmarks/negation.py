"""Ways to keep away from what is not wanted, compared on the rows of an archive."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.drawn import Drawn
from benchmarks.result import Ratio
from pipeline.config import Config
from pipeline.data import Float32Array, Scope
from pipeline.demo.captions import Asked, Caption, ask
from pipeline.demo.clips import truth_of
from pipeline.demo.facts import Facts
from pipeline.demo.places import PLACES
from pipeline.demo.things import PAINTS, THINGS
from pipeline.models import load_encoder
from pipeline.search.cohort import COHORT
from pipeline.store import VideoStore

A_FAMILY = 10
"""Questions of each kind."""

LEAST_RIGHT, LEAST_WRONG = 10, 5
"""Videos that show what is wanted alone, and with what is not."""

TOP = 5


@dataclass(frozen=True, slots=True)
class Without:
    """A question for one thing without another."""

    family: str
    wanted: Caption
    without: Caption

    def fits(self, facts: Facts) -> bool:
        """Whether a picture is as asked."""
        return self.wanted.holds(facts) and not self.without.holds(facts)


def negations(archive: Drawn, random: np.random.Generator) -> list[Without]:
    """Questions of each family for which the archive has both kinds of videos."""
    things = [ask(Asked(kind)) for kind in THINGS]
    places = [ask(place=place) for place in PLACES]
    times = [Caption(time, (), None, time) for time in ("sunset", "night")]
    families = {
        "a thing, not at a time": [(x, y) for x in things for y in times],
        "a thing, not in a place": [(x, y) for x in things for y in places],
        "a thing, not with another": [(x, y) for x in things for y in things if x != y],
        "a thing, not of a colour": [
            (ask(Asked(kind)), ask(Asked(kind, colour))) for kind in THINGS for colour in PAINTS
        ],
        "a place, not with a thing": [(x, y) for x in places for y in things],
        "a place, not at a time": [(x, y) for x in places for y in times],
    }
    chosen: list[Without] = []
    for family, pairs in families.items():
        several = (Without(family, *pairs[n]) for n in random.permutation(len(pairs)))
        chosen += [asked for asked in several if _both_there(archive, asked)][:A_FAMILY]
    return chosen


def compared(
    seed: int, config: Config, archive: Drawn, random: np.random.Generator
) -> Iterator[Ratio]:
    """Precision@5 of each way, on the rows themselves."""
    names, rows, facts = _rows(config, archive)
    encoder = load_encoder(config.encode)
    cohort = encoder.encode_text(COHORT)
    found: dict[str, list[float]] = {}
    for asked in negations(archive, random):
        joined = f"{asked.wanted.text} without {asked.without.text}"
        texts = encoder.encode_text([asked.wanted.text, asked.without.text, joined])
        right = np.array([asked.fits(each) for each in facts])
        for way, scores in _ways(rows, texts, cohort).items():
            found.setdefault(way, []).append(_precision(names, scores, right))
        known = np.array([asked.without.holds(each) for each in facts])
        found.setdefault("by the truth about the negative", []).append(
            _precision(names, np.where(known, -1.0, rows @ texts[0]), right)
        )
    for way, values in found.items():
        name = f"seed {seed}: precision@5 of {len(values)}: {way}"
        yield Ratio("demo_search", name, float(np.mean(values)), 1.0, "", "more")


def _ways(
    rows: Float32Array, texts: Float32Array, cohort: Float32Array
) -> Mapping[str, np.ndarray]:
    wanted, without, joined = texts
    plain, against = rows @ wanted, rows @ without
    others = rows @ cohort.T
    standing = (against - others.mean(axis=1)) / others.std(axis=1, ddof=1)
    ways = {"as a text, X without Y": rows @ joined, "no negative": plain}
    for weight in (0.1, 0.25, 0.5, 1.0):
        ways[f"subtract {weight:g} of it"] = rows @ _unit(wanted - weight * without)
    for share in (0.5, 1.0):
        along = (wanted @ without) * without
        ways[f"project {share:g} of it away"] = rows @ _unit(wanted - share * along)
    for weight in (0.03, 0.1):
        penalty = weight * np.maximum(standing - 2.0, 0)
        ways[f"re-rank, {weight:g} a standing above 2"] = plain - penalty
    ways["leave out rows that stand out by 2.5"] = np.where(standing > 2.5, -1.0, plain)
    return ways


def _both_there(archive: Drawn, asked: Without) -> bool:
    right = wrong = 0
    for clip in archive.clips:
        seen = [span.facts for span in truth_of(clip) if asked.wanted.holds(span.facts)]
        right += any(asked.fits(facts) for facts in seen)
        wrong += any(not asked.fits(facts) for facts in seen)
    return right >= LEAST_RIGHT and wrong >= LEAST_WRONG


def _rows(config: Config, archive: Drawn) -> tuple[np.ndarray, Float32Array, list[Facts]]:
    spans = {clip.name: truth_of(clip) for clip in archive.clips}
    names, vectors, facts = [], [], []
    with VideoStore.connect(config.store) as store:
        store.open_for_reading()
        paths = {each.video.video_id: Path(each.video.path).name for each in store.iterate_videos()}
        for hit, vector in store.scan(Scope()):
            names.append(paths[hit.video_id])
            vectors.append(vector)
            facts.append(
                next(s.facts for s in spans[names[-1]] if s.start_s <= hit.pts_s < s.end_s)
            )
    return np.array(names), np.array(vectors), facts


def _precision(names: np.ndarray, scores: np.ndarray, right: np.ndarray) -> float:
    """Of the best rows of the five best videos."""
    order = np.argsort(-scores)
    _, first = np.unique(names[order], return_index=True)
    return float(right[order[np.sort(first)[:TOP]]].mean())


def _unit(vector: Float32Array) -> Float32Array:
    return np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)
