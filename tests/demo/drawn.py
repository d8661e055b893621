"""What the tests of the drawn world share: facts of any kind, and how paints are counted."""

from __future__ import annotations

import cv2
import numpy as np
from hypothesis import strategies as st

from pipeline.data import UInt8Array
from pipeline.demo.brush import HEIGHT, WIDTH
from pipeline.demo.facts import SIGN, SIZES, Facts, Subject
from pipeline.demo.places import PLACES, TIMES
from pipeline.demo.things import PAINTS, THINGS, WORDS

_GREY = 120

seeds = st.integers(0, 2**32 - 1)
kinds = st.sampled_from(tuple(THINGS))
colours = st.sampled_from(tuple(PAINTS))
sizes = st.sampled_from(SIZES)
words = st.sampled_from(WORDS)
places = st.sampled_from(tuple(PLACES))
times = st.sampled_from(tuple(TIMES))
things = st.builds(Subject, kinds, colours, sizes)
signs = st.builds(Subject, st.just(SIGN), colours, word=words)
pairs = st.tuples(things, things).filter(lambda two: two[0].kind != two[1].kind)
groups = st.one_of(st.just(()), st.tuples(things), st.tuples(signs), pairs)
any_facts = st.builds(Facts, places, times, groups)


def grey_wall(pan: float, t: float) -> UInt8Array:
    """A backdrop without any paint of its own."""
    return np.full((HEIGHT, WIDTH, 3), _GREY, np.uint8)


def painted(picture: UInt8Array, colour: str) -> int:
    """How many pixels have a paint's hue, or are white."""
    hue, saturation, value = np.moveaxis(_hsv(picture), -1, 0)
    if colour == "white":
        return int(((saturation < 0.1) & (value > 0.78)).sum())
    paint = _hsv(np.array([[PAINTS[colour]]], np.uint8))[0, 0, 0]
    apart = np.abs((hue - paint + 180) % 360 - 180)
    return int(((apart < 14) & (saturation > 0.3)).sum())


def _hsv(picture: UInt8Array) -> np.ndarray:
    return cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_RGB2HSV)
