"""The demo's model over videos that are not the demo's: what to say of it."""

from __future__ import annotations

from pipeline.config import EncodeConfig
from pipeline.data import DRAWN, Video, Warned
from pipeline.models.published import DEMO_NOTE


def demo_warning(encode: EncodeConfig, video: Video) -> Warned | None:
    """That the model was not made for a video; None if there is nothing to warn of."""
    if encode.backend != "demo" or video.comment == DRAWN:
        return None
    return Warned(
        f"{DEMO_NOTE}, and {video.path} is not of it: what is found there means nothing; set"
        " encode.backend to openai, and another store.collection"
    )
