"""Strict reading of the fields of a table: what is missing, not known, or of another form.

Rules kept here (spec chapter `statute-pack`):

- a field that is missing or not known is refused, and so is a value of another type; there are no
  floating-point numbers, and no dates with a time (LAW-1);
- a rule without a citation is refused with a code of its own (LAW-2, LAW-4).

Problems are collected: a reading method that finds one returns a value of the right type that
stands for nothing, and the caller asks for the problems in the end.
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import date, datetime, time
from enum import StrEnum
from typing import Final, Self, TypeVar, cast

import attrs

from bwcstore._values import check_text
from bwcstore.errors import BwcStoreError, ErrorKind, InternalError
from bwcstore.statute._civil import Period, Unit
from bwcstore.statute._condition import AS_OF, CLASS, PURPOSE, Always, Condition
from bwcstore.statute._files._definitions import Definitions
from bwcstore.statute._files._toml import Document, DocumentError, Path, Problem, parse, refuse
from bwcstore.statute._grammar import is_name

E = TypeVar("E", bound=StrEnum)
T = TypeVar("T")
_RULE_ID: Final = re.compile(r"[a-z0-9][a-z0-9.-]*")
_FORMAT: Final = re.compile(r"(.+)/([1-9][0-9]*)")
_TYPES: Final[tuple[tuple[type, str], ...]] = (
    (str, "a text"),
    (bool, "a boolean"),
    (int, "an integer"),
    (float, "a number with a point"),
    (datetime, "a date with a time"),
    (date, "a date"),
    (time, "a time"),
    (list, "an array"),
    (dict, "a table"),
)
_TAKEN: Final = (AS_OF, CLASS, PURPOSE)
_A_DAY: Final = date(1, 1, 1)
_A_PERIOD: Final = Period(count=1, unit=Unit.DAY)


def read_document(
    text: str, *, name: str, written: str, read: Callable[["Table"], T | None]
) -> tuple[T | None, tuple[Problem, ...]]:
    """What a document says, and everything that is wrong with it, by line.

    Args:
        text: the text of the document.
        name: its name, for messages.
        written: the format that it must be of.
        read: reads its root, in which it notes what is wrong.
    """
    try:
        root = Table.root(parse(text, name=name), written=written)
    except DocumentError as exc:
        return None, (exc.problem,)
    found = read(root)
    return found, tuple(sorted(root.problems, key=lambda problem: problem.line))


def accepted(found: T | None, problems: Iterable[Problem]) -> T:
    """What a document says, if nothing is wrong with it.

    Raises:
        InvalidInputError: something is; the kind and the message are those of the first problem,
            and the notes are the others.
        InternalError: a document without a problem says nothing.
    """
    refuse(problems)
    if found is None:
        raise InternalError(ErrorKind.DEFECT, "a document was neither read nor refused")
    return found


def a_type(value: object) -> str:
    """What a value of TOML is, in words."""
    return next(words for sort, words in _TYPES if isinstance(value, sort))


@attrs.define(kw_only=True, eq=False)
class Table:
    """A table of a document, read field by field; `close` finds what nobody asked for.

    Attributes:
        document: the document.
        values: its fields.
        path: where it stands.
        problems: what is wrong, shared by all tables of the document.
        definitions: what names of definitions in conditions stand for.
        rule: the id of the rule that it is, once that has been read.
        about: how messages about it begin, such as `fact recorded: `.
    """

    document: Document
    values: Mapping[str, object]
    path: Path = ()
    problems: list[Problem] = attrs.field(factory=list)
    definitions: Definitions = attrs.field(factory=Definitions)
    rule: str | None = None
    about: str = ""
    _asked: set[str] = attrs.field(factory=set, init=False)

    @classmethod
    def root(cls, document: Document, *, written: str) -> Self:
        """The whole of a document, which must be of the format `written`.

        Raises:
            DocumentError: `field-missing`: it does not say its format; `format-newer`: its format
                is a later one of this kind; `format-unknown`: it is of no such kind.
        """
        table = cls(document=document, values=document.values)
        said = table.values.get("format")
        table._asked.add("format")
        if said == written:
            return table
        newer = _FORMAT.fullmatch(said) if isinstance(said, str) else None
        if said is None:
            table.problem(ErrorKind.FIELD_MISSING, "a field is missing: format", "format")
        elif newer is not None and newer[1] == written.partition("/")[0]:
            table.problem(ErrorKind.FORMAT_NEWER, f"{said} is newer than {written}", "format")
        else:
            table.problem(
                ErrorKind.FORMAT_UNKNOWN, f"{written} is read, not {said!r:.60}", "format"
            )
        raise DocumentError(table.problems[-1])

    @property
    def line(self) -> int:
        """The line of the table."""
        return self.document.line(self.path)

    def problem(self, kind: ErrorKind, message: str, field: str | None = None) -> None:
        """Note that something is wrong with the table, or with one of its fields."""
        self.problems.append(
            Problem(
                kind=kind,
                name=self.document.name,
                line=self.line if field is None else self.document.line((*self.path, field)),
                rule=self.rule,
                message=f"{self.about}{message}",
            )
        )

    def invalid(self, field: str, wanted: str, value: object) -> None:
        """Note that a field is of another form than wanted."""
        got = f"{value!r:.60}" if isinstance(value, (str, int)) else a_type(value)
        self.problem(ErrorKind.FIELD_INVALID, f"{field}: {wanted} is needed, not {got}", field)

    def has(self, field: str) -> bool:
        """Whether the table has the field."""
        return field in self.values

    def raw(self, field: str) -> object:
        """A value as it stands, None where there is none; the caller looks at its type."""
        self._asked.add(field)
        return self.values.get(field)

    def close(self) -> None:
        """Note every field that nobody asked for."""
        for field in self.values:
            if field not in self._asked:
                self.problem(ErrorKind.FIELD_UNKNOWN, f"a field is not known: {field!r:.60}", field)

    def _take(self, field: str, sort: type[T]) -> T | None:
        """The value of a field if it is there and of its type, exactly."""
        self._asked.add(field)
        value = self.values.get(field)
        if value is None:
            self.problem(ErrorKind.FIELD_MISSING, f"a field is missing: {field}")
            return None
        if type(value) is not sort:
            wanted = next(words for one, words in _TYPES if one is sort)
            self.invalid(field, wanted, value)
            return None
        return value

    def _checked(self, field: str, text: str) -> str:
        try:
            return check_text(text, field)
        except BwcStoreError as exc:
            self.problem(ErrorKind.FIELD_INVALID, exc.message, field)
            return ""

    def text(self, field: str) -> str:
        """A text: one line, as in ENC-5."""
        found = self._take(field, str)
        return "" if found is None else self._checked(field, found)

    def text_or_none(self, field: str) -> str | None:
        """A text, or None where there is none."""
        return self.text(field) if self.has(field) else None

    def texts(self, field: str) -> tuple[str, ...]:
        """An array of texts, empty where there is none."""
        if not self.has(field):
            return ()
        texts: list[str] = []
        for one in self._take(field, list) or []:
            if type(one) is not str:
                self.invalid(field, "an array of texts", one)
                return ()
            texts.append(self._checked(field, one))
        if len(set(texts)) < len(texts):
            self.problem(ErrorKind.FIELD_INVALID, f"{field}: a text stands there twice", field)
        return tuple(texts)

    def name(self, field: str) -> str:
        """A name that conditions can ask for, which excludes their own words."""
        found = self.text(field)
        return found if not found or self._named(field, found) else ""

    def names(self, field: str) -> tuple[str, ...]:
        """An array of names, empty where there is none."""
        return tuple(one for one in self.texts(field) if self._named(field, one))

    def _named(self, field: str, name: str) -> bool:
        if not is_name(name) or name in _TAKEN:
            self.invalid(field, "a name in lower snake case, no word of conditions,", name)
            return False
        return True

    def identify(self) -> str:
        """Read `id`, as every rule has it; every later problem of this table then says it."""
        found = self.slug("id")
        self.rule = found or None
        return found

    def slug(self, field: str) -> str:
        """The id of a document or a source: of the form of a rule's id."""
        found = self.text(field)
        if found and not _RULE_ID.fullmatch(found):
            self.invalid(field, "an id of a-z, 0-9, '.' and '-'", found)
        return found

    def identify_name(self) -> str:
        """Read `id` where conditions or other rules name it; see `identify`."""
        found = self.name("id")
        self.rule = found or None
        return found

    def cite(self) -> str:
        """The citation of a rule, which must not be empty."""
        found = self.values.get("cite")
        if found is None or (isinstance(found, str) and not found.strip()):
            self._asked.add("cite")
            self.problem(ErrorKind.CITATION_MISSING, "a rule needs a citation", "cite")
            return ""
        return self.text("cite")

    def day(self, field: str) -> date:
        """A civil date."""
        found = self._take(field, date)
        return _A_DAY if found is None else found

    def day_or_none(self, field: str) -> date | None:
        """A civil date, or None where there is none."""
        return self.day(field) if self.has(field) else None

    def integer(self, field: str, *, low: int, high: int) -> int:
        """An integer from `low` to `high`."""
        found = self._take(field, int)
        if found is not None and not low <= found <= high:
            self.invalid(field, f"an integer from {low} to {high}", found)
            return low
        return low if found is None else found

    def boolean(self, field: str) -> bool:
        """A boolean."""
        return self._take(field, bool) is True

    def boolean_or_no(self, field: str) -> bool:
        """A boolean, no where there is none."""
        return self.has(field) and self.boolean(field)

    def true_or_absent(self, field: str) -> bool:
        """A field that is either true or not there."""
        if not self.has(field):
            return False
        if not self.boolean(field) and self.values[field] is False:
            self.invalid(field, "true, or no such field,", False)
        return True

    def member(self, field: str, sort: type[E]) -> E:
        """One of the words of an enumeration."""
        found = self._take(field, str)
        words = tuple(one.value for one in sort)
        if found is not None and found not in words:
            self.invalid(field, f"one of {', '.join(words)}", found)
            found = None
        return sort(words[0] if found is None else found)

    def member_or(self, field: str, default: E) -> E:
        """One of the words of an enumeration, the default where there is none."""
        return self.member(field, type(default)) if self.has(field) else default

    def members(self, field: str, sort: type[E]) -> frozenset[E]:
        """Some of the words of an enumeration; all of them where there is none."""
        if not self.has(field):
            return frozenset(sort)
        words = tuple(one.value for one in sort)
        found = self.texts(field)
        for one in found:
            if one not in words:
                self.invalid(field, f"some of {', '.join(words)}", one)
        if not found:
            self.problem(ErrorKind.FIELD_INVALID, f"{field}: at least one is needed", field)
        return frozenset(sort(one) for one in found if one in words)

    def period(self, field: str) -> Period:
        """A period of time, such as `90 days`."""
        return self._parsed(field, Period.parse, _A_PERIOD)

    def period_or_none(self, field: str) -> Period | None:
        """A period of time, or None where there is none."""
        return self.period(field) if self.has(field) else None

    def condition(self, field: str) -> Condition:
        """A condition, with definitions put in place."""
        nothing: Condition = Always()
        return self._parsed(field, self.definitions.parse, nothing)

    def _parsed(self, field: str, parser: Callable[[str], T], nothing: T) -> T:
        text = self.text(field)
        if not text:
            return nothing
        try:
            return parser(text)
        except BwcStoreError as exc:
            self.problem(exc.kind, f"{field}: {exc.message}", field)
            return nothing

    def references(self, field: str, known: Collection[str], what: str) -> tuple[str, ...]:
        """An array of ids, each of which is declared."""
        found = self.texts(field)
        for one in found:
            if one and one not in known:
                message = f"{field}: nothing declares the {what} {one!r:.60}"
                self.problem(ErrorKind.PACK_REFERENCE, message, field)
        return found

    def strings(self) -> dict[str, str]:
        """All fields of a table whose fields are names and whose values are texts."""
        return {name: self.text(name) for name in self.values if self._named(name, name)}

    def table(self, field: str) -> "Table":
        """A table within, which must be there."""
        found = self._take(field, dict)
        if found is None:
            # What the table within lacks is not a second problem.
            return self._within((field,), {}, [])
        return self._within((field,), found, self.problems)

    def table_or_empty(self, field: str) -> "Table":
        """A table within, without fields where there is none."""
        return self.table(field) if self.has(field) else self._within((field,), {}, self.problems)

    def tables(self, field: str) -> "tuple[Table, ...]":
        """An array of tables within, empty where there is none."""
        if not self.has(field):
            return ()
        found: list[object] = self._take(field, list) or []
        for one in found:
            if type(one) is not dict:
                self.invalid(field, "an array of tables", one)
                return ()
        return tuple(
            self._within((field, index), cast("dict[str, object]", one), self.problems)
            for index, one in enumerate(found)
        )

    def _within(
        self, steps: Path, values: Mapping[str, object], problems: list[Problem]
    ) -> "Table":
        return Table(
            document=self.document,
            values=values,
            path=(*self.path, *steps),
            problems=problems,
            definitions=self.definitions,
            rule=self.rule,
            about=self.about,
        )
