"""Pictures to what a model sees: resized, cropped, normalized, on the model's device.

Equal to the transform that comes with the model, which goes through Pillow: bicubic with antialias,
the width first and rounded to 8 bits, then the height. On a CPU, torch has that very algorithm for
uint8 in channels-last order, which is how a picture lies in memory already, so nothing is copied.
It differs from Pillow by one level in one value of 300, and is five times as fast on 720p.
Elsewhere the same two passes run in float32. Pillow 13 takes the height first for a few shapes;
for these one value of four differs by a level.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

import numpy as np
import torch
from torch.nn.functional import interpolate

from pipeline.data import UInt8Array

PREPROCESS_VERSION = 1
"""Part of the fingerprint: raise it when the same picture gives other pixels."""

ResizeMode = Literal["shortest", "squash"]
Interpolation = Literal["bicubic", "bilinear"]

# Of a picture longer than this many times its width only the middle is enlarged: the crop shows
# less, and a 1 x 60,000 picture would take 9 GB on the way. It moves by half a pixel at most.
_LONGEST_RATIO = 16
# A GPU resizes pictures of one shape together, as float32; this bounds it to 512 MB.
_MOST_VALUES = 2**27


@dataclass(frozen=True, slots=True)
class Preprocess:
    """A model's own transform, for batches.

    Args:
        size: Side in pixels of the square that the model sees.
        mean: Of the red, green and blue channel, in `[0, 1]`.
        std: Of the same.
        interpolation: How values between pixels are found.
        resize_mode: `shortest` makes the shorter side `size` and crops the middle of the longer;
            `squash` makes both sides `size`.
    """

    size: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    interpolation: Interpolation = "bicubic"
    resize_mode: ResizeMode = "shortest"

    def __call__(self, images: Sequence[UInt8Array], device: torch.device) -> torch.Tensor:
        """Prepare pictures of any sizes as one batch.

        Args:
            images: RGB, uint8 (height, width, 3) each, at least one.
            device: Where the model is.

        Returns:
            float32 (len(images), 3, size, size) on `device`.

        Raises:
            ValueError: An array that is no such picture.
        """
        # Only CUDA resizes faster than the CPU, and is worth sending whole frames to.
        on_cuda = device.type == "cuda"
        squares = torch.empty((len(images), 3, self.size, self.size), dtype=torch.uint8)
        squares = squares.to(device)
        for indices in _groups(images, _MOST_VALUES if on_cuda else 0):
            pixels = [_tensor(images[index]) for index in indices]
            batch = torch.stack([p.to(device) for p in pixels]) if on_cuda else pixels[0][None]
            squares[list(indices)] = self.crop(batch.permute(0, 3, 1, 2)).to(device)
        return self.normalize(squares)

    def crop(self, pixels: torch.Tensor) -> torch.Tensor:
        """Resize and crop: uint8 (n, 3, height, width) -> uint8 (n, 3, size, size)."""
        if self.resize_mode == "squash":
            return self._resize(pixels, self.size, self.size)
        pixels = _middle(pixels)
        height, width = resized_shape(pixels.shape[-2], pixels.shape[-1], self.size)
        top, left = round((height - self.size) / 2), round((width - self.size) / 2)
        resized = self._resize(pixels, height, width)
        return resized[..., top : top + self.size, left : left + self.size]

    def normalize(self, squares: torch.Tensor) -> torch.Tensor:
        """Levels to what the model reads: uint8 (n, 3, size, size) -> float32 of the same shape."""
        mean, std = (
            torch.tensor(values, device=squares.device).view(3, 1, 1)
            for values in (self.mean, self.std)
        )
        return squares.float().div_(255).sub_(mean).div_(std)

    def _resize(self, pixels: torch.Tensor, height: int, width: int) -> torch.Tensor:
        if pixels.device.type == "cpu":
            return interpolate(pixels, (height, width), mode=self.interpolation, antialias=True)
        return resize_in_float(pixels, height, width, self.interpolation)


def resized_shape(height: int, width: int, size: int) -> tuple[int, int]:
    """Make the shorter side `size`, and round the longer one down as torchvision does."""
    if width <= height:
        return int(size * height / width), size
    return size, int(size * width / height)


def resize_in_float(
    pixels: torch.Tensor, height: int, width: int, interpolation: Interpolation
) -> torch.Tensor:
    """Pillow's two passes, each rounded to 8 bits, where torch has no antialias for uint8."""
    for shape in ((pixels.shape[-2], width), (height, width)):
        resized = interpolate(pixels.float(), shape, mode=interpolation, antialias=True)
        pixels = resized.add_(0.5).floor_().clamp_(0, 255).to(torch.uint8)
    return pixels


def _middle(pixels: torch.Tensor) -> torch.Tensor:
    for axis, other in ((-1, -2), (-2, -1)):
        longest = pixels.shape[other] * _LONGEST_RATIO
        if (excess := pixels.shape[axis] - longest) > 0:
            pixels = pixels.narrow(axis, excess // 2, longest)
    return pixels


def _groups(images: Sequence[UInt8Array], most_values: int) -> Iterator[tuple[int, ...]]:
    """Split indices into groups of one shape, each of at most `most_values` values, or of one."""
    order = sorted(range(len(images)), key=lambda index: images[index].shape)
    for _, same in groupby(order, key=lambda index: images[index].shape):
        indices = tuple(same)
        step = max(1, most_values // max(1, images[indices[0]].size))
        yield from (indices[at : at + step] for at in range(0, len(indices), step))


def _tensor(image: UInt8Array) -> torch.Tensor:
    """Share a picture's memory with torch, which takes no read-only and no mirrored arrays."""
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or not image.size:
        raise ValueError(f"a picture is uint8 (height, width, 3), not {image.dtype} {image.shape}")
    return torch.from_numpy(np.require(image, requirements=["C", "W"]))
