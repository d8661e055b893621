"""The models that OpenAI published and the one that comes along, as data. No I/O, no torch.

A test holds the table equal to `clip.clip._MODELS`, so that looking one up costs no import of clip.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

_ROOT = "https://openaipublic.azureedge.net/clip/models"


@dataclass(frozen=True, slots=True)
class PublishedModel:
    """One published checkpoint.

    Args:
        name: OpenAI's name, such as `ViT-B/32`.
        url: Where it is published.
        sha256: Of the file, 64 lower-case hex digits.
        input_size: Side in pixels of the square that it sees.
        dim: Length of a vector.
    """

    name: str
    url: str
    sha256: str
    input_size: int
    dim: int

    @property
    def file_name(self) -> str:
        """The name under which OpenAI's package caches it."""
        return self.url.rpartition("/")[2]


def _openai(name: str, sha256: str, input_size: int, dim: int) -> PublishedModel:
    file_name = name.replace("/", "-").replace("@", "-") + ".pt"
    return PublishedModel(name, f"{_ROOT}/{sha256}/{file_name}", sha256, input_size, dim)


_MODELS = (
    _openai("RN50", "afeb0e10f9e5a86da6080e35cf09123aca3b358a0c3e3b6c78a7b63bc04b6762", 224, 1024),
    _openai("RN101", "8fa8567bab74a42d41c5915025a8e4538c3bdbe8804a470a72f30b0d94fab599", 224, 512),
    _openai("RN50x4", "7e526bd135e493cef0776de27d5f42653e6b4c8bf9e0f653bb11773263205fdd", 288, 640),
    _openai(
        "RN50x16", "52378b407f34354e150460fe41077663dd5b39c54cd0bfd2b27167a4a06ec9aa", 384, 768
    ),
    _openai(
        "RN50x64", "be1cfb55d75a9666199fb2206c106743da0f6468c9d327f3e0d0a543a9919d9c", 448, 1024
    ),
    _openai(
        "ViT-B/32", "40d365715913c9da98579312b702a82c18be219cc2a73407c4526f58eba950af", 224, 512
    ),
    _openai(
        "ViT-B/16", "5806e77cd80f8b59890b7e101eabd078d9fb84e6937f9e85e4ecb61988df416f", 224, 512
    ),
    _openai(
        "ViT-L/14", "b8cca3fd41ae0c99ba7e8951adf17d267cdb84cd88be6f7c2e0eca1737a03836", 224, 768
    ),
    _openai(
        "ViT-L/14@336px",
        "3035c92b350959924f9f00213499208652fc7ea050643e8b385c2dac08641f02",
        336,
        768,
    ),
)

PUBLISHED: Mapping[str, PublishedModel] = MappingProxyType({model.name: model for model in _MODELS})

DEMO_WEIGHTS = Path(__file__).parents[1] / "demo" / "weights" / "demo.pt"
"""The small CLIP of `encode.backend: demo`; its model card is beside it."""

DEMO_SHA256 = "81971d608c0906250213e99c412f59321e4e759199f84cb245e767161033f310"

DEMO_NOTE = "encode.backend demo is a small model that knows the demo's drawn world only"
"""What every place that uses it says."""
