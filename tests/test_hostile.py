"""What no decoder, model or store should see is refused before any of them is even imported."""

from __future__ import annotations

import json
import os
import pickle
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

import pipeline
from pipeline.config import Config, RunConfig, StoreConfig
from pipeline.errors import Code
from pipeline.ingest.ledger import Ledger
from pipeline.ingest.state import ledger_path

SLOW = ["torch", "clip", "pymilvus", "decord", "av", "cv2", "scenedetect"]

ASK = """
import contextlib, io, json, sys
from pipeline.cli import main

told = []
for arguments in json.load(sys.stdin):
    sys.argv = ["vsearch", *arguments]
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        try:
            main()
            code = 0
        except SystemExit as end:
            code = end.code
    told.append([code, said.getvalue()])
print(json.dumps([told, sorted(set(SLOW).intersection(sys.modules))]))
"""

Answers = dict[tuple[str, ...], tuple[int, str]]
"""Exit code and output, by what was typed."""


def _chunk(kind: bytes, content: bytes) -> bytes:
    checked = kind + content
    return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))


def _huge_png(path: Path) -> None:
    """A valid start of 20,000 x 20,000 pixels; who decodes it takes 1.2 GB."""
    head = struct.pack(">IIBBBBB", 20_000, 20_000, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(60_001) * 100)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", rows))


def _hostile(folder: Path) -> None:
    os.mkfifo(folder / "pipe.mp4")
    (folder / "hls.mp4").write_text("#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n/etc/passwd\n")
    (folder / "concat.mp4").write_text("ffconcat version 1.0\nfile /etc/passwd\n")
    (folder / "dash.mp4").write_text('<?xml version="1.0"?>\n<MPD profiles="urn:mpeg:dash"/>\n')
    (folder / "sdp.mp4").write_text("v=0\nc=IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\n")
    (folder / "one.mp4").symlink_to("two.mp4")
    (folder / "two.mp4").symlink_to("one.mp4")
    (folder / "tree").mkdir()
    (folder / "tree" / "up").symlink_to(".")
    _huge_png(folder / "huge.png")
    (folder / "some.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    (folder / "model.pt").write_bytes(pickle.dumps({"weight": 1}))
    (folder / "a.mp4").write_bytes(bytes(100))
    # An archive was filled from here.
    store = StoreConfig(uri=str(folder / StoreConfig().uri), collection="filled")
    state = RunConfig(state_dir=str(folder / RunConfig().state_dir))
    Ledger(ledger_path(Config(store=store, run=state), "filled_0123abcd_1")).close()
    (folder / "bomb.yaml").write_text(
        "a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n"
        + "".join(
            f"{key}: &{key} [{', '.join([f'*{before}'] * 10)}]\n"
            for before, key in zip("abcdefgh", "bcdefghi", strict=True)
        )
    )


URL = "http://127.0.0.1:9/a.mp4"
ARCHIVE = ("--set", "store.collection=filled")
FOLLOW = ("--set", "source.follow_links=true")
UNPINNED = ("--set", "encode.weights=model.pt")
# What is typed, the exit code, and what is said.
CASES = {
    ("ingest", "pipe.mp4"): (3, f"[{Code.UNREADABLE}]: is a named pipe, not a regular file"),
    ("ingest", "/dev/zero"): (3, f"[{Code.UNREADABLE}]: is a device, not a regular file"),
    ("ingest", "hls.mp4"): (3, f"[{Code.NOT_A_VIDEO}]: is an HLS playlist"),
    ("ingest", "concat.mp4"): (3, f"[{Code.NOT_A_VIDEO}]: is a concat list"),
    ("ingest", "dash.mp4"): (3, f"[{Code.NOT_A_VIDEO}]: is XML"),
    ("ingest", "hls.mp4", *ARCHIVE): (3, f"[{Code.NOT_A_VIDEO}]: is an HLS playlist"),
    ("ingest", "hls.mp4", "--json", *ARCHIVE): (0, '"failed_before": 1'),
    ("ingest", "sdp.mp4"): (3, f"[{Code.NOT_A_VIDEO}]: is a session description"),
    ("ingest", "one.mp4"): (3, f"[{Code.BAD_LINK}]: is a link that leads back to itself"),
    ("ingest", "tree", *FOLLOW): (3, f"[{Code.BAD_LINK}]: is a link to a folder that it is in"),
    ("ingest", URL): (3, f"[{Code.NOT_FOUND}]: is an address"),
    ("ingest", "a.mp4", *UNPINNED): (1, "only safetensors are loaded unpinned"),
    ("reindex", "--set", "source.paths=a.mp4", *UNPINNED): (1, "only safetensors are loaded"),
    ("probe", "pipe.mp4"): (1, "is a named pipe"),
    ("probe", "hls.mp4"): (1, "is an HLS playlist"),
    ("probe", "concat.mp4"): (1, "is a concat list"),
    ("probe", "one.mp4"): (1, "symbolic links"),
    ("probe", URL): (1, "no such file"),
    ("scenes", "pipe.mp4"): (1, "is a named pipe"),
    ("scenes", "hls.mp4"): (1, "is an HLS playlist"),
    ("query", "--image", "huge.png"): (1, "more than 100,000,000"),
    ("query", "--image", "pipe.mp4"): (1, "is a named pipe"),
    ("query", "--image", "some.svg"): (1, "is no picture of a known format"),
    ("query", "--image", URL): (1, "no such file"),
    ("query", "--image", "one.mp4"): (1, "symbolic links"),
    ("query", "a car", *UNPINNED): (1, "only safetensors are loaded unpinned"),
    ("query", "a car", "--set", "encode.weights=pipe.mp4"): (1, "is a named pipe"),
    ("query", "a car", "--set", "encode.backend=open_clip", *UNPINNED): (1, "only safetensors"),
    ("plot", "v.mp4", "a car", *UNPINNED): (1, "only safetensors are loaded unpinned"),
    ("config", "check", "--config", "pipe.mp4"): (2, "is a named pipe"),
    ("config", "check", "--config", "/dev/zero"): (2, "is a device"),
    ("config", "check", "--config", "bomb.yaml"): (2, "its aliases stand for more than"),
}  # fmt: skip


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[Answers, list[str]]:
    folder = tmp_path_factory.mktemp("hostile")
    _hostile(folder)
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("VSEARCH_")},
        "PYTHONPATH": str(Path(pipeline.__file__).parent.parent),
    }
    done = subprocess.run(
        [sys.executable, "-c", f"SLOW = {SLOW}\n{ASK}"],
        input=json.dumps([list(case) for case in CASES]),
        capture_output=True, text=True, check=True, cwd=folder, env=environment,
    )  # fmt: skip
    answers, imported = json.loads(done.stdout)
    return dict(zip(CASES, map(tuple, answers), strict=True)), imported


@pytest.mark.parametrize("typed", CASES, ids=" ".join)
def test_a_clear_error(told, typed: tuple[str, ...]) -> None:
    code, said = told[0][typed]
    expected, message = CASES[typed]
    assert message in said
    assert code == expected
    assert "Traceback" not in said


def test_before_anything_slow_is_imported(told) -> None:
    """Each of these takes a second or more: the looks come first, whatever is typed."""
    assert told[1] == []
