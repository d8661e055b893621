"""A picture file -> pixels, for queries by image."""

from __future__ import annotations

import os
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, ImageSequence, UnidentifiedImageError

from pipeline.data import UInt8Array
from pipeline.errors import Code, MediaError
from pipeline.files import NotRegularError, open_regular, told

FORMATS = ("BMP", "GIF", "JPEG", "PNG", "TIFF", "WEBP")
MAX_BYTES = 256 << 20
"""More is refused before anything is read."""

MAX_PIXELS = 100_000_000
"""More is refused before decoding: a small file can claim any size."""

# What Pillow raises for bytes that are no picture, whatever their first ones say.
_DAMAGE = (
    ArithmeticError, AttributeError, EOFError, LookupError, OSError, SyntaxError, TypeError,
    ValueError, struct.error, zlib.error,
)  # fmt: skip


def check_image(path: Path) -> None:
    """Refuse, by its first bytes, what `load_image` would not read: nothing is decoded.

    Raises:
        MediaError: NOT_FOUND, UNREADABLE, or IMAGE_INVALID.
    """
    with _opened(path):
        pass


def load_image(path: Path) -> UInt8Array:
    """Read a picture; of an animation the first one.

    Returns:
        Upright RGB (EXIF orientation applied), uint8 (height, width, 3). What is transparent shows
        white.

    Raises:
        MediaError: NOT_FOUND, UNREADABLE, or IMAGE_INVALID.
    """
    with _opened(path) as image:
        upright = _eight_bits(ImageOps.exif_transpose(image)).convert("RGBA")
    white = Image.new("RGBA", upright.size, (255, 255, 255, 255))
    return np.asarray(Image.alpha_composite(white, upright).convert("RGB"))


def pictures_of(path: Path, *, most_pixels: int) -> Iterator[tuple[UInt8Array, int]]:
    """The pictures of an animation, in order.

    Args:
        path: The file.
        most_pixels: All of its pictures together with more are refused before decoding.

    Yields:
        RGBA, uint8 (height, width, 4), and how many milliseconds it is shown, at least 1.

    Raises:
        MediaError: As `load_image`, or FILE_TOO_LARGE.
    """
    with _opened(path) as image:
        pixels = image.width * image.height * getattr(image, "n_frames", 1)
        if pixels > most_pixels:
            raise MediaError(
                f"has {pixels:,} pixels in all its pictures, more than {most_pixels:,}: make a"
                " video of it",
                code=Code.FILE_TOO_LARGE,
                uri=str(path),
            )
        for picture in ImageSequence.Iterator(image):
            rgba = np.asarray(picture.convert("RGBA"))
            # Known once it is decoded.
            yield rgba, max(1, round(picture.info.get("duration", 0)))


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    """A picture of a known format and a bearable size, not decoded yet."""
    try:
        with open_regular(path) as file, warnings.catch_warnings():
            size = os.fstat(file.fileno()).st_size
            if size > MAX_BYTES:
                raise _invalid(path, f"has {size:,} bytes, more than {MAX_BYTES:,}")
            # Pillow warns of large pictures, and of odd tags; the limit below is ours.
            warnings.simplefilter("ignore")
            with Image.open(BufferedReader(file), formats=FORMATS) as image:
                if image.width * image.height > MAX_PIXELS:
                    raise _invalid(
                        path, f"has {image.width} x {image.height} pixels, more than {MAX_PIXELS:,}"
                    )
                yield image
    except FileNotFoundError:
        raise MediaError("no such file", code=Code.NOT_FOUND, uri=str(path)) from None
    except UnidentifiedImageError:
        raise _invalid(path, f"is no picture of a known format ({', '.join(FORMATS)})") from None
    except Image.DecompressionBombError:
        raise _invalid(path, f"has more than {MAX_PIXELS:,} pixels") from None
    except (NotRegularError, PermissionError) as error:
        raise MediaError(told(error), code=Code.UNREADABLE, uri=str(path)) from None
    except _DAMAGE as error:
        raise _invalid(path, f"is a damaged picture ({' '.join(str(error).split())})") from None


def _eight_bits(image: Image.Image) -> Image.Image:
    """Pillow cuts 16 bits of grey off at 255 instead of scaling them."""
    if not image.mode.startswith("I"):
        return image
    return Image.fromarray((np.asarray(image).astype(np.uint32) >> 8).astype(np.uint8))


def _invalid(path: Path, message: str) -> MediaError:
    return MediaError(message, code=Code.IMAGE_INVALID, uri=str(path))
