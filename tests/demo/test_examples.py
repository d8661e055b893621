"""What training sees is what the product shows the model, and nothing that is held out."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pipeline.data import UInt8Array
from pipeline.demo.captions import plain, random_caption
from pipeline.demo.examples import _examples, as_seen, draw, seen, truth
from pipeline.demo.facts import Facts, Subject, held_out
from pipeline.demo.picture import still
from pipeline.models.openai_clip import MEAN, STD
from pipeline.models.preprocess import Preprocess
from tests.demo.drawn import any_facts, seeds

SIZE = 32
# More than the 240 of one task, so that there is something to share out.
COUNT = 250

Drawn = tuple[UInt8Array, list[Facts]]


@pytest.fixture(scope="module")
def drawn() -> Drawn:
    return draw(COUNT, 3, SIZE, workers=2)


def test_as_many_pictures_as_asked_for(drawn: Drawn) -> None:
    pictures, facts = drawn
    assert (pictures.shape, pictures.dtype) == ((COUNT, SIZE, SIZE, 3), np.uint8)
    assert len(facts) == COUNT
    assert len({picture.tobytes() for picture in pictures}) == COUNT
    assert len({plain(fact).text for fact in facts}) > COUNT / 2


def test_another_number_of_workers_draws_the_same(drawn: Drawn) -> None:
    told: list[int] = []
    pictures, facts = draw(COUNT, 3, SIZE, workers=1, on_progress=told.append)
    assert np.array_equal(pictures, drawn[0])
    assert facts == drawn[1]
    assert sum(told) >= COUNT


def test_training_never_sees_what_is_held_out(drawn: Drawn) -> None:
    assert not any(map(held_out, drawn[1]))


def test_only_what_is_allowed_is_drawn() -> None:
    examples = _examples(np.random.default_rng(4), SIZE, held_out)
    assert all(held_out(facts) for _, facts in islice(examples, 24))


@given(facts=any_facts)
def test_what_may_be_seen_is_what_is_not_held_out(facts: Facts) -> None:
    assert seen(facts) == (not held_out(facts))


def undone(prepared: torch.Tensor) -> np.ndarray:
    """What the model reads, as levels: float (size, size, 3)."""
    mean, std = (torch.tensor(values).view(3, 1, 1) for values in (MEAN, STD))
    return ((prepared * std + mean) * 255).permute(1, 2, 0).numpy()


@pytest.mark.parametrize(
    "size",
    [
        72,
        96,
        97,
        144,
        224,
    ],
)
def test_training_sees_what_the_product_shows(size: int) -> None:
    for seed, place in enumerate(("city", "snow", "meadow")):
        facts = Facts(place, "day", (Subject("house", "red"),))
        picture = still(facts, np.random.default_rng(seed))(1.0)
        prepared = Preprocess(size, MEAN, STD)([picture], torch.device("cpu"))[0]
        shown = as_seen(picture, size)
        assert (shown.shape, shown.dtype) == ((size, size, 3), np.uint8)
        assert np.abs(shown - undone(prepared)).max() <= 2


@given(facts=st.lists(any_facts, min_size=1, max_size=6), seed=seeds)
def test_truth_is_where_captions_hold(facts: list[Facts], seed: int) -> None:
    random = np.random.default_rng(seed)
    captions = [random_caption(fact, random) for fact in facts][:4]
    table = truth(captions, facts)
    assert (table.shape, table.dtype) == ((len(captions), len(facts)), np.bool_)
    for row, caption in zip(table, captions, strict=True):
        assert row.tolist() == [caption.holds(fact) for fact in facts]
    assert table.diagonal().all()
