"""Which command shows a moment, and that it is started."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from pipeline.errors import Code, VSearchError
from pipeline.export.player import Opening, opening, start

VIDEO = Path("/v/holiday & co #1.mp4")


def _on_path(*names: str):
    return lambda name: f"/bin/{name}" if name in names else None


@pytest.mark.parametrize(
    ("names", "command"),
    [
        (("mpv", "vlc", "ffplay", "firefox", "xdg-open"),
         ("/bin/mpv", "--start=12.345", "--", str(VIDEO))),
        (("vlc", "ffplay", "xdg-open"),
         ("/bin/vlc", "--start-time=12.345", "file:///v/holiday%20%26%20co%20%231.mp4")),
        (("ffplay", "firefox"), ("/bin/ffplay", "-ss", "12.345", "-i", str(VIDEO))),
        (("chromium", "xdg-open"),
         ("/bin/chromium", "file:///v/holiday%20%26%20co%20%231.mp4#t=12.345")),
    ],
)  # fmt: skip
def test_a_player_at_the_moment(names: tuple[str, ...], command: tuple[str, ...]) -> None:
    chosen = opening(VIDEO, 12.3451, which=_on_path(*names), platform="linux")
    assert chosen.command == command
    assert chosen.at_moment
    assert chosen.player in command[0]


def test_else_the_systems_own_opener() -> None:
    chosen = opening(VIDEO, 1.0, which=_on_path("xdg-open", "open"), platform="linux")
    assert chosen == Opening(("/bin/xdg-open", str(VIDEO)), "xdg-open", at_moment=False)
    chosen = opening(VIDEO, 1.0, which=_on_path("xdg-open", "open"), platform="darwin")
    assert chosen.command[0] == "/bin/open"


def test_a_browser_is_not_asked_for_what_it_would_download() -> None:
    chosen = opening(Path("/v/a.mkv"), 1.0, which=_on_path("firefox", "xdg-open"), platform="linux")
    assert chosen.player == "xdg-open"


def test_with_nothing_it_says_what_to_install() -> None:
    with pytest.raises(VSearchError, match="mpv") as caught:
        opening(VIDEO, 1.0, which=_on_path())
    assert caught.value.code == Code.PACKAGE_MISSING


def _program(path: Path, body: str) -> str:
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return str(path)


def test_it_is_started_detached_and_without_a_shell(tmp_path: Path) -> None:
    odd = "$(touch pwned); a 'b'"
    program = _program(
        tmp_path / "player", f'printf "%s\\n" "$@" > {tmp_path}/args; ps -o sid= $$ >> '
        f"{tmp_path}/sid; sleep 2",
    )  # fmt: skip
    started = time.monotonic()
    start(Opening((program, "--start=1.000", "--", odd), "player", at_moment=True))
    assert time.monotonic() - started < 1.9, "it was not waited for"
    assert (tmp_path / "args").read_text().splitlines() == ["--start=1.000", "--", odd]
    assert not (tmp_path / "pwned").exists()
    assert int((tmp_path / "sid").read_text()) != os.getsid(0)


@pytest.mark.parametrize("body", ["exit 3", None])
def test_a_player_that_does_not_start(tmp_path: Path, body: str | None) -> None:
    program = _program(tmp_path / "player", body) if body else str(tmp_path / "gone")
    with pytest.raises(VSearchError) as caught:
        start(Opening((program,), "player", at_moment=True))
    assert caught.value.code == Code.PLAYER_FAILED
