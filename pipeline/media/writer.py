"""RGB pictures -> a video file: what the project draws for itself."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from itertools import chain
from pathlib import Path

import av
from av.video.stream import VideoStream

from pipeline.data import UInt8Array

_MORE_OPTIONS = {
    # It writes to standard error past FFmpeg's log.
    "libx265": {"x265-params": "log-level=error"},
    # Constant quality, at a speed that is near x264's.
    "libvpx-vp9": {"b": "0", "deadline": "realtime", "cpu-used": "5"},
}


def write_video(
    path: Path,
    frames: Iterable[UInt8Array],
    *,
    fps: int | Fraction = 25,
    codec: str = "libx264",
    crf: int = 20,
    preset: str = "veryfast",
    comment: str | None = None,
) -> int:
    """Encode pictures at a constant rate; the same pictures give the same file.

    Args:
        path: The file; its suffix names the container.
        frames: RGB, uint8 (height, width, 3) each, all of one size with even sides.
        fps: Frames a second.
        codec: FFmpeg's name of an encoder that PyAV has.
        crf: Quality, less is better; on the encoder's own scale.
        preset: Speed of x264 and x265; others have none.
        comment: For the file's metadata.

    Returns:
        How many frames were written.

    Raises:
        ValueError: No frames, odd sides, or a frame of another size or type.
    """
    rest = iter(frames)
    first = next(rest, None)
    if first is None:
        raise ValueError(f"{path}: a video needs at least one frame")
    _check(first, first.shape, path)
    # Without this flag FFmpeg writes its own version and random ids into the file.
    with av.open(str(path.absolute()), "w", container_options={"fflags": "+bitexact"}) as container:
        if comment:
            container.metadata["comment"] = comment
        options = {"crf": str(crf), "preset": preset, **_MORE_OPTIONS.get(codec, {})}
        stream = container.add_stream(codec, rate=fps, options=options)
        assert isinstance(stream, VideoStream), f"{codec} is no video encoder"
        stream.height, stream.width = first.shape[:2]
        stream.pix_fmt = "yuv420p"
        count = 0
        for picture in chain((first,), rest):
            _check(picture, first.shape, path)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
            count += 1
        container.mux(stream.encode(None))
    return count


def _check(picture: UInt8Array, shape: tuple[int, ...], path: Path) -> None:
    height, width, *channels = picture.shape
    fits = picture.shape == shape and channels == [3] and picture.dtype == "uint8"
    if not fits or height % 2 or width % 2:
        raise ValueError(
            f"{path}: frames must be uint8 (height, width, 3) of one size with even sides,"
            f" not {picture.dtype} {picture.shape}"
        )
