"""Video files for tests, made by ffmpeg: every codec, container and oddity, each with its truth.

What belongs here: how a file is made and what a right reader finds in it. A recipe's numbers are
written by hand or follow from what was drawn; the tests compare them with ffmpeg's own decode too.
A file is made when it is first asked for, once a test session.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

import imageio_ffmpeg

from pipeline.errors import Code

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()

# Pictures by name; `{s}` is the size, `{r}` the rate. All move, apart from the plain colours.
PICTURES = {
    "test": "testsrc2=s={s}:r={r}",
    "fractal": "mandelbrot=s={s}:r={r}:start_scale=1.4:end_scale=0.2:end_pts=120",
    "sunset": "gradients=s={s}:r={r}:seed=3:speed=0.02:n=4:c0=orange:c1=purple:c2=navy:c3=gold",
    "lagoon": "gradients=s={s}:r={r}:seed=9:speed=0.01:n=3:c0=teal:c1=aqua:c2=white:type=radial",
    "clouds": "perlin=s={s}:r={r}:seed=5:xscale=6:yscale=4:tscale=0.4",
    "grain": "color=0x557733:s={s}:r={r},noise=alls=50:allf=t:all_seed=7",
    "stones": "color=0x886655:s={s}:r={r},noise=alls=90:all_seed=11",
    "square": "color=0x204020:s={s}:r={r}[a];color=red:s=48x48:r={r}[b];"
    "[a][b]overlay=x='8+t*50':y=40",
    "disc": "color=0xd0d0f0:s={s}:r={r}[a];color=blue:s=32x90:r={r}[b];"
    "[a][b]overlay=x=60:y='90-t*30'",
    "life": "life=s={s}:r={r}:seed=4:ratio=0.3:mold=10:life_color=lime:death_color=maroon",
    "bars": "smptebars=s={s}:r={r}",
    "black": "color=black:s={s}:r={r}",
    "white": "color=white:s={s}:r={r}",
    "crimson": "color=0xb01030:s={s}:r={r}",
    "emerald": "color=0x10a050:s={s}:r={r}",
    "indigo": "color=0x3020a0:s={s}:r={r}",
}


@dataclass(frozen=True, slots=True)
class Shot:
    """Frames of one picture.

    Args:
        picture: A key of `PICTURES`.
        frames: How many.
        effect: An ffmpeg filter over them, such as a fade.
    """

    picture: str
    frames: int
    effect: str = "null"


@dataclass(frozen=True, slots=True)
class Reel:
    """What is drawn: shots joined by hard cuts.

    Args:
        shots: In order.
        size: Stored width and height.
        rate: Frames a second.
        effect: An ffmpeg filter over the whole, such as one that drops frames.
    """

    shots: tuple[Shot, ...]
    size: tuple[int, int] = (320, 180)
    rate: Fraction = Fraction(25)
    effect: str = "null"

    @property
    def frames(self) -> int:
        return sum(shot.frames for shot in self.shots)

    @property
    def cuts(self) -> tuple[int, ...]:
        """Numbers of the frames that a cut stands before."""
        starts = [sum(shot.frames for shot in self.shots[:n]) for n in range(len(self.shots))]
        return tuple(starts[1:])

    def arguments(self) -> list[str]:
        """ffmpeg's inputs and the filter graph that ends in `[v]`."""
        size = f"{self.size[0]}x{self.size[1]}"
        inputs, graph = [], []
        for n, shot in enumerate(self.shots):
            inputs += ["-f", "lavfi", "-i", PICTURES[shot.picture].format(s=size, r=self.rate)]
            graph.append(
                f"[{n}:v]trim=end_frame={shot.frames},setpts=PTS-STARTPTS,scale={size},format=yuv444p,"
                f"setsar=1,{shot.effect}[s{n}]"
            )
        joined = "".join(f"[s{n}]" for n in range(len(self.shots)))
        graph.append(f"{joined}concat=n={len(self.shots)},{self.effect}[v]")
        return [*inputs, "-filter_complex", ";".join(graph)]


@dataclass(frozen=True, slots=True)
class Recipe:
    """One file and what a right reader finds in it.

    Args:
        name: File name.
        codec: Name of the decoder that reads it.
        size: Upright size.
        frames: Number of presented frames.
        rate: Frames a second; for a variable rate, that of the drawing.
        reel: What is drawn, or None for a file made of others.
        encode: Output options.
        inputs: What comes before them when there is no reel; `{name}` stands for another's path.
        rotation: Counter-clockwise turn, in degrees, that makes the stored picture upright.
        constant_rate: The rate is constant and there is one video stream.
        pts_s: Presentation times, from 0; None for `n / rate`.
        tick_s: How far a time may be off, since the container's clock has ticks.
        cuts: Numbers of the frames that a drawn cut stands before; None for those of the reel.
        needs: Names of the recipes that it is made of.
    """

    name: str
    codec: str
    size: tuple[int, int]
    frames: int
    rate: Fraction
    encode: tuple[str, ...]
    reel: Reel | None = None
    inputs: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    rotation: int = 0
    constant_rate: bool = True
    pts_s: tuple[float, ...] | None = None
    tick_s: float = 0.0001
    cuts: tuple[int, ...] | None = None

    @property
    def times(self) -> tuple[float, ...]:
        """Presentation times in seconds, from 0."""
        return self.pts_s or tuple(float(n / self.rate) for n in range(self.frames))

    @property
    def cut_times(self) -> tuple[float, ...]:
        """Times of the drawn hard cuts."""
        drawn = self.cuts if self.cuts is not None else self.reel.cuts if self.reel else ()
        return tuple(self.times[n] for n in drawn)


@dataclass(frozen=True, slots=True)
class Broken:
    """One file that no reader can read, and the code of the error that says so.

    Args:
        name: File name.
        codes: The codes that are right.
        make: Writes it to the path; may ask the factory for other files.
    """

    name: str
    codes: frozenset[Code]
    make: Callable[[MediaFactory, Path], object] = field(repr=False)


X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-crf", "20")
X264_B = ("-c:v", "libx264", "-preset", "veryfast", "-bf", "3", "-b_strategy", "0", "-crf", "22")
X265 = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none:pools=2")
VP8 = ("-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "800k")
VP9 = ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "800k")
AV1 = ("-c:v", "libsvtav1", "-preset", "11", "-crf", "35", "-g", "50")
MPEG4 = ("-c:v", "mpeg4", "-q:v", "4")
YUV = ("-pix_fmt", "yuv420p")
YUV10 = ("-pix_fmt", "yuv420p10le")
VIDEO = ("-map", "[v]")
AAC = ("-c:a", "aac", "-b:a", "64k")
MILLISECONDS = 0.00051
"""Times of mkv, webm: rounded to a millisecond."""

THREE = (Shot("test", 30), Shot("sunset", 27), Shot("square", 33))
GARDEN = (Shot("lagoon", 26), Shot("grain", 24), Shot("bars", 25))
SHAPES = (Shot("disc", 22), Shot("stones", 31), Shot("life", 22))


def _drawn(
    name: str,
    codec: str,
    options: tuple[str, ...],
    shots: tuple[Shot, ...],
    *,
    size: tuple[int, int] = (320, 180),
    rate: Fraction = Fraction(25),
    tick_s: float = 0.0001,
) -> Recipe:
    reel = Reel(shots, size, rate)
    return Recipe(name, codec, size, reel.frames, rate, (*VIDEO, *options), reel, tick_s=tick_s)


def _turned(degrees: int) -> Recipe:
    upright = (320, 180) if degrees == 180 else (180, 320)
    return Recipe(
        f"rotated_{degrees}.mp4",
        "h264",
        upright,
        90,
        Fraction(25),
        ("-c", "copy"),
        inputs=("-display_rotation", str(degrees), "-i", "{h264.mp4}"),
        needs=("h264.mp4",),
        rotation=degrees,
        cuts=(30, 57),
    )


CODECS = (
    _drawn("h264.mp4", "h264", (*X264, *YUV), THREE),
    _drawn("h264.mkv", "h264", (*X264_B, *YUV), GARDEN, tick_s=MILLISECONDS),
    _drawn("h264.mov", "h264", (*X264, *YUV), SHAPES, rate=Fraction(30000, 1001)),
    _drawn("h264.avi", "h264", (*X264, *YUV), THREE),
    _drawn("h264.ts", "h264", (*X264, *YUV), GARDEN),
    _drawn("h264_10bit.mp4", "h264", (*X264, *YUV10), SHAPES),
    _drawn("h264_10bit.mkv", "h264", (*X264, *YUV10), THREE, tick_s=MILLISECONDS),
    _drawn("h264_720p.mp4", "h264", (*X264, *YUV), GARDEN, size=(1280, 720)),
    _drawn("h264_bframes.mp4", "h264", (*X264_B, *YUV), SHAPES, rate=Fraction(24)),
    _drawn("h264_60fps.mp4", "h264", (*X264, *YUV), (Shot("clouds", 70), Shot("square", 62)),
           size=(176, 144), rate=Fraction(60)),
    _drawn("hevc.mp4", "hevc", (*X265, *YUV, "-tag:v", "hvc1"), THREE),
    _drawn("hevc.mkv", "hevc", (*X265, *YUV), SHAPES, tick_s=MILLISECONDS),
    _drawn("hevc_10bit.mov", "hevc", (*X265, *YUV10, "-tag:v", "hvc1"), GARDEN),
    _drawn("vp8.webm", "vp8", (*VP8, *YUV), THREE, tick_s=MILLISECONDS),
    _drawn("vp8.mkv", "vp8", (*VP8, *YUV), SHAPES, rate=Fraction(30), tick_s=MILLISECONDS),
    _drawn("vp9.webm", "vp9", (*VP9, *YUV), GARDEN, tick_s=MILLISECONDS),
    _drawn("vp9.mp4", "vp9", (*VP9, *YUV), THREE),
    _drawn("av1.mp4", "libdav1d", (*AV1, *YUV), SHAPES),
    _drawn("av1.webm", "libdav1d", (*AV1, *YUV), GARDEN, tick_s=MILLISECONDS),
    _drawn("av1_10bit.mkv", "libdav1d", (*AV1, *YUV10), THREE, tick_s=MILLISECONDS),
    _drawn("mpeg4.avi", "mpeg4", (*MPEG4, *YUV), THREE),
    _drawn("mpeg4.mp4", "mpeg4", (*MPEG4, *YUV, "-bf", "2"), GARDEN, rate=Fraction(24)),
    _drawn("mpeg4.mov", "mpeg4", (*MPEG4, *YUV), SHAPES),
)  # fmt: skip

SCENES = (
    _drawn("fades.mp4", "h264", (*X264, *YUV), (
        Shot("test", 40, "fade=out:s=25:n=15"),
        Shot("black", 10),
        Shot("bars", 45, "fade=in:s=0:n=15"),
        Shot("stones", 30),
    )),
    _drawn("fast_cuts.mp4", "h264", (*X264, *YUV), (
        Shot("test", 30), Shot("crimson", 8), Shot("stones", 10), Shot("lagoon", 5),
        Shot("bars", 12), Shot("square", 4), Shot("fractal", 35), Shot("emerald", 14),
        Shot("disc", 9), Shot("sunset", 28),
    )),
    _drawn("flash.mp4", "h264", (*X264, *YUV), (
        Shot("fractal", 75, "drawbox=color=white:t=fill:enable='between(n,37,38)'"),
        Shot("square", 40),
    )),
    _drawn("reel.mp4", "h264", (*X264, *YUV), (
        Shot("test", 40), Shot("lagoon", 33), Shot("fractal", 50), Shot("grain", 28),
        Shot("indigo", 21), Shot("square", 45), Shot("life", 30), Shot("clouds", 38),
    ), size=(480, 270)),
    _drawn("one_take.mp4", "h264", (*X264, *YUV), (Shot("clouds", 156),),
           size=(192, 108), rate=Fraction(12)),
    _drawn("still.mp4", "h264", (*X264, *YUV), (Shot("indigo", 60),), size=(160, 90)),
    _drawn("short.mp4", "h264", (*X264, *YUV), (Shot("bars", 4),), size=(160, 90)),
    _drawn("one_frame.mp4", "h264", (*X264, *YUV), (Shot("stones", 1),), size=(160, 90)),
)  # fmt: skip

# Every frame for a second, then each fifth, then a second's pause and every frame again.
_KEPT = (*range(30), *range(30, 90, 5), *range(120, 135))
_VARIABLE = Reel(
    (Shot("test", 50), Shot("sunset", 40), Shot("square", 45)),
    rate=Fraction(30),
    effect="select='lt(n,30)+between(n,30,89)*not(mod(n,5))+gte(n,120)'",
)


def _variable(name: str, codec: str, options: tuple[str, ...], tick_s: float) -> Recipe:
    return Recipe(
        name,
        codec,
        _VARIABLE.size,
        len(_KEPT),
        _VARIABLE.rate,
        (*VIDEO, *options, "-fps_mode", "passthrough"),
        _VARIABLE,
        constant_rate=False,
        pts_s=tuple(n / 30 for n in _KEPT),
        tick_s=tick_s,
        cuts=(34, 42),
    )


def _of_other(
    name: str,
    other: Recipe,
    *,
    frames: int | None = None,
    before: tuple[str, ...] = (),
    after: tuple[str, ...] = ("-c", "copy"),
    cuts: tuple[int, ...] | None = None,
    tick_s: float = 0.0001,
) -> Recipe:
    """A file made of the streams of another, which are not encoded again."""
    return Recipe(
        name,
        other.codec,
        other.size,
        frames or other.frames,
        other.rate,
        after,
        inputs=(*before, "-i", f"{{{other.name}}}"),
        needs=(other.name,),
        cuts=cuts if cuts is not None else other.reel.cuts if other.reel else (),
        tick_s=tick_s,
    )


H264 = CODECS[0]
LONG_GOP = _drawn(
    "long_gop.mp4",
    "h264",
    (*X264_B, *YUV, "-g", "250", "-keyint_min", "250", "-sc_threshold", "0"),
    (Shot("test", 60), Shot("lagoon", 40), Shot("square", 50)),
)
SMALL = _drawn("small.mp4", "h264", (*X264, *YUV), (Shot("crimson", 75),), size=(160, 90))
_TWO = ("-i", "{small.mp4}", "-i", "{h264.mp4}", "-map", "0:v", "-map", "1:v", "-c", "copy")
_TWO_ARE = ("-disposition:v:0", "0", "-disposition:v:1", "default")


def _two_streams(name: str) -> Recipe:
    return Recipe(
        name,
        "h264",
        H264.size,
        H264.frames,
        H264.rate,
        _TWO_ARE,
        inputs=_TWO,
        needs=("small.mp4", "h264.mp4"),
        constant_rate=False,
        tick_s=MILLISECONDS,
        cuts=(30, 57),
    )


TONE = ("-f", "lavfi", "-i", "sine=frequency=440:duration=3.6")

ODDITIES = (
    LONG_GOP,
    SMALL,
    *(_turned(degrees) for degrees in (90, 180, 270)),
    _drawn("odd_444.mp4", "h264", (*X264, "-pix_fmt", "yuv444p"), THREE, size=(321, 241)),
    _drawn("odd_420.webm", "vp9", (*VP9, *YUV), THREE, size=(161, 91), tick_s=MILLISECONDS),
    _drawn("full_range.mp4", "h264", (
        *X264, "-pix_fmt", "yuvj420p", "-color_range", "pc",
    ), GARDEN),
    # The cut starts inside a group of pictures: the frames before it are there, but not presented.
    _of_other("edit_list.mp4", LONG_GOP, frames=117, before=("-ss", "1.32"), cuts=(27, 67)),
    replace(
        _of_other("edit_list.mov", LONG_GOP, frames=52, before=("-ss", "2"),
                  after=("-t", "2", "-c", "copy"), cuts=(10, 50)),
        # The end was cut in decoding order: one frame is left of those behind it.
        constant_rate=False, pts_s=(*(n / 25 for n in range(51)), 2.16),
    ),
    # A cover picture in front of the video, as podcasts have it.
    _of_other("cover.mp4", H264, before=("-f", "lavfi", "-i", "color=red:s=500x500:d=0.04"),
              after=("-map", "0:v", "-map", "1:v", "-c:v:0", "png", "-c:v:1", "copy",
                     "-disposition:v:0", "attached_pic", "-disposition:v:1", "default")),
    _of_other("offset.mkv", H264, after=("-c", "copy", "-output_ts_offset", "2.5"),
              tick_s=MILLISECONDS),
    _of_other("offset.mp4", H264, after=("-c", "copy", "-output_ts_offset", "1.75")),
    _of_other("offset.ts", H264, after=("-c", "copy", "-output_ts_offset", "61")),
    _variable("variable.mp4", "h264", (*X264, *YUV, "-video_track_timescale", "30000"), 0.0001),
    _variable("variable.mkv", "h264", (*X264_B, *YUV), MILLISECONDS),
    _variable("variable.webm", "vp9", (*VP9, *YUV), MILLISECONDS),
    _two_streams("two_streams.mp4"),
    _two_streams("two_streams.mkv"),
    Recipe("with_audio.mp4", "h264", H264.size, H264.frames, H264.rate,
           ("-map", "1:a", "-map", "0:v", "-c:v", "copy", *AAC),
           inputs=("-i", "{h264.mp4}", *TONE), needs=("h264.mp4",), cuts=(30, 57)),
    Recipe("with_audio.mkv", "h264", H264.size, H264.frames, H264.rate,
           ("-map", "0:v", "-map", "1:a", "-c:v", "copy", "-c:a", "libvorbis"),
           inputs=("-i", "{h264.mp4}", *TONE), needs=("h264.mp4",), cuts=(30, 57),
           tick_s=MILLISECONDS),
)  # fmt: skip

RECIPES = {recipe.name: recipe for recipe in (*CODECS, *SCENES, *ODDITIES)}


def _bytes(data: bytes) -> Callable[[MediaFactory, Path], object]:
    return lambda _, path: path.write_bytes(data)


def _start_of(name: str, share: float) -> Callable[[MediaFactory, Path], object]:
    def make(media: MediaFactory, path: Path) -> None:
        data = media[name].read_bytes()
        path.write_bytes(data[: int(len(data) * share)])

    return make


def _first_bytes(name: str, count: int) -> Callable[[MediaFactory, Path], object]:
    return lambda media, path: path.write_bytes(media[name].read_bytes()[:count])


def _audio(media: MediaFactory, path: Path) -> None:
    ffmpeg(*TONE, *AAC, str(path))


def _cover(media: MediaFactory, path: Path) -> None:
    """Music with a picture: the picture is a video stream to FFmpeg, and no video to anybody."""
    cover = path.with_suffix(".png")
    ffmpeg("-i", str(media["small.mp4"]), "-frames:v", "1", str(cover))
    ffmpeg("-i", str(cover), *TONE, "-map", "1:a", "-map", "0:v", *AAC, "-c:v", "png",
           "-disposition:v:0", "attached_pic", str(path))  # fmt: skip


def _blank_data(media: MediaFactory, path: Path) -> None:
    """A whole index over frames whose bytes are all zero."""
    data = bytearray(media["h264.mp4"].read_bytes())
    start = data.index(b"mdat") + 4
    end = data.index(b"moov") - 4
    data[start:end] = bytes(end - start)
    path.write_bytes(data)


def _headers_only(media: MediaFactory, path: Path) -> None:
    whole = path.with_suffix(".whole.mp4")
    flags = "+empty_moov+frag_keyframe+default_base_moof"
    ffmpeg("-i", str(media["h264.mp4"]), "-c", "copy", "-movflags", flags, str(whole))
    data = whole.read_bytes()
    path.write_bytes(data[: data.index(b"moof") - 4])


def _playlist(media: MediaFactory, path: Path) -> None:
    path.write_text(
        "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:4\n#EXTINF:3.0,\n"
        f"{media['h264.ts']}\n#EXT-X-ENDLIST\n"
    )


def _concat(media: MediaFactory, path: Path) -> None:
    path.write_text(f"ffconcat version 1.0\nfile '{media['h264.mp4']}'\n")


_NOT = frozenset({Code.NOT_A_VIDEO})
_NO_STREAM = frozenset({Code.NO_VIDEO_STREAM})

BROKEN = {
    broken.name: broken
    for broken in (
        Broken("empty.mp4", frozenset({Code.EMPTY_FILE}), _bytes(b"")),
        Broken("garbage.mp4", _NOT, _bytes(bytes((n * 7919 >> 3) % 251 for n in range(40_000)))),
        Broken("text.mp4", _NOT, _bytes(b"Dear diary, nothing moved today.\n" * 200)),
        Broken("no_moov.mp4", _NOT, _start_of("h264.mp4", 0.6)),
        Broken("start_of.mkv", _NOT, _start_of("h264.mkv", 0.0005)),
        # Cut within its first elements, which FFmpeg tells as the end of the file.
        Broken("head_of.mkv", _NOT, _first_bytes("h264.mkv", 50)),
        Broken("playlist.mp4", _NOT, _playlist),
        Broken("concat.mp4", _NOT, _concat),
        Broken("audio.mp4", _NO_STREAM, _audio),
        Broken("audio.mkv", _NO_STREAM, _audio),
        Broken("cover.m4v", _NO_STREAM, _cover),
        Broken("headers.mp4", frozenset({Code.NO_FRAMES}), _headers_only),
        Broken("blank.mp4", frozenset({Code.DECODE_ERROR, Code.NO_FRAMES}), _blank_data),
    )
}


def ffmpeg(*arguments: str) -> bytes:
    """Run ffmpeg; its standard output.

    Raises:
        RuntimeError: ffmpeg failed; with what it said.
    """
    command = [FFMPEG, "-nostdin", "-v", "error", "-y", *arguments]
    quiet = {**os.environ, "SVT_LOG": "1"}
    done = subprocess.run(command, check=False, capture_output=True, env=quiet)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}\n{done.stderr.decode(errors='replace')}")
    return done.stdout


class MediaFactory:
    """Files by name, made in one folder when first asked for.

    Args:
        directory: Where they are made; it must exist.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def __getitem__(self, name: str) -> Path:
        path = self.directory / name
        if not path.exists():
            partial = self.directory / f"partial-{os.getpid()}-{name}"
            self._make(name, partial)
            partial.replace(path)
        return path

    def _make(self, name: str, path: Path) -> None:
        if name in BROKEN:
            BROKEN[name].make(self, path)
            return
        recipe = RECIPES[name]
        sources = {f"{{{need}}}": str(self[need]) for need in recipe.needs}
        inputs = recipe.reel.arguments() if recipe.reel else recipe.inputs
        ffmpeg(
            *(sources.get(part, part) for part in inputs),
            *recipe.encode,
            *("-map_metadata", "-1", "-fflags", "+bitexact", "-flags:v", "+bitexact"),
            str(path),
        )


def main() -> None:
    """Make every file in a folder: `python -m tests.media_factory DIR`."""
    import sys

    directory = Path(sys.argv[1])
    directory.mkdir(parents=True, exist_ok=True)
    for name in (*RECIPES, *BROKEN):
        MediaFactory(directory)[name]


if __name__ == "__main__":
    main()
