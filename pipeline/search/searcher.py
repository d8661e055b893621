"""Searcher: the one object that the command line, the server and notebooks use."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from pipeline.config import Config
from pipeline.data import Answer, Identity, ScoreCurve, SequenceAnswer
from pipeline.errors import Code, ModelError
from pipeline.filters import EVERY_ROW, NO_ROWS, Filter, Selection
from pipeline.models import Encoder, load_encoder
from pipeline.search.candidates import find_sequences
from pipeline.search.compose import check_question, compose
from pipeline.search.curve import find_video, score_curve
from pipeline.search.rank import rank
from pipeline.search.retrieve import retrieve
from pipeline.search.sequence import sequence_question
from pipeline.search.where import parse_filter, select
from pipeline.store import VideoStore


class Searcher:
    """Answers questions about one archive.

    ```python
    with Searcher(load_config().config) as searcher:
        answer = searcher.query(text="a red car")
    ```

    Args:
        config: Which archive, which encoder.

    Raises:
        StoreError: The store cannot be reached, or nothing is indexed yet.
        ModelError: The encoder cannot be had, or is not the one that the archive was made with.
    """

    def __init__(self, config: Config) -> None:
        self._config = config
        # Importing torch takes seconds, and so does pymilvus: wait for both at once.
        with ThreadPoolExecutor(1) as other:
            connecting = other.submit(_open, config)
            try:
                self._encoder = load_encoder(config.encode)
            except BaseException:  # also Ctrl-C: the store is let go, and the error goes on
                if connecting.exception() is None:
                    connecting.result()[0].close()
                # Nothing indexed is the better answer than no weights to search nothing with.
                connecting.result()
                raise
            self._store, identity = connecting.result()
        try:
            _check_encoder(self._encoder, identity, config)
        except ModelError:
            self._store.close()
            raise

    def query(
        self,
        *,
        text: str | None = None,
        image: Path | None = None,
        where: str | Filter | None = None,
        top_k: int | None = None,
    ) -> Answer:
        """Find the videos that show something, and the moments in them.

        Args:
            text: What to look for, in words.
            image: Or a picture of it.
            where: Among which videos and rows, as in `time in 10..60 and tag = night`.
            top_k: Most videos; `search.top_k` if None.

        Raises:
            FilterError: The filter cannot be read.
            QueryError: Neither text nor image, both, or text that is empty or too long; or the
                filter names a video by a beginning of its id that others share.
            MediaError: The image cannot be read.
            StoreError: The store failed.
        """
        check_question(text, image)
        wanted = parse_filter(where) if isinstance(where, str) else where
        started = time.perf_counter()
        search = self._config.search
        count = search.top_k if top_k is None else top_k
        # The archive may have been switched since the last question.
        self._store.resolve()
        _check_encoder(self._encoder, self._store.identity, self._config)
        vector = compose(self._encoder, text=text, image=image)
        selection = EVERY_ROW if wanted is None else select(self._store, wanted)
        found = retrieve(self._store, vector, top_k=count, selection=selection)
        results = rank(
            found.hits,
            found.records,
            vector,
            top_k=count,
            gap_s=search.moment_gap_s,
            selection=selection,
        )
        reason = "" if results else self._reason(selection)
        return Answer(results, not results, time.perf_counter() - started, reason)

    def _reason(self, selection: Selection) -> str:
        """Why nothing was found."""
        if selection == EVERY_ROW or not self._store.count_videos():
            return "the archive holds no video"
        if selection.rest != NO_ROWS:
            return "no moment of any video satisfies the filter"
        if selection.masks:
            videos = "1 video" if len(selection.masks) == 1 else f"{len(selection.masks)} videos"
            return f"the filter selects {videos}, but no moment there"
        return "no video satisfies the filter"

    def sequence(
        self,
        texts: Sequence[str],
        *,
        within: float | str = 10.0,
        order: str = "strict",
        granularity: str = "scene",
        top_k: int | None = None,
        per_video: int = 1,
    ) -> SequenceAnswer:
        """Find the moments in which several things follow each other in one video.

        Args:
            texts: What to look for, 2 to 5 texts.
            within: Most seconds from the end of one step to the start of the next, above 0; or
                text, such as `10s`, `1m30s` or `1:30`.
            order: `strict`: as the texts stand; `any`: in any order.
            granularity: Steps are scenes (`scene`) or single sampled frames (`frame`).
            top_k: Most moments; `search.top_k` if None.
            per_video: Most moments of one video; none overlaps another.

        Raises:
            QueryError: Any of it is something else, or a text is empty or too long.
            StoreError: The store failed.
        """
        question = sequence_question(texts, within=within, order=order, granularity=granularity)
        started = time.perf_counter()
        self._store.resolve()
        _check_encoder(self._encoder, self._store.identity, self._config)
        vectors = self._encoder.encode_text(question.texts)
        count = self._config.search.top_k if top_k is None else top_k
        answer = find_sequences(self._store, question, vectors, top_k=count, per_video=per_video)
        return replace(answer, took_s=time.perf_counter() - started)

    def curve(
        self, video: str, *, text: str | None = None, image: Path | None = None
    ) -> ScoreCurve:
        """How well each scene of one video answers, whatever else is in the archive.

        Args:
            video: As `find_video` takes it: a path, a content id, or the start of one.
            text: What to look for, in words.
            image: Or a picture of it.

        Raises:
            QueryError: As `query`, or no one video is meant.
            MediaError: The image cannot be read.
            StoreError: The store failed.
        """
        check_question(text, image)
        self._store.resolve()
        _check_encoder(self._encoder, self._store.identity, self._config)
        record = find_video(self._store.iterate_videos(), video)
        vector = compose(self._encoder, text=text, image=image)
        return score_curve(self._store, record, vector)

    def close(self) -> None:
        """Let go of the store."""
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _open(config: Config) -> tuple[VideoStore, Identity]:
    store = VideoStore.connect(config.store)
    try:
        return store, store.open_for_reading()
    except BaseException:  # also Ctrl-C: the store is let go, and the error goes on
        store.close()
        raise


def _check_encoder(encoder: Encoder, identity: Identity, config: Config) -> None:
    different = [
        f"{fact} {identity.encoder.get(fact)!r}, not {value!r}"
        for fact, value in encoder.facts.items()
        if identity.encoder.get(fact) != value
    ]
    if different:
        raise ModelError(
            f"the archive {config.store.collection} was made with another encoder:"
            f" {'; '.join(different)}. Use the settings of its ingest",
            code=Code.MODEL_MISMATCH,
            uri="encode",
        )
