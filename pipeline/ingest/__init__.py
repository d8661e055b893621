"""Files to rows: discover, probe, read, split, sample, encode, write, commit.

Each stage takes an iterator and returns one; `run.py` composes them. What decodes runs in child
processes (`workers.py`) that never import torch; the process that holds torch never imports decord.
"""
