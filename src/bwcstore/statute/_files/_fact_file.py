"""From the text of a fact file to what somebody says of a recording, and what they ask.

Rules kept here (spec chapter `statute-pack`):

- a fact file is TOML with the fields below and no others; what is wrong is told with its line;
- the value of a fact is of the type that its pack declares, and a moment carries its offset
  (LAW-31, LAW-32);
- a fact is given, or it has a history, of which what was known at one moment counts (LAW-35).

Where a pack or an agency is found is the caller's business.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Final, cast
from zoneinfo import ZoneInfo

import attrs

from bwcstore._values import Instant
from bwcstore.errors import BwcStoreError, ErrorKind, InvalidInputError
from bwcstore.statute._agency import Agency
from bwcstore.statute._facts import Facts, FactSpec, FactType, Hold, RetentionRequest, Value
from bwcstore.statute._files._fields import Table, accepted, read_document
from bwcstore.statute._files._toml import Problem
from bwcstore.statute._history import Assertion, FactHistory
from bwcstore.statute._judgements import Question
from bwcstore.statute._pack import Law, Pack
from bwcstore.statute._settle import settle

FACTS_FORMAT: Final = "bwcstore-facts/1"
Find = Callable[[str, str], tuple[Pack, Agency]]
_LAST: Final = Instant.parse("9999-12-31T23:59:59.999999Z")
_REQUEST: Final = frozenset({"id", "received", "days", "withdrawn"})
_HOLD: Final = frozenset({"id", "kind", "placed", "released"})


@attrs.frozen(kw_only=True, eq=False)
class Given:
    """What somebody says of one recording, and what they ask.

    Attributes:
        pack: the pack that declares the facts.
        agency: the agency that has the recording.
        as_of: the day of the judgement; None for today.
        law_on: the day whose law is meant; None for the day of the judgement.
        known_at: the moment of the knowledge, for facts with a history; None for the latest.
        question: who wants to see the recording; None where nobody does.
        values: the facts as the document gives them.
        assertions: the history of facts as the document gives it.
        table: the table that says all this, for the lines in messages.
    """

    pack: Pack
    agency: Agency
    as_of: date | None
    law_on: date | None
    known_at: Instant | None
    question: Question | None
    values: Mapping[str, object]
    assertions: tuple[Assertion, ...]
    table: Table

    @property
    def zone(self) -> ZoneInfo:
        """The agency's time zone."""
        return ZoneInfo(self.agency.zone)

    def law(self, as_of: date) -> Law:
        """The law that is meant, for a judgement on a day.

        Raises:
            InvalidInputError: `law-not-in-force`: the day lies before the pack's first version.
        """
        return self.pack.law(self.agency, on=self.law_on or as_of)

    def facts(self, as_of: date) -> Facts:
        """What is known of a day.

        Raises:
            InvalidInputError: a fact or an assertion cannot be taken; the message gives the line,
                the notes say what else is wrong. The kinds are those of `Pack.read_facts` and
                `FactHistory.known`.
        """
        values, problems = self._read()
        if problems:
            error = InvalidInputError(problems[0].kind, problems[0].sentence)
            for other in problems[1:]:
                error.add_note(str(other))
            raise error
        history = FactHistory(self._assertions())
        known = history.known(self.pack, zone=self.zone, on=as_of, at=self.known_at or _LAST)
        return known.with_values(values)

    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with the facts themselves: each alone, and all together on their day."""
        _, found = self._read()
        if not found:
            try:
                FactHistory(self._assertions()).check(self.pack, zone=self.zone)
                if self.as_of is not None:
                    settle(self.facts(self.as_of), law=self.law(self.as_of), as_of=self.as_of)
            except InvalidInputError as exc:
                self._note(found, exc, "facts")
        return tuple(found)

    def _read(self) -> tuple[dict[str, Value], list[Problem]]:
        values: dict[str, Value] = {}
        problems: list[Problem] = []
        for name, raw in self.values.items():
            try:
                values[name] = value_of(self.pack.fact(name), raw)
            except InvalidInputError as exc:
                self._note(problems, exc, "facts", name)
        for index, one in enumerate(self.assertions):
            try:
                if one.value is not None:
                    value_of(self.pack.fact(one.fact), one.value)
            except InvalidInputError as exc:
                self._note(problems, exc, "history", index, "value")
        return values, problems

    def _assertions(self) -> tuple[Assertion, ...]:
        return tuple(
            attrs.evolve(one, value=value_of(self.pack.fact(one.fact), one.value))
            if one.value is not None
            else one
            for one in self.assertions
        )

    def _note(self, problems: list[Problem], error: InvalidInputError, *steps: str | int) -> None:
        table = self.table
        problems.append(
            Problem(
                kind=error.kind,
                name=table.document.name,
                line=table.document.line((*table.path, *steps)),
                message=f"{table.about}{error.message}",
            )
        )


def value_of(spec: FactSpec, raw: object) -> Value:
    """The value of a fact that a TOML value says.

    Args:
        spec: the declaration of the fact.
        raw: the value: requests and holds are arrays of tables; beside its own fields, a
            request's table has the answers to what the pack asks about requests.

    Raises:
        InvalidInputError: `fact-type`, `time-naive`, `request-incomplete` or
            `fact-contradiction`, as `FactSpec.checked` says.
    """
    if spec.type not in (FactType.REQUESTS, FactType.HOLDS) or not isinstance(raw, list):
        return spec.checked(raw)
    made = [
        _request(spec, one) if spec.type is FactType.REQUESTS else _hold(spec, one) for one in raw
    ]
    return spec.checked(made)


def _request(spec: FactSpec, raw: object) -> RetentionRequest:
    fields = _fields(spec, raw, {"id": str, "received": date, "days": int}, {"withdrawn": date})
    answers = {name: value for name, value in fields.items() if name not in _REQUEST}
    for name, value in answers.items():
        _expect(spec, name, value, bool)
    return RetentionRequest(
        id=cast("str", fields["id"]),
        received=cast("date", fields["received"]),
        days=cast("int", fields["days"]),
        withdrawn=cast("date | None", fields.get("withdrawn")),
        answers=cast("dict[str, bool]", answers),
    )


def _hold(spec: FactSpec, raw: object) -> Hold:
    fields = _fields(spec, raw, {"id": str, "kind": str, "placed": date}, {"released": date})
    for name in fields.keys() - _HOLD:
        raise InvalidInputError(
            ErrorKind.FACT_TYPE, f"fact {spec.name}: a hold has no field {name!r:.60}"
        )
    return Hold(
        id=cast("str", fields["id"]),
        kind=cast("str", fields["kind"]),
        placed=cast("date", fields["placed"]),
        released=cast("date | None", fields.get("released")),
    )


def _fields(
    spec: FactSpec, raw: object, needed: Mapping[str, type], optional: Mapping[str, type]
) -> Mapping[str, object]:
    if not isinstance(raw, dict):
        raise InvalidInputError(
            ErrorKind.FACT_TYPE, f"fact {spec.name}: an array of tables is needed"
        )
    for name, sort in needed.items():
        if name not in raw:
            raise InvalidInputError(
                ErrorKind.FACT_TYPE, f"fact {spec.name}: one of them lacks {name!r}"
            )
        _expect(spec, name, raw[name], sort)
    for name, sort in optional.items():
        if name in raw:
            _expect(spec, name, raw[name], sort)
    return raw


def _expect(spec: FactSpec, name: str, value: object, sort: type) -> None:
    if type(value) is not sort:
        raise InvalidInputError(
            ErrorKind.FACT_TYPE,
            f"fact {spec.name}: {name:.60} is a {sort.__name__}, not {value!r:.60}",
        )


@attrs.frozen(kw_only=True, eq=False)
class FactFile:
    """A fact file.

    Attributes:
        name: its name, for messages.
        given: what it says.
    """

    name: str
    given: Given


def read_fact_file(text: str, *, name: str, find: Find) -> FactFile:
    """Read a fact file.

    Args:
        text: the text of the document.
        name: its name, for messages.
        find: gives the pack and the agency that the document names.

    Raises:
        InvalidInputError: something is wrong with the document; the message gives the line, the
            notes say what else is wrong.
    """
    return FactFile(name=name, given=accepted(*_read(text, name, find)))


def check_fact_file(text: str, *, name: str, find: Find) -> tuple[Problem, ...]:
    """Everything that is wrong with a fact file, the facts themselves included.

    Args:
        text: the text of the document.
        name: its name, for messages.
        find: gives the pack and the agency that the document names.
    """
    given, problems = _read(text, name, find)
    return problems if problems or given is None else given.problems()


def _read(text: str, name: str, find: Find) -> tuple[Given | None, tuple[Problem, ...]]:
    def given(root: Table) -> Given | None:
        found = found_law(root, find)
        as_of = root.day_or_none("as_of")
        if found is None:
            return None
        said = read_given(root, found, as_of)
        root.close()
        return said

    return read_document(text, name=name, written=FACTS_FORMAT, read=given)


def found_law(root: Table, find: Find) -> tuple[Pack, Agency] | None:
    """The pack and the agency that a document names, or None and a problem in the table."""
    pack, agency = root.text("pack"), root.text("agency")
    if not pack or not agency:
        return None
    try:
        return find(pack, agency)
    except BwcStoreError as exc:
        root.problem(exc.kind, exc.message, "pack")
        return None


def read_given(table: Table, found: tuple[Pack, Agency], as_of: date | None) -> Given:
    """Read what a table says of a recording; its problems are left in the table.

    Args:
        table: the table, whose `as_of` has been read; the caller closes it.
        found: the pack and the agency.
        as_of: the day of the judgement.
    """
    values = table.table_or_empty("facts").values
    assertions = _assertions(table)
    for name in sorted(values.keys() & {one.fact for one in assertions}):
        table.problem(
            ErrorKind.FIELD_INVALID, f"fact {name:.60} is given, and has a history besides", "facts"
        )
    known_at = moment(table, "known_at")
    if known_at is not None and not table.has("history"):
        table.problem(ErrorKind.FIELD_INVALID, "known_at: there is no history of facts", "known_at")
    return Given(
        pack=found[0],
        agency=found[1],
        as_of=as_of,
        law_on=table.day_or_none("law"),
        known_at=known_at,
        question=_question(table),
        values=values,
        assertions=assertions,
        table=table,
    )


def moment(table: Table, field: str) -> Instant | None:
    """A moment with its offset, or None where there is none or it is no such thing."""
    if not table.has(field):
        return None
    value = table.raw(field)
    if not isinstance(value, datetime):
        table.invalid(field, "a date and time with an offset", value)
    elif value.tzinfo is None:
        table.problem(
            ErrorKind.TIME_NAIVE, f"{field}: {value} has no time zone; write an offset", field
        )
    else:
        return Instant.from_datetime(value)
    return None


def _question(table: Table) -> Question | None:
    if not table.has("question"):
        return None
    inner = table.table("question")
    found = Question(actor=inner.text("actor"), purpose=inner.text_or_none("purpose"))
    inner.close()
    return found


def _assertions(table: Table) -> tuple[Assertion, ...]:
    found = [_assertion(inner) for inner in table.tables("history")]
    return tuple(one for one in found if one is not None)


def _assertion(table: Table) -> Assertion | None:
    before = len(table.problems)
    name, fact = table.text("id"), table.text("fact")
    since, by, basis = table.day("since"), table.text("by"), table.text("basis")
    supersedes, recorded = table.text_or_none("supersedes"), moment(table, "recorded")
    value = table.raw("value")
    if not table.has("recorded"):
        table.problem(ErrorKind.FIELD_MISSING, "a field is missing: recorded")
    table.close()
    if len(table.problems) > before or recorded is None:
        return None
    try:
        return Assertion(
            id=name,
            fact=fact,
            value=cast("Value | None", value),
            since=since,
            recorded=recorded,
            by=by,
            basis=basis,
            supersedes=supersedes,
        )
    except InvalidInputError as exc:
        table.problem(exc.kind, exc.message)
        return None
