"""Runs the examples of docs/search.md against the demo's archive, and writes down what they print.

`python docs/examples.py`, after `make demo`. An example is a line `$ vsearch ...` in a block of
```` ```console ````; what follows it, up to a blank line or the next, is replaced by its output.
What every command says on stderr of its settings is left out, and so is where the project lies. The
picture that they look for, `car.jpg`, is drawn beside the page; what they write goes to
`.demo/found`.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from pipeline.demo.facts import Facts, Subject
from pipeline.demo.picture import still

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "search.md"
PICTURE = ROOT / "docs" / "car.jpg"
FOUND = ROOT / ".demo" / "found"
BLOCK = re.compile(r"(?<=```console\n).*?(?=```)", re.DOTALL)
PROMPT = "$ "
LEFT_OUT = ("config: ", "note: ")


def main() -> None:
    """Rewrite the page."""
    draw_picture()
    # Nothing that an earlier run exported is in the way.
    shutil.rmtree(FOUND, ignore_errors=True)
    page = PAGE.read_text("utf-8")
    PAGE.write_text(BLOCK.sub(lambda block: rerun(block[0]), page), "utf-8")


def draw_picture() -> None:
    """A red car of the drawn world, as none of its videos shows it."""
    facts = Facts("road", "day", (Subject("car", "red", "big"),))
    frame = still(facts, np.random.default_rng(0))(0.0)
    Image.fromarray(frame).resize((320, 180)).save(PICTURE)


def rerun(block: str) -> str:
    """A block with the output that its commands have now."""
    commands = [line for line in block.splitlines() if line.startswith(PROMPT)]
    return "\n".join(f"{line}\n{output(line.removeprefix(PROMPT))}" for line in commands)


def output(command: str) -> str:
    """What a command prints, as a reader of the page sees it."""
    bin_folder = Path(sys.executable).parent
    environment = {
        **os.environ,
        "PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}",
        "VSEARCH_CONFIG": "configs/demo.yaml",
        "COLUMNS": "80",
    }
    done = subprocess.run(
        command,
        shell=True,  # an example is what people type
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    lines = [line for line in done.stdout.splitlines() if not line.startswith(LEFT_OUT)]
    return "".join(f"{line}\n" for line in lines).replace(f"{ROOT}/", "")


if __name__ == "__main__":
    main()
