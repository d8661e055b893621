"""Small valid videos of many kinds, to be damaged."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from tests.media_factory import AAC, Reel, Shot, ffmpeg

_X264 = ("-c:v", "libx264", "-preset", "veryfast", "-bf", "2", "-crf", "28", "-g", "12")
_X265 = ("-c:v", "libx265", "-preset", "ultrafast", "-crf", "32",
         "-x265-params", "log-level=none:pools=1:frame-threads=1")  # fmt: skip
_VPX = ("-deadline", "realtime", "-cpu-used", "8", "-b:v", "150k")
_AV1 = ("-c:v", "libsvtav1", "-preset", "12", "-crf", "45", "-svtav1-params", "lp=1")
_FRAGMENTS = "+empty_moov+frag_keyframe+default_base_moof"
_YUV = ("-pix_fmt", "yuv420p")

_ENCODED = {
    "h264.mp4": (*_X264, *_YUV, *AAC),
    "fragments.mp4": (*_X264, *_YUV, "-an", "-movflags", _FRAGMENTS),
    "h264.mkv": (*_X264, *_YUV, "-c:a", "libvorbis"),
    "h264.ts": (*_X264, *_YUV, *AAC),
    "h264.flv": (*_X264, *_YUV, *AAC),
    "hevc.mov": (*_X265, *_YUV, "-an", "-tag:v", "hvc1"),
    "av1.mp4": (*_AV1, *_YUV, "-an"),
    "vp9.webm": ("-c:v", "libvpx-vp9", *_VPX, *_YUV, "-an"),
    "vp8.mkv": ("-c:v", "libvpx", *_VPX, *_YUV, "-an"),
    "mpeg4.avi": ("-c:v", "mpeg4", "-q:v", "8", *_YUV, "-c:a", "libmp3lame"),
    "mpeg2.mpg": ("-c:v", "mpeg2video", "-r", "25", "-q:v", "8", *_YUV, "-c:a", "mp2"),
    "mjpeg.mov": ("-c:v", "mjpeg", "-q:v", "12", "-pix_fmt", "yuvj420p", "-an"),
    "wmv2.wmv": ("-c:v", "wmv2", "-q:v", "8", *_YUV, "-an"),
    "theora.ogv": ("-c:v", "libtheora", "-q:v", "3", *_YUV, "-an"),
    "mpeg2.mxf": ("-c:v", "mpeg2video", "-r", "25", "-q:v", "8", *_YUV, "-an"),
}

_REEL = Reel(
    (Shot("test", 14), Shot("lagoon", 12)), size=(160, 120), rate=Fraction(25, 2)
)  # two seconds with a cut
_SOUND = ("-f", "lavfi", "-i", "sine=frequency=440:duration=2:sample_rate=44100")


def make_sources(folder: Path) -> dict[str, bytes]:
    """Make the files; on one machine they are the same each time.

    Args:
        folder: Where; it is made, and files that are in it are taken.

    Returns:
        Their bytes by name.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, options in _ENCODED.items():
        path = folder / name
        if not path.exists():
            _make(path, options)
    return {name: (folder / name).read_bytes() for name in _ENCODED}


def _make(path: Path, options: tuple[str, ...]) -> None:
    partial = path.with_name(f"partial-{path.name}")
    silent = "-an" in options
    ffmpeg(
        *_REEL.arguments(),
        *(() if silent else _SOUND),
        *("-map", "[v]", *(() if silent else ("-map", f"{len(_REEL.shots)}:a"))),
        *options,
        # One thread, so that it is the same file however many cores there are.
        *("-threads", "1", "-map_metadata", "-1", "-fflags", "+bitexact"),
        *("-flags:v", "+bitexact", "-flags:a", "+bitexact"),
        str(partial),
    )
    partial.replace(path)
