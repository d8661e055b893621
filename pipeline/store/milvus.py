"""VideoStore: writes, searches, fetches and deletes rows of one archive.

A video is committed when its row is in `videos`; a row of `segments` counts if its revision is the
one that its video's row carries. Who writes rows first and commits last may crash anywhere:
deterministic keys make the next run write the same rows again, and nothing half-written counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence

from pipeline.data import (
    ByKey,
    Embedding,
    Float32Array,
    Hit,
    MeanCosine,
    RowCosine,
    Scope,
    Stretch,
    Totals,
    VideoEntry,
    VideoFacts,
    VideoRecord,
)
from pipeline.filters import Filter
from pipeline.store import columns, connection, rows, schema
from pipeline.store.columns import Columns
from pipeline.store.expressions import (
    EVERYTHING,
    among,
    below,
    equals,
    every,
    not_among,
    possible,
)
from pipeline.store.opening import OpenStore
from pipeline.store.reading import SegmentReader
from pipeline.store.rows import Row
from pipeline.store.versions import StoreStats
from pipeline.text import without_secret


class VideoStore(OpenStore):
    """One archive in Milvus. Safe to use from several threads once it is open.

    After `open_for_writing` and `open_for_changing` every read is Strong; after `open_for_reading`
    it is `store.consistency`, unless a method says otherwise. Every method raises StoreError when
    Milvus refuses, or stays silent for `store.timeout_s`.

    Args:
        config: Which Milvus, which collection, how to search.
        dial: How to reach it; tests put faults between.
        request_bytes: Size of a write.
    """

    def upsert_segments(self, embeddings: Iterable[Embedding], revision: int) -> int:
        """Write rows of `segments`; they count once their video is committed with this revision.

        Returns:
            How many were written.
        """
        return self._put(rows.segment_row(embedding, revision) for embedding in embeddings)

    def put_rows(self, read: Iterable[tuple[Hit, Float32Array]]) -> int:
        """Write rows of `segments` as `scan` gives them, with the key and revision that they have.

        Returns:
            How many were written.
        """
        return self._put(rows.hit_row(hit, vector) for hit, vector in read)

    def _put(self, facts: Iterable[Row]) -> int:
        stretch = self.identity.stretch
        written = (rows.with_keys(row, stretch) for row in facts)
        return self._reach().upsert("write rows", self.names.segments, "row_id", written)

    def commit(self, records: Iterable[VideoRecord]) -> None:
        """Write rows of `videos`: from here on these videos count, with their new revision."""
        written = map(rows.video_row, records)
        self._reach().upsert("commit videos", self.names.videos, "video_id", written)

    def flush(self) -> None:
        """Have all that was written on disk and indexed. It takes seconds: not after each write."""
        for name in (self.names.segments, self.names.videos):
            self._reach().flush(name)

    def delete_videos(self, ids: Iterable[str]) -> int:
        """Remove videos: first from `videos`, so that they are gone at once, then their rows.

        Returns:
            How many of them were committed.
        """
        deleted = 0
        for chunk in rows.chunks(sorted(set(ids))):
            condition = among("video_id", chunk)
            deleted += self._reach().count(self.names.videos, condition)
            self._reach().delete(self.names.videos, condition)
            self._reach().delete(self.names.segments, condition)
        return deleted

    def sweep(self, ids: Iterable[str], before: int) -> None:
        """Remove rows of these videos with a revision below one: what earlier attempts left."""
        stale = below("revision", before)
        for chunk in rows.chunks(sorted(set(ids))):
            condition = every([among("video_id", chunk), stale])
            self._reach().delete(self.names.segments, condition)

    def delete_rows(self, video_id: str, revision: int) -> None:
        """Remove the rows of one revision of a video."""
        condition = every([equals("video_id", video_id), equals("revision", revision)])
        self._reach().delete(self.names.segments, condition)

    def search(
        self, vector: Float32Array, *, limit: int, scope: Scope, exact: bool = False
    ) -> list[Hit]:
        """The rows of `segments` nearest to a vector, best first, committed or not.

        Args:
            vector: float32 (dim,), not zero.
            limit: How many, 1 to MAX_LIMIT. Fewer come back if the scope has no more rows, or if an
                approximate index on a server finds no more even when searched as far as it goes.
            scope: Which rows may come back.
            exact: Compare with every row of the scope: FLAT, and IVF_FLAT on servers, do it
                themselves; otherwise it is done here, which reads all those vectors.
        """
        return self._reader().search(vector, limit, scope, exact=exact)

    def cosines(
        self, vector: Float32Array, *, limit: int, scope: Scope, exact: bool = False
    ) -> list[RowCosine]:
        """As `search`, of which it gives only whose the rows are: several times as fast."""
        return self._reader().cosines(vector, limit, scope, exact=exact)

    def search_means(
        self,
        vector: Float32Array,
        *,
        limit: int,
        only: Iterable[str] | None = None,
        exclude: Iterable[str] = (),
    ) -> dict[str, float]:
        """The committed videos with the best mean cosine of all their rows, exactly.

        Args:
            vector: Unit query vector, float32 (dim,).
            limit: How many, 1 to MAX_LIMIT.
            only: Among these videos; among all if None.
            exclude: And not among these.

        Returns:
            Mean cosines by video id, best first.
        """
        conditions = [] if only is None else [among("video_id", only)]
        if left_out := set(exclude):
            conditions.append(not_among("video_id", left_out))
        found = self._nearest_means(vector, limit, every(conditions), ())
        return dict(zip(found.keys, found.scores, strict=True))

    def means_of(self, vector: Float32Array, ids: Iterable[str]) -> list[MeanCosine]:
        """Mean cosines of committed videos by id, exactly; ids of no committed video are left out.

        Args:
            vector: Unit query vector, float32 (dim,).
            ids: Of which videos.
        """
        found: list[MeanCosine] = []
        for chunk in rows.chunks(sorted(set(ids))):
            condition = among("video_id", chunk)
            answer = self._nearest_means(vector, len(chunk), condition, schema.MEAN_FIELDS)
            found += columns.means(answer)
        return found

    def _nearest_means(
        self, vector: Float32Array, limit: int, condition: str, fields: Sequence[str]
    ) -> Columns:
        params = {"metric_type": schema.MEAN_METRIC, "params": {}}
        asked = (vector[None], limit, condition, params, fields, self._consistency)
        return self._reach().nearest(self.names.videos, "mean", *asked)[0]

    def keyed(self, row_ids: Iterable[str], vectors: Float32Array) -> ByKey:
        """Rows of `segments` by key, with some cosines; keys that are not there are left out.

        Args:
            row_ids: Which rows.
            vectors: Unit vectors, float32 (n, dim): the cosines are those with them.
        """
        return self._reader().keyed(row_ids, vectors)

    def stretches(
        self, wanted: Collection[Stretch], vectors: Float32Array
    ) -> tuple[ByKey, bool] | None:
        """Rows of `segments` by stretch, with some cosines, for less than it takes by key.

        Args:
            wanted: Which stretches.
            vectors: As for `keyed`.

        Returns:
            Rows, and whether these are all; None if this store's index does not give cosines.
        """
        return self._reader().stretches(wanted, vectors)

    def vectors(self, row_ids: Iterable[str]) -> dict[str, Float32Array]:
        """Vectors of rows of `segments` by key, float32 (dim,); keys not there are left out."""
        return self._reader().vectors(row_ids)

    def sample(self, count: int, *, of: int) -> Float32Array:
        """About as many rows of `segments` as wanted, drawn at random, read Strong.

        The same rows each time, as long as none comes or goes.

        Args:
            count: How many.
            of: How many rows there are.

        Returns:
            Their vectors, float32 (n, dim); n varies by chance as the square root of `count` does.
        """
        return self._reader().sample(count, of=of)

    def scan(self, scope: Scope) -> Iterator[tuple[Hit, Float32Array]]:
        """Every row of a scope with its vector, by key, read Strong; the scores are NaN."""
        return self._reader().scan(scope)

    def videos(self, ids: Iterable[str]) -> dict[str, VideoRecord]:
        """Committed videos by id; ids of no committed video are left out."""
        found = self._reach().fetch(
            self.names.videos, "video_id", ids, schema.VIDEO_FIELDS, self._consistency
        )
        return {row["video_id"]: rows.video_record(row) for row in found}

    def iterate_videos(self) -> Iterator[VideoRecord]:
        """All committed videos, in order of id, read Strong."""
        return map(rows.video_record, self._every_video(schema.VIDEO_FIELDS))

    def entries(self) -> Iterator[VideoEntry]:
        """What a run needs to know of all committed videos, in order of id, read Strong."""
        return map(rows.video_entry, self._every_video(schema.ENTRY_FIELDS))

    def totals(self) -> Totals:
        """Sums over all committed videos, read Strong, a page at a time."""
        return rows.totals(self._every_video(schema.TOTAL_FIELDS))

    def facts(self, wanted: Filter) -> Iterator[VideoFacts]:
        """All committed videos that may satisfy a filter, in order of id, read Strong.

        Those that do are among them; what is left out does not. Conditions on rows leave out none.
        """
        return map(rows.video_facts, self._every_video(schema.FACT_FIELDS, possible(wanted)))

    def _every_video(self, fields: Sequence[str], condition: str = EVERYTHING) -> Iterator[Row]:
        return self._reach().iterate(self.names.videos, "video_id", condition, fields)

    def rows_of(self, video_id: str, revision: int | None = None) -> list[str]:
        """Keys of a video's rows, sorted, read Strong; of one revision, or of all."""
        condition = equals("video_id", video_id)
        if revision is not None:
            condition = every([condition, equals("revision", revision)])
        found = self._reach().iterate(self.names.segments, "row_id", condition, ["row_id"])
        return sorted(row["row_id"] for row in found)

    def count_by_revision(self) -> Counter[tuple[str, int]]:
        """How many rows there are of each video and revision, committed or not, read Strong.

        It reads a key of every row: `count_rows` says for less whether that is worth while.
        """
        fields = ["row_id", "video_id", "revision"]
        found = self._reach().iterate(self.names.segments, "row_id", EVERYTHING, fields)
        return Counter((row["video_id"], int(row["revision"])) for row in found)

    def count_videos(self) -> int:
        """How many videos are committed, read Strong, which waits for what is being written."""
        return self._reach().count(self.names.videos, EVERYTHING)

    def count_visible_videos(self) -> int:
        """How many committed videos a search meets, read as searches are."""
        return self._reach().count(self.names.videos, EVERYTHING, self._consistency)

    def count_rows(self) -> int:
        """How many rows `segments` has, those of no committed video included, read Strong."""
        return self._reach().count(self.names.segments, EVERYTHING)

    def stats(self) -> StoreStats:
        """What is there."""
        return StoreStats(
            uri=without_secret(self._config.uri),
            server_version=self._reach().server_version(),
            consistency=self._config.consistency,
            names=self.names,
            settings=self._opened().settings,
            videos=self.count_videos(),
            rows=self.count_rows(),
            file_bytes=connection.file_bytes(self._config),
        )

    def _reader(self) -> SegmentReader:
        return SegmentReader(self._reach(), self._config, self._opened(), self._consistency)
