"""An archive made ready for questions: its store, its encoder, and what to compare with."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from pipeline.config import Config
from pipeline.data import Float32Array, Identity
from pipeline.errors import Code, ModelError
from pipeline.models import Encoder, load_encoder
from pipeline.search.cohort import cohort_vectors
from pipeline.search.confidence import LEAST_ROWS, SAMPLE_ROWS, Background
from pipeline.search.prompts import prompts_of
from pipeline.store import VideoStore
from pipeline.store.versions import Names

FRESH_S = 600.0
"""An archive grows: its sample is drawn again after so many seconds."""


@dataclass(frozen=True, slots=True, eq=False)
class _Sample:
    """Rows of an archive at one time."""

    names: Names
    vectors: Float32Array
    rows: int
    taken: float

    @classmethod
    def take(cls, store: VideoStore) -> _Sample:
        rows = store.count_rows()
        vectors = store.sample(SAMPLE_ROWS, of=rows)
        return cls(store.names, vectors, rows, time.monotonic())


class Opened:
    """A store and the encoder of its archive.

    Args:
        config: Which archive, which encoder.

    Raises:
        StoreError: The store cannot be reached, or nothing is indexed yet.
        ModelError: The encoder cannot be had, or is not the one that the archive was made with.
    """

    def __init__(self, config: Config) -> None:
        self.config = config
        # Importing torch takes seconds, and so does pymilvus: wait for both at once.
        with ThreadPoolExecutor(1) as other:
            connecting = other.submit(_open, config)
            try:
                self.encoder = load_encoder(config.encode)
            except BaseException:  # also Ctrl-C: the store is let go, and the error goes on
                if connecting.exception() is None:
                    connecting.result()[0].close()
                # Nothing indexed is the better answer than no weights to search nothing with.
                connecting.result()
                raise
            self.store, self._sample = connecting.result()
        self._background: Background | None = None
        self._lock = threading.Lock()
        try:
            _check_encoder(self.encoder, self.store.identity, config)
        except ModelError:
            self.store.close()
            raise

    def follow(self) -> None:
        """Follow the archive if it was switched since the last question.

        Raises:
            StoreError: It is gone.
            ModelError: It is now one of another encoder.
        """
        self.store.resolve()
        _check_encoder(self.encoder, self.store.identity, self.config)

    def background(self) -> Background | None:
        """What questions are compared with; None where the archive is too small."""
        with self._lock:
            old = self._sample
            if old.names != self.store.names or time.monotonic() - old.taken > FRESH_S:
                self._sample, self._background = _Sample.take(self.store), None
            if self._background is None and len(self._sample.vectors) >= LEAST_ROWS:
                templates = prompts_of(self.config.search.templates)
                cache = Path(self.config.encode.cache_dir).expanduser()
                texts = cohort_vectors(self.encoder, templates, cache)
                self._background = Background(texts, self._sample.vectors, self._sample.rows)
            return self._background


def _open(config: Config) -> tuple[VideoStore, _Sample]:
    store = VideoStore.connect(config.store)
    try:
        store.open_for_reading()
        return store, _Sample.take(store)
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
