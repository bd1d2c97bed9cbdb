"""From the text of a condition to a condition.

The grammar (spec chapter `statute-pack`, LAW-20)::

    condition = "always" | all | some | one
    all       = one *( "and" one )
    some      = one *( "or" one )
    one       = "not" one | "(" condition ")" | test
    test      = name                                       a flag or a definition
              | name "is" code | name "in" "(" code *( "," code ) ")"
              | name "has" ( code | "any" )
              | "happened" name
              | day ( "<" | "<=" | ">" | ">=" ) day
    day       = ( "as_of" | name | YYYY-MM-DD ) [ "+" number ( "day" | "month" | "year" )[ "s" ] ]

`and` and `or` do not stand side by side without parentheses: people read them differently.
Nothing of the text is ever run.
"""

import re
from collections.abc import Mapping
from datetime import date
from typing import Final, NoReturn

import attrs

from bwcstore.errors import ErrorKind, InvalidInputError
from bwcstore.statute._civil import Period
from bwcstore.statute._condition import (
    All,
    Always,
    Compare,
    Condition,
    Flag,
    Happened,
    Has,
    Moment,
    Not,
    OneOf,
    Order,
    Some,
)

LENGTH_MAX: Final = 2000
DEPTH_MAX: Final = 32
_TOKEN: Final = re.compile(
    r"\s*(?:(?P<date>\d{4}-\d{2}-\d{2})|(?P<number>\d+)|(?P<word>[a-z][a-z0-9_]*)"
    r"|(?P<sign><=|>=|<|>|\+|\(|\)|,))"
)
_WORDS: Final = frozenset(
    {"always", "and", "or", "not", "is", "in", "has", "any", "happened", "day", "days"}
    | {"month", "months", "year", "years"}
)
NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")


def is_name(text: str) -> bool:
    """Whether `text` can name a fact or a code: lower snake case, no word of the grammar."""
    return bool(NAME.fullmatch(text)) and text not in _WORDS


@attrs.frozen
class _Token:
    text: str
    sort: str
    column: int


def parse_condition(text: str, *, definitions: Mapping[str, Condition]) -> Condition:
    """Return the condition that `text` says, with definitions put in place (spec: LAW-20).

    Args:
        text: one condition, at most 2,000 characters and 32 levels of parentheses.
        definitions: what names of definitions stand for.

    Raises:
        InvalidInputError: `pack-syntax`: the text is no condition; the message gives the column.
    """
    if len(text) > LENGTH_MAX:
        raise InvalidInputError(
            ErrorKind.PACK_SYNTAX, f"a condition of over {LENGTH_MAX} characters"
        )
    reader = _Reader(tokens=_tokens(text), definitions=definitions)
    found = reader.condition(0)
    if (rest := reader.peek()) is not None:
        _fail(f"{rest.text!r} where the condition could end", rest.column)
    return found


def words_of(text: str) -> frozenset[str]:
    """Every name in the text of a condition, known or not; empty when it cannot be read."""
    try:
        return frozenset(
            token.text for token in _tokens(text) if token.sort == "word" and is_name(token.text)
        )
    except InvalidInputError:
        return frozenset()


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    position = 0
    while position < len(text.rstrip()):
        match = _TOKEN.match(text, position)
        if match is None:
            column = position + len(text[position:]) - len(text[position:].lstrip())
            _fail(f"{text[column]!r} belongs in no condition", column)
        sort = match.lastgroup or ""
        found.append(_Token(match[sort], sort, match.start(sort)))
        position = match.end()
    return found


def _fail(problem: str, column: int) -> NoReturn:
    raise InvalidInputError(
        ErrorKind.PACK_SYNTAX, f"{problem}, at column {column + 1} of the condition"
    )


@attrs.define
class _Reader:
    tokens: list[_Token]
    definitions: Mapping[str, Condition]
    position: int = 0

    def peek(self) -> _Token | None:
        return self.tokens[self.position] if self.position < len(self.tokens) else None

    def accept(self, *texts: str) -> bool:
        token = self.peek()
        if token is None or token.text not in texts:
            return False
        self.position += 1
        return True

    def take(self, wanted: str) -> _Token:
        token = self.peek()
        if token is None:
            last = self.tokens[-1] if self.tokens else _Token("", "", 0)
            _fail(f"the condition ends where {wanted} is needed", last.column + len(last.text))
        self.position += 1
        return token

    def name(self, wanted: str) -> str:
        token = self.take(wanted)
        if token.sort != "word" or token.text in _WORDS:
            _fail(f"{token.text!r} where {wanted} is needed", token.column)
        return token.text

    def condition(self, depth: int) -> Condition:
        if depth > DEPTH_MAX:
            _fail(f"more than {DEPTH_MAX} levels", self.tokens[self.position - 1].column)
        parts = [self.one(depth)]
        joint = ""
        while (token := self.peek()) is not None and token.text in ("and", "or"):
            if joint and token.text != joint:
                _fail("'and' beside 'or': put one of them in parentheses", token.column)
            joint = token.text
            self.position += 1
            parts.append(self.one(depth))
        if len(parts) == 1:
            return parts[0]
        return All(tuple(parts)) if joint == "and" else Some(tuple(parts))

    def one(self, depth: int) -> Condition:
        if self.accept("not"):
            if depth > DEPTH_MAX:
                _fail(f"more than {DEPTH_MAX} levels", self.tokens[self.position - 1].column)
            return Not(self.one(depth + 1))
        if self.accept("("):
            inner = self.condition(depth + 1)
            closing = self.take("')'")
            if closing.text != ")":
                _fail(f"{closing.text!r} where ')' is needed", closing.column)
            return inner
        return self.test()

    def test(self) -> Condition:
        if self.accept("always"):
            return Always()
        if self.accept("happened"):
            return Happened(self.name("the name of a date"))
        first = self.take("a fact")
        after = self.peek()
        if first.sort == "date" or (after and after.text in ("+", "<", "<=", ">", ">=")):
            return self.comparison(first)
        if first.sort != "word" or first.text in _WORDS:
            _fail(f"{first.text!r} where a fact is needed", first.column)
        if self.accept("is"):
            return OneOf(first.text, frozenset({self.name("a code")}))
        if self.accept("in"):
            return OneOf(first.text, self.codes())
        if self.accept("has"):
            return Has(first.text, None if self.accept("any") else self.name("a code"))
        if first.text in self.definitions:
            return self.definitions[first.text]
        return Flag(first.text)

    def codes(self) -> frozenset[str]:
        opening = self.take("'('")
        if opening.text != "(":
            _fail(f"{opening.text!r} where '(' is needed", opening.column)
        found = [self.name("a code")]
        while self.accept(","):
            found.append(self.name("a code"))
        closing = self.take("')'")
        if closing.text != ")":
            _fail(f"{closing.text!r} where ',' or ')' is needed", closing.column)
        if len(set(found)) < len(found):
            _fail("a code stands twice in one list", closing.column)
        return frozenset(found)

    def comparison(self, first: _Token) -> Condition:
        left = self.day(first)
        sign = self.take("a comparison")
        if sign.text not in tuple(Order):
            _fail(f"{sign.text!r} where '<', '<=', '>' or '>=' is needed", sign.column)
        right = self.day(self.take("a day"))
        return Compare(left, Order(sign.text), right)

    def day(self, token: _Token) -> Moment:
        if token.sort == "date":
            try:
                day: str | date = date.fromisoformat(token.text)
            except ValueError:
                _fail(f"{token.text} is no day of the calendar", token.column)
        elif token.sort == "word" and token.text not in _WORDS:
            day = token.text
        else:
            _fail(f"{token.text!r} where a day is needed", token.column)
        if not self.accept("+"):
            return Moment(day)
        count, unit = self.take("a number"), self.take("a unit of time")
        if count.sort != "number" or unit.text.removesuffix("s") not in ("day", "month", "year"):
            _fail(f"'{count.text} {unit.text}' where a period is needed", count.column)
        try:
            return Moment(day, Period.parse(f"{int(count.text)} {unit.text}"))
        except InvalidInputError as exc:
            _fail(exc.message, count.column)
