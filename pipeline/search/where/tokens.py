"""Text -> tokens: where each word, sign and quoted text of a filter stands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from pipeline.errors import FilterError
from pipeline.text import quoted

_TOKEN = re.compile(
    r"""(?P<space>\s+)
      | (?P<sign><=|>=|!=|==|[<>=(),]|\.\.)
      | (?P<quoted>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
      | (?P<word>(?:(?!\.\.)[^\s()<>=!,"'])+)
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPED = re.compile(r"""\\([\\"'])""")


class Sort(StrEnum):
    """What a token is."""

    SIGN = "sign"
    QUOTED = "quoted"
    WORD = "word"
    END = "end"


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a filter.

    Args:
        sort: What it is.
        text: What it says: of a quoted text, what is between the quotes.
        at: Index of its first character.
    """

    sort: Sort
    text: str
    at: int

    def is_word(self, *words: str) -> bool:
        """Whether it is one of these words, in whatever case."""
        return self.sort == Sort.WORD and self.text.lower() in words

    def is_sign(self, *signs: str) -> bool:
        """Whether it is one of these signs."""
        return self.sort == Sort.SIGN and self.text in signs

    def __str__(self) -> str:
        return "the end" if self.sort == Sort.END else quoted(self.text)


def tokens(text: str) -> Iterator[Token]:
    """Cut a filter into tokens; the last one is its end.

    Raises:
        FilterError: A quote that is not closed, or a character that means nothing.
    """
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if not found:
            raise _unknown(text, at)
        piece, sort = found[0], found.lastgroup
        if sort == "quoted":
            yield Token(Sort.QUOTED, _ESCAPED.sub(r"\1", piece[1:-1]), at)
        elif sort == "sign":
            yield Token(Sort.SIGN, "=" if piece == "==" else piece, at)
        elif sort == "word":
            yield Token(Sort.WORD, piece, at)
        at = found.end()
    yield Token(Sort.END, "", at)


def _unknown(text: str, at: int) -> FilterError:
    if text[at] in "\"'":
        return FilterError(f"this quote is not closed: end it with {text[at]}", text=text, at=at)
    return FilterError("'!' means nothing here: write != or not", text=text, at=at)
