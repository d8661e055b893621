"""Damage: total, bounded, the same each time, and of every kind."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.mutants import ANYWHERE, MOST_BYTES, OF_FORMAT, Mutant, mutant
from tests.fuzz.sources import make_sources
from tests.fuzz.trees import BOXES, CHUNKS, ELEMENTS, Form, listed

FORMS = {"h264.mp4": BOXES, "fragments.mp4": BOXES, "hevc.mov": BOXES, "vp9.webm": ELEMENTS,
         "h264.mkv": ELEMENTS, "mpeg4.avi": CHUNKS}  # fmt: skip
DAMAGES = {**ANYWHERE, **{name: damage for name, (_, damage) in OF_FORMAT.items()}}

seeds = st.integers(0, 2**32)


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return make_sources(tmp_path_factory.mktemp("sources"))


@given(data=st.binary(max_size=2000), seed=seeds, name=st.sampled_from(sorted(DAMAGES)))
def test_any_bytes_can_be_damaged(data: bytes, seed: int, name: str) -> None:
    damage = DAMAGES[name]
    damaged = damage(data, Random(seed))
    assert isinstance(damaged, bytes)
    assert damaged == damage(data, Random(seed))


@given(data=st.binary(max_size=500), form=st.sampled_from([BOXES, ELEMENTS, CHUNKS]))
def test_what_is_parsed_is_written_back(data: bytes, form: Form) -> None:
    assert form.write(form.parse(data)) == data


@pytest.mark.parametrize("name", FORMS)
def test_real_files_are_trees(sources: dict[str, bytes], name: str) -> None:
    tree = FORMS[name].parse(sources[name])
    assert FORMS[name].write(tree) == sources[name]
    kinds = {node.kind for node in listed(tree)}
    deep = {
        BOXES: {b"ftyp", b"moov", b"trak", b"stsd", b"stts"},
        ELEMENTS: {bytes.fromhex(each) for each in ("1a45dfa3", "18538067", "1654ae6b", "a3")},
        CHUNKS: {b"RIFF", b"LIST", b"avih", b"strf", b"idx1"},
    }[FORMS[name]]
    assert deep <= kinds


@given(seed=seeds, number=st.integers(0, 10**6), data=st.binary(min_size=1, max_size=3000))
def test_mutants(seed: int, number: int, data: bytes) -> None:
    sources = {"a.mp4": data, "b.mkv": data[::-1], "c.ts": data * 70}
    made = mutant(sources, seed, number)
    assert made == mutant(sources, seed, number)
    assert made.data != sources[made.source]
    assert len(made.data) <= MOST_BYTES
    assert made.name.isascii()
    assert len(made.name) < 100


def test_another_seed_gives_others(sources: dict[str, bytes]) -> None:
    def made(seed: int) -> list[Mutant]:
        return [mutant(sources, seed, number) for number in range(50)]

    assert made(1) == made(1)
    assert not {each.data for each in made(1)} & {each.data for each in made(2)}


def test_every_file_is_damaged_in_every_way(sources: dict[str, bytes]) -> None:
    made = [mutant(sources, 1, number) for number in range(600)]
    assert {each.source for each in made} == sources.keys()
    done = Counter(damage for each in made for damage in each.damages)
    assert done.keys() == {*DAMAGES, "splice"}
    own = Counter(Path(each.source).suffix for each in made if {*each.damages} & {*OF_FORMAT})
    assert own.keys() == {".mp4", ".mov", ".mkv", ".webm", ".avi", ".ts"}
