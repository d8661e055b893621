"""A question -> one query vector."""

from __future__ import annotations

from pathlib import Path

from pipeline.data import Float32Array
from pipeline.errors import Code, QueryError
from pipeline.media.image import load_image
from pipeline.models.base import Encoder


def check_question(text: str | None, image: Path | None) -> None:
    """Refuse what cannot be answered, before a model is loaded.

    Raises:
        QueryError: Neither text nor image, both, or blank text.
    """
    if (text is None) == (image is None):
        raise QueryError(
            'ask by text or by image, one of them: vsearch query "a red car", or --image FRAME.png',
            code=Code.QUERY_INVALID,
        )
    if text is not None and not text.strip():
        raise QueryError("the text is empty: say what to look for", code=Code.QUERY_INVALID)


def compose(encoder: Encoder, *, text: str | None, image: Path | None) -> Float32Array:
    """Encode a question.

    Returns:
        Unit vector, float32 (dim,).

    Raises:
        QueryError: As `check_question`, or text longer than the model's context.
        MediaError: The image cannot be read.
    """
    check_question(text, image)
    if image is not None:
        vectors = encoder.encode_images([load_image(image)])
    else:
        vectors = encoder.encode_text([text or ""])
    vector: Float32Array = vectors[0]
    return vector
