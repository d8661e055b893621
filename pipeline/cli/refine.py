"""`vsearch refine`: a question, and the answers to it that say more and more what is meant."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from pipeline.cli.answers import print_answer
from pipeline.cli.export import play
from pipeline.cli.options import ConfigFile, Overrides, load
from pipeline.cli.searching import (
    FILTERS,
    Images,
    Text,
    TopK,
    Where,
    Without,
    searching,
    working,
)
from pipeline.errors import Code, FilterError, QueryError, VSearchError
from pipeline.text import printable, without_secret

if TYPE_CHECKING:
    from pipeline.data import Answer, Question, Spot, VideoHit

HELP = "+1 more like it, -3 less, o 2 plays it, w FILTER, u undoes, q ends; several at once: +1 -3"
EPILOG = f"""{HELP}

At the end it says which vsearch query gives the same.

{FILTERS}"""

_MARK = re.compile(r"(?P<sign>[+-])(?P<place>[0-9]{1,4})")
_PREFIX = 12


def refine_cli(
    text: Text = None,
    image: Images = None,
    without: Without = None,
    where: Where = None,
    top_k: TopK = None,
    config: ConfigFile = None,
    overrides: Overrides = None,
) -> None:
    """Search, say which results are meant and which are not, and search again.

    After each answer: +1 marks the first result as meant, -3 the third as not, and searches again.
    """
    from pipeline.search.ask import question_of

    asked = [_Asked(question_of(text, image=image, without=without, where=where), where)]
    with searching(load(config, overrides).config) as searcher:
        while True:
            try:
                with working("searching"):
                    answer = searcher.ask(asked[-1].question, top_k=top_k)
            except VSearchError as error:
                if len(asked) == 1:
                    raise
                typer.echo(printable(f"{error}"), err=True)
                asked = asked[:-1]
                continue
            print_answer(answer)
            changed = _changed(asked, answer)
            if changed is None:
                break
            asked = changed
    arguments = [*_arguments(asked[-1]), *_options(top_k, config, overrides)]
    command = shlex.join(["vsearch", "query", *arguments])
    typer.echo(f"the same again: {printable(command)}", err=True)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question, and its filter as it was written."""

    question: Question
    where: str | None


def _changed(asked: list[_Asked], answer: Answer) -> list[_Asked] | None:
    """The questions so far and the next one, as somebody wants it; None at the end."""
    shown = answer.results or answer.nearest
    while True:
        try:
            line = input(_prompt())
        except (EOFError, KeyboardInterrupt):
            typer.echo(err=True)  # the prompt's line has no end yet
            return None
        words = line.split()
        try:
            match words:
                case ["q" | "quit" | "exit"]:
                    return None
                case ["u" | "undo"] if len(asked) > 1:
                    return asked[:-1]
                case ["o" | "open", number]:
                    play(replace(answer, results=(_shown(shown, number),)))
                case ["w" | "where", _, *_]:
                    return [*asked, _within(asked[-1], line)]
                case [_, *_] if all(map(_MARK.fullmatch, words)):
                    marked = _marked(asked[-1].question, shown, words)
                    return [*asked, replace(asked[-1], question=marked)]
                case _:
                    typer.echo(HELP, err=True)
        except FilterError as error:
            typer.echo(f"{error}", err=True)
        except VSearchError as error:
            typer.echo(printable(f"{error}"), err=True)


def _prompt() -> str:
    # input() writes its prompt to stdout unless that is no terminal; people read it on stderr.
    typer.echo("refine> ", nl=False, err=True)
    return ""


def _shown(shown: Sequence[VideoHit], number: str) -> VideoHit:
    if not number.isdecimal() or not 1 <= int(number) <= len(shown):
        raise QueryError(
            f"there is no result {number}, they go from 1 to {len(shown)}",
            code=Code.QUERY_INVALID,
        )
    return shown[int(number) - 1]


def _within(asked: _Asked, line: str) -> _Asked:
    from pipeline.search.where import parse_filter

    where = line.split(maxsplit=1)[1]
    return _Asked(replace(asked.question, where=parse_filter(where)), where)


def _marked(question: Question, shown: Sequence[VideoHit], words: Sequence[str]) -> Question:
    """The question with more of some results and less of others; the last word on each holds."""
    marks = {_spot(_shown(shown, word[1:])): word[0] for word in words}
    more = [spot for spot in question.more if spot not in marks]
    less = [spot for spot in question.less if spot not in marks]
    return replace(
        question,
        more=(*more, *(spot for spot, sign in marks.items() if sign == "+")),
        less=(*less, *(spot for spot, sign in marks.items() if sign == "-")),
    )


def _spot(found: VideoHit) -> Spot:
    from pipeline.data import Spot

    return Spot(found.record.video.video_id, found.moments[0].best_s)


def _arguments(asked: _Asked) -> Iterator[str]:
    """A question as arguments of `vsearch query`."""
    from pipeline.search.ask import written

    question = asked.question
    for n, each in enumerate(question.texts):
        text = written(each.text, each.weight)
        # What begins like an option is none where it is the value of one.
        yield from ([text] if n == 0 and not text.startswith("-") else ["--text", text])
    for picture in question.pictures:
        yield from ("--image", written(str(picture.path), picture.weight))
    for each in question.without:
        yield from ("--not", written(each.text, each.weight))
    for option, spots in (("--more", question.more), ("--less", question.less)):
        for spot in spots:
            yield from (option, f"{spot.video[:_PREFIX]}@{spot.at_s:.3f}")
    if asked.where is not None:
        yield from ("--where", asked.where)


def _options(
    top_k: int | None, config: Path | None, overrides: Sequence[str] | None
) -> Iterator[str]:
    """What else decides what is found."""
    if top_k is not None:
        yield from ("--top-k", str(top_k))
    if config is not None:
        yield from ("--config", str(config))
    for override in overrides or ():
        # A secret is not repeated.
        key, _, value = override.partition("=")
        if key.strip() not in ("store", "store.token"):
            yield from ("--set", f"{key}={without_secret(value)}")
