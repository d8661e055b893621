"""How far apart the colours of two pictures are."""

from __future__ import annotations

import numpy as np

from pipeline.data import UInt8Array


def apart(picture: UInt8Array, truth: UInt8Array) -> float:
    """The larger difference of mean colour, as a share of 255, of the whole and of its quarters."""
    height, width = (max(1, size // 2) for size in picture.shape[:2])
    parts = [(slice(None), slice(None))]
    parts += [(rows, columns) for rows in (slice(height), slice(height, None))
              for columns in (slice(width), slice(width, None))]  # fmt: skip
    gaps = [picture[at].mean(axis=(0, 1)) - truth[at].mean(axis=(0, 1)) for at in parts]
    return float(np.abs(gaps).max()) / 255
