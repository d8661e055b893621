"""A moment -> a player that is shown it. What is on the PATH decides; never a shell."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import Code, VSearchError

BROWSERS = (
    "firefox", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable",
    "brave-browser", "microsoft-edge",
)  # fmt: skip
BROWSER_SUFFIXES = frozenset({".mp4", ".m4v", ".webm", ".mov", ".ogv", ".ogg"})
"""What browsers play; others they would download."""

_SETTLES_S = 0.5

Which = Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class Opening:
    """A command that shows a video.

    Args:
        command: Program and arguments.
        player: Its name.
        at_moment: It starts at the moment, not at the video's start.
    """

    command: tuple[str, ...]
    player: str
    at_moment: bool


def opening(
    path: Path,
    seconds: float,
    *,
    which: Which = shutil.which,
    platform: str = sys.platform,
) -> Opening:
    """What shows a video at a time: mpv, VLC, ffplay, a browser, or else the system's own opener.

    Args:
        path: Absolute, so that no name is taken for an option or an address.
        seconds: Presentation time.
        which: Where a program is on the PATH, or None.
        platform: As `sys.platform`.

    Raises:
        VSearchError: PACKAGE_MISSING, there is none of them.
    """
    at, name = f"{max(0.0, seconds):.3f}", str(path)
    players = (
        ("mpv", (f"--start={at}", "--", name)),
        ("vlc", (f"--start-time={at}", path.as_uri())),
        ("ffplay", ("-ss", at, "-i", name)),
    )
    fragment = (f"{path.as_uri()}#t={at}",)
    for player, arguments in players:
        if found := which(player):
            return Opening((found, *arguments), player, at_moment=True)
    if path.suffix.lower() in BROWSER_SUFFIXES:
        for browser in BROWSERS:
            if found := which(browser):
                return Opening((found, *fragment), browser, at_moment=True)
    opener = "open" if platform == "darwin" else "xdg-open"
    if found := which(opener):
        return Opening((found, name), opener, at_moment=False)
    raise VSearchError(
        "no player was found on the PATH: install mpv, VLC or ffplay", code=Code.PACKAGE_MISSING
    )


def start(chosen: Opening) -> None:
    """Run a player that outlives this process, and its terminal.

    Raises:
        VSearchError: PLAYER_FAILED, it cannot be started, or ends at once with an error.
    """
    try:
        process = subprocess.Popen(  # noqa: S603  a program of the PATH, arguments as a list
            chosen.command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        raise _not_started(chosen, error.strerror or str(error)) from None
    try:
        code = process.wait(_SETTLES_S)
    except subprocess.TimeoutExpired:
        process.returncode = 0  # it plays on without us, and that is no leak
        return
    if code:
        raise _not_started(chosen, f"exit code {code}")


def _not_started(chosen: Opening, reason: str) -> VSearchError:
    return VSearchError(
        f"could not play it ({reason}); the command was {' '.join(chosen.command)}",
        code=Code.PLAYER_FAILED,
        uri=chosen.player,
    )
