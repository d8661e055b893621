"""The settings: one pydantic tree, one section a stage.

What belongs here: names, types, ranges and defaults of settings. Where values come from is in
`settings.py`; what a setting does is written where it is used. `configs/default.yaml` says all of
it for people; a test holds the two equal.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterator
from datetime import UTC, tzinfo
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    model_validator,
)

from pipeline.filters import PathIs
from pipeline.text import name_pattern, without_secret

MAX_CANDIDATES = 64
"""Most frames that a scene keeps while it is open; it bounds memory and samples a scene."""

MAX_TILES = 100
"""Most tiles of a square frame; each is a row, and a scene's cross the process border at once."""

MAX_TAG_CHARACTERS = 200
"""Longest tag."""

_NOT_IN_TAGS = ("Cc", "Cs", "Zl", "Zp")
"""Unicode's categories of control characters, lone surrogates and line breaks."""


def checked_tag(tag: str) -> str:
    """A tag, as it is: one line of text that can stand in a list with commas.

    Raises:
        ValueError: It is none.
    """
    if not tag.strip():
        raise ValueError("a tag needs at least one character")
    if tag != tag.strip():
        raise ValueError("a tag begins and ends without blanks")
    if "," in tag:
        raise ValueError("a tag has no comma: write two tags each by itself")
    if any(unicodedata.category(char) in _NOT_IN_TAGS for char in tag):
        raise ValueError("a tag has no control characters and no line breaks")
    if len(tag) > MAX_TAG_CHARACTERS:
        raise ValueError(f"a tag has at most {MAX_TAG_CHARACTERS} characters")
    return tag


def _checked_pattern(pattern: str) -> str:
    if not pattern.strip():
        raise ValueError("a pattern such as lectures/** is needed: ** alone names every file")
    return PathIs(pattern).pattern


def _checked_name_pattern(pattern: str) -> str:
    name_pattern(pattern)
    return pattern


def zone_of(name: str) -> tzinfo:
    """A time zone by its name, such as `UTC` or `Europe/Berlin`.

    Raises:
        ValueError: There is none.
    """
    try:
        return UTC if name == "UTC" else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(
            f"{name!r} is no time zone: write UTC, or a name such as Europe/Berlin"
        ) from None


def _checked_zone(name: str) -> str:
    zone_of(name)
    return name


Auto = Literal["auto"]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Names = Annotated[
    tuple[str, ...], BeforeValidator(lambda v: v if isinstance(v, list | tuple) else (str(v),))
]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Pattern = Annotated[str, AfterValidator(_checked_pattern)]
Tags = Annotated[
    tuple[Annotated[str, AfterValidator(checked_tag)], ...],
    Field(min_length=1),
    BeforeValidator(lambda v: (v,) if isinstance(v, str) else v),
]


class Section(BaseModel):
    """A section of the settings: unknown keys are errors, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)


class TagRule(Section):
    """Tags for videos with a path that a pattern names, as `PathIs` says."""

    path: Pattern
    tags: Tags


class SourceConfig(Section):
    """Where videos are looked for, and what they are labelled with."""

    paths: Names = ()
    extensions: Names = (
        ".3gp", ".asf", ".avi", ".flv", ".gif", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg",
        ".mpg", ".mts", ".mxf", ".ogv", ".ts", ".vob", ".webm", ".wmv",
    )  # fmt: skip
    follow_links: bool = False
    recorded_at: Annotated[str, AfterValidator(_checked_name_pattern)] | None = None
    recorded_zone: Annotated[str, AfterValidator(_checked_zone)] = "UTC"
    tags: tuple[TagRule, ...] = ()


class DecodeConfig(Section):
    """How files become frames."""

    backend: Literal["auto", "decord", "pyav"] = "auto"
    workers: Annotated[int, Field(ge=1, le=256)] | Auto = "auto"
    deadline_s: Positive | Auto = "auto"
    file_deadline_s: Positive | Auto = "auto"
    memory_mb: Annotated[int, Field(ge=256)] | Auto = "auto"
    max_file_mb: Positive | None = None


class ScenesConfig(Section):
    """How frames become scenes."""

    detector: Literal["adaptive", "content", "hash", "histogram", "threshold", "fixed"] = "adaptive"
    threshold: NotNegative | None = None
    min_length_s: NotNegative = 0.6
    max_length_s: Positive | None = 30.0

    @model_validator(mode="after")
    def _lengths_fit(self) -> ScenesConfig:
        if self.max_length_s is None:
            if self.detector == "fixed":
                raise ValueError("detector fixed cuts every max_length_s: set it, such as 1.0")
        elif self.detector != "fixed" and self.max_length_s <= self.min_length_s:
            raise ValueError(
                f"max_length_s ({self.max_length_s:g}) must exceed"
                f" min_length_s ({self.min_length_s:g})"
            )
        return self


class TilesConfig(Section):
    """How a sampled frame is cut into overlapping squares.

    Args:
        size: Side of a square, as a fraction of the frame's shorter side.
        overlap: Least overlap of neighbours, as a fraction of a square's side.
    """

    size: Annotated[float, Field(ge=0.1, le=1)] = 0.5
    overlap: Annotated[float, Field(ge=0, le=0.9)] = 0.25

    @model_validator(mode="after")
    def _not_too_many(self) -> TilesConfig:
        across = 1 + math.ceil((1 - self.size) / (self.size * (1 - self.overlap)) - 1e-9)
        if across**2 > MAX_TILES:
            raise ValueError(
                f"cuts a square frame into {across**2} tiles, more than {MAX_TILES}:"
                " raise size or lower overlap"
            )
        return self


class SampleConfig(Section):
    """Which pictures stand for a scene."""

    per_scene: Annotated[int, Field(ge=1, le=MAX_CANDIDATES)] = 3
    fps: Positive | None = None
    pooling: Literal["none", "mean"] = "none"
    tiles: TilesConfig | None = None


class EncodeConfig(Section):
    """Which model turns pictures and text into vectors, and on what."""

    backend: Literal["openai", "open_clip", "demo"] = "openai"
    model: str = "ViT-B/32"
    weights: str | None = None
    sha256: Sha256 | None = None
    cache_dir: str = "~/.cache/clip"
    device: str = "auto"
    precision: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    batch_size: Annotated[int, Field(ge=1, le=4096)] = 64


class IndexConfig(Section):
    """The ANN index over `segments`; a type reads only its own parameters.

    `M` and `ef_construction` are HNSW's, `nlist` is that of IVF_FLAT and IVF_SQ8.
    """

    type: Literal["HNSW", "IVF_FLAT", "IVF_SQ8", "FLAT"] = "HNSW"
    M: Annotated[int, Field(ge=2, le=2048)] = 16
    ef_construction: Annotated[int, Field(ge=8, le=4096)] = 200
    nlist: Annotated[int, Field(ge=1, le=65536)] = 1024


class AnnConfig(Section):
    """How widely the index is searched: `ef` is HNSW's, `nprobe` IVF's."""

    ef: Annotated[int, Field(ge=1, le=32768)] = 256
    nprobe: Annotated[int, Field(ge=1, le=65536)] = 384


class StoreConfig(Section):
    """Which Milvus, which collection, which index."""

    uri: str = "./vsearch.db"
    collection: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,99}$")] = "archive"
    token: SecretStr | None = None
    token_file: str | None = None
    consistency: Literal["Strong", "Bounded", "Session", "Eventually"] = "Bounded"
    timeout_s: Positive = 30.0
    outage_s: Positive = 180.0
    index: IndexConfig = IndexConfig()
    search: AnnConfig = AnnConfig()
    flush_rows: Annotated[int, Field(ge=1)] = 50_000
    flush_s: Positive = 300.0

    def __repr_args__(self) -> Iterator[tuple[str | None, object]]:
        for name, value in super().__repr_args__():
            yield name, without_secret(self.uri) if name == "uri" else value


class SearchConfig(Section):
    """How questions are asked, and how hits become an answer."""

    top_k: Annotated[int, Field(ge=1, le=1000)] = 10
    aggregate: Literal["max", "mean", "top_mean", "softmax"] = "max"
    moment_gap_s: NotNegative = 2.0
    min_confidence: Annotated[float, Field(ge=0, lt=1)] | None = 0.95
    templates: Literal["clip"] | Names = ()

    @model_validator(mode="after")
    def _texts_have_a_place(self) -> SearchConfig:
        for template in () if self.templates == "clip" else self.templates:
            if "{}" not in template:
                raise ValueError(
                    f"the template {template!r} has no {{}}, where the text goes: write one such as"
                    " 'a photo of {}', or clip for CLIP's own"
                )
        return self


class RunConfig(Section):
    """Where a run keeps its notes."""

    executor: Literal["local"] = "local"
    state_dir: str = "./.vsearch"


class Config(Section):
    """All settings."""

    source: SourceConfig = SourceConfig()
    decode: DecodeConfig = DecodeConfig()
    scenes: ScenesConfig = ScenesConfig()
    sample: SampleConfig = SampleConfig()
    encode: EncodeConfig = EncodeConfig()
    store: StoreConfig = StoreConfig()
    search: SearchConfig = SearchConfig()
    run: RunConfig = RunConfig()

    @model_validator(mode="after")
    def _fps_fits_scenes(self) -> Config:
        fps, longest = self.sample.fps, self.scenes.max_length_s
        if fps is None:
            return self
        # A scene stays open for min_length_s, since a detector may report a cut so late.
        most_s = (MAX_CANDIDATES - 1) / fps - self.scenes.min_length_s
        if longest is None or longest > most_s:
            raise ValueError(
                f"sample.fps {fps:g} asks for more than {MAX_CANDIDATES} frames of a scene:"
                f" set scenes.max_length_s to {most_s:g} or less"
            )
        return self
