"""Conditions of a statute pack, parsed and judged with three answers (LAW-20 to LAW-24)."""

import calendar
import dataclasses
import datetime as dt
import functools
import re
from collections.abc import Iterable, Mapping
from typing import Any

from canonical import RefusedError

Answer = bool | None
"""Yes, no, or None: unknown."""
Judged = tuple[Answer, frozenset[str]]
"""An answer with the facts that it misses."""

NEVER = "never"
UNITS = ("day", "days", "month", "months", "year", "years")
WORDS = {"and", "or", "not", "always", "is", "in", "has", "any", "happened", "as_of", *UNITS}
TOKEN = re.compile(r"\s*(\d{4}-\d\d-\d\d|\d+|[a-z][a-z0-9_]*|<=|>=|[<>()+,])", re.ASCII)


class Parser:
    """The grammar of LAW-20."""

    def __init__(self, text: str) -> None:
        """Split the text into tokens."""
        self.tokens: list[str] = []
        at, text = 0, text.rstrip()
        while at < len(text):
            found = TOKEN.match(text, at)
            if not found:
                raise RefusedError("pack-syntax", f"not a token: {text[at:]!r}")
            self.tokens.append(found[1])
            at = found.end()
        self.tokens.append("")

    def take(self, *allowed: str) -> str:
        """The next token, which is one of those allowed, or a name where none is said."""
        token = self.tokens.pop(0) if self.tokens else ""
        if token not in allowed and (allowed or token in WORDS or not token[:1].isalpha()):
            raise RefusedError("pack-syntax", f"{token!r} is not expected here")
        return token

    def whole(self) -> tuple[Any, ...]:
        """The whole text."""
        made = self.condition()
        self.take("")
        return made

    def condition(self) -> tuple[Any, ...]:
        """One, all or some."""
        parts = [self.one()]
        word = self.tokens[0]
        while word in {"and", "or"} and self.tokens[0] == word:
            self.take(word)
            parts.append(self.one())
        return (word, *parts) if len(parts) > 1 else parts[0]

    def one(self) -> tuple[Any, ...]:
        """A part between `and` or `or`."""
        first = self.tokens[0]
        if first in {"not", "(", "always", "happened"}:
            self.take(first)
        if first == "not":
            return ("not", self.one())
        if first == "(":
            inner = self.condition()
            self.take(")")
            return inner
        if first == "always":
            return ("always",)
        if first == "happened":
            return ("happened", self.take())
        return self.test()

    def test(self) -> tuple[Any, ...]:
        """A test that begins with a name or a day."""
        name, word = self.tokens[0], self.tokens[1] if len(self.tokens) > 1 else ""
        if word in {"is", "in", "has"}:
            self.take()
            self.take(word)
            if word == "has" and self.tokens[0] == "any":
                return ("has", name, self.take("any"))
            if word != "in":
                return (word, name, self.take())
            self.take("(")
            codes = [self.take()]
            while self.tokens[0] == ",":
                self.take(",")
                codes.append(self.take())
            self.take(")")
            return ("is", name, *codes)
        if word in {"<", "<=", ">", ">=", "+"}:
            left = self.day()
            return (self.take("<", "<=", ">", ">="), left, self.day())
        return ("name", self.take())

    def day(self) -> tuple[str | dt.date, str]:
        """A day: where it starts, and the period that is added to it."""
        token = self.tokens[0]
        base: str | dt.date
        if token[:1].isdigit():
            base = dt.date.fromisoformat(self.tokens.pop(0))
        else:
            base = self.take("as_of") if token == "as_of" else self.take()
        if self.tokens[0] != "+":
            return base, "0 days"
        self.take("+")
        number = int(self.tokens.pop(0))
        return base, f"{number} {self.take(*UNITS)}"


@functools.cache
def parse(text: str) -> tuple[Any, ...]:
    """The parts of a condition."""
    return Parser(text).whole()


def after(day: dt.date, period: str) -> dt.date:
    """The day on which a period ends (LAW-12, LAW-13)."""
    count, unit = period.rstrip("s").split()
    number = int(count)
    if unit == "day":
        return dt.date.fromordinal(min(day.toordinal() + number, dt.date.max.toordinal()))
    months = day.year * 12 + day.month - 1 + number * (12 if unit == "year" else 1)
    year, month = months // 12, months % 12 + 1
    if year > dt.MAXYEAR:
        return dt.date.max
    return dt.date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


@dataclasses.dataclass(frozen=True)
class Known:
    """What conditions are judged on: facts, choices and codes; what is not in it is unknown."""

    values: Mapping[str, Any]
    definitions: Mapping[str, str]
    as_of: dt.date

    def judge(self, text: str) -> Judged:
        """Judge a condition (LAW-21, LAW-22)."""
        return self._part(parse(text))

    def yes(self, text: str) -> bool:
        """Whether a condition is yes."""
        return self.judge(text)[0] is True

    def _part(self, part: tuple[Any, ...]) -> Judged:
        kind = part[0]
        if kind in {"and", "or"}:
            parts = [self._part(inner) for inner in part[1:]]
            ends_it = kind == "or"
            if any(answer is ends_it for answer, _ in parts):
                return ends_it, frozenset()
            missed = frozenset().union(*(miss for answer, miss in parts if answer is None))
            return (None if any(answer is None for answer, _ in parts) else not ends_it), missed
        if kind == "not":
            answer, missed = self._part(part[1])
            return (None if answer is None else not answer), missed
        if kind == "always":
            return True, frozenset()
        if kind in {"<", "<=", ">", ">="}:
            return self._compared(*part)
        return self._asked(kind, *part[1:])

    def _asked(self, kind: str, name: str, *codes: str) -> Judged:
        if kind == "name" and name in self.definitions:
            return self.judge(self.definitions[name])
        if name not in self.values:
            return None, frozenset({name})
        value = self.values[name]
        if kind == "name":
            return value, frozenset()
        if kind == "happened":
            return value != NEVER, frozenset()
        if kind == "has":
            return (bool(value) if codes == ("any",) else codes[0] in value), frozenset()
        return value in codes, frozenset()

    def _compared(self, sign: str, *days: tuple[str | dt.date, str]) -> Judged:
        """Compare two days; never before unknown (LAW-23)."""
        bases = [self.as_of if base == "as_of" else base for base, _ in days]
        found = [self.values.get(base) if isinstance(base, str) else base for base in bases]
        if NEVER in found:
            return False, frozenset()
        if None in found:
            missed = zip(bases, found, strict=True)
            return None, frozenset(str(base) for base, value in missed if value is None)
        left, right = (after(day, add) for day, (_, add) in zip(found, days, strict=True) if day)
        return {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[
            sign
        ], frozenset()

    def asked(self, text: str) -> set[str]:
        """The facts that a condition asks, those of its definitions included."""

        def names(part: tuple[Any, ...]) -> Iterable[str]:
            if part[0] in {"not", "and", "or"}:
                for inner in part[1:]:
                    yield from names(inner)
            elif part[0] == "name" and part[1] in self.definitions:
                yield from names(parse(self.definitions[part[1]]))
            elif part[0] in {"<", "<=", ">", ">="}:
                yield from (base for base, _ in part[1:] if isinstance(base, str))
            elif part[0] != "always":
                yield part[1]

        return set(names(parse(text)))
