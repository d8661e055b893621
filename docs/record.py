"""`python docs/record.py`: runs `make demo` in a terminal and keeps what it shows.

It writes `demo.cast` beside itself (`asciinema play docs/demo.cast`), `demo.png` (the answers as a
picture), and the end of the transcript into the README, between two marks.
"""

from __future__ import annotations

import codecs
import json
import os
import pty
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pyte

HERE = Path(__file__).parent
ROOT = HERE.parent
COMMAND = ("make", "demo")
PROMPT = f"$ {' '.join(COMMAND)}"
WIDTH, HEIGHT = 120, 60
MOST_S = 120
MARKS = ("<!-- transcript: docs/record.py -->\n", "<!-- end of transcript -->\n")


def record(command: tuple[str, ...]) -> list[tuple[float, str]]:
    """What a command writes to a terminal, with the seconds since its start."""
    said = [(0.0, f"{PROMPT}\r\n")]
    decoder = codecs.getincrementaldecoder("utf-8")()
    started = time.monotonic()
    child, terminal = pty.fork()
    if not child:
        os.environ.update(COLUMNS=str(WIDTH), LINES=str(HEIGHT), TERM="xterm-256color")
        os.chdir(ROOT)
        os.execvp(command[0], command)
    while data := _read(terminal):
        said.append((time.monotonic() - started, decoder.decode(data)))
    if code := os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]):
        sys.exit(f"{' '.join(command)} ended with {code}:\n{''.join(text for _, text in said)}")
    return said


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:
        # Linux says so when the last program at the terminal has ended.
        return b""


def last_screen(said: list[tuple[float, str]]) -> list[str]:
    """The lines that are left at the end: bars have come and gone."""
    screen = pyte.Screen(WIDTH, HEIGHT)
    stream = pyte.Stream(screen)
    for _, text in said:
        stream.feed(text.replace(f"{ROOT}/", ""))
    lines = [line.rstrip() for line in screen.display]
    return [line for line in lines if line]


def write_readme(lines: list[str]) -> None:
    """Put the transcript into the README."""
    path = ROOT / "README.md"
    before, rest = path.read_text("utf-8").split(MARKS[0])
    after = rest.split(MARKS[1])[1]
    shown = "\n".join(lines)
    path.write_text(f"{before}{MARKS[0]}```\n{shown}\n```\n{MARKS[1]}{after}", "utf-8")


def write_cast(said: list[tuple[float, str]]) -> None:
    """Write it as asciinema's version 2 has it."""
    header = {"version": 2, "width": WIDTH, "height": HEIGHT, "title": PROMPT}
    events = [[round(at, 3), "o", text.replace(f"{ROOT}/", "")] for at, text in said]
    lines = (json.dumps(each, ensure_ascii=False) for each in (header, *events))
    (HERE / "demo.cast").write_text("\n".join(lines) + "\n", "utf-8")


def main() -> None:
    """Record."""
    shutil.rmtree(ROOT / ".demo", ignore_errors=True)
    # What it takes to install depends on the network.
    subprocess.run(["make", "setup"], cwd=ROOT, check=True)
    said = record(COMMAND)
    seconds = said[-1][0]
    write_cast(said)
    write_readme([PROMPT, *last_screen(said)[1:], f"# {seconds:.0f} seconds"])
    shutil.copy(ROOT / ".demo" / "answers.png", HERE / "demo.png")
    if seconds > MOST_S:
        sys.exit(f"it took {seconds:.0f} s, more than the {MOST_S} s that are promised")


if __name__ == "__main__":
    main()
