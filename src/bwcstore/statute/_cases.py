"""Cases: facts with the conclusions that the law draws from them, as a lawyer writes them down.

Rules kept here:

- a case file is TOML with the fields below and no others; what is wrong is told with its line;
- only what a case expects is compared, all of it is, and a case expects something;
- a case may expect that the judgement is refused, and with which code.

Cases test a pack: they are judged by the same functions as every recording.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from functools import cached_property
from typing import Final

import attrs

from bwcstore.errors import ErrorKind, InvalidInputError
from bwcstore.statute._access import access
from bwcstore.statute._classify import classify
from bwcstore.statute._deadlines import deadlines
from bwcstore.statute._fact_file import Find, Given, found_law, read_given
from bwcstore.statute._facts import Facts
from bwcstore.statute._fields import Table
from bwcstore.statute._judgements import (
    Access,
    ActDecided,
    Classification,
    Deadline,
    DeadlineStatus,
    OverlayApplied,
    Question,
    Retention,
    RetentionStatus,
)
from bwcstore.statute._pack import Law
from bwcstore.statute._retention import retention
from bwcstore.statute._rules import Outcome
from bwcstore.statute._toml import DocumentError, Problem, parse, refuse

CASES_FORMAT: Final = "bwcstore-cases/1"
NONE: Final = "none"
_TEXTS: Final = ("class", "individuals", "others", "class_rule", "access_rule")
_DAYS: Final = (
    *("last_protected", "statutory_floor", "plain", "conservative", "disposal", "ceiling"),
    "metadata_last_protected",
)
_REDACTED: Final = ("must_redact", "may_redact", "never_redact", "withhold", "may_disclose")
_LISTS: Final = (
    *("overlays", "mismatches", "missing", "class_missing", "retention_missing", "authority"),
    *("floors", "could_change", "unmet", *_REDACTED, "no_deadlines"),
)
_OF_ACCESS: Final = frozenset({"view", "copy", "access_rule", "unmet", *_REDACTED})
Expected = str | bool | date | tuple[str, ...] | Mapping[str, Mapping[str, str | date]]


@attrs.frozen(kw_only=True, eq=False)
class Case:
    """One case.

    Attributes:
        id: its id within its file.
        title: what it shows, in one sentence.
        cite: the provision that it is about.
        note: what else the reader should know.
        given: the facts, the law and the day.
        expected: the conclusions, by what they are about.
        line: its line in the file.
    """

    id: str
    title: str
    cite: str
    note: str | None
    given: Given
    expected: Mapping[str, Expected]
    line: int


@attrs.frozen(kw_only=True, eq=False)
class CaseFile:
    """A file of cases.

    Attributes:
        name: its name, for messages.
        cases: the cases, in the order of the file.
    """

    name: str
    cases: tuple[Case, ...]


@attrs.frozen(kw_only=True)
class Difference:
    """A conclusion that is not the one that a case expects.

    Attributes:
        key: what it is about.
        expected: what the case expects, in words.
        found: what was concluded, in words.
    """

    key: str
    expected: str
    found: str


@attrs.frozen(kw_only=True)
class CaseResult:
    """What became of a case.

    Attributes:
        id: its id.
        title: what it shows.
        cite: the provision that it is about.
        differences: what was concluded otherwise than expected.
    """

    id: str
    title: str
    cite: str
    differences: tuple[Difference, ...]

    @property
    def passed(self) -> bool:
        """Whether everything was concluded as expected."""
        return not self.differences


def read_cases(text: str, *, name: str, find: Find) -> CaseFile:
    """Read a case file.

    Args:
        text: the text of the document.
        name: its name, for messages.
        find: gives the pack and the agency that the document names.

    Raises:
        FormatError: something is wrong with the document; the message gives the line, the notes
            say what else is wrong.
    """
    cases, problems = _read(text, name, find)
    refuse(problems)
    return CaseFile(name=name, cases=cases)


def check_cases(text: str, *, name: str, find: Find) -> tuple[Problem, ...]:
    """Everything that is wrong with a case file, facts included that cannot be taken.

    Args:
        text: the text of the document.
        name: its name, for messages.
        find: gives the pack and the agency that the document names.
    """
    cases, problems = _read(text, name, find)
    if problems:
        return problems
    return tuple(
        problem for case in cases if "error" not in case.expected for problem in case.given.problems()
    )


def _read(text: str, name: str, find: Find) -> tuple[tuple[Case, ...], tuple[Problem, ...]]:
    try:
        root = Table.root(parse(text, name=name), written=CASES_FORMAT)
    except DocumentError as exc:
        return (), (exc.problem,)
    found = found_law(root, find)
    cases: dict[str, Case] = {}
    for table in root.tables("cases") if found is not None else ():
        table.about = f"case {table.text('id')}: "
        case = _case(table, read_given(table, found, table.day("as_of"))) if found else None
        if case is None:
            continue
        if case.id in cases:
            table.problem(ErrorKind.FIELD_INVALID, "its id is taken by another case", "id")
        cases[case.id] = case
    if found is not None:
        if not cases and not root.problems:
            root.problem(ErrorKind.FIELD_MISSING, "a table is missing: [[cases]]")
        root.close()
    return tuple(cases.values()), tuple(sorted(root.problems, key=lambda problem: problem.line))


def _case(table: Table, given: Given) -> Case:
    case = Case(
        id=table.text("id"),
        title=table.text("title"),
        cite=table.cite(),
        note=table.text_or_none("note"),
        given=given,
        expected=_expected(table.table("expect"), given),
        line=table.line,
    )
    table.close()
    return case


def _expected(table: Table, given: Given) -> Mapping[str, Expected]:
    found: dict[str, Expected] = {}
    for key in _TEXTS:
        if table.has(key):
            found[key] = table.text(key)
    for key in _DAYS:
        if table.has(key):
            found[key] = _day(table, key)
    for key in _LISTS:
        if table.has(key):
            found[key] = tuple(sorted(table.texts(key)))
    if table.has("ceiling_passed"):
        found["ceiling_passed"] = table.boolean("ceiling_passed")
    for key, sort in (
        ("status", RetentionStatus),
        ("view", Outcome),
        ("copy", Outcome),
        ("error", ErrorKind),
    ):
        if table.has(key):
            found[key] = table.member(key, sort).value
    if table.has("deadlines"):
        inner = table.table("deadlines")
        found["deadlines"] = {name: _deadline(inner.table(name)) for name in inner.values}
    table.close()
    if not found and not table.problems:
        table.problem(ErrorKind.FIELD_MISSING, "a case expects something")
    if "error" in found and len(found) > 1:
        table.problem(
            ErrorKind.FIELD_INVALID, "error: where there is an error, there is nothing else", "error"
        )
    for key in sorted(found.keys() & _OF_ACCESS) if given.question is None else ():
        table.problem(ErrorKind.FIELD_INVALID, f"{key}: it answers a question, of which", key)
    return found


def _day(table: Table, field: str) -> str | date:
    return table.text(field) if table.raw(field) == NONE else table.day(field)


def _deadline(table: Table) -> Mapping[str, str | date]:
    found: dict[str, str | date] = {}
    for key in ("plain", "rolled"):
        if table.has(key):
            found[key] = _day(table, key)
    if table.has("status"):
        found["status"] = table.member("status", DeadlineStatus).value
    table.close()
    return found


def run_case(case: Case) -> CaseResult:
    """Judge a case and compare the conclusions with those that it expects."""
    wanted = case.expected.get("error")
    try:
        found = _Found(case=case).values()
        refusal = NONE
    except InvalidInputError as error:
        found = {}
        refusal = error.kind.value
        said = f"{error.kind}: {error.message}"
    if refusal != NONE and refusal != wanted:
        expected = "a judgement" if wanted is None else str(wanted)
        differences = [Difference(key="error", expected=expected, found=said)]
    elif wanted is not None:
        differences = (
            [Difference(key="error", expected=str(wanted), found="a judgement")]
            if refusal == NONE
            else []
        )
    else:
        differences = _differences(case.expected, found)
    return CaseResult(id=case.id, title=case.title, cite=case.cite, differences=tuple(differences))


def run_cases(cases: Iterable[Case]) -> tuple[CaseResult, ...]:
    """Judge cases, each for itself."""
    return tuple(run_case(case) for case in cases)
