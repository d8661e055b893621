"""Names, fingerprints and the record of settings."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config import IndexConfig
from pipeline.data import Identity
from pipeline.store.versions import (
    Names,
    differences,
    dump_settings,
    fingerprint,
    load_settings,
    new_settings,
    parse_names,
)
from tests.store.samples import IDENTITY

collections = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,99}", fullmatch=True)
digits = st.from_regex(r"[0-9a-f]{12}", fullmatch=True)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
leaves = (
    st.none()
    | st.booleans()
    | st.integers(-(2**40), 2**40)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts
)
facts = st.dictionaries(
    texts, leaves | st.lists(leaves, max_size=3) | st.dictionaries(texts, leaves, max_size=3)
)
identities = st.builds(Identity, encoder=facts, content=facts, dim=st.integers(1, 4096))


@given(collections, digits, st.integers(1, 10**6))
def test_names_read_back(collection: str, fingerprint: str, generation: int) -> None:
    names = Names(collection, fingerprint, generation)
    assert parse_names(names.segments) == parse_names(names.videos) == names
    assert len(names.videos) <= 255


@pytest.mark.parametrize(
    "name",
    ["archive", "archive_videos", "a_0123456789ab", "a_0123456789ab_0", "a_0123456789aZ_1", ""],
)
def test_other_names(name: str) -> None:
    assert parse_names(name) is None


def reordered(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: reordered(value[key]) for key in reversed(value)}
    if isinstance(value, list):
        return tuple(map(reordered, value))
    return value


@given(identities)
def test_order_and_container_do_not_matter(identity: Identity) -> None:
    same = Identity(reordered(identity.encoder), reordered(identity.content), identity.dim)
    assert fingerprint(same) == fingerprint(identity)
    assert differences(same, identity) == []


@given(identities, identities)
def test_fingerprints_differ_exactly_where_settings_do(one: Identity, two: Identity) -> None:
    assert (fingerprint(one) == fingerprint(two)) == (differences(one, two) == [])


@given(identities, st.sampled_from(["HNSW", "IVF_FLAT", "IVF_SQ8", "FLAT"]))
def test_settings_read_back(identity: Identity, kind: str) -> None:
    settings = new_settings(identity, IndexConfig.model_validate({"type": kind}))
    found = load_settings(dump_settings(settings))
    assert (found.index, found.versions) == (settings.index, settings.versions)
    assert fingerprint(found.identity) == fingerprint(identity)


@pytest.mark.parametrize("text", ["null", "{}", "3", '{"identity": 1}', "no json"])
def test_no_record(text: str) -> None:
    with pytest.raises(ValueError, match=r"record|Expecting"):
        load_settings(text)


def test_equal_numbers_are_one_setting() -> None:
    whole = replace(IDENTITY, content={"max_length_s": 30})
    assert fingerprint(whole) == fingerprint(replace(IDENTITY, content={"max_length_s": 30.0}))
    assert fingerprint(whole) != fingerprint(replace(IDENTITY, content={"max_length_s": 31}))
    assert fingerprint(replace(IDENTITY, content={"x": True})) != fingerprint(
        replace(IDENTITY, content={"x": 1})
    )


def test_a_fingerprint_stays() -> None:
    """Another value here means that no existing archive is found any more: raise SCHEMA_VERSION."""
    assert fingerprint(Identity({"model": "ViT-B/32"}, {"per_scene": 3}, 512)) == "e210e5089511"


def test_differences_name_each_setting() -> None:
    other = replace(IDENTITY, content={"scenes": {"detector": "hash", "extra": 1}}, dim=4)
    assert differences(IDENTITY, other) == [
        "content.sample.per_scene is 3, not set",
        'content.scenes.detector is "adaptive", not "hash"',
        "content.scenes.extra is not set, not 1",
        "content.scenes.max_length_s is 30, not set",
        "dim is 8, not 4",
    ]
