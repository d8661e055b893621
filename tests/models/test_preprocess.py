"""Our batches against the transform that comes with the model, which goes through Pillow."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from clip.clip import _transform
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from pipeline.data import UInt8Array
from pipeline.models.openai_clip import MEAN, STD
from pipeline.models.preprocess import Preprocess, _groups, resize_in_float, resized_shape
from tests.models.conftest import picture

CPU = torch.device("cpu")


def levels(tensor: torch.Tensor) -> torch.Tensor:
    """Back from normalized values to levels of 0 to 255."""
    return (tensor * torch.tensor(STD).view(3, 1, 1) + torch.tensor(MEAN).view(3, 1, 1)) * 255


def difference(image: UInt8Array, size: int) -> torch.Tensor:
    ours = Preprocess(size, MEAN, STD)([image], CPU)[0]
    theirs = _transform(size)(Image.fromarray(image))
    assert ours.shape == theirs.shape == (3, size, size)
    return (levels(ours) - levels(theirs)).abs()


sides = st.integers(1, 260)


@given(height=sides, width=sides, size=st.sampled_from([32, 64, 97]), seed=st.integers(0, 99))
@settings(max_examples=60, deadline=None)
@example(height=1, width=1, size=64, seed=0)
@example(height=16, width=1, size=64, seed=0)
@example(height=1, width=16, size=64, seed=0)
@example(height=225, width=224, size=224, seed=0)
@example(height=720, width=1280, size=224, seed=0)
@example(height=1280, width=720, size=336, seed=0)
def test_equal_to_the_models_own(height: int, width: int, size: int, seed: int) -> None:
    if max(height, width) > 16 * min(height, width):
        height = width
    off = difference(picture(height, width, seed), size)
    # Two roundings to 8 bits, and an order of passes that Pillow chooses by shape.
    assert off.max() < 2.01
    assert off.mean() < 0.4


@pytest.mark.parametrize("shape", [(720, 1280), (1280, 720), (480, 640), (100, 77)])
def test_common_shapes_are_nearer_still(shape: tuple[int, int]) -> None:
    off = difference(picture(*shape), 224)
    assert off.max() < 1.01
    assert off.mean() < 0.01


@pytest.mark.parametrize("shape", [(1, 200), (200, 1), (3, 400), (400, 5)])
def test_very_long_pictures_move_by_half_a_pixel_at_most(shape: tuple[int, int]) -> None:
    # One source pixel covers size / short side pixels: half a pixel moves a value by that share.
    off = difference(picture(*shape), 64)
    assert off.mean() < 255 * 0.5 * min(shape) / 64


def test_a_hostile_shape_is_prepared_in_little_memory() -> None:
    # Resized as a whole it would be 224 x 13,440,000 pixels, 9 GB.
    long = np.zeros((1, 60_000, 3), np.uint8)
    assert Preprocess(224, MEAN, STD)([long], CPU).shape == (1, 3, 224, 224)


def test_float_passes_equal_the_integer_ones() -> None:
    # What a GPU does, here on the CPU.
    for height, width in ((180, 320), (50, 40), (720, 1280)):
        pixels = torch.from_numpy(picture(height, width)).permute(2, 0, 1)[None]
        shape = resized_shape(height, width, 64)
        ours = resize_in_float(pixels, *shape, "bicubic")[0].permute(1, 2, 0).int()
        theirs = Image.fromarray(picture(height, width)).resize(
            (shape[1], shape[0]), Image.Resampling.BICUBIC
        )
        off = (ours - torch.from_numpy(np.array(theirs)).int()).abs()
        assert off.max() <= 1
        assert off.float().mean() < 0.001


@given(st.lists(st.tuples(sides, sides), min_size=1, max_size=12))
@settings(max_examples=25, deadline=None)
def test_a_batch_of_any_shapes_is_in_order(shapes: list[tuple[int, int]]) -> None:
    images = [picture(height, width, seed) for seed, (height, width) in enumerate(shapes)]
    preprocess = Preprocess(32, MEAN, STD)
    together = preprocess(images, CPU)
    for row, image in zip(together, images, strict=True):
        torch.testing.assert_close(row, preprocess([image], CPU)[0], rtol=0, atol=0)


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(1, 4)), min_size=1), st.integers(0, 200))
@settings(max_examples=50, deadline=None)
def test_groups_hold_each_picture_once(shapes: list[tuple[int, int]], most: int) -> None:
    images = [np.zeros((*shape, 3), np.uint8) for shape in shapes]
    groups = list(_groups(images, most))
    assert sorted(index for group in groups for index in group) == list(range(len(images)))
    for group in groups:
        assert len({images[index].shape for index in group}) == 1
        assert len(group) == 1 or len(group) * images[group[0]].size <= most
