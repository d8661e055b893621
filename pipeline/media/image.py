"""A picture file -> pixels, for queries by image."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from pipeline.data import UInt8Array
from pipeline.errors import Code, MediaError

FORMATS = ("BMP", "GIF", "JPEG", "PNG", "TIFF", "WEBP")
MAX_PIXELS = 100_000_000
"""More is refused before decoding: a small file can claim any size."""


def load_image(path: Path) -> UInt8Array:
    """Read a picture.

    Returns:
        Upright RGB (EXIF orientation applied), uint8 (height, width, 3). What is transparent shows
        white.

    Raises:
        MediaError: NOT_FOUND, UNREADABLE, or IMAGE_INVALID.
    """
    try:
        with warnings.catch_warnings():
            # Pillow warns of large pictures; the limit below is ours.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path, formats=FORMATS) as image:
                if image.width * image.height > MAX_PIXELS:
                    raise _invalid(
                        path, f"has {image.width} x {image.height} pixels, more than {MAX_PIXELS:,}"
                    )
                upright = _eight_bits(ImageOps.exif_transpose(image)).convert("RGBA")
    except FileNotFoundError:
        raise MediaError("no such file", code=Code.NOT_FOUND, uri=str(path)) from None
    except UnidentifiedImageError:
        raise _invalid(path, f"is no picture of a known format ({', '.join(FORMATS)})") from None
    except Image.DecompressionBombError:
        raise _invalid(path, f"has more than {MAX_PIXELS:,} pixels") from None
    except (OSError, SyntaxError, ValueError) as error:
        if isinstance(error, PermissionError | IsADirectoryError):
            raise MediaError(
                f"cannot be read: {error.strerror}", code=Code.UNREADABLE, uri=str(path)
            ) from None
        raise _invalid(path, f"is a damaged picture ({error})") from None
    white = Image.new("RGBA", upright.size, (255, 255, 255, 255))
    return np.asarray(Image.alpha_composite(white, upright).convert("RGB"))


def _eight_bits(image: Image.Image) -> Image.Image:
    """Pillow cuts 16 bits of grey off at 255 instead of scaling them."""
    if not image.mode.startswith("I"):
        return image
    return Image.fromarray((np.asarray(image).astype(np.uint32) >> 8).astype(np.uint8))


def _invalid(path: Path, message: str) -> MediaError:
    return MediaError(message, code=Code.IMAGE_INVALID, uri=str(path))
