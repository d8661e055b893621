"""What a stream says of how its pictures are to be shown, and which decoder does all of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

import av
from av.video.stream import VideoStream

from pipeline.media.colour import has_alpha, tones_of
from pipeline.media.display import Orientation, orientation_of, pixel_shape, shown_size

_FIRST_INTERLACED = 2  # FFmpeg's AVFieldOrder: 0 is unknown, 1 is progressive


@dataclass(frozen=True, slots=True)
class Looks:
    """Facts of a stream that decide how its pictures are made.

    Args:
        orientation: How stored pictures are turned and mirrored.
        shape: Width of a stored pixel by its height.
        interlaced: The stream or its first frame says that frames hold two fields.
        alpha: Pixels may be transparent.
        standard: Colours are of standard range and gamut.
    """

    orientation: Orientation = field(default_factory=Orientation)
    shape: Fraction = Fraction(1)
    interlaced: bool = False
    alpha: bool = False
    standard: bool = True

    @property
    def as_stored(self) -> bool:
        """What is stored is what is shown, but for turns and the shape of pixels."""
        reflects = self.orientation.reflects
        return self.standard and not (reflects or self.interlaced or self.alpha)


def looks_of(stream: VideoStream, first: av.VideoFrame) -> Looks:
    """Read a stream's looks.

    Args:
        stream: Of an open container.
        first: Its first presented frame.
    """
    order = int(getattr(stream.codec_context, "field_order", 0))
    return Looks(
        orientation=orientation_of(first),
        shape=pixel_shape(stream.sample_aspect_ratio),
        interlaced=first.interlaced_frame or order >= _FIRST_INTERLACED,
        alpha=has_alpha(first.format.name),
        standard=tones_of(int(first.color_trc), int(first.color_primaries)) is None,
    )


def size_of(looks: Looks, first: av.VideoFrame) -> tuple[int, int]:
    """Width and height of the pictures that are shown."""
    return shown_size(first.width, first.height, looks.shape, looks.orientation)


def beyond_decord(looks: Looks) -> str | None:
    """What a stream's pictures need that decord does not do; None where decord's are right.

    decord converts any format, depth, range and matrix as FFmpeg does. It turns pictures, but makes
    stripes of them where a line takes another number of bytes than it thinks; it passes over all
    the rest.
    """
    needs = {
        "are turned or mirrored": looks.orientation != Orientation(),
        "have pixels that are not square": looks.shape != 1,
        "are interlaced": looks.interlaced,
        "have transparency": looks.alpha,
        "are of high dynamic range or a wide gamut": not looks.standard,
    }
    return next((need for need, there in needs.items() if there), None)
