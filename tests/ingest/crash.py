"""An archive in motion whose runs are killed: what acts on it, and the truth to compare it with.

Each run is a process of its own, which passes points (a request to the store, an event of a
decoder, a batch of the encoder, a note in the ledger) and can be killed at one of them, or some
milliseconds after, in the midst of what follows. Whatever was killed, the store must never show a
video half-written, and the next run must give the rows of an archive that is made anew.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import resource
import shutil
import signal
import threading
import traceback
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from clip import model  # noqa: F401

from pipeline.config import Config
from pipeline.data import Scope
from pipeline.errors import Code, StoreError
from pipeline.ingest import migrate, run, write
from pipeline.ingest.delete import delete
from pipeline.ingest.ledger import Ledger
from pipeline.ingest.workers import DecodePool
from pipeline.settings import load_config
from pipeline.store import Generations, VideoStore, connection
from tests.media_factory import MediaFactory

NAMES = ("h264.mp4", "vp9.webm", "mpeg4.mov", "still.mp4", "short.mp4", "one_frame.mp4")
SCENES = ("scenes.detector=adaptive", "scenes.detector=fixed scenes.max_length_s=1.0")
INDEXES = ("store.index.type=HNSW", "store.index.type=FLAT")
PHASES = {
    "fill": ("commit", "decode", "encode", "make", "upsert", "ledger", "flush", "read"),
    "change": ("upsert", "delete", "ledger", "commit", "decode", "flush", "encode", "read"),
    "delete": ("delete", "flush", "ledger", "read"),
    "migrate": ("alias", "encode", "upsert", "commit", "make", "decode", "ledger", "read"),
    "rollback": ("alias", "commit", "flush", "read"),
    "index": ("upsert", "alias", "commit", "file", "flush", "make", "read"),
    "prune": ("drop", "alias", "read"),
}
"""What is killed, and at which kinds of points, in this order."""

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload([__name__])
_RUN_S = 120.0

_TOLERANCE = 1e-5

Place = tuple[str, int, float, float, float, str, tuple[float, ...]]


@dataclass(frozen=True, slots=True)
class Kill:
    """When a run is killed.

    Args:
        kind: Of the point.
        nth: Which of this kind, from 1.
        after_s: How long after it.
    """

    kind: str
    nth: int
    after_s: float = 0.0


def kind_of(point: str) -> str:
    """The kind of a point, by its name."""
    _, room, method, of = point.split(" ", 3)
    if room != "store":
        return room
    kinds = {"upsert": "commit" if of.endswith("_videos") else "upsert", "drop_collection": "drop"}
    kinds |= dict.fromkeys(("create_alias", "alter_alias", "drop_alias"), "alias")
    kinds |= dict.fromkeys(("create_collection", "create_index"), "make")
    kinds |= {"delete": "delete", "flush": "flush"}
    return kinds.get(method, "read")


class Points:
    """Counts what a run passes, by name in a file, and kills it where it is to end."""

    def __init__(self, trail: Path, kill: Kill | None) -> None:
        self._trail = trail.open("w", buffering=1)
        self._kill = kill
        self._passed: Counter[str] = Counter()
        self._lock = threading.Lock()

    def passed(self, name: str) -> None:
        with self._lock:
            self._trail.write(f"{name}\n")
            kind = kind_of(name)
            self._passed[kind] += 1
            if self._kill is None or (kind, self._passed[kind]) != (
                self._kill.kind,
                self._kill.nth,
            ):
                return
            if not self._kill.after_s:
                end()
            threading.Timer(self._kill.after_s, end).start()

    def around(self, owner: Any, method: str, name: str) -> None:
        """Make points of the time before and after every call of a method of a class."""
        real = getattr(owner, method)

        def call(*args: Any, **options: Any) -> Any:
            self.passed(f"before {name}")
            answer = real(*args, **options)
            self.passed(f"after {name}")
            return answer

        setattr(owner, method, call)


def end() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Watched:
    """An object whose calls are points."""

    def __init__(self, real: Any, room: str, points: Points) -> None:
        self._real, self._room, self._points = real, room, points

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._real, name)
        if not callable(attribute):
            return attribute

        def call(*args: Any, **options: Any) -> Any:
            of = args[0] if args and isinstance(args[0], str) else "-"
            self._points.passed(f"before {self._room} {name} {of}")
            answer = attribute(*args, **options)
            self._points.passed(f"after {self._room} {name} {of}")
            return answer

        return call


def watch_points(points: Points) -> None:
    """Have this process pass points, and write little at a time, so that there are many."""
    client, load, decoded = connection._client, run.load_encoder, DecodePool.run

    def events(*args: Any, **options: Any) -> Iterator[Any]:
        for event in decoded(*args, **options):
            points.passed(f"after decode {type(event).__name__} -")
            yield event

    connection._client = lambda config: Watched(client(config), "store", points)
    run.load_encoder = lambda config: Watched(load(config), "encode", points)
    DecodePool.run = events  # type: ignore[method-assign]
    for method in ("done", "failed", "forget"):
        points.around(Ledger, method, f"ledger {method} -")
    points.around(shutil, "copyfile", "file copy -")
    write.ROWS_A_WRITE = 6
    migrate._VIDEOS_A_COPY = 2


def act(
    action: str, config: Config, trail: Path, kill: Kill | None, file_bytes: int | None
) -> None:
    """A child's life: one command. What goes wrong is in its trail's neighbour."""
    torch.set_num_threads(1)
    try:
        watch_points(Points(trail, kill))
        if file_bytes:
            resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, resource.RLIM_INFINITY))
        name, _, argument = action.partition(" ")
        if name == "reindex":
            report = run.reindex(config, remove_gone=True)
            assert report.failures == (), report.failures
        elif name == "delete":
            delete(config, [argument], confirm=lambda found: True)
        elif name == "prune":
            migrate.prune(config, confirm=lambda found: True)
        else:
            migrate.rollback(config)
    except BaseException:  # noqa: BLE001  the parent is to see it
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        trail.with_suffix(".error").write_text(traceback.format_exc())
        os._exit(1)
    os._exit(0)


@dataclass
class Archive:
    """An archive, its files, and what it should hold.

    Args:
        folder: Where everything is.
        media: Where the videos come from.
        weights: Of the encoder.
        uri: Of the store; a Milvus Lite file in the folder if None.
    """

    folder: Path
    media: MediaFactory
    weights: Path
    uri: str | None = None
    collection: str = "archive"
    scenes: str = SCENES[0]
    index: str = INDEXES[0]
    passed: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.videos.mkdir(parents=True)
        (self.folder / "empty.yaml").touch()

    @property
    def videos(self) -> Path:
        return self.folder / "videos"

    @property
    def config(self) -> Config:
        ours = (
            f"source.paths=[{self.videos}]",
            f"encode.weights={self.weights}",
            "encode.device=cpu",
            "encode.batch_size=4",
            f"store.uri={self.uri or self.folder / 'archive.db'}",
            f"store.collection={self.collection}",
            "store.flush_rows=20",
            f"run.state_dir={self.folder}/state",
            *self.scenes.split(),
            self.index,
        )
        return load_config(self.folder / "empty.yaml", ours).config

    def put(self, names: dict[str, str]) -> None:
        """Have these files, by name, with the content of videos of the factory."""
        for path in self.videos.iterdir():
            if path.name not in names:
                path.unlink()
        for name, source in names.items():
            path, data = self.videos / name, self.media[source].read_bytes()
            if not path.exists() or path.read_bytes() != data:
                path.write_bytes(data)

    def start(self, action: str, kill: Kill | None = None, file_bytes: int | None = None) -> bool:
        """Run a command, to its end or until it is killed; whether it was.

        Args:
            action: `reindex`, `rollback`, `prune`, or `delete` and a path.
            kill: When; never if None.
            file_bytes: No file can grow larger, as on a full disk.

        Raises:
            AssertionError: It failed.
        """
        trail = self.folder / "points"
        process = _FORKS.Process(target=act, args=(action, self.config, trail, kill, file_bytes))
        process.start()
        process.join(_RUN_S)
        if process.exitcode is None:
            process.kill()
            raise AssertionError(f"{action} hangs")
        self.passed = trail.read_text().splitlines()
        if process.exitcode == -signal.SIGKILL and kill:
            return True
        error = trail.with_suffix(".error")
        told = error.read_text() if error.exists() else ""
        assert process.exitcode == 0, f"{action} ended with {process.exitcode}: {told}"
        return False

    def rows(self) -> dict[Place, np.ndarray]:
        """Every row that counts, by what it says, with its vector; none other may be there."""
        with VideoStore.connect(self.config.store) as store:
            store.open_for_reading()
            revisions = {entry.video_id: entry.revision for entry in store.entries()}
            rows = {}
            for hit, vector in store.scan(Scope()):
                assert revisions.get(hit.video_id) == hit.revision, "a row of no committed video"
                box = (hit.box.x0, hit.box.y0, hit.box.x1, hit.box.y1)
                key = (hit.video_id, hit.scene_index, hit.start_s, hit.end_s, hit.pts_s, hit.kind)
                assert (*key, box) not in rows, "a row twice"
                rows[*key, box] = vector
        return rows

    def files(self) -> dict[str, tuple[tuple[str, ...], tuple[str, ...], int, int]]:
        """Names of files, tags, rows and scenes of each committed video."""
        with VideoStore.connect(self.config.store) as store:
            store.open_for_reading()
            return {
                record.video.video_id: (
                    tuple(Path(path).name for path in record.paths),
                    record.tags,
                    record.rows,
                    record.scenes,
                )
                for record in store.iterate_videos()
            }

    def assert_nothing_half_written(self) -> None:
        """What a reader finds right after a crash: every video that is shown has all its rows."""
        with VideoStore.connect(self.config.store) as store:
            try:
                store.open_for_reading()
            except StoreError as error:
                if error.code != Code.NOT_INDEXED:
                    raise
                return
            found = store.count_by_revision()
            for entry in store.entries():
                assert found[entry.video_id, entry.revision] == entry.rows, entry

    def generations(self) -> Counter[str]:
        """How many there are, by role."""
        with Generations(self.config.store) as generations:
            return Counter(each.role for each in generations.all())


class Truth:
    """What a fresh archive holds of every video of the factory, by scene settings."""

    def __init__(self, folder: Path, media: MediaFactory, weights: Path) -> None:
        self._rows: dict[str, dict[Place, np.ndarray]] = {}
        self._scenes: dict[str, dict[str, tuple[str, int, int]]] = {}
        for number, scenes in enumerate(SCENES):
            fresh = Archive(folder / str(number), media, weights, scenes=scenes)
            fresh.put({name: name for name in NAMES})
            fresh.start("reindex")
            self._rows[scenes] = fresh.rows()
            self._scenes[scenes] = {
                names[0]: (key, rows, scenes)
                for key, (names, _, rows, scenes) in fresh.files().items()
            }

    def assert_is(self, archive: Archive, names: dict[str, str]) -> None:
        """An archive holds these files as a fresh one would, and nothing else."""
        known = self._scenes[archive.scenes]
        wanted = {
            known[source][0]: (
                tuple(sorted(name for name in names if names[name] == source)),
                (),
                *known[source][1:],
            )
            for source in names.values()
        }
        assert archive.files() == wanted
        found = archive.rows()
        expected = {
            key: vector for key, vector in self._rows[archive.scenes].items() if key[0] in wanted
        }
        assert found.keys() == expected.keys()
        for key, vector in expected.items():
            np.testing.assert_allclose(found[key], vector, atol=_TOLERANCE)
        assert archive.generations()["current"] == 1


@dataclass(frozen=True, slots=True)
class Ended:
    """How one killed run ended."""

    phase: str
    kill: Kill
    of: int
    at: str

    def __str__(self) -> str:
        late = f" + {1000 * self.kill.after_s:.1f} ms" if self.kill.after_s else ""
        return f"{self.phase}: {self.kill.kind} {self.kill.nth}{late}, {self.at}"


class Walk:
    """An archive that is taken through its phases, with a kill in each.

    Args:
        archive: Empty.
        truth: What it must hold after each phase.
        seed: Of the points.
    """

    def __init__(self, archive: Archive, truth: Truth, seed: int) -> None:
        self._archive = archive
        self._truth = truth
        self._lot = random.Random(seed)
        self._names: dict[str, str] = {}
        self._turn = 0

    def kill(self, phase: str, kind: str) -> Ended | None:
        """Go through a phase, killed somewhere, and then on to its end.

        Returns:
            Where it was killed; None if it passed no such point.
        """
        most = 8
        while most:
            action = self._prepare(phase)
            late = self._lot.uniform(0.0005, 0.02) if self._lot.random() < 0.3 else 0.0
            kill = Kill(kind, self._lot.randint(1, most), late)
            killed = self._archive.start(action, kill)
            passed = self._archive.passed
            self._finish(phase, killed=killed)
            if killed:
                return Ended(phase, kill, len(passed), passed[-1])
            most = sum(kind_of(point) == kind for point in passed)
        return None

    def _prepare(self, phase: str) -> str:
        """Make it so that there is something to do; what is to be done."""
        archive = self._archive
        self._turn += 1
        if phase == "fill":
            archive.collection = f"walk_{uuid.uuid4().hex[:8]}"
            self._put({name: name for name in NAMES[:4]})
        elif phase == "change":
            kept, renamed, gone, replaced, new, other = self._lot.sample(NAMES, 6)
            self._put({"a.mp4": kept, "b.mp4": renamed, "c.mp4": gone, "d.mp4": replaced})
            archive.start("reindex")
            self._put(
                {"a.mp4": kept, "copy.mp4": kept, "e.mp4": renamed, "d.mp4": new, "f.mp4": other}
            )
        elif phase == "delete":
            archive.start("reindex")
            return f"delete {archive.videos / self._lot.choice(sorted(self._names))}"
        elif phase == "migrate":
            archive.start("prune")
            archive.scenes = _other(SCENES, archive.scenes)
        elif phase == "index":
            archive.start("prune")
            archive.index = _other(INDEXES, archive.index)
        else:
            archive.scenes = _other(SCENES, archive.scenes)
            archive.start("reindex")
            name = sorted(self._names)[0]
            self._put({**self._names, f"moved_{self._turn}.mp4": self._names[name]}, without=name)
            archive.start("reindex")
            return phase
        return "reindex"

    def _finish(self, phase: str, *, killed: bool) -> None:
        archive = self._archive
        if killed:
            archive.assert_nothing_half_written()
        if phase == "rollback":
            self._go_back(killed=killed)
        if phase == "prune":
            archive.start("prune")
            assert archive.generations() == {"current": 1}
        archive.start("reindex")
        self._truth.assert_is(archive, self._names)

    def _go_back(self, *, killed: bool) -> None:
        """Have the old settings answer, whether the killed rollback came so far or not."""
        archive, new = self._archive, self._archive.scenes
        archive.scenes = _other(SCENES, new)
        if killed and not self._answers():
            archive.start("rollback")
        assert self._answers()
        self._truth.assert_is(archive, self._names)
        archive.scenes = new

    def _answers(self) -> bool:
        """Whether the archive that answers has the settings of now."""
        with VideoStore.connect(self._archive.config.store) as store:
            found = store.open_for_reading().content["scenes"]
        return found == self._archive.config.scenes.model_dump(mode="json")

    def _put(self, names: dict[str, str], without: str = "") -> None:
        self._names = {name: source for name, source in names.items() if name != without}
        self._archive.put(self._names)


def _other(choices: tuple[str, ...], now: str) -> str:
    return choices[1 - choices.index(now)]
