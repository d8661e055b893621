"""A large folder of good and bad files under names of all kinds: each is accounted for, once."""

from __future__ import annotations

import fcntl
import io
import itertools
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import threading
import zipfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.cli.progress import watching
from pipeline.data import Failure
from pipeline.errors import Code
from pipeline.settings import load_config
from pipeline.store import VideoStore
from pipeline.text import printable
from tests.media_factory import BROKEN, X264, YUV, MediaFactory, Reel, Shot, ffmpeg

NAMES = (
    b"plain %d",
    "дом 東京 🏠 %d".encode(),
    "e\u0301te\u0301, not \u00e9t\u00e9 %d".encode(),
    "\u202egnp.%d".encode(),
    b"two\nlines %d",
    b"tab\tand\rreturn %d",
    b"\x1b[2J\x1b[31mcleared and red %d",
    b"\x07\x08\x7fbell %d",
    b"[red]marked [bold]up %d",
    b"-i %d",
    b"--json %d",
    b"file:%d",
    b"concat:a|b %d",
    b"%%s {0} $(id) `id` 'quoted\" %d",
    b" blanks  %d ",
    b"no text \xff\xfe\x80 %d",
    b"*?[a-z] %d",
    b"back\\slash\\n %d",
    "sur\u2028rogate \U0010fffd %d".encode(),
    b"long " * 48 + b"%d",
)
"""Those that a file system takes and programs stumble over."""


@dataclass(frozen=True, slots=True)
class Folder:
    """What is in it.

    Args:
        good: Paths of videos.
        bad: Other paths, with the codes that are right.
    """

    good: frozenset[str]
    bad: dict[str, frozenset[Code]]


def name_of(number: int, ending: str) -> str:
    return os.fsdecode(NAMES[number % len(NAMES)] % number + ending.encode())


def clips(media: MediaFactory) -> dict[str, bytes]:
    """A short clip of each container that has room for bytes which players pass over."""
    made = {}
    for ending in (".mp4", ".mkv"):
        path = media.directory / f"many{ending}"
        reel = Reel((Shot("test", 6),), size=(64, 48), rate=Fraction(5))
        ffmpeg(*reel.arguments(), "-map", "[v]", *X264, *YUV, str(path))
        made[ending] = path.read_bytes()
    return made


def padding(ending: str, number: int) -> bytes:
    """An empty element or box that makes a file one of its own."""
    room = number.to_bytes(8, "big")
    return (b"\x00\x00\x00\x10free" if ending == ".mp4" else b"\xec\x88") + room


def bad_kinds(media: MediaFactory) -> list[tuple[str, frozenset[Code], Callable[[Path], object]]]:
    """Endings, the codes that are right, and how such a file is made."""
    picture = media.directory / "picture.png"
    ffmpeg("-i", str(media["short.mp4"]), "-frames:v", "1", str(picture))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("video.mp4", media["short.mp4"].read_bytes())

    def with_bytes(data: bytes) -> Callable[[Path], object]:
        return lambda path: path.write_bytes(data)

    not_a_video, unreadable = frozenset({Code.NOT_A_VIDEO}), frozenset({Code.UNREADABLE})
    kinds = [
        (Path(name).suffix, broken.codes, with_bytes(media[name].read_bytes()))
        for name, broken in BROKEN.items()
    ]
    kinds += [
        (".mov", not_a_video, with_bytes(picture.read_bytes())),
        (".mp4", not_a_video, with_bytes(packed.getvalue())),
        (".webm", not_a_video, with_bytes(b"\x1aE\xdf\xa3")),
        (".mp4", unreadable, os.mkfifo),
    ]
    if os.geteuid():  # root may read all
        kinds.append((".mp4", unreadable, closed))
    return kinds


def closed(path: Path) -> None:
    path.write_bytes(b"closed")
    path.chmod(0)


@pytest.fixture
def folder(tmp_path: Path, media: MediaFactory, good_files: int) -> Folder:
    good: set[str] = set()
    bad: dict[str, frozenset[Code]] = {}
    # A path that is longer than any name.
    deep = Path(tmp_path, "videos", *(os.fsdecode(b"deep \xff" * 30) for _ in range(4)))
    deep.mkdir(parents=True)
    wide = tmp_path / "videos"
    by_ending = clips(media)
    for number in range(good_files):
        ending = (".mp4", ".mkv")[number // len(NAMES) % 2]
        path = (deep if number % 50 == 7 else wide) / name_of(number, ending)
        path.write_bytes(by_ending[ending] + padding(ending, number))
        good.add(str(path))
    kinds = itertools.cycle(bad_kinds(media))
    for number, (ending, codes, make) in zip(range(good_files // 10), kinds, strict=False):
        path = wide / name_of(10 * number + number, f" bad{ending}")
        make(path)
        bad[str(path)] = codes
    assert len(bad) == good_files // 10
    return Folder(frozenset(good), bad)


@dataclass(frozen=True, slots=True)
class Ended:
    """A command that ended: its exit code, what it printed, and what its terminal was sent."""

    code: int
    out: str
    terminal: str

    @property
    def lines(self) -> list[str]:
        """Lines of the terminal, without what moves its cursor and colours it."""
        plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self.terminal)
        return [line.rsplit("\r", 1)[-1] for line in plain.replace("\r\n", "\n").split("\n")]


def vsearch(place: Path, *arguments: str, out_too: bool = False) -> Ended:
    """Run a command whose standard error, and output if told, are a terminal."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    environment = {key: value for key, value in os.environ.items() if key[:7] != "VSEARCH"}
    shown = bytearray()
    reader = threading.Thread(target=_drain, args=(ours, shown))
    with subprocess.Popen(
        [sys.executable, "-c", "from pipeline.cli import main; main()", *arguments],
        stdin=subprocess.DEVNULL, stdout=theirs if out_too else subprocess.PIPE, stderr=theirs,
        env={**environment, "TERM": "xterm-256color"}, cwd=place,
    ) as process:  # fmt: skip
        os.close(theirs)
        reader.start()
        out = process.stdout.read() if process.stdout else b""
    reader.join()
    os.close(ours)
    return Ended(process.returncode, out.decode(), shown.decode())


def _drain(descriptor: int, into: bytearray) -> None:
    while True:
        try:
            read = os.read(descriptor, 65536)
        except OSError:  # the other end is closed
            return
        if not read:
            return
        into += read


def settled(tmp_path: Path, untrained: Path) -> Path:
    """Settings for that folder."""
    settings = {
        "source": {"paths": [str(tmp_path / "videos")]},
        "encode": {"weights": str(untrained), "device": "cpu"},
        "store": {"uri": str(tmp_path / "archive.db")},
        "run": {"state_dir": str(tmp_path / "state")},
    }
    path = tmp_path / "ours.yaml"
    path.write_text(yaml.safe_dump(settings))
    return path


def assert_terminal_is_whole(ended: Ended) -> None:
    """Nothing of a name reached the terminal as a command to it."""
    # Cursor up, erase, colours, show and hide the cursor: what a bar of rich needs.
    sent = {match[-1] for match in re.findall(r"\x1b\[[0-9;?]*[A-Za-z]", ended.terminal)}
    assert sent <= set("AKmhlG")
    assert ended.terminal.count("\x1b[") == ended.terminal.count("\x1b")
    assert "\x1b[2J" not in ended.terminal
    assert not set(ended.terminal) & set("\x07\x08\x7f\u202e\u2028\udcff")


@pytest.mark.timeout(1800)
def test_each_file_is_accounted_for(tmp_path: Path, folder: Folder, untrained: Path) -> None:
    settings = settled(tmp_path, untrained)
    ended = vsearch(tmp_path, "ingest", "--config", str(settings), "--json")
    assert ended.code == 3, ended.terminal[-3000:]
    report = json.loads(ended.out)
    assert_report(report, folder)
    assert_terminal_is_whole(ended)
    said = [line for line in ended.lines if line.startswith("failed ")]
    for path in folder.bad:
        assert sum(line.startswith(f"failed {printable(path)} [") for line in said) == 1
    assert len(said) == len(folder.bad)
    assert indexed(settings) == Counter(folder.good)

    again = vsearch(tmp_path, "ingest", "--config", str(settings), "--json")
    report = json.loads(again.out)
    # What no decoder was needed for is said by each look at the folder.
    pipes = {path for path in folder.bad if Path(path).is_fifo()}
    assert again.code == (3 if pipes else 0)
    assert {failure["uri"] for failure in report["failures"]} == pipes
    assert report["videos"]["unchanged"] == len(folder.good)
    assert report["videos"]["failed_before"] == len(folder.bad) - len(pipes)
    assert report["videos"]["ingested"] == report["rows_written"] == report["video_s"] == 0
    assert indexed(settings) == Counter(folder.good)


def assert_report(report: dict[str, Any], folder: Folder) -> None:
    """It names each bad file once, by a code that is right, and counts all files."""
    assert report["videos"] == {
        "found": len(folder.good) + len(folder.bad), "ingested": len(folder.good),
        "unchanged": 0, "partial": 0, "failed": len(folder.bad), "failed_before": 0,
        "removed": 0, "left": 0,
    }  # fmt: skip
    codes = {failure["uri"]: failure["code"] for failure in report["failures"]}
    assert codes.keys() == folder.bad.keys()
    assert len(report["failures"]) == len(codes)
    assert {path for path, code in codes.items() if code not in folder.bad[path]} == set()


def indexed(settings: Path) -> Counter[str]:
    """The paths of all videos that have rows."""
    with VideoStore.connect(load_config(settings).config.store) as store:
        store.open_for_reading()
        records = list(store.iterate_videos())
    assert all(record.rows for record in records)
    return Counter(path for record in records for path in record.paths)


def test_names_do_not_break_a_terminal(tmp_path: Path, untrained: Path) -> None:
    (tmp_path / "videos").mkdir()
    paths = [tmp_path / "videos" / name_of(number, ".mp4") for number in range(len(NAMES))]
    for path in paths:
        path.write_bytes(b"no video")
    settings = settled(tmp_path, untrained)
    ended = vsearch(tmp_path, "ingest", "--config", str(settings), out_too=True)
    assert ended.code == 3
    assert_terminal_is_whole(ended)
    assert f"{len(paths)} found: 0 ingested" in ended.terminal
    for path in paths:
        assert sum(line.startswith(f"failed {printable(str(path))} [") for line in ended.lines) == 1


def test_messages_do_not_break_a_line_either() -> None:
    stream = io.StringIO()
    with watching(stream) as watch:
        watch(Failure("/videos/a.mp4", Code.DECODE_ERROR, "no such thing: '\x1b[2J\n\u202e'"))
    assert (
        stream.getvalue()
        == "failed /videos/a.mp4 [decode_error]: no such thing: '\\x1b[2J\\n\\u202e'\n"
    )
