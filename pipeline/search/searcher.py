"""Searcher: the one object that the command line, the server and notebooks use."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self

from pipeline.config import Config
from pipeline.data import Answer, Identity
from pipeline.errors import Code, ModelError
from pipeline.filters import EVERY_ROW, NO_ROWS, Filter, Selection
from pipeline.models import Encoder, load_encoder
from pipeline.search.compose import check_question, compose
from pipeline.search.rank import rank
from pipeline.search.retrieve import retrieve
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
