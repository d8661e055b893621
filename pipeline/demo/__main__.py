"""`python -m pipeline.demo DIR`: everything that `make demo` needs, in one folder."""

from __future__ import annotations

import sys
from pathlib import Path

from pipeline.demo.media import QUERY, render
from pipeline.models.untrained import write_untrained


def prepare(folder: Path) -> str:
    """Write the videos, the query picture and the untrained weights.

    Returns:
        What there is, in one sentence, with the answer to the query.
    """
    clips = render(folder / "videos")
    write_untrained(folder / "untrained.safetensors")
    scenes = sum(len(clip.scenes) for clip in clips)
    return (
        f"{len(clips)} videos of {scenes} scenes are in {folder / 'videos'};"
        f" {QUERY.name} is a picture from {QUERY.video} at {QUERY.seconds:.1f} s"
    )


if __name__ == "__main__":
    print(prepare(Path(sys.argv[1])))
