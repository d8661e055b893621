"""The matrix: codecs x containers x pixel formats x rotations x rates x damage, as files.

What belongs here: how each file is made. What a right reader finds in it is not written down: the
tests ask PyAV's own decode, ffprobe and ffmpeg. Files that `tests/media_factory.py` makes for other
tests are part of the matrix too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from tests.media_factory import (
    CODECS,
    MPEG4,
    ODDITIES,
    TONE,
    VP8,
    VP9,
    X264,
    X264_B,
    X265,
    YUV,
    MediaFactory,
    Reel,
    Shot,
    ffmpeg,
)

Harm = Callable[[bytearray], bytes | bytearray]


@dataclass(frozen=True, slots=True)
class File:
    """One file of the matrix.

    Args:
        name: File name.
        encode: Output options.
        size: Stored width and height of what is drawn.
        rate: Frames a second of what is drawn.
        effect: An ffmpeg filter over it.
        of: Another file of the matrix that is input instead of a drawing.
        before: Options in front of that.
        besides: Inputs behind it.
        harm: What befalls its bytes.
    """

    name: str
    encode: tuple[str, ...] = ("-c", "copy")
    size: tuple[int, int] = (176, 96)
    rate: Fraction = Fraction(25)
    effect: str = "null"
    of: str | None = None
    before: tuple[str, ...] = ()
    besides: tuple[str, ...] = ()
    harm: Harm | None = None


SHOTS = (Shot("test", 20), Shot("lagoon", 18), Shot("square", 16))
_LONG_GOP = ("-g", "250", "-keyint_min", "250", "-sc_threshold", "0")
# Groups of twelve that lean on the one before: their first frames in order of time come after the
# key frame in order of decoding.
_OPEN_GOP = ("-g", "12", "-keyint_min", "12", "-sc_threshold", "0", "-x264-params", "open-gop=1")
_MPEG2 = ("-c:v", "mpeg2video", "-q:v", "3", "-g", "12", "-bf", "2")
_TONE = ("-map", "0:v", "-map", "1:a", "-c:v", "copy")


def _cut_to(share: float) -> Harm:
    return lambda data: data[: int(len(data) * share)]


def _zeroed(start: float, end: float) -> Harm:
    """Zeros over a part of the file, given in shares of it."""

    def harm(data: bytearray) -> bytearray:
        first, last = int(len(data) * start), int(len(data) * end)
        data[first:last] = bytes(last - first)
        return data

    return harm


def _flipped(start: float, end: float, count: int) -> Harm:
    """A bit in each of `count` places, evenly over a part of the file."""

    def harm(data: bytearray) -> bytearray:
        first, last = int(len(data) * start), int(len(data) * end)
        for n in range(count):
            data[first + (last - first) * n // count] ^= 1 << n % 8
        return data

    return harm


WHOLE = (
    # Containers of H.264, with B-frames where they are the hard part.
    File("m264.mp4", (*X264_B, *YUV)),
    File("b264.avi", (*X264_B, *YUV)),
    File("b264.flv", (*X264_B, *YUV)),
    File("b264.m2ts", (*X264_B, *YUV)),
    File("b264.mov", (*X264_B, *YUV), rate=Fraction(24000, 1001)),
    File("open_gop.mp4", (*X264_B, *_OPEN_GOP, *YUV)),
    File("open_gop.ts", (*X264_B, *_OPEN_GOP, *YUV)),
    File("open_gop.mkv", (*X264_B, *_OPEN_GOP, *YUV)),
    File("fragmented.mp4", (*X264_B, *YUV, "-g", "12", "-movflags", "frag_keyframe+empty_moov")),
    File("intra.264", (*X264, *YUV, "-g", "1", "-f", "h264")),
    File("raw.h264", (*X264_B, *YUV)),
    File("raw.hevc", (*X265, *YUV)),
    File("h264_422.mp4", (*X264, "-pix_fmt", "yuv422p")),
    File("h264_422_10.mov", (*X264, "-pix_fmt", "yuv422p10le")),
    File("h264_444.mkv", (*X264, "-pix_fmt", "yuv444p")),
    File("hevc_444_10.mp4", (*X265, "-pix_fmt", "yuv444p10le", "-tag:v", "hvc1")),
    File("hevc.ts", (*X265, *YUV)),
    # Other codecs.
    File("mpeg2.mpg", (*_MPEG2, *YUV)),
    File("mpeg2.ts", (*_MPEG2, *YUV)),
    File("mpeg2.mxf", (*_MPEG2, *YUV)),
    File("mpeg2_422.mxf", (*_MPEG2, "-pix_fmt", "yuv422p")),
    File("mpeg2.vob", (*_MPEG2, *YUV, "-f", "vob")),
    File("mpeg1.mpg", ("-c:v", "mpeg1video", "-q:v", "3", "-bf", "2", *YUV)),
    File("mpeg4_b.avi", (*MPEG4, *YUV, "-bf", "2")),
    File("mpeg4_b.mkv", (*MPEG4, *YUV, "-bf", "2")),
    File("mjpeg.avi", ("-c:v", "mjpeg", "-q:v", "3", "-pix_fmt", "yuvj420p")),
    File("mjpeg.mov", ("-c:v", "mjpeg", "-q:v", "3", "-pix_fmt", "yuvj422p")),
    File("prores.mov", ("-c:v", "prores_ks", "-profile:v", "2", "-pix_fmt", "yuv422p10le")),
    File("prores_4444.mov", ("-c:v", "prores_ks", "-profile:v", "4", "-pix_fmt", "yuv444p10le")),
    File("dnxhr.mov", ("-c:v", "dnxhd", "-profile:v", "dnxhr_sq", "-pix_fmt", "yuv422p"),
         size=(256, 128)),
    File("ffv1.mkv", ("-c:v", "ffv1", *YUV)),
    File("ffv1_10.avi", ("-c:v", "ffv1", "-pix_fmt", "yuv422p10le")),
    File("theora.ogv", ("-c:v", "libtheora", "-q:v", "7", *YUV)),
    File("wmv2.wmv", ("-c:v", "wmv2", "-q:v", "4", *YUV)),
    File("flv1.flv", ("-c:v", "flv1", "-q:v", "4", *YUV)),
    File("h263.3gp", ("-c:v", "h263", "-q:v", "4", *YUV), size=(176, 144)),
    File("dv.avi", ("-c:v", "dvvideo", "-pix_fmt", "yuv420p"), size=(720, 576)),
    File("gif.gif", ("-c:v", "gif",), rate=Fraction(10)),
    File("vp8_hidden.webm", ("-c:v", "libvpx", "-auto-alt-ref", "1", "-lag-in-frames", "16",
                             "-b:v", "300k", "-deadline", "good", "-cpu-used", "5", *YUV)),
    File("vp9_hidden.webm", ("-c:v", "libvpx-vp9", "-auto-alt-ref", "1", "-lag-in-frames", "16",
                             "-b:v", "300k", "-deadline", "good", "-cpu-used", "8", *YUV)),
    File("vp9_444.webm", (*VP9, "-pix_fmt", "yuv444p")),
    File("vp9.ivf", (*VP9, *YUV)),
    # Sizes, rates, numbers.
    File("odd.mkv", ("-c:v", "ffv1", "-pix_fmt", "yuv444p"), size=(99, 61)),
    File("odd_vp8.webm", (*VP8, *YUV), size=(97, 63)),
    File("one.mkv", (*X264, *YUV), effect="trim=end_frame=1"),
    File("one.ts", (*X264, *YUV), effect="trim=end_frame=1"),
    File("one.gif", ("-c:v", "gif"), effect="trim=end_frame=1"),
    File("slow.mp4", (*X264, *YUV), rate=Fraction(1, 2), effect="trim=end_frame=8"),
    File("fast.mp4", (*X264, *YUV), rate=Fraction(120)),
    File("ntsc.mpg", (*_MPEG2, *YUV), rate=Fraction(30000, 1001)),
    File("variable_b.mp4", (*X264_B, *YUV, "-fps_mode", "passthrough"),
         effect="select='not(mod(n,3))+lt(n,20)'"),
    File("variable.gif", ("-c:v", "gif", "-fps_mode", "passthrough"), rate=Fraction(10),
         effect="select='not(mod(n,4))+lt(n,12)'"),
    File("variable.ts", (*X264_B, *YUV, "-fps_mode", "passthrough"),
         effect="select='not(mod(n,3))+lt(n,20)'"),
    File("variable.wmv", ("-c:v", "msmpeg4", "-q:v", "4", *YUV, "-fps_mode", "passthrough"),
         effect="select='not(mod(n,3))+lt(n,20)'"),
)  # fmt: skip

MADE_OF_THOSE = (
    File("turned_90.mov", of="b264.mov", before=("-display_rotation", "90")),
    File("turned_180.mp4", of="m264.mp4", before=("-display_rotation", "180")),
    File("turned_270.mkv", of="m264.mp4", before=("-display_rotation", "270")),
    # Cuts that are no key frames: what leans on what is gone is not shown by players.
    File("cut.mp4", of="open_gop.mp4", before=("-ss", "0.72")),
    File("cut.mov", of="b264.mov", before=("-ss", "0.9")),
    File("cut.mkv", of="open_gop.mkv", before=("-ss", "0.72")),
    File("cut.ts", of="open_gop.ts", before=("-ss", "0.72")),
    File("cut_frames.ts", of="open_gop.ts",
         encode=("-c", "copy", "-bsf:v", "noise=drop='lt(n,5)'")),
    File("cut_frames.mkv", of="open_gop.mkv",
         encode=("-c", "copy", "-bsf:v", "noise=drop='lt(n,5)'")),
    File("cut_raw.h264", of="raw.h264", encode=("-c", "copy", "-bsf:v", "noise=drop='eq(n,0)'")),
    File("shifted.mkv", of="m264.mp4", encode=("-c", "copy", "-output_ts_offset", "7.25")),
    File("shifted.flv", of="m264.mp4", encode=("-c", "copy", "-output_ts_offset", "3")),
    File("negative.mp4", of="m264.mp4", encode=(
        "-c", "copy", "-bsf:v", "setts=pts=PTS-20000:dts=DTS-20000", "-avoid_negative_ts",
        "disabled", "-use_editlist", "0")),
    File("late.mp4", of="m264.mp4", before=("-itsoffset", "1.5"), encode=(
        *_TONE, "-c:a", "aac", "-b:a", "64k"), besides=TONE),
    File("no_durations.mkv", of="m264.mp4",
         encode=("-c", "copy", "-bsf:v", "setts=pts=PTS:dts=DTS:duration=0")),
    File("live.webm", of="vp9_hidden.webm", encode=("-c", "copy", "-live", "1")),
    File("sound.ts", of="m264.mp4", encode=(*_TONE, "-c:a", "aac", "-b:a", "64k"), besides=TONE),
    File("sound.avi", of="mpeg4_b.avi", encode=(*_TONE, "-c:a", "libmp3lame"), besides=TONE),
    File("faststart.mp4", of="m264.mp4", encode=("-c", "copy", "-movflags", "+faststart")),
    File("two.ts", of="m264.mp4", encode=("-map", "0:v", "-map", "1:v", "-c", "copy"),
         besides=("-i", "{h264.mp4}")),
)  # fmt: skip

DAMAGED = (
    File("half.mp4", of="faststart.mp4", harm=_cut_to(0.6)),
    File("half_fragmented.mp4", of="fragmented.mp4", harm=_cut_to(0.6)),
    File("half.mkv", of="open_gop.mkv", harm=_cut_to(0.6)),
    File("half.ts", of="open_gop.ts", harm=_cut_to(0.55)),
    File("half.avi", of="mpeg4_b.avi", harm=_cut_to(0.6)),
    File("half.webm", of="vp9_hidden.webm", harm=_cut_to(0.6)),
    File("half.flv", of="b264.flv", harm=_cut_to(0.6)),
    File("half.gif", of="gif.gif", harm=_cut_to(0.6)),
    File("hole.mp4", of="open_gop.mp4", harm=_zeroed(0.45, 0.5)),
    File("start.mp4", of="open_gop.mp4", harm=_zeroed(0.04, 0.1)),
    File("hole.mkv", of="open_gop.mkv", harm=_zeroed(0.45, 0.55)),
    File("hole.ts", of="open_gop.ts", harm=_zeroed(0.45, 0.55)),
    File("hole.avi", of="mpeg4_b.avi", harm=_zeroed(0.45, 0.5)),
    File("hole_mpeg2.ts", of="mpeg2.ts", harm=_zeroed(0.45, 0.5)),
    File("hole_prores.mov", of="prores.mov", harm=_zeroed(0.45, 0.5)),
    File("flips.mp4", of="open_gop.mp4", harm=_flipped(0.4, 0.6, 12)),
    File("flips.mkv", of="open_gop.mkv", harm=_flipped(0.4, 0.6, 12)),
    File("flips.ts", of="open_gop.ts", harm=_flipped(0.4, 0.6, 12)),
    File("flips_vp9.webm", of="vp9_hidden.webm", harm=_flipped(0.4, 0.6, 12)),
    File("flips_hevc.mov", of="hevc_444_10.mp4", harm=_flipped(0.4, 0.6, 6)),
)

MATRIX = {file.name: file for file in (*WHOLE, *MADE_OF_THOSE, *DAMAGED)}
BORROWED = tuple(recipe.name for recipe in (*CODECS, *ODDITIES))


class Matrix(MediaFactory):
    """Files of the matrix, and those of the factory, by name; each is made when first asked for."""

    def _make(self, name: str, path: Path) -> None:
        file = MATRIX.get(name)
        if file is None:
            super()._make(name, path)
        elif file.harm and file.of:
            path.write_bytes(file.harm(bytearray(self[file.of].read_bytes())))
        elif file.of:
            besides = (part if part[:1] != "{" else str(self[part[1:-1]]) for part in file.besides)
            ffmpeg(*file.before, "-i", str(self[file.of]), *besides, *file.encode, *_END, str(path))
        else:
            drawn = Reel(SHOTS, file.size, file.rate, file.effect).arguments()
            ffmpeg(*drawn, "-map", "[v]", *file.encode, *_END, str(path))


_END = ("-map_metadata", "-1", "-fflags", "+bitexact", "-flags:v", "+bitexact")
