"""An archive made ready for questions: its store, its encoder, and what to compare with."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pipeline.config import Config
from pipeline.data import Float32Array, Identity
from pipeline.errors import Code, ModelError, VSearchError
from pipeline.models import Encoder, load_encoder
from pipeline.search.cohort import cohort_vectors
from pipeline.search.confidence import LEAST_ROWS, SAMPLE_ROWS, Background
from pipeline.search.prompts import prompts_of
from pipeline.settings import remembered_encoder
from pipeline.store import VideoStore

T = TypeVar("T")

FRESH_S = 600.0
"""An archive grows: its sample is drawn again after so many seconds."""

LAG_S = 1.0
"""Readers that may lag behind (`store.consistency`) follow a switch within so many seconds."""


@dataclass(frozen=True, slots=True, eq=False)
class _Sample:
    """Rows of an archive, and when they were read."""

    vectors: Float32Array
    rows: int
    taken: float

    @classmethod
    def take(cls, store: VideoStore) -> _Sample:
        rows = store.count_rows()
        vectors = store.sample(SAMPLE_ROWS, of=rows)
        return cls(vectors, rows, time.monotonic())


class View:
    """The archive that answered at one time: what one question sees, whatever is switched since.

    Args:
        config: Which settings.
        store: Open on it.
        encoder: Its encoder.
        sample: Rows of it.
    """

    def __init__(
        self, config: Config, store: VideoStore, encoder: Encoder, sample: _Sample
    ) -> None:
        self.config = config
        self.store = store
        self.encoder = encoder
        self._sample = sample
        self._background: Background | None = None
        self._lock = threading.Lock()

    @property
    def is_fresh(self) -> bool:
        """Whether its sample still stands for an archive that grows."""
        return time.monotonic() - self._sample.taken <= FRESH_S

    def background(self) -> Background | None:
        """What questions are compared with; None where the archive is too small."""
        with self._lock:
            if self._background is None and len(self._sample.vectors) >= LEAST_ROWS:
                templates = prompts_of(self.config.search.templates)
                cache = Path(self.config.encode.cache_dir).expanduser()
                texts = cohort_vectors(self.encoder, templates, cache)
                self._background = Background(texts, self._sample.vectors, self._sample.rows)
            return self._background


class Opened:
    """A store and the encoder of its archive, followed when another archive takes its place.

    Args:
        config: Which archive, which encoder.

    Raises:
        StoreError: The store cannot be reached, nothing is indexed yet, or its rows are stored in
            another form.
        ModelError: The encoder cannot be had, or is not the one that the archive was made with.
    """

    def __init__(self, config: Config) -> None:
        self.config = config
        # When what the alias names was asked for last: no later than it was answered.
        self._followed = time.monotonic()
        # Importing torch takes seconds, and so does pymilvus: wait for both at once.
        with ThreadPoolExecutor(1) as other:
            connecting = other.submit(_open, config)
            try:
                encoder = load_encoder(config.encode)
            except BaseException:  # also Ctrl-C: the store is let go, and the error goes on
                if connecting.exception() is None:
                    connecting.result()[0].close()
                # Nothing indexed is the better answer than no weights to search nothing with.
                connecting.result()
                raise
            self.store, sample = connecting.result()
        self._own = encoder
        self._lock = threading.Lock()
        try:
            self._view = self._viewed(encoder, sample)
        except BaseException:  # also Ctrl-C: the store is let go, and the error goes on
            self.store.close()
            raise

    def ask(self, question: Callable[[View], Callable[[], T]]) -> T:
        """Ask the archive that answers now.

        Whether another has taken its place is found out meanwhile; if so, it is asked anew. Unless
        reads see the latest, it need not be found out if it was within `LAG_S` before.

        Args:
            question: Made ready for one archive, or for two, and then asked.

        Raises:
            StoreError: It is gone, or its rows are stored in another form.
            ModelError: It is one of another encoder, which is not known here.
        """
        now = time.monotonic()
        since = now if self.store.sees_latest else now - LAG_S
        # A sample that is drawn anew replaces the view, and is no reason to ask twice.
        if not (view := self._view).is_fresh:
            view = self._follow(since)
        following: Future[View] | None = None
        try:
            asked = question(view)
            if self._followed <= since:
                # Begun earlier, it would get in the way of what is computed for the question.
                following = self.store.beside(lambda: self._follow(since))
            found = asked()
        except VSearchError:  # that archive may have been removed
            if following:
                following.result()  # a server that is away is waited for once
            latest = self._follow(time.monotonic())
            if latest.store.names == view.store.names:
                raise
        else:
            # Where it was not followed for this question, it may have been for another one.
            latest = following.result() if following else self._view
            if latest.store.names == view.store.names:
                return found
        return question(latest)()

    def _follow(self, since: float) -> View:
        """What the alias names, asked for later than some time: now, or for another question."""
        with self._lock:
            if self._followed > since and self._view.is_fresh:
                return self._view
            asked = time.monotonic()
            names = self.store.resolve()
            if names != self._view.store.names or not self._view.is_fresh:
                self.store.check_form()
                self._view = self._viewed(self._view.encoder, _Sample.take(self.store))
            # Not where it failed: the next question is not one of the archive that was left.
            self._followed = asked
            return self._view

    def _viewed(self, encoder: Encoder, sample: _Sample) -> View:
        store = self.store.snapshot()
        return View(self.config, store, self._fitting(encoder, store), sample)

    def _fitting(self, encoder: Encoder, store: VideoStore) -> Encoder:
        """The encoder of the archive: the last one, that of the settings, or one remembered for it.

        An archive may be switched to another model, or back, while the settings stay.

        Raises:
            ModelError: None of them is.
        """
        for known in (encoder, self._own):
            if not _differences(known, store.identity):
                return known
        remembered = remembered_encoder(self.config, store.names.fingerprint)
        if remembered is not None:
            other = load_encoder(remembered)
            if not _differences(other, store.identity):
                return other
        different = "; ".join(_differences(self._own, store.identity))
        raise ModelError(
            f"the archive {self.config.store.collection} was made with another encoder:"
            f" {different}. Use the settings of its ingest",
            code=Code.MODEL_MISMATCH,
            uri="encode",
        )


def _open(config: Config) -> tuple[VideoStore, _Sample]:
    store = VideoStore.connect(config.store)
    try:
        store.open_for_reading()
        store.check_form()
        return store, _Sample.take(store)
    except BaseException:  # also Ctrl-C: the store is let go, and the error goes on
        store.close()
        raise


def _differences(encoder: Encoder, identity: Identity) -> list[str]:
    return [
        f"{fact} {identity.encoder.get(fact)!r}, not {value!r}"
        for fact, value in encoder.facts.items()
        if identity.encoder.get(fact) != value
    ]
