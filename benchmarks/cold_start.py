"""Cold starts: `vsearch --help`, and the first query of a process.

The reference of a query is the least that any such program does: a Python that imports torch, clip
and pymilvus and loads the same weights (`clip.load`). Both read one plain state dict in the layout
and size of ViT-B/32; ours also checks its hash, opens a Milvus Lite archive, encodes the question
and searches. Runs alternate, each in a process of its own, files are warm; medians.
"""

from __future__ import annotations

import os
import subprocess
import sys
from functools import partial
from pathlib import Path

from benchmarks import media
from benchmarks.result import Ratio, in_turns, middle
from pipeline.settings import load_config

ROUNDS = 5
HELP_S = 0.3
TARGET = 1.3
HOME = media.CACHE / "cold_start"
REFERENCE = """
import warnings; warnings.filterwarnings("ignore")
import sys, torch, clip, pymilvus
clip.load(sys.argv[1], device="cpu")
"""


def measure() -> list[Ratio]:
    config = _archive()
    vsearch = partial(_run, str(Path(sys.executable).with_name("vsearch")))
    query = partial(vsearch, "query", "--config", str(config))
    weights = load_config(config).config.encode.weights
    seconds = in_turns(
        {
            "help": partial(vsearch, "--help"),
            "reference": partial(_run, sys.executable, "-c", REFERENCE, str(weights)),
            "image": partial(query, "--image", str(HOME / "query.png")),
            "text": partial(query, "a red car"),
        },
        rounds=ROUNDS + 1,
    )
    # The first round warms the files of all of them.
    took = {name: middle(times[1:]) for name, times in seconds.items()}
    row = partial(Ratio, "cold_start", unit="s")
    note = "reference: import torch, clip, pymilvus; clip.load"
    return [
        row("vsearch --help", took["help"], HELP_S, target=1.0, note="against the promised 0.3 s"),
        row("vsearch query --image", took["image"], took["reference"], target=TARGET, note=note),
        row("vsearch query TEXT", took["text"], took["reference"], target=TARGET, note=note),
    ]


def _archive() -> Path:
    """An ingested folder, made once in a process of its own; its settings."""
    config = HOME / "config.yaml"
    if not config.is_file():
        subprocess.run([sys.executable, "-m", "benchmarks.cold_start"], check=True)
    return config


def _make() -> None:
    import shutil

    import torch
    import yaml
    from PIL import Image
    from safetensors.torch import load_file

    from pipeline.ingest.run import ingest
    from pipeline.models import write_untrained
    from pipeline.models.weights import sha256_of

    shutil.rmtree(HOME, ignore_errors=True)
    (HOME / "videos").mkdir(parents=True)
    write_untrained(HOME / "weights.safetensors", architecture="vit_b32")
    torch.save(load_file(HOME / "weights.safetensors"), HOME / "weights.pt")
    (HOME / "weights.safetensors").unlink()
    shutil.copy(media.video(320, 180, 120), HOME / "videos")
    Image.fromarray(next(media.pictures(320, 180, 1))).save(HOME / "query.png")
    settings = {
        "source": {"paths": [str(HOME / "videos")]},
        "encode": {
            "weights": str(HOME / "weights.pt"),
            "sha256": sha256_of(HOME / "weights.pt"),
            "device": "cpu",
        },
        "store": {"uri": str(HOME / "vsearch.db")},
        "run": {"state_dir": str(HOME / "state")},
    }
    written = HOME / "partial.yaml"
    written.write_text(yaml.safe_dump(settings))
    report = ingest(load_config(written).config)
    assert report.videos.ingested == 1, report
    written.rename(HOME / "config.yaml")


def _run(*command: str) -> None:
    # No settings of the user's, the CPU on both sides, and compiled modules, as anybody has them
    # after the first run.
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("VSEARCH_") and name != "PYTHONDONTWRITEBYTECODE"
    }
    environment = {**kept, "CUDA_VISIBLE_DEVICES": ""}
    subprocess.run(command, check=True, capture_output=True, env=environment)


if __name__ == "__main__":
    _make()
