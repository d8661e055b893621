"""Text -> Filter: a recursive descent, one method a rule.

A parsing library would save the thirty lines of rules and cost the messages: that a field is
misspelled, what a value of this very field looks like, and where.

    either    = both {"or" both}
    both      = term {"and" term}
    term      = "not" term | "(" either ")" | condition
    condition = SCALE ("=" | "!=" | "<" | "<=" | ">" | ">=") value | SCALE ["not"] "in" range
              | NAMED ("=" | "!=") value | NAMED ["not"] "in" "(" value {"," value} ")"
    range     = value ".." value | value ".." | ".." value
    SCALE     = "time" | "duration" | "recorded"
    NAMED     = "path" | "tag" | "kind" | "video"
"""

from __future__ import annotations

from collections.abc import Callable

from pipeline.errors import FilterError
from pipeline.filters import And, DurationIn, Filter, Not, Or, TimeIn
from pipeline.search.where import values
from pipeline.search.where.tokens import Sort, Token, tokens
from pipeline.text import quoted

MAX_CHARACTERS = 8000
MAX_DEPTH = 32
"""Most parentheses and `not` within one another."""

_SCALES: dict[str, values.Scale] = {
    "time": values.Seconds(TimeIn),
    "duration": values.Seconds(DurationIn),
    "recorded": values.Instants(),
}
_NAMED: dict[str, Callable[[str], Filter]] = {
    "path": values.path,
    "tag": values.tag,
    "kind": values.kind,
    "video": values.video,
}
_FIELDS = (*_SCALES, *_NAMED)
_WORDS = ("and", "or", "not", "in")


def parse_filter(text: str) -> Filter:
    """Read a filter.

    Raises:
        FilterError: It is no filter, or longer than MAX_CHARACTERS, or deeper than MAX_DEPTH.
    """
    if len(text) > MAX_CHARACTERS:
        raise FilterError(
            f"this filter has {len(text)} characters, {MAX_CHARACTERS} are allowed",
            text=text,
            at=MAX_CHARACTERS,
        )
    return _Parser(text).whole()


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(tokens(text))
        self._place = 0
        self._depth = 0

    def whole(self) -> Filter:
        found = self._either()
        if self._next.sort != Sort.END:
            raise self._expected("'and', 'or' or the end", quoting=True)
        return found

    def _either(self) -> Filter:
        parts = [self._both()]
        while self._take_word("or"):
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _both(self) -> Filter:
        parts = [self._term()]
        while self._take_word("and"):
            parts.append(self._term())
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _term(self) -> Filter:
        opening = self._next
        if self._take_word("not"):
            self._deeper(opening)
            found: Filter = Not(self._term())
        elif self._take_sign("("):
            self._deeper(opening)
            found = self._either()
            if not self._take_sign(")"):
                raise self._expected("'and', 'or' or ')'", quoting=True)
        else:
            return self._condition()
        self._depth -= 1
        return found

    def _condition(self) -> Filter:
        field = self._next
        name = field.text.lower()
        if field.sort != Sort.WORD or name in _WORDS:
            raise self._expected("a condition such as time in 10..60 or tag = night")
        if name not in _FIELDS:
            hint = values.nearest(name, _FIELDS)
            raise self._error(f"there is no field {quoted(field.text)}: {hint}", field)
        self._place += 1
        if name in _SCALES:
            return self._ordered(name, _SCALES[name])
        return self._listed(name, _NAMED[name])

    def _ordered(self, name: str, scale: values.Scale) -> Filter:
        sign = self._next
        if self._take_sign("!=", *values.COMPARISONS):
            value = self._value(f"a value of {name}")
            if sign.text == "!=":
                return Not(self._made(value, lambda text: scale.compare("=", text)))
            return self._made(value, lambda text: scale.compare(sign.text, text))
        return self._within(f"=, !=, <, <=, >, >= or in after {name}", lambda: self._range(scale))

    def _listed(self, name: str, condition: Callable[[str], Filter]) -> Filter:
        sign = self._next
        if self._take_sign("=", "!="):
            made = self._made(self._value(f"a {name}"), condition)
            return made if sign.text == "=" else Not(made)
        return self._within(f"=, != or in after {name}", lambda: self._list(name, condition))

    def _within(self, signs: str, read: Callable[[], Filter]) -> Filter:
        """`in` or `not in`, and what follows."""
        negated = self._take_word("not")
        if not self._take_word("in"):
            raise self._expected("in" if negated else signs)
        return Not(read()) if negated else read()

    def _range(self, scale: values.Scale) -> Filter:
        begin = self._next
        first = "" if begin.is_sign("..") else self._range_end("a range such as 10..60", scale)
        if not self._take_sign(".."):
            raise self._expected("'..' and the end of the range")
        has_last = self._next.sort in (Sort.WORD, Sort.QUOTED) and not self._next.is_word(*_WORDS)
        last = self._range_end("the end of the range", scale) if has_last or not first else ""
        return self._made(begin, lambda _: scale.between(first, last))

    def _range_end(self, what: str, scale: values.Scale) -> str:
        value = self._value(what)
        # Read by itself, so that the caret stands under the one that is wrong.
        self._made(value, lambda text: scale.compare(">=", text))
        return value.text

    def _list(self, name: str, condition: Callable[[str], Filter]) -> Filter:
        if not self._take_sign("("):
            raise self._expected(f"'(' as in {name} in (…, …)")
        parts = [self._made(self._value(f"a {name}"), condition)]
        while self._take_sign(","):
            parts.append(self._made(self._value(f"a {name}"), condition))
        if not self._take_sign(")"):
            raise self._expected("',' or ')'", quoting=True)
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _value(self, what: str) -> Token:
        value = self._next
        if value.sort not in (Sort.WORD, Sort.QUOTED):
            raise self._expected(what)
        if value.is_word(*_WORDS):
            raise self._expected(f'{what}, in quotes if it is "{value.text}"')
        if not value.text:
            raise self._error(f"expected {what}, found nothing between the quotes", value)
        self._place += 1
        return value

    def _made(self, value: Token, condition: Callable[[str], Filter]) -> Filter:
        try:
            return condition(value.text)
        except ValueError as error:
            raise self._error(str(error), value) from None

    @property
    def _next(self) -> Token:
        return self._tokens[self._place]

    def _take_word(self, *words: str) -> bool:
        taken = self._next.is_word(*words)
        self._place += taken
        return taken

    def _take_sign(self, *signs: str) -> bool:
        taken = self._next.is_sign(*signs)
        self._place += taken
        return taken

    def _deeper(self, at: Token) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self._error(f"more than {MAX_DEPTH} parentheses and nots within one another", at)

    def _expected(self, what: str, *, quoting: bool = False) -> FilterError:
        after_value = quoting and self._next.sort in (Sort.WORD, Sort.QUOTED)
        hint = "; put a text with spaces in quotes" if after_value else ""
        return self._error(f"expected {what}, found {self._next}{hint}", self._next)

    def _error(self, message: str, at: Token) -> FilterError:
        return FilterError(message, text=self._text, at=at.at)
