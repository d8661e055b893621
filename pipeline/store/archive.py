"""Making and finding an archive: its collections, its alias, and the record of its settings.

An archive is made so that a crash at any point leaves something that the next call completes:
`videos`, then `segments`, then the alias; whoever finds the alias finds both.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import count
from typing import Any

from pymilvus.exceptions import MilvusException

from pipeline.config import IndexConfig, StoreConfig
from pipeline.data import Identity
from pipeline.errors import Code, StoreError
from pipeline.store import schema
from pipeline.store.client import Client
from pipeline.store.connection import PATIENCE, clear_place
from pipeline.store.requests import STRONG
from pipeline.store.versions import (
    SCHEMA_VERSION,
    ArchiveIndex,
    ArchiveSettings,
    Names,
    archive_index,
    differences,
    dump_settings,
    fingerprint,
    load_settings,
    new_settings,
    parse_names,
)
from pipeline.text import without_secret

_ALIAS_NOT_FOUND = (100, 1600)


@dataclass(frozen=True, slots=True)
class Archive:
    """One archive as it was found: its collections and what is recorded with them."""

    names: Names
    settings: ArchiveSettings


def find(client: Client, config: StoreConfig) -> Names | None:
    """The collections that answer, those behind the alias, or None if there is none."""
    return behind(client, config, config.collection)


def behind(client: Client, config: StoreConfig, alias: str) -> Names | None:
    """The collections behind any alias, or None if there is no such alias."""
    try:
        found = client.describe_alias(alias, timeout=config.timeout_s)
    except MilvusException as error:
        if error.code in _ALIAS_NOT_FOUND:
            return None
        raise
    names = parse_names(found["collection_name"])
    if names is None:
        raise _error(
            f"the alias {alias!r} belongs to {found['collection_name']}, which is no archive of"
            " vsearch: choose another store.collection",
            Code.SETTINGS_MISMATCH,
            config,
        )
    return names


def record(client: Client, config: StoreConfig, name: str) -> str:
    """The record of settings of a collection, as text."""
    properties = client.describe_collection(name, timeout=config.timeout_s).get("properties") or {}
    return str(properties.get(schema.SETTINGS_PROPERTY, "null"))


def _recorded(client: Client, config: StoreConfig, name: str) -> ArchiveSettings | None:
    try:
        return load_settings(record(client, config, name))
    except ValueError:
        return None


def read(client: Client, config: StoreConfig, names: Names) -> Archive:
    """What is recorded with an archive.

    Raises:
        StoreError: Nothing is that can be read, or its rows are stored in a form of later versions.
    """
    settings = _recorded(client, config, names.segments)
    if settings is None:
        raise _error(
            f"{names.segments} has no readable record of its settings: choose another"
            " store.collection and ingest again",
            Code.STORE_FAILED,
            config,
        )
    if settings.schema > SCHEMA_VERSION:
        raise _error(
            f"the rows of {names.segments} are stored in form {settings.schema}, this vsearch knows"
            f" forms up to {SCHEMA_VERSION}: use a later vsearch",
            Code.SETTINGS_MISMATCH,
            config,
        )
    return Archive(names, settings)


def find_for_reading(client: Client, config: StoreConfig) -> Archive:
    """The archive that a config names.

    Raises:
        StoreError: Nothing is indexed under this name.
    """
    names = find(client, config)
    if names is None:
        raise not_indexed(config)
    return read(client, config, names)


def check_form(archive: Archive, config: StoreConfig) -> None:
    """Refuse an archive whose rows are not stored as searches need them.

    Raises:
        StoreError: It is one (`settings_mismatch`).
    """
    form = archive.settings.schema
    if form == SCHEMA_VERSION:
        return
    raise _error(
        f"the rows of {archive.names.segments} are stored in form {form}, this vsearch searches"
        f" form {SCHEMA_VERSION}: run vsearch reindex, which copies them, or, with other"
        " settings, makes them anew",
        Code.SETTINGS_MISMATCH,
        config,
    )


def not_indexed(config: StoreConfig) -> StoreError:
    """What to say where there is no archive."""
    return _error(
        f"nothing is indexed yet under the name {config.collection!r}: run vsearch ingest first",
        Code.NOT_INDEXED,
        config,
    )


def find_or_make(
    client: Client, config: StoreConfig, identity: Identity, index: IndexConfig
) -> Archive:
    """The archive to write to, made if there is none.

    Raises:
        StoreError: There is one, made with other settings.
    """
    names = find(client, config)
    if names is None:
        _make(client, config, new_settings(identity, index))
        # Another writer may have been quicker; what the alias says holds for both.
        names = find(client, config)
        if names is None:
            raise _error("the new alias is gone again", Code.STORE_FAILED, config)
    archive = read(client, config, names)
    _check(archive, config, identity, archive_index(index))
    return archive


def find_or_make_aside(
    client: Client, config: StoreConfig, identity: Identity, index: IndexConfig
) -> Archive:
    """Collections of these settings beside those that answer: begun ones, or new ones."""
    settings = new_settings(identity, index)
    return read(client, config, _make_collections(client, config, settings))


def load(client: Client, config: StoreConfig, names: Names) -> None:
    """Bring both collections into memory, at the same time."""
    patience = math.ceil(PATIENCE * config.timeout_s)
    for name in (names.segments, names.videos):
        client.load_collection(name, timeout=patience, _async=True)
    for name in (names.segments, names.videos):
        client.load_collection(name, timeout=patience)


def _make(client: Client, config: StoreConfig, settings: ArchiveSettings) -> None:
    if client.has_collection(config.collection, timeout=config.timeout_s):
        raise _error(
            f"a collection named {config.collection!r} exists, which is no archive of vsearch:"
            " choose another store.collection",
            Code.SETTINGS_MISMATCH,
            config,
        )
    names = _make_collections(client, config, settings)
    try:
        client.create_alias(names.segments, config.collection, timeout=config.timeout_s)
    except MilvusException:
        if find(client, config) is None:
            raise


def _make_collections(client: Client, config: StoreConfig, settings: ArchiveSettings) -> Names:
    names = _free_names(client, config, settings)
    dim = settings.identity.dim
    videos, segments = schema.videos_schema(dim), schema.segments_schema(dim)
    _ensure(
        client,
        config,
        names.videos,
        videos,
        ("mean", schema.MEAN_INDEX, schema.MEAN_METRIC),
        settings,
    )
    index = ("vector", settings.index, "COSINE")
    _ensure(client, config, names.segments, segments, index, settings)
    return names


def _free_names(client: Client, config: StoreConfig, settings: ArchiveSettings) -> Names:
    """The first generation that does not exist, or was begun with these very settings."""
    digits = fingerprint(settings.identity, settings.schema)
    for generation in count(1):
        names = Names(config.collection, digits, generation)
        begun = [
            _recorded(client, config, name)
            for name in (names.segments, names.videos)
            if client.has_collection(name, timeout=config.timeout_s)
        ]
        if all(known is not None and known.index == settings.index for known in begun):
            return names
    raise AssertionError("count() ends nowhere")


def _ensure(
    client: Client,
    config: StoreConfig,
    name: str,
    collection: Any,
    index: tuple[str, ArchiveIndex, str],
    settings: ArchiveSettings,
) -> None:
    """Create a collection and its index, each unless it exists."""
    if not client.has_collection(name, timeout=config.timeout_s):
        clear_place(name, config)
        client.create_collection(
            name,
            schema=collection,
            consistency_level=STRONG,
            properties={schema.SETTINGS_PROPERTY: dump_settings(settings)},
            timeout=config.timeout_s,
        )
    if not client.list_indexes(name, timeout=config.timeout_s):
        # A whole number: pymilvus waits for ever when this is a float.
        patience = math.ceil(PATIENCE * config.timeout_s)
        client.create_index(name, schema.index_params(*index), timeout=patience)


def _check(archive: Archive, config: StoreConfig, identity: Identity, index: ArchiveIndex) -> None:
    there = archive.settings
    check_form(archive, config)
    if archive.names.fingerprint != fingerprint(identity):
        phrases = differences(there.identity, identity)
        raise _error(
            f"the archive {config.collection!r} was made with other settings: {'; '.join(phrases)}."
            " Use those, or another store.collection, or run vsearch reindex, which makes it anew",
            Code.SETTINGS_MISMATCH,
            config,
        )
    if there.index != index:
        raise _error(
            f"the index of the archive {config.collection!r} is {there.index}, not {index}:"
            " set store.index to that, or use another store.collection, or run vsearch reindex,"
            " which copies it",
            Code.SETTINGS_MISMATCH,
            config,
        )


def _error(message: str, code: Code, config: StoreConfig) -> StoreError:
    return StoreError(message, code=code, uri=without_secret(config.uri))
