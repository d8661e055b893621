"""Files that may not be read. Root may read all, so that the question is put as nobody."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import pipeline
from tests.media_factory import MediaFactory

NOBODY = 65534

ASK = """
import sys
from pathlib import Path
from pipeline.errors import MediaError
from pipeline.media.image import load_image
from pipeline.media.probe import probe
from pipeline.media.reader import open_frames

# What is imported late is imported before the rights to read it are given up.
import av, decord
from PIL import Image
Image.init()
if len(sys.argv) > 2:
    import os
    os.setgroups([])
    os.setgid(int(sys.argv[2]))
    os.setuid(int(sys.argv[2]))
for look in (probe, lambda path: next(iter(open_frames(path))), load_image):
    try:
        look(Path(sys.argv[1]))
        print("readable")
    except MediaError as error:
        print(error.code)
"""


def _ask(path: Path) -> list[str]:
    as_nobody = [str(NOBODY)] if os.geteuid() == 0 else []
    command = [sys.executable, "-c", ASK, str(path), *as_nobody]
    root = Path(pipeline.__file__).parent.parent
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=root)
    if as_nobody and "PermissionError" in done.stderr and "setuid" in done.stderr:
        pytest.skip("runs as root in a place where rights cannot be given up")
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@pytest.fixture
def reachable() -> Iterator[Path]:
    """A folder that anybody may enter; pytest closes its own to others, again at each start."""
    with tempfile.TemporaryDirectory(prefix="vsearch-test-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def test_file_without_rights(media: MediaFactory, reachable: Path) -> None:
    path = reachable / "secret.mp4"
    path.write_bytes(media["short.mp4"].read_bytes())
    path.chmod(0o644)
    assert _ask(path) == ["readable", "readable", "image_invalid"]
    path.chmod(0)
    assert _ask(path) == ["unreadable"] * 3
