"""Colours of a wider range or gamut -> what a standard screen shows of them, by FFmpeg's filters.

It is what `zscale=t=linear:npl=100,zscale=p=bt709,tonemap=hable:desat=0,zscale=t=bt709` does, with
other filters for zscale, which PyAV's FFmpeg does not have. FFmpeg's own colour management
(swscale's) thinks for seconds before its first frame, and a 3D table is off where a gamut is cut.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from pipeline.data import Float64Array
from pipeline.media.filtering import Table

Curve = Literal["pq", "hlg", "standard"]

_WHITE_NITS = 100.0
_PEAK = 10.0  # of high dynamic range, in whites of 100 cd/m2, as FFmpeg assumes it
_STEPS: Float64Array = np.linspace(0, 1, 8192)
_D65 = (0.3127, 0.3290)
_CHROMATICITIES = {
    "bt709": ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060)),
    "bt2020": ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046)),
    "p3": ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
}


@dataclass(frozen=True, slots=True)
class Tones:
    """What stored red, green and blue mean.

    Args:
        curve: PQ or HLG (ITU-R BT.2100), or any curve of standard range, taken for BT.1886.
        primaries: Whose they are: `bt709`, `bt2020` or `p3` (with the white of D65).
    """

    curve: Curve
    primaries: str


def steps(tones: Tones) -> tuple[str | Table, ...]:
    """Filters that bring stored red, green and blue, 0 to 1 in gbrpf32, to BT.709 and BT.1886.

    High dynamic range is brought into range by Hable's curve over the brightest of the three, which
    keeps hues, with a peak of 1,000 cd/m2; a wide gamut is cut off. Signals beyond 0 to 1, as
    colour subsampling may leave them, are cut off first, where zscale goes on.
    """
    rows = to_bt709(tones.primaries).tolist()
    mixed = ":".join(
        f"{name}{of}={share:.6f}"
        for name, row in zip("rgb", rows, strict=True)
        for of, share in zip("rgb", row, strict=True)
    )
    mapped = (
        ("setparams=color_trc=linear", f"tonemap=hable:desat=0:peak={_PEAK}")
        if tones.curve != "standard"
        else ()
    )
    return (
        Table(tuple(light_of(tones.curve, _STEPS).tolist())),
        f"colorchannelmixer={mixed}",
        *mapped,
        Table(tuple((_STEPS ** (1 / 2.4)).tolist())),
    )


def light_of(curve: Curve, signal: Float64Array) -> Float64Array:
    """Display light of a signal from 0 to 1.

    Returns:
        The same shape, 1 at a white of 100 cd/m2 (of the screen's own white in standard range).
    """
    if curve == "pq":
        return _pq(signal) * (10_000 / _WHITE_NITS)
    if curve == "hlg":
        return _hlg(signal) * (1_000 / _WHITE_NITS)
    return np.asarray(signal**2.4)


def to_bt709(primaries: str) -> Float64Array:
    """The matrix from light of other primaries to BT.709's, float64 (3, 3)."""
    return np.asarray(np.linalg.solve(_to_xyz("bt709"), _to_xyz(primaries)))


def _pq(signal: Float64Array) -> Float64Array:
    """ITU-R BT.2100 table 4: the EOTF, 1 at 10,000 cd/m2."""
    m1, m2, c1, c2, c3 = 2610 / 16384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128
    root = signal ** (1 / m2)
    return np.asarray((np.maximum(root - c1, 0) / (c2 - c3 * root)) ** (1 / m1))


def _hlg(signal: Float64Array) -> Float64Array:
    """ITU-R BT.2100 table 5: inverse OETF and OOTF (gamma 1.2), 1 at 1,000 cd/m2.

    The OOTF is over each colour, as zscale has it; BT.2100's is over the luminance.
    """
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    scene = np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - c) / a) + b) / 12)
    return np.asarray(scene**1.2)


def _to_xyz(primaries: str) -> Float64Array:
    corners = np.array([(x / y, 1, (1 - x - y) / y) for x, y in _CHROMATICITIES[primaries]]).T
    x, y = _D65
    return np.asarray(corners * np.linalg.solve(corners, [x / y, 1, (1 - x - y) / y]))
