"""Video files whose pictures are easily shown wrong, and what FFmpeg itself makes of each.

Every colour conversion of the truth is FFmpeg's: `truth` is the chain that shows a file right. They
are short, small, and of a picture that is the same in no two quarters.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.media_factory import X264, X265

SIZE = (256, 144)
_TEST = f"testsrc2=s={SIZE[0]}x{SIZE[1]}:r=25:d=0.24"
_FIELDS = "testsrc2=s=128x96:r=50:d=0.24"
_SQUARE = "scale=w='round(iw*sar)':h=ih,setsar=1"
_OVER_WHITE = "split[a][b];[b]format=rgb24,geq=r=255:g=255:b=255[w];[w][a]overlay=format=rgb"
_LINEAR = "zscale=t=linear:npl=100,format=gbrpf32le,zscale=p=bt709"
_TO_SDR = "zscale=t=bt709:m=bt709:r=tv,format=yuv444p"


@dataclass(frozen=True, slots=True)
class Coloured:
    """One file.

    Args:
        name: File name.
        draw: ffmpeg's filters that draw and store it.
        encode: Output options.
        needs: What decord does not do of it, a part of its refusal; None where it is right.
        truth: ffmpeg's filters that show it, before `format=rgb24`.
        size: Of the pictures that are shown.
        turn: Input options of a second pass that copies it with a display matrix.
    """

    name: str
    draw: str
    encode: tuple[str, ...]
    needs: str | None = None
    truth: str = "null"
    size: tuple[int, int] = SIZE
    turn: tuple[str, ...] = ()


FFV1 = ("-c:v", "ffv1")


def _stored(
    name: str, conversion: str, encode: tuple[str, ...] = X264, size: tuple[int, int] = SIZE
) -> Coloured:
    return Coloured(name, f"{_TEST},{conversion}", encode, size=size)


def _tagged(name: str, matrix: str, span: str, form: str = "yuv420p") -> Coloured:
    change = f"scale=out_color_matrix={matrix}:out_range={span},format={form}"
    return _stored(name, change)


def _hdr(name: str, transfer: str, peak: int, encode: tuple[str, ...] = X265) -> Coloured:
    """Drawn with its white at `peak` cd/m2 of BT.2100."""
    change = (
        "format=gbrpf32le,zscale=tin=iec61966-2-1:pin=bt709:min=gbr:rin=full"
        f":t={transfer}:p=bt2020:m=bt2020nc:r=tv:npl={peak},format=yuv420p10le"
    )
    return Coloured(
        name,
        f"{_TEST},{change}",
        encode,
        "high dynamic range",
        f"{_LINEAR},tonemap=hable:desat=0,{_TO_SDR}",
    )


def _turned(name: str, *turn: str, across: bool = False) -> Coloured:
    size = (SIZE[1], SIZE[0]) if across else SIZE
    draw = f"{_TEST},format=yuv420p"
    return Coloured(name, draw, X264, "turned or mirrored", size=size, turn=turn)


def _shaped(name: str, ratio: str, size: tuple[int, int]) -> Coloured:
    draw = f"{_TEST},format=yuv420p,setsar={ratio}"
    return Coloured(name, draw, X264, "not square", _SQUARE, size)


def _clear(name: str, form: str, encode: tuple[str, ...]) -> Coloured:
    """Ever more transparent to the left."""
    draw = f"{_TEST},format=rgba,geq=r='r(X,Y)':g='g(X,Y)':b='b(X,Y)':a='255*X/W',format={form}"
    return Coloured(name, draw, encode, "transparency", _OVER_WHITE)


def _interlaced(name: str, form: str, encode: tuple[str, ...], first: str = "tff") -> Coloured:
    draw = f"{_FIELDS},format={form},tinterlace=interleave_top,fieldorder={first},setfield={first}"
    truth = "bwdif=mode=send_frame:deint=interlaced"
    return Coloured(name, draw, encode, "interlaced", truth, (128, 96))


FFV1 = ("-c:v", "ffv1")
RAW = ("-c:v", "rawvideo")
PRORES = ("-c:v", "prores_ks", "-profile:v", "4444")
MPEG2 = ("-c:v", "mpeg2video", "-q:v", "2", "-flags", "+ildct+ilme")
X264_FIELDS = (*X264, "-flags", "+ildct+ilme", "-x264opts", "tff=1")
# Up to 1000 cd/m2.
_SCREEN = "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50)"
_MASTERED = f"log-level=none:pools=2:hdr10=1:max-cll=1000,400:master-display={_SCREEN}"
MASTERED = (*X265[:-1], _MASTERED)

COLOURED = (
    _tagged("bt709.mp4", "bt709", "tv"),
    _tagged("bt709_full.mp4", "bt709", "pc"),
    _tagged("bt601.mp4", "smpte170m", "tv"),
    _tagged("bt2020_matrix.mp4", "bt2020", "tv"),
    _tagged("bt709_full_10bit.mp4", "bt709", "pc", "yuv420p10le"),
    _stored("unnamed_720p.mp4", "scale=1280:720,format=yuv420p", size=(1280, 720)),
    _stored("422.mp4", "format=yuv422p"),
    _stored("444.mp4", "format=yuv444p"),
    _stored("411.mkv", "format=yuv411p", FFV1),
    _stored("420_10bit.mp4", "format=yuv420p10le"),
    _stored("422_10bit.mp4", "format=yuv422p10le"),
    _stored("444_10bit.mp4", "format=yuv444p10le"),
    _stored("420_12bit.mkv", "format=yuv420p12le", X265),
    _stored("422_12bit.mkv", "format=yuv422p12le", X265),
    _stored("rgb_12bit.mkv", "format=gbrp12le", X265),
    _stored("420_16bit.mkv", "format=yuv420p16le", FFV1),
    _stored("rgb_16bit.mkv", "format=gbrp16le", FFV1),
    _stored("v210.mov", "format=yuv422p10le", ("-c:v", "v210")),
    _stored("rgb.mp4", "format=gbrp", ("-c:v", "libx264rgb", "-preset", "ultrafast")),
    _stored("raw.avi", "format=bgr24", RAW),
    _stored("grey.mp4", "format=gray"),
    _stored("grey_10bit.mp4", "format=gray10le"),
    _stored("black_and_white.nut", "format=monob", RAW),
    _stored("palette.mov", "split[a][b];[a]palettegen[p];[b][p]paletteuse", ("-c:v", "qtrle")),
    _stored("jpeg.avi", "format=yuvj422p", ("-c:v", "mjpeg", "-q:v", "2")),
    _stored("odd.mp4", "scale=131:75,setsar=1,format=yuv444p", size=(131, 75)),
    _stored("odd.mkv", "scale=131:75,setsar=1,format=yuv420p", FFV1, (131, 75)),
    Coloured(
        "bt2020.mp4",
        f"{_TEST},format=gbrpf32le,zscale=tin=bt709:pin=bt709:min=gbr:rin=full"
        ":t=2020_10:p=bt2020:m=bt2020nc:r=tv,format=yuv420p10le",
        X265,
        "wide gamut",
        f"{_LINEAR},{_TO_SDR}",
    ),
    _hdr("pq.mp4", "smpte2084", 203),
    _hdr("pq_bright.mp4", "smpte2084", 1000),
    _hdr("pq_mastered.mp4", "smpte2084", 1000, MASTERED),
    _hdr("hlg.mp4", "arib-std-b67", 203),
    _hdr("hlg_bright.mkv", "arib-std-b67", 600),
    _shaped("wide.mp4", "16/11", (372, 144)),
    _shaped("narrow.mp4", "8/9", (228, 144)),
    _turned("turned_90.mp4", "-display_rotation", "90", across=True),
    _turned("turned_180.mp4", "-display_rotation", "180"),
    _turned("turned_270.mp4", "-display_rotation", "270", across=True),
    _turned("mirrored.mp4", "-display_hflip"),
    _turned("flipped.mp4", "-display_vflip"),
    _turned("turned_mirrored.mp4", "-display_rotation", "90", "-display_hflip", across=True),
    _turned("turned_flipped.mp4", "-display_rotation", "90", "-display_vflip", across=True),
    _clear("clear_prores.mov", "yuva444p10le", PRORES),
    _clear("clear_png.mov", "rgba", ("-c:v", "png")),
    _clear("clear_qtrle.mov", "argb", ("-c:v", "qtrle")),
    _interlaced("fields.mpg", "yuv420p", MPEG2),
    _interlaced("fields.mp4", "yuv420p", X264_FIELDS),
    _interlaced("fields_422.mkv", "yuv422p", MPEG2),
    _interlaced("fields_lower_first.avi", "yuv420p", MPEG2, "bff"),
)  # fmt: skip
