"""Pixels and text to unit vectors; the only room that imports torch and clip.

Importing this package imports none of them: `load_encoder` does.
"""

from pipeline.models.base import Encoder
from pipeline.models.registry import EncoderStatus, describe, load_encoder, refuse_early
from pipeline.models.untrained import write_untrained

__all__ = [
    "Encoder",
    "EncoderStatus",
    "describe",
    "load_encoder",
    "refuse_early",
    "write_untrained",
]
