"""`load_image`: upright RGB, or a code."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.errors import Code, MediaError
from pipeline.media.image import MAX_BYTES, check_image, load_image

# Each corner has a colour of its own: top left, top right, bottom left, bottom right.
CORNERS = ((200, 30, 30), (30, 200, 30), (30, 30, 200), (220, 220, 40))


def _picture() -> np.ndarray:
    picture = np.zeros((40, 64, 3), np.uint8)
    for n, colour in enumerate(CORNERS):
        picture[(n // 2) * 20 : (n // 2) * 20 + 20, (n % 2) * 32 : (n % 2) * 32 + 32] = colour
    return picture


@pytest.mark.parametrize("suffix", ["png", "bmp", "tiff", "webp", "jpg", "gif"])
def test_formats(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"picture.{suffix}"
    lossy = {"lossless": True} if suffix == "webp" else {"quality": 95} if suffix == "jpg" else {}
    Image.fromarray(_picture()).save(path, **lossy)
    loaded = load_image(path)
    assert loaded.dtype == np.uint8
    assert loaded.shape == (40, 64, 3)
    apart = np.abs(loaded.astype(int) - _picture())
    assert apart.mean() < (4.0 if suffix == "jpg" else 0.01)


@pytest.mark.parametrize(
    ("orientation", "stored"),
    [
        (1, lambda upright: upright),
        (2, np.fliplr),
        (3, lambda upright: np.rot90(upright, 2)),
        (4, np.flipud),
        (5, lambda upright: np.swapaxes(upright, 0, 1)),
        (6, lambda upright: np.rot90(upright, 1)),
        (7, lambda upright: np.rot90(np.swapaxes(upright, 0, 1), 2)),
        (8, lambda upright: np.rot90(upright, -1)),
    ],
)
@pytest.mark.parametrize("suffix", ["png", "tiff"])
def test_exif_orientation(tmp_path: Path, orientation: int, stored, suffix: str) -> None:
    image = Image.fromarray(np.ascontiguousarray(stored(_picture())))
    exif = Image.Exif()
    exif[0x0112] = orientation
    image.save(tmp_path / f"turned.{suffix}", exif=exif)
    assert np.array_equal(load_image(tmp_path / f"turned.{suffix}"), _picture())


@pytest.mark.parametrize("mode", ["L", "1", "P", "LA", "RGBA", "CMYK", "I;16"])
def test_modes_become_rgb(tmp_path: Path, mode: str) -> None:
    source = Image.fromarray(_picture())
    if mode == "I;16":
        image = Image.fromarray(np.asarray(source.convert("L")).astype(np.uint16) * 257)
    else:
        image = source.convert(mode)
    path = tmp_path / ("picture.tiff" if mode in ("CMYK", "I;16") else "picture.png")
    image.save(path)
    loaded = load_image(path)
    assert loaded.shape == (40, 64, 3)
    assert loaded.dtype == np.uint8
    # Top left is dark, bottom right is light, in every mode.
    assert loaded[30, 50].mean() > loaded[10, 10].mean()


def test_sixteen_bits_keep_their_brightness(tmp_path: Path) -> None:
    grey = np.asarray(Image.fromarray(_picture()).convert("L"))
    Image.fromarray(grey.astype(np.uint16) * 257).save(tmp_path / "deep.png")
    loaded = load_image(tmp_path / "deep.png")
    assert np.abs(loaded[..., 0].astype(int) - grey).max() <= 1


def test_transparency_shows_white(tmp_path: Path) -> None:
    clear = np.zeros((8, 8, 4), np.uint8)
    Image.fromarray(clear).save(tmp_path / "clear.png")
    assert (load_image(tmp_path / "clear.png") == 255).all()


def _truncated_png(path: Path) -> None:
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (60, 60, 3), np.uint8)).save(path)
    path.write_bytes(path.read_bytes()[:3000])


def _bomb(path: Path) -> None:
    Image.new("1", (30_000, 30_000)).save(path)


@pytest.mark.parametrize(
    "make",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"\x00" * 40),
        lambda path: path.write_text("a picture of a car"),
        lambda path: path.write_text("<svg xmlns='http://www.w3.org/2000/svg'/>"),
        lambda path: path.write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n"),
        _truncated_png,
        _bomb,
    ],
    ids=["empty", "header", "text", "svg", "postscript", "truncated", "bomb"],
)
def test_no_picture(tmp_path: Path, make) -> None:
    path = tmp_path / "picture.png"
    make(path)
    with pytest.raises(MediaError) as caught:
        load_image(path)
    assert caught.value.code == Code.IMAGE_INVALID
    assert caught.value.uri == str(path)
    assert "\n" not in str(caught.value)


def test_missing(tmp_path: Path) -> None:
    with pytest.raises(MediaError) as caught:
        load_image(tmp_path / "nowhere.png")
    assert caught.value.code == Code.NOT_FOUND


def test_directory(tmp_path: Path) -> None:
    with pytest.raises(MediaError) as caught:
        load_image(tmp_path)
    assert caught.value.code == Code.UNREADABLE


def test_a_picture_of_too_many_bytes_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    Image.new("RGB", (8, 8)).save(path)
    with path.open("ab") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(MediaError, match="bytes, more than") as caught:
        load_image(path)
    assert caught.value.code == Code.IMAGE_INVALID


@pytest.mark.parametrize("look", [check_image, load_image])
def test_what_is_no_regular_file(tmp_path: Path, look: Callable[[Path], object]) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "link.png").symlink_to("pipe.png")
    for path in (tmp_path / "pipe.png", tmp_path / "link.png", Path("/dev/zero")):
        with pytest.raises(MediaError, match="not a regular file") as caught:
            look(path)
        assert caught.value.code == Code.UNREADABLE


def test_a_look_decodes_nothing(tmp_path: Path) -> None:
    """A picture that is cut off has a good start: the look finds nothing wrong with it."""
    path = tmp_path / "picture.png"
    _truncated_png(path)
    check_image(path)
    with pytest.raises(MediaError):
        load_image(path)
    _bomb(path)
    with pytest.raises(MediaError, match="pixels"):
        check_image(path)


def test_of_an_animation_the_first_picture_alone_is_read(tmp_path: Path) -> None:
    """The others may be any number, and damaged: a look at them would find it."""
    path = tmp_path / "many.gif"
    frames = [Image.new("L", (40, 30), colour) for colour in range(200)]
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=10)
    whole = load_image(path)
    content = path.read_bytes()
    second = content.index(b"\x21\xf9", content.index(b"\x21\xf9") + 2)
    path.write_bytes(content[:second] + b"\xff" * 1000)
    assert np.array_equal(load_image(path), whole)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("suffix", ["png", "bmp", "tiff", "webp", "jpg", "gif"])
def test_damage_is_told_as_such(tmp_path: Path, suffix: str, seed: int) -> None:
    """Odd tags, sizes and lengths: a picture or an error of ours, never one of Pillow's."""
    path = tmp_path / f"picture.{suffix}"
    Image.fromarray(_picture()).save(path)
    whole = path.read_bytes()
    rng = np.random.default_rng(seed)
    for _ in range(25):
        changed = bytearray(whole)
        for place in rng.integers(0, min(len(whole), 400), 6):
            changed[place] = rng.integers(256)
        path.write_bytes(changed)
        with suppress(MediaError):
            assert load_image(path).ndim == 3
