"""What somebody wrote -> a Question, refused if it cannot be answered, before a model is loaded."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from numbers import Real
from os import PathLike
from pathlib import Path

from pipeline.data import Picture, Question, Spot, Words
from pipeline.data.questions import LEAST_WEIGHT, MOST_WEIGHT
from pipeline.errors import Code, QueryError
from pipeline.filters import Filter
from pipeline.media.image import check_image
from pipeline.search.where import parse_filter
from pipeline.text import quoted, seconds_of

MOST_PARTS = 100
"""Texts, pictures and spots of one question, together."""

MOST_CHARACTERS = 10_000
"""Of one text: far more than any CLIP reads."""

Parts = str | PathLike[str] | Sequence[str | PathLike[str]] | Mapping[str, float] | None
"""One or several, with or without weights: `"a car"`, `["a car", "night"]`, `{"a car": 2}`."""

_WEIGHT = re.compile(r"(?P<what>.+)\^(?P<weight>[0-9.]+(?:e[+-]?[0-9]+)?)", re.DOTALL)
_AT = re.compile(r"(?P<video>.+)@(?P<at>[0-9][0-9:.hms]*)", re.DOTALL)


def question_of(
    text: Parts = None,
    *,
    image: Parts = None,
    like: Parts = None,
    without: Parts = None,
    more: Parts = None,
    less: Parts = None,
    where: str | Filter | None = None,
) -> Question:
    """Read a question.

    A part is written as it is, or with a weight behind it, `a red car^2`; a spot is a video,
    `VIDEO`, or a moment of it, `VIDEO@1:30`.

    Args:
        text: What to look for, in words.
        image: Or in pictures: files.
        like: Or like these spots of the archive.
        without: What is not wanted, in words.
        more: Moments that are what is meant.
        less: Moments that are not.
        where: A filter.

    Raises:
        FilterError: The filter cannot be read.
        QueryError: Nothing is looked for, or a part is empty or neither text nor a path, or a
            weight or a time is none.
        MediaError: A picture is not there, or none that is read, as `check_image`.
    """
    texts = tuple(_words(*each, "text") for each in _each(text, "text"))
    not_wanted = "text that is not wanted"
    negatives = tuple(_words(*each, not_wanted) for each in _each(without, not_wanted))
    pictures = tuple(_picture(*each) for each in _each(image, "picture"))
    likes, mores, lesses = (
        tuple(_spot(*each) for each in _each(parts, "video")) for parts in (like, more, less)
    )
    wanted = parse_filter(where) if isinstance(where, str) else where
    count = sum(map(len, (texts, negatives, pictures, likes, mores, lesses)))
    if count > MOST_PARTS:
        raise _refused(f"a question has at most {MOST_PARTS} parts, not {count}")
    if not (texts or pictures or likes or mores):
        only = "only what is not wanted: " if negatives or lesses else ""
        raise _refused(
            f'{only}say what to look for: vsearch query "a red car", or --image FRAME.png'
        )
    return Question(texts, pictures, likes, negatives, mores, lesses, wanted)


def describe(question: Question) -> str:
    """A question in one line, as a heading."""
    wanted = [
        *(each.text for each in question.texts),
        *(each.path.name for each in question.pictures),
        *(f"like {Path(each.video).name}" for each in question.like),
    ]
    line = " + ".join(wanted or ["more like this"])
    return line + "".join(f", not {each.text}" for each in question.without)


def written(what: str, weight: float = 1.0) -> str:
    """A part as `question_of` reads it again."""
    plain = _exists(what) or not _WEIGHT.fullmatch(what)
    return what if plain and weight == 1 else f"{what}^{weight!r}"


def _each(parts: Parts, name: str) -> list[tuple[str, float | None]]:
    """Parts as they were written, with the weights that were given apart from that."""
    if parts is None:
        return []
    if isinstance(parts, Mapping):
        return [(_plain(what, name), _given(what, weight)) for what, weight in parts.items()]
    if isinstance(parts, str | bytes | PathLike) or not isinstance(parts, Iterable):
        return [(_plain(parts, name), None)]
    return [(_plain(what, name), None) for what in parts]


def _plain(what: object, name: str) -> str:
    """A part as text, or refused: a program may hand over anything."""
    text = os.fspath(what) if isinstance(what, str | PathLike) else what
    if not isinstance(text, str):
        raise _refused(
            f"a {name} is text or a path, as in 'a red car' or 'car.jpg', not of type"
            f" {type(what).__name__}"
        )
    return text


def _given(what: object, weight: object) -> float:
    """A weight that was given apart; what is a number may still be out of range."""
    if not isinstance(weight, Real):
        raise _refused(
            f"the weight of {quoted(str(what))} is a number, as in {{'a red car': 2}}, not of type"
            f" {type(weight).__name__}"
        )
    try:
        return float(weight)
    except OverflowError:
        return math.inf


def _words(written: str, weight: float | None, name: str) -> Words:
    what, weight = _weighed(written, weight)
    if not what.strip():
        raise _refused(f"a {name} is empty: say what to look for")
    if len(what) > MOST_CHARACTERS:
        raise _refused(
            f"a {name} has {len(what):,} characters, at most {MOST_CHARACTERS:,} can be read:"
            " shorten it"
        )
    return Words(what, weight)


def _picture(written: str, weight: float | None) -> Picture:
    what, weight = _weighed(written, weight)
    check_image(Path(what))
    return Picture(Path(what), weight)


def _spot(written: str, weight: float | None) -> Spot:
    what, weight = _weighed(written, weight)
    # A file may be called so; a path that is there is no moment of another.
    at = None if _exists(what) else _AT.fullmatch(what)
    if not (at["video"] if at else what).strip():
        raise _refused("the name of a video is empty")
    if at is None:
        return Spot(what, None, weight)
    try:
        seconds = seconds_of(at["at"])
    except ValueError:
        seconds = math.inf
    if seconds == math.inf:
        raise _refused(
            f"{quoted(at['at'])} is no time: write VIDEO@12.5, VIDEO@1:30 or VIDEO@1m30s"
        )
    return Spot(at["video"], seconds, weight)


def _weighed(written: str, weight: float | None) -> tuple[str, float]:
    what = written
    if weight is None:
        found = None if _exists(written) else _WEIGHT.fullmatch(written)
        what, weight = (found["what"], _number(found["weight"])) if found else (written, 1.0)
    if not LEAST_WEIGHT <= weight <= MOST_WEIGHT:
        raise _refused(
            f"a weight is a number from {LEAST_WEIGHT:g} to {MOST_WEIGHT:g},"
            f" as in {quoted(what + '^2')}"
        )
    return what, weight


def _exists(name: str) -> bool:
    try:
        return Path(name).exists()
    except OSError:  # a name that no file can have
        return False


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _refused(message: str) -> QueryError:
    return QueryError(message, code=Code.QUERY_INVALID)
