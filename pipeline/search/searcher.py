"""Searcher: the one object that the command line, the server and notebooks use."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from pipeline.closing import Closing
from pipeline.config import Config
from pipeline.data import Aggregate, Answer, Question, ScoreCurve, SequenceAnswer
from pipeline.filters import Filter
from pipeline.search.answer import answer, options, prepare
from pipeline.search.ask import Parts, question_of
from pipeline.search.candidates import find_sequences
from pipeline.search.curve import score_curve
from pipeline.search.notebook import ShownCurve, ShownSequence
from pipeline.search.opening import Opened, View
from pipeline.search.prompts import encode_texts, prompts_of
from pipeline.search.seeds import find_videos
from pipeline.search.sequence import sequence_question


class Searcher(Closing):
    """Answers questions about one archive.

    ```python
    with Searcher(load_config().config) as searcher:
        answer = searcher.query("a red car", without="at night")
    ```

    In the methods a text, picture or moment can be one or several, with weights or without:
    `"a car"`, `["a car", "night"]`, `{"a car": 2.0, "night": 0.5}`, or written `"a car^2"`.

    Args:
        config: Which archive, which encoder.

    Raises:
        StoreError: The store cannot be reached, or nothing is indexed yet.
        ModelError: The encoder cannot be had, or is not the one that the archive was made with.
    """

    def __init__(self, config: Config) -> None:
        self._config = config
        self._opened = Opened(config)

    def query(
        self,
        text: Parts = None,
        *,
        image: Parts = None,
        without: Parts = None,
        like: Parts = None,
        more: Parts = None,
        less: Parts = None,
        where: str | Filter | None = None,
        top_k: int | None = None,
        aggregate: Aggregate | None = None,
        min_confidence: float | None = None,
        explain: bool = False,
    ) -> Answer:
        """Find the videos that show something, and the moments in them.

        Args:
            text: What to look for, in words.
            image: What to look for, in pictures: paths of files.
            without: What is not wanted, in words.
            like: Videos or moments of the archive (`VIDEO@1:30`) that are like what is wanted.
            more: Feedback: moments that are what is meant.
            less: Feedback: moments that are not.
            where: Among which videos and rows, as in `time in 10..60 and tag = night`.
            top_k: Most videos, as in `ask`.
            aggregate: How a video's rows make its score, as in `ask`.
            min_confidence: With less the answer is none, as in `ask`.
            explain: Say which rows are behind each score, as in `ask`.

        Raises:
            FilterError: The filter cannot be read.
            QueryError: Nothing is looked for, a part is empty, too long or unknown; or as `ask`.
            MediaError: A picture cannot be read.
            StoreError: The store failed.
        """
        question = question_of(
            text, image=image, without=without, like=like, more=more, less=less, where=where
        )
        return self.ask(
            question,
            top_k=top_k,
            aggregate=aggregate,
            min_confidence=min_confidence,
            explain=explain,
        )

    def similar(
        self, *spots: str, where: str | Filter | None = None, top_k: int | None = None
    ) -> Answer:
        """Find videos like some videos or moments of the archive, which are left out themselves.

        Args:
            spots: `VIDEO` or `VIDEO@1:30` each: what is liked.
            where: As in `query`.
            top_k: As in `ask`.

        Raises:
            QueryError: No one video is meant; and as `query`.
        """
        return self.query(like=spots, where=where, top_k=top_k)

    def ask(
        self,
        question: Question,
        *,
        top_k: int | None = None,
        aggregate: Aggregate | None = None,
        min_confidence: float | None = None,
        explain: bool = False,
    ) -> Answer:
        """Answer a question.

        Args:
            question: What is asked.
            top_k: Most videos, 1 to 1000; `search.top_k` if None.
            aggregate: How a video's rows make its score; `search.aggregate` if None.
            min_confidence: With less for the best video the answer is none, 0 to below 1. If
                None, `search.min_confidence` holds for questions in words alone.
            explain: Say which rows are behind each score; it reads all rows of the videos.

        Raises:
            QueryError: An option out of its range, a spot of no one video, parts that cancel out,
                a text that is too long.
            MediaError: A picture cannot be read.
            StoreError: The store failed.
        """
        search = options(
            self._config.search, top_k=top_k, aggregate=aggregate, min_confidence=min_confidence
        )
        strict = min_confidence is not None
        return answer(self._opened, question, search, explain=explain, strict=strict)

    def sequence(
        self,
        texts: Sequence[str],
        *,
        within: float | str = 10.0,
        order: str = "strict",
        granularity: str = "scene",
        where: str | Filter | None = None,
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
            where: As in `query`; each step satisfies it.
            top_k: Most moments; `search.top_k` if None.
            per_video: Most moments of one video; none overlaps another.

        Raises:
            FilterError: The filter cannot be read.
            QueryError: Any of it is something else, or a text is empty or too long.
            StoreError: The store failed.
        """
        question = sequence_question(
            texts, within=within, order=order, granularity=granularity, where=where
        )
        started = time.perf_counter()
        search = options(self._config.search, top_k=top_k)
        templates = prompts_of(search.templates)

        def asked(view: View) -> Callable[[], SequenceAnswer]:
            vectors = encode_texts(view.encoder, question.texts, templates)
            return lambda: find_sequences(
                view.store, question, vectors, top_k=search.top_k, per_video=per_video
            )

        found = self._opened.ask(asked)
        took_s = time.perf_counter() - started
        return ShownSequence(found.results, found.reason, found.compared, found.bound, took_s)

    def curve(
        self, video: str, text: Parts = None, *, image: Parts = None, without: Parts = None
    ) -> ScoreCurve:
        """How well each scene of one video answers, whatever else is in the archive.

        Args:
            video: As `find_video` takes it: a path, a content id, or the start of one.
            text: What to look for, in words.
            image: What to look for, in pictures: paths of files.
            without: What is not wanted, in words.

        Raises:
            QueryError: As `query`, or no one video is meant.
            MediaError: A picture cannot be read.
            StoreError: The store failed.
        """
        question = question_of(text, image=image, without=without)

        def asked(view: View) -> Callable[[], ShownCurve]:
            (record,) = find_videos(view.store, [video])
            composed, _ = prepare(view, question)

            def curve() -> ShownCurve:
                found = score_curve(view.store, record, composed.vector)
                return ShownCurve(record, found.starts_s, found.ends_s, found.times_s, found.scores)

            return curve

        return self._opened.ask(asked)

    def close(self) -> None:
        """Let go of the store."""
        self._opened.store.close()
