"""A question -> an Answer: compose, retrieve, rank, and say how sure it is."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from pydantic import ValidationError

from pipeline.config import SearchConfig
from pipeline.data import Aggregate, Answer, Float32Array, Hit, Question, VideoHit
from pipeline.errors import Code, QueryError
from pipeline.filters import EVERY_ROW, NO_ROWS, Selection
from pipeline.search.behind import read_ahead, rows_behind
from pipeline.search.compose import Composed, Seeds, compose
from pipeline.search.confidence import Rivals
from pipeline.search.keyed import KeyedRows
from pipeline.search.moments import Sampling
from pipeline.search.notebook import ShownAnswer
from pipeline.search.opening import Opened, View
from pipeline.search.prompts import prompts_of
from pipeline.search.rank import rank
from pipeline.search.reasons import nothing_found
from pipeline.search.score import best_videos
from pipeline.search.seeds import find_seeds
from pipeline.search.where import select
from pipeline.store import VideoStore


def options(
    search: SearchConfig,
    *,
    top_k: int | None = None,
    aggregate: Aggregate | None = None,
    min_confidence: float | None = None,
) -> SearchConfig:
    """The settings of one question: those of the config, but for what is given.

    Raises:
        QueryError: A value that its setting cannot have.
    """
    given = {"top_k": top_k, "aggregate": aggregate, "min_confidence": min_confidence}
    changed = {key: value for key, value in given.items() if value is not None}
    try:
        return SearchConfig.model_validate({**search.model_dump(), **changed})
    except ValidationError as error:
        detail = error.errors(include_url=False)[0]
        raise QueryError(
            f"{detail['loc'][0]}: {detail['msg'].lower()}, not {detail['input']!r}",
            code=Code.QUERY_INVALID,
        ) from None


def answer(
    opened: Opened,
    question: Question,
    search: SearchConfig,
    *,
    explain: bool = False,
    strict: bool = False,
) -> Answer:
    """Answer a question about the archive as it is now.

    Args:
        opened: The archive.
        question: What is asked.
        search: How.
        explain: Say which rows are behind each score.
        strict: Ask for `search.min_confidence` whatever the question is made of.

    Raises:
        QueryError: A spot is of no one video, parts cancel out, a text is too long.
        MediaError: A picture cannot be read.
        ModelError: The archive is now one of another encoder.
        StoreError: The store failed.
    """
    started = time.perf_counter()
    results, reason, nearest, bound = opened.ask(
        lambda view: _Ready.of(view, question, search, explain=explain, strict=strict).found
    )
    return ShownAnswer(results, time.perf_counter() - started, reason, nearest, bound)


_Found = tuple[tuple[VideoHit, ...], str, tuple[VideoHit, ...], float | None]


@dataclass(frozen=True, slots=True)
class _Ready:
    """A question that is ready to be asked of one archive."""

    store: VideoStore
    vector: Float32Array
    selection: Selection
    rivals: Rivals | None
    search: SearchConfig
    explain: bool
    least: float | None

    @classmethod
    def of(
        cls, view: View, question: Question, search: SearchConfig, *, explain: bool, strict: bool
    ) -> _Ready:
        composed, selection = prepare(view, question)
        background = view.background()
        rivals = None if background is None else background.rivals(composed.form)
        # Whoever shows a picture asks for the nearest there is, whose confidence is less known.
        least = search.min_confidence if strict or not composed.form.pictures else None
        return cls(view.store, composed.vector, selection, rivals, search, explain, least)

    def found(self) -> _Found:
        """Results, why there are none, what comes nearest then, and the bound of the others."""
        store, vector, selection = self.store, self.vector, self.selection
        gap_s, sampling = self.search.moment_gap_s, Sampling.of(store.identity)
        keyed = KeyedRows(store, vector, None if self.rivals is None else self.rivals.axes)

        def met(hits: Sequence[Sequence[Hit]]) -> None:
            read_ahead(keyed, hits, sampling, gap_s=gap_s)

        aggregate, top_k = self.search.aggregate, self.search.top_k
        scored = best_videos(
            store, vector, aggregate,
            top_k=top_k, selection=selection, met=None if self.explain else met,
        )  # fmt: skip
        rows = rows_behind(
            store, vector, scored, sampling,
            gap_s=gap_s, selection=selection, every=self.explain, ahead=keyed,
        )  # fmt: skip
        found = rank(
            scored, rows, vector, sampling,
            gap_s=gap_s, selection=selection, explain=aggregate if self.explain else None,
        )  # fmt: skip
        if self.rivals and found:
            found = _confident(self.rivals, found, rows, keyed)
        reason = _unsure(found, self.least) if found else nothing_found(store, selection)
        results, nearest = ((), found) if reason else (found, ())
        return results, reason, nearest, scored.bound


def prepare(view: View, question: Question) -> tuple[Composed, Selection]:
    """A question as one vector, and the rows that count.

    Raises:
        QueryError: As `answer`; MediaError and StoreError likewise.
    """
    spots = (*question.like, *question.more, *question.less)
    seeds = find_seeds(view.store, spots)
    likes, mores = len(question.like), len(question.like) + len(question.more)
    parts = Seeds(seeds[:likes], seeds[likes:mores], seeds[mores:])
    templates = prompts_of(view.config.search.templates)
    composed = compose(view.encoder, question, parts, templates)
    selection = EVERY_ROW if question.where is None else select(view.store, question.where)
    if not parts.like:
        return composed, selection
    left_out = {seed.record.video.video_id: NO_ROWS for seed in parts.like}
    return composed, Selection({**selection.masks, **left_out}, selection.rest)


def _confident(
    rivals: Rivals,
    found: Sequence[VideoHit],
    rows: Mapping[str, Sequence[Hit]],
    keyed: KeyedRows,
) -> tuple[VideoHit, ...]:
    """Videos with their confidence, that of the best row of each."""
    best = [rows[each.record.video.video_id][0] for each in found]
    cosines = keyed.cosines(best)
    # A video may be deleted between two requests: it is let go with its row.
    there = [pair for pair in zip(found, best, strict=True) if pair[1].row_id in cosines]
    if not there:
        return ()
    # The score of a quantized index is not what the other cosines are.
    known = np.array([cosines[hit.row_id] for _, hit in there])
    told = rivals.confidences(known[:, 0], known[:, 1:])
    return tuple(
        replace(each, confidence=confidence)
        for (each, _), confidence in zip(there, told, strict=True)
    )


def _unsure(found: Sequence[VideoHit], least: float | None) -> str:
    """Why what was found is no answer; empty if it is one."""
    surest = max((each.confidence for each in found if each.confidence is not None), default=None)
    if surest is None or least is None or surest >= least:
        return ""
    return (
        "nothing stands out from what unrelated questions find"
        f" (confidence {surest:.2f}, {least:g} is wanted)"
    )
