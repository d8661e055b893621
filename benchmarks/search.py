"""Search on a real Milvus server, 100,000 rows in 1,000 videos: is it right, and how fast is it?

Right: the ten best videos by each aggregation against those computed with numpy from all rows, with
the default settings of each index. In `random` archives vectors point in every direction, the worst
there is for an index; `structured` ones differ in 32 directions, as a model's do in few. One video
owns 30% of all rows.

Fast: a whole answer but for its text encoder, which gives vectors drawn before: following the
alias once a second, scoring, looking up videos, moments, and confidence.
The reference is the least that gives any answer: one bare Milvus search for 100 rows, with the same
fields and the same consistency, and one lookup by key of the videos that it met, without proof
that they are distinct or enough; or, in the rows named so, a lookup of ten of them. In the `owned`
archive all rows that are nearest to a query are of that one video.

Then the same on Milvus Lite, with 20,000 rows in 200 videos, from the vector to distinct videos.
"""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from pymilvus import MilvusClient

from benchmarks import archives
from benchmarks.archives import IDENTITY, Vectors
from benchmarks.result import Ratio, in_quiet, in_turns, middle
from pipeline.config import Config, EncodeConfig, IndexConfig, SearchConfig, StoreConfig
from pipeline.data import Aggregate, Float32Array, Question, UInt8Array, Words
from pipeline.search.answer import answer
from pipeline.search.opening import Opened
from pipeline.search.retrieve import retrieve
from pipeline.search.score import best_videos
from pipeline.store import VideoStore
from pipeline.store.schema import hit_fields, search_params
from tests.servers import milvus_local

ROWS, VIDEOS, SHARE, TOP_K = 100_000, 1000, 0.3, 10
QUERIES: Mapping[Aggregate, int] = {"max": 1000, "mean": 1000, "top_mean": 1000, "softmax": 200}
"""How many are compared: `softmax` reads a sixth of all rows for each in a random archive."""

TIMED, TIMED_SLOW = 1000, 30
FIRST_WINDOW = 100
LITE_ROWS, LITE_VIDEOS, LITE_OWNED, LITE_ROUNDS = 20_000, 200, 2_000, 15
MADE: Mapping[str, Callable[[np.random.Generator, list[int], int], Vectors]] = {
    "random": archives.scattered,
    "structured": archives.structured,
    "owned": archives.owned,
}


def measure() -> list[Ratio]:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        with milvus_local(place / "milvus") as uri:
            ratios = [
                *_on_server(place, uri, "random", IndexConfig(type="FLAT"), least=1.0),
                *_on_server(place, uri, "random", IndexConfig(), least=0.98, target=1.5),
                *_on_server(place, uri, "random", IndexConfig(type="IVF_FLAT"), least=0.98),
                *_on_server(place, uri, "structured", IndexConfig(), least=0.98),
                *_on_server(place, uri, "structured", IndexConfig(type="IVF_FLAT"), least=0.98),
                *_on_server(place, uri, "owned", IndexConfig(), target=3.0),
            ]
        return [*ratios, *_on_lite(place)]


def _on_server(
    place: Path,
    uri: str,
    kind: str,
    index: IndexConfig,
    *,
    least: float | None = None,
    target: float | None = None,
) -> list[Ratio]:
    """What is measured with one archive: recall if it is to reach `least`, time if `target`."""
    config = StoreConfig(uri=uri, collection=f"{kind}_{index.type}", index=index)
    archive, name = _archive(kind), f"{kind}, {index.type}"
    with archives.filled(config, archive):
        ratios = [] if least is None else _recalls(config, archive, name, least)
        if target is not None:
            ratios += _latencies(place, config, archive, name, target)
    return ratios


def _archive(kind: str) -> Vectors:
    random = np.random.default_rng(7)
    sizes = archives.unequal(random, rows=ROWS, videos=VIDEOS, share=SHARE)
    return MADE[kind](random, sizes, max(QUERIES.values()))


def _recalls(config: StoreConfig, archive: Vectors, name: str, least: float) -> list[Ratio]:
    truth = [archive.best(query, TOP_K) for query in archive.queries]
    with VideoStore.connect(config) as store:
        store.open_for_reading()
        return [_recall(store, archive, truth, each, name, least) for each in QUERIES]


def _recall(
    store: VideoStore,
    archive: Vectors,
    truth: Sequence[Mapping[str, list[str]]],
    aggregate: Aggregate,
    name: str,
    least: float,
) -> Ratio:
    shares, equal = [], 0
    for query, right in itertools.islice(
        zip(archive.queries, truth, strict=True), QUERIES[aggregate]
    ):
        found = list(best_videos(store, query, aggregate, top_k=TOP_K).records)
        shares.append(len(set(found) & set(right[aggregate])) / TOP_K)
        equal += found == right[aggregate]
    note = f"{len(shares)} queries; whole list equal: {equal / len(shares):.3f}"
    return Ratio(
        "search", f"found of the top ten by {aggregate}, {name}", float(np.mean(shares)), 1.0,
        "share", better="more", target=least, note=note,
    )  # fmt: skip


def _latencies(
    place: Path, config: StoreConfig, archive: Vectors, name: str, target: float
) -> list[Ratio]:
    with _opened(place, config, archive) as opened, _Bare(opened.store, config) as bare:

        def ours(aggregate: Aggregate) -> Callable[[], object]:
            search, numbers = SearchConfig(aggregate=aggregate, top_k=TOP_K), itertools.count()
            return lambda: answer(opened, Question((Words(str(next(numbers))),)), search)

        def reference(videos: int | None, start: int = 0) -> Callable[[], object]:
            numbers = itertools.count(start)
            return lambda: bare.ask(archive.queries[next(numbers) % len(archive.queries)], videos)

        # Each is asked the same: some questions take one more request, which is what p95 is of.
        other = reference(None, start=len(archive.queries) // 2)
        fast = {"ours": ours("max"), "all": reference(None), "ten": reference(TOP_K)}
        slow = {each: ours(each) for each in ("mean", "top_mean", "softmax")}
        slow["all again"] = reference(None)
        in_turns({**fast, **slow}, rounds=3)
        seconds, quiet = in_quiet(_after(fast, other), rounds=TIMED)
        seconds |= in_turns(_after(slow, other), rounds=TIMED_SLOW)
    ratios = []
    for share, told in ((0.5, "p50"), (0.95, "p95")):
        at = {key: float(np.quantile(each, share)) * 1000 for key, each in seconds.items()}
        title = f"answer, {{}}, {name}, {told}"
        ratios += [
            _slower(title.format("max"), at["ours"], at["all"], target, quiet),
            _slower(
                title.format("max, against a lookup of ten"), at["ours"], at["ten"], None, quiet
            ),
            *(
                _slower(title.format(each), at[each], at["all again"], None, f"{TIMED_SLOW} rounds")
                for each in ("mean", "top_mean", "softmax")
            ),
        ]
    return ratios


def _after(
    contenders: Mapping[str, Callable[[], object]], first: Callable[[], object]
) -> dict[str, Callable[[], object]]:
    """Each after the same request: a server is slower at first after one that was a lot of work."""
    return {
        key: run
        for name, each in contenders.items()
        for key, run in ((f"- {name}", first), (name, each))
    }


def _slower(name: str, ours: float, reference: float, target: float | None, told: str) -> Ratio:
    note = f"{ROWS} rows; {told}"
    return Ratio("search", name, ours, reference, "ms", target=target, note=note)


class _Bare:
    """The least that gives an answer, and no check that it is one."""

    def __init__(self, store: VideoStore, config: StoreConfig) -> None:
        self._client: Any = MilvusClient(config.uri)
        self._names = store.names
        self._config = config
        index = store.stats().settings.index
        self._params = search_params(index, config.search, limit=FIRST_WINDOW, wide=False)

    def ask(self, query: Float32Array, videos: int | None) -> None:
        hits = self._client.search(
            self._names.segments,
            data=[query.tolist()],
            anns_field="vector",
            limit=FIRST_WINDOW,
            search_params=self._params,
            output_fields=list(hit_fields(IDENTITY.kind)),
            consistency_level=self._config.consistency,
        )[0]
        ids = list(dict.fromkeys(hit["entity"]["video_id"] for hit in hits))[:videos]
        self._client.get(self._names.videos, ids=ids, consistency_level=self._config.consistency)

    def __enter__(self) -> _Bare:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()


class _Drawn:
    """An encoder that has been asked before: text `n` is the n-th query, other texts are noise."""

    name, dim, input_size = "drawn", archives.DIM, 1
    device, precision = "cpu", "float32"
    facts: Mapping[str, Any] = IDENTITY.encoder

    def __init__(self, queries: Float32Array) -> None:
        self._queries = queries
        self._random = np.random.default_rng(5)

    def encode_images(self, images: Sequence[UInt8Array]) -> Float32Array:
        return archives.units(self._random.normal(size=(len(images), self.dim)))

    def encode_text(self, texts: Sequence[str]) -> Float32Array:
        if all(text.isdigit() for text in texts):
            return self._queries[[int(text) % len(self._queries) for text in texts]]
        return archives.units(self._random.normal(size=(len(texts), self.dim)))


@contextmanager
def _opened(place: Path, store: StoreConfig, archive: Vectors) -> Iterator[Opened]:
    config = Config(store=store, encode=EncodeConfig(cache_dir=str(place)))
    with patch("pipeline.search.opening.load_encoder", return_value=_Drawn(archive.queries)):
        opened = Opened(config)
    try:
        yield opened
    finally:
        opened.store.close()


def _on_lite(place: Path) -> list[Ratio]:
    random = np.random.default_rng(7)
    even = [LITE_ROWS // LITE_VIDEOS] * LITE_VIDEOS
    rest = [(LITE_ROWS - LITE_OWNED) // (LITE_VIDEOS - 1)] * (LITE_VIDEOS - 1)
    return [
        _lite(place / "spread.db", "hits spread", archives.scattered(random, even, 1)),
        _lite(
            place / "owned.db",
            "one owns the nearest rows",
            archives.owned(random, [LITE_OWNED, *rest], 1),
        ),
    ]


def _lite(path: Path, name: str, archive: Vectors) -> Ratio:
    config = StoreConfig(uri=str(path))
    query = archive.queries[0]
    with VideoStore.connect(config) as store:
        store.open_for_writing(IDENTITY, IndexConfig())
        archives.fill(store, archive)
    with VideoStore.connect(config) as store:
        store.open_for_reading()
        with _Bare(store, config) as bare:
            seconds = in_turns(
                {
                    "ours": lambda: retrieve(store, query, top_k=TOP_K),
                    "bare": lambda: bare.ask(query, None),
                },
                rounds=LITE_ROUNDS,
            )
    ours, bare_ms = (middle(seconds[key][1:]) * 1000 for key in ("ours", "bare"))
    note = f"{len(archive.rows)} rows, {len(archive.sizes)} videos"
    return Ratio(
        "search", f"distinct videos on Milvus Lite, {name}", ours, bare_ms, "ms", note=note
    )
