"""The README shows what the demo printed when it was recorded, and nothing by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pyte

ROOT = Path(__file__).parents[1]


def test_the_transcript_is_the_end_of_the_recording() -> None:
    header, *events = map(json.loads, (ROOT / "docs" / "demo.cast").read_text("utf-8").splitlines())
    screen = pyte.Screen(header["width"], header["height"])
    stream = pyte.Stream(screen)
    for _, _, text in events:
        stream.feed(text)
    shown = [line.rstrip() for line in screen.display if line.strip()]
    readme = (ROOT / "README.md").read_text("utf-8")
    transcript = readme.split("<!-- transcript: docs/record.py -->\n```\n")[1].split("\n```")[0]
    *lines, seconds = transcript.splitlines()
    assert lines == shown
    assert seconds == f"# {events[-1][0]:.0f} seconds"
    assert events[-1][0] < 120
    assert sum("right" in line for line in lines) >= 3
