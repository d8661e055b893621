"""Whatever happens to a folder, and to the runs over it: the archive ends as a fresh one would.

`VSEARCH_SEQUENCES` says how many sequences of changes are tried.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from pipeline.config import Config
from pipeline.data import Float32Array, IngestReport, Scope
from pipeline.ingest.run import ingest, reindex
from pipeline.settings import load_config
from pipeline.store import VideoStore, connection
from tests.media_factory import MediaFactory

SEQUENCES = int(os.environ.get("VSEARCH_SEQUENCES", "3"))
STEPS = 10
CONTENTS = ("one_frame.mp4", "short.mp4", "still.mp4", "small.mp4")
NAMES = ("a.mp4", "b.mp4", "sub/c.mp4", "d \u00fc.mp4")

Row = tuple[object, ...]


class Crashed(BaseException):
    """The process is gone: nothing that would catch an error catches this."""


class Mortal:
    """A client that lives for so many requests; then nothing it is asked is done any more."""

    def __init__(self, client: Any, left: list[int]) -> None:
        self._client = client
        self._left = left

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._client, name)
        if name == "close":
            return method

        def request(*args: Any, **options: Any) -> Any:
            self._left[0] -= 1
            if self._left[0] < 0:
                raise Crashed
            return method(*args, **options)

        return request


@contextmanager
def crash_after(requests: int) -> Iterator[None]:
    """Within the block the store dies after so many requests."""
    left, dial = [requests], connection._client
    with patch.object(connection, "_client", lambda config: Mortal(dial(config), left)):
        try:
            yield
        except Crashed:
            return


def make(folder: Path, weights: Path) -> Config:
    (folder / "empty.yaml").touch()
    ours = [
        f"source.paths=[{folder}/videos]",
        f"encode.weights={weights}",
        "encode.device=cpu",
        "decode.workers=1",
        "sample.per_scene=1",
        f"store.uri={folder}/archive.db",
        "store.index.type=FLAT",
        f"run.state_dir={folder}/state",
    ]
    return load_config(folder / "empty.yaml", ours).config


def rows(config: Config) -> dict[str, dict[Row, Float32Array]]:
    """What there is of each video, by what it says, whatever its revision."""
    found: defaultdict[str, dict[Row, Float32Array]] = defaultdict(dict)
    with VideoStore.connect(config.store) as store:
        store.open_for_reading()
        for hit, vector in store.scan(Scope()):
            key = (hit.scene_index, hit.start_s, hit.end_s, hit.pts_s, hit.kind, hit.box)
            assert key not in found[hit.video_id], "a row is there twice"
            found[hit.video_id][key] = vector
    return dict(found)


class Contents:
    """The contents that files have, and the rows that each of them must give."""

    def __init__(self, folder: Path, media: MediaFactory, weights: Path) -> None:
        (folder / "videos").mkdir()
        for name in CONTENTS:
            shutil.copy(media[name], folder / "videos")
        self.weights = weights
        self.files = {name: folder / "videos" / name for name in CONTENTS}
        config = make(folder, weights)
        assert ingest(config).failures == ()
        self.rows = rows(config)
        with VideoStore.connect(config.store) as store:
            store.open_for_reading()
            self.ids = {Path(r.video.path).name: r.video.video_id for r in store.iterate_videos()}


class Archive(RuleBasedStateMachine):
    """A folder, its archive, and the contents that should be in it."""

    contents: Contents

    def __init__(self) -> None:
        super().__init__()
        self._place = Path(tempfile.mkdtemp())
        self._folder = self._place / "videos"
        self._folder.mkdir()
        self._config = make(self._place, self.contents.weights)
        self._there: dict[str, str] = {}
        self._ran = False

    def teardown(self) -> None:
        """However a sequence went: after one more run all is right."""
        try:
            self.run()
            self.is_as_fresh()
        finally:
            shutil.rmtree(self._place)

    @rule(name=st.sampled_from(NAMES), content=st.sampled_from(CONTENTS))
    def put(self, name: str, content: str) -> None:
        """A file is new, or has other content than before."""
        path = self._folder / name
        path.parent.mkdir(exist_ok=True)
        shutil.copyfile(self.contents.files[content], path)
        self._there[name] = content

    @rule(name=st.sampled_from(NAMES), to=st.sampled_from(NAMES), keep=st.booleans())
    def move_or_copy(self, name: str, to: str, keep: bool) -> None:
        if name not in self._there or name == to:
            return
        (self._folder / to).parent.mkdir(exist_ok=True)
        change = shutil.copy2 if keep else shutil.move
        change(str(self._folder / name), str(self._folder / to))
        self._there[to] = self._there[name] if keep else self._there.pop(name)

    @rule(name=st.sampled_from(NAMES))
    def delete(self, name: str) -> None:
        if self._there.pop(name, None):
            (self._folder / name).unlink()

    @rule(requests=st.integers(0, 40))
    def crash(self, requests: int) -> None:
        with crash_after(requests):
            self._reindex()

    @rule()
    def lose_the_ledger(self) -> None:
        shutil.rmtree(self._place / "state", ignore_errors=True)

    @rule()
    def run(self) -> None:
        report = self._reindex()
        assert report.videos.left == 0
        assert [failure.code for failure in report.failures if failure.code != "no_videos"] == []
        self._ran = True

    @invariant()
    def is_as_fresh(self) -> None:
        if not self._ran:
            return
        self._ran = False
        if not self._there and not (self._place / "archive.db").exists():
            return  # nothing was ever there: no archive is made for that
        wanted: defaultdict[str, set[str]] = defaultdict(set)
        for name, content in self._there.items():
            wanted[self.contents.ids[content]].add(str(self._folder / name))
        with VideoStore.connect(self._config.store) as store:
            store.open_for_reading()
            found = {r.video.video_id: r for r in store.iterate_videos()}
        assert {key: set(record.paths) for key, record in found.items()} == wanted
        assert all(record.video.path in record.paths for record in found.values())
        self._same_rows(rows(self._config), wanted)

    def _same_rows(
        self, found: Mapping[str, Mapping[Row, Float32Array]], wanted: Mapping[str, object]
    ) -> None:
        assert found.keys() == wanted.keys()
        for video_id, own in found.items():
            right = self.contents.rows[video_id]
            assert own.keys() == right.keys()
            for key, vector in own.items():
                np.testing.assert_allclose(vector, right[key], atol=1e-5)

    def _reindex(self) -> IngestReport:
        return reindex(self._config, remove_gone=True)


@pytest.mark.timeout(300 + 60 * SEQUENCES)
def test_any_sequence_of_changes_crashes_and_runs(
    tmp_path: Path, media: MediaFactory, untrained: Path
) -> None:
    Archive.contents = Contents(tmp_path, media, untrained)
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Archive,
        settings=settings(
            max_examples=SEQUENCES,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )
