"""Texts -> vectors, put into prompts first if that is configured.

A caption of a photo is closer to what CLIP learned from than a bare noun. The mean of the vectors
of several prompts is better still (A. Radford et al. 2021, section 3.1.4,
https://arxiv.org/abs/2103.00020).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

import numpy as np

from pipeline.data import Float32Array
from pipeline.models import Encoder

PLACE = "{}"
"""Where a text goes in a prompt."""

CLIP_PROMPTS = (
    "itap of a {}.",
    "a bad photo of the {}.",
    "a origami {}.",
    "a photo of the large {}.",
    "a {} in a video game.",
    "art of the {}.",
    "a photo of the small {}.",
)
"""The seven that OpenAI chose for ImageNet, `notebooks/Prompt_Engineering_for_ImageNet.ipynb`."""

_ARTICLE = re.compile(r"(an?|the)\s+(?=\S)", re.IGNORECASE)
_BEFORE = re.compile(rf"\b(an?|the)(\s+\w+)?\s+{re.escape(PLACE)}", re.IGNORECASE)


def prompts_of(templates: Literal["clip"] | Sequence[str]) -> tuple[str, ...]:
    """What `search.templates` means."""
    return CLIP_PROMPTS if templates == "clip" else tuple(templates)


def encode_texts(
    encoder: Encoder, texts: Sequence[str], templates: Sequence[str] = ()
) -> Float32Array:
    """Encode texts, each as the mean of its prompts.

    Args:
        encoder: The model.
        texts: What to encode.
        templates: Prompts; none for the texts as they stand.

    Returns:
        Unit vectors, float32 (len(texts), dim).

    Raises:
        QueryError: A text, in its prompt, is longer than the model's context.
    """
    if not templates:
        return encoder.encode_text(texts)
    filled = [fill(template, text) for text in texts for template in templates]
    vectors = encoder.encode_text(filled).reshape(len(texts), len(templates), encoder.dim)
    means = vectors.mean(axis=1)
    return np.asarray(means / np.linalg.norm(means, axis=1, keepdims=True), dtype=np.float32)


def fill(template: str, text: str) -> str:
    """A prompt of a text; where both have an article, the text's is left out."""
    if _BEFORE.search(template):
        text = _ARTICLE.sub("", text, count=1) if _ARTICLE.match(text) else text
    return template.replace(PLACE, text)
