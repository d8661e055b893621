"""Opening by name: a regular file, or an error, and never a wait."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pipeline import files
from pipeline.files import NotRegularError, open_regular, read_regular, told


def test_reads_what_is_there(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"abc")
    (tmp_path / "link").symlink_to(path)
    assert read_regular(tmp_path / "link", most_bytes=3) == b"abc"
    with pytest.raises(OSError, match="more than 2 bytes") as caught:
        read_regular(path, most_bytes=2)
    assert told(caught.value) == "has more than 2 bytes"


def test_what_grows_while_it_is_read_is_refused(tmp_path: Path) -> None:
    """The kernel says of these files that they have no bytes."""
    with pytest.raises(OSError, match="more than 10 bytes"):
        read_regular(Path("/proc/self/status"), most_bytes=10)


def test_what_is_no_regular_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path, kind in ((tmp_path / "pipe", "a named pipe"), (Path("/dev/zero"), "a device"),
                       (tmp_path, "a folder")):  # fmt: skip
        with pytest.raises(NotRegularError) as caught:
            open_regular(path)
        assert told(caught.value) == f"is {kind}, not a regular file"


def _descriptors() -> set[Path]:
    return set(Path("/proc/self/fd").iterdir())


def test_a_file_that_becomes_a_pipe_after_the_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The race is played: between the look and the opening, the name comes to mean a pipe."""
    path = tmp_path / "a"
    path.write_bytes(b"abc")
    look = files.regular

    def then_swapped(path: Path) -> os.stat_result:
        found = look(path)
        path.unlink()
        os.mkfifo(path)
        return found

    monkeypatch.setattr(files, "regular", then_swapped)
    before = _descriptors()
    with pytest.raises(NotRegularError):
        open_regular(path)
    assert _descriptors() == before


def test_what_the_system_says(tmp_path: Path) -> None:
    (tmp_path / "one").symlink_to("one")
    with pytest.raises(OSError, match="symbolic links") as caught:
        open_regular(tmp_path / "one")
    assert told(caught.value).startswith("cannot be read: ")
