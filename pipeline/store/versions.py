"""Which collections an archive is, and what gave its vectors their meaning.

Pure functions only: fingerprints, names, and the record of settings that is kept with a collection.

An archive is a name, such as `archive`. In Milvus it is an alias of the current `segments`
collection, `<archive>_<fingerprint>_<generation>`; the `videos` collection is the same name and
`_videos`.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from importlib.metadata import PackageNotFoundError, version
from operator import getitem
from typing import Any

from pipeline.config import IndexConfig
from pipeline.data import Identity

SCHEMA_VERSION = 2
"""Part of every fingerprint: raised when rows are stored in another form."""

LIBRARIES = (
    "vsearch", "torch", "clip-anytorch", "decord2", "av", "scenedetect-headless", "pymilvus",
)  # fmt: skip
_NAME = re.compile(r"(?P<collection>.+)_(?P<fingerprint>[0-9a-f]{12})_(?P<generation>[1-9][0-9]*)")
_VIDEOS = "_videos"
_MILVUS_NAMES = {"ef_construction": "efConstruction"}
_PARAMETERS = {
    "HNSW": ("M", "ef_construction"),
    "IVF_FLAT": ("nlist",),
    "IVF_SQ8": ("nlist",),
    "FLAT": (),
}


@dataclass(frozen=True, slots=True)
class Names:
    """The names of one archive's collections, current or not."""

    collection: str
    fingerprint: str
    generation: int

    @property
    def segments(self) -> str:
        return f"{self.collection}_{self.fingerprint}_{self.generation}"

    @property
    def videos(self) -> str:
        return f"{self.segments}{_VIDEOS}"


@dataclass(frozen=True, slots=True)
class ArchiveIndex:
    """The ANN index over `segments`, with its parameters under Milvus' names."""

    type: str
    params: Mapping[str, int]

    def __str__(self) -> str:
        params = ", ".join(f"{name}={value}" for name, value in self.params.items())
        return f"{self.type} ({params})" if params else self.type


@dataclass(frozen=True, slots=True)
class ArchiveSettings:
    """What is recorded with an archive when it is made.

    Args:
        identity: What gives its vectors their meaning.
        index: Its index.
        versions: Libraries that it was made with, by distribution.
        schema: The form in which its rows are stored.
    """

    identity: Identity
    index: ArchiveIndex
    versions: Mapping[str, str]
    schema: int = SCHEMA_VERSION


@dataclass(frozen=True, slots=True)
class StoreStats:
    """What `vsearch status` says about a store.

    Args:
        uri: Where it is.
        server_version: What answers there.
        consistency: What readers ask for.
        names: The collections.
        settings: What was recorded when the archive was made: identity, index, library versions.
        videos: Committed videos.
        rows: Rows of `segments`, those of no committed video included.
        file_bytes: What the Milvus Lite file takes on disk; None for a server.
    """

    uri: str
    server_version: str
    consistency: str
    names: Names
    settings: ArchiveSettings
    videos: int
    rows: int
    file_bytes: int | None


def fingerprint(identity: Identity, schema: int = SCHEMA_VERSION) -> str:
    """12 hex digits that say which rows may meet: equal identities in one form, equal digits."""
    facts = {**_facts(identity), "schema": schema}
    return hashlib.sha256(_canonical(facts).encode()).hexdigest()[:12]


def parse_names(name: str) -> Names | None:
    """Read the name of a `segments` or `videos` collection; None if it is not one of ours."""
    match = _NAME.fullmatch(name.removesuffix(_VIDEOS))
    if match is None:
        return None
    return Names(match["collection"], match["fingerprint"], int(match["generation"]))


def archive_index(config: IndexConfig) -> ArchiveIndex:
    """The index that a config asks for: its type and the parameters that this type reads."""
    names = _PARAMETERS[config.type]
    return ArchiveIndex(
        config.type, {_MILVUS_NAMES.get(name, name): getattr(config, name) for name in names}
    )


def new_settings(identity: Identity, index: IndexConfig) -> ArchiveSettings:
    """What to record with an archive that is made now."""
    return ArchiveSettings(identity, archive_index(index), library_versions())


def library_versions() -> dict[str, str]:
    """Versions of the libraries that shape an archive, as installed; absent ones are left out."""
    found = {}
    for library in LIBRARIES:
        try:
            found[library] = version(library)
        except PackageNotFoundError:
            continue
    return found


def dump_settings(settings: ArchiveSettings) -> str:
    """The record as JSON; `load_settings` reads it back."""
    return _canonical(
        {
            "schema": settings.schema,
            "fingerprint": fingerprint(settings.identity, settings.schema),
            "identity": _facts(settings.identity),
            "index": {"type": settings.index.type, "params": settings.index.params},
            "versions": settings.versions,
        }
    )


def load_settings(text: str) -> ArchiveSettings:
    """Read a record.

    Raises:
        ValueError: It is not one.
    """
    try:
        record = json.loads(text)
        identity, index = record["identity"], record["index"]
        return ArchiveSettings(
            Identity(identity["encoder"], identity["content"], identity["dim"]),
            ArchiveIndex(index["type"], index["params"]),
            record["versions"],
            int(record["schema"]),
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"not a record of settings: {error!r}") from None


def form_of(text: str) -> int | None:
    """The form that a record names; it may be a later one that `load_settings` cannot read."""
    return _number_in(text, "schema")


def dim_of(text: str) -> int | None:
    """The dimension that it names, likewise."""
    return _number_in(text, "identity", "dim")


def _number_in(text: str, *keys: str) -> int | None:
    try:
        return int(reduce(getitem, keys, json.loads(text)))
    except (KeyError, TypeError, ValueError):
        return None


def differences(there: Identity, here: Identity) -> list[str]:
    """Each setting that differs, as a phrase: `encoder.model is "RN50", not "ViT-B/32"`."""
    old, new = dict(_leaves(_facts(there))), dict(_leaves(_facts(here)))
    return [
        f"{key} is {old.get(key, 'not set')}, not {new.get(key, 'set')}"
        for key in sorted(old.keys() | new.keys())
        if old.get(key) != new.get(key)
    ]


def _facts(identity: Identity) -> dict[str, Any]:
    return {
        "encoder": _plain(identity.encoder),
        "content": _plain(identity.content),
        "dim": identity.dim,
    }


def _leaves(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping) and value:
        for key, child in value.items():
            yield from _leaves(child, f"{name}.{key}" if name else str(key))
    else:
        yield name, _canonical(value)


def _canonical(value: Any) -> str:
    return json.dumps(
        _plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def _plain(value: Any) -> Any:
    """JSON's own types, one form for equal values: 30 and 30.0 are one setting."""
    if isinstance(value, Mapping):
        return {str(key): _plain(child) for key, child in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(child) for child in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
