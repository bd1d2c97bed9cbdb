"""From the text of a case file to cases: facts with the conclusions that are to be drawn.

Rules kept here:

- a case file is TOML with the fields below and no others; what is wrong is told with its line;
- a case expects something, and nothing that would not be looked at;
- facts that cannot be taken are no defect of the file where the case expects just that.
"""

from collections.abc import Mapping
from datetime import date
from typing import Final

import attrs

from bwcstore.errors import ErrorKind
from bwcstore.statute._agency import Agency
from bwcstore.statute._files._fact_file import Find, Given, found_law, read_given
from bwcstore.statute._files._fields import Table, accepted, read_document
from bwcstore.statute._files._toml import Problem
from bwcstore.statute._judgements import DeadlineStatus, RetentionStatus
from bwcstore.statute._pack import Pack
from bwcstore.statute._rules import Outcome

CASES_FORMAT: Final = "bwcstore-cases/1"
NONE: Final = "none"
_TEXTS: Final = ("class", "individuals", "others", "class_rule", "access_rule")
_DAYS: Final = (
    *("last_protected", "statutory_floor", "plain", "conservative", "disposal", "ceiling"),
    "metadata_last_protected",
)
REDACTED: Final = ("must_redact", "may_redact", "never_redact", "withhold", "may_disclose")
_LISTS: Final = (
    *("overlays", "mismatches", "missing", "class_missing", "retention_missing", "authority"),
    *("floors", "could_change", "unmet", *REDACTED, "no_deadlines"),
)
_OF_ACCESS: Final = frozenset({"view", "copy", "access_rule", "unmet", *REDACTED})
Expected = str | bool | date | tuple[str, ...] | Mapping[str, Mapping[str, str | date]]


@attrs.frozen(kw_only=True, eq=False)
class Case:
    """One case.

    Attributes:
        id: its id within its file.
        title: what it shows, in one sentence.
        cite: the provision that it is about.
        note: what else the reader should know.
        as_of: the day of the judgement.
        given: the facts and the law.
        expected: the conclusions, by what they are about.
        line: its line in the file.
    """

    id: str
    title: str
    cite: str
    note: str | None
    as_of: date
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


def read_cases(text: str, *, name: str, find: Find) -> CaseFile:
    """Read a case file.

    Args:
        text: the text of the document.
        name: its name, for messages.
        find: gives the pack and the agency that the document names.

    Raises:
        InvalidInputError: something is wrong with the document; the message gives the line, the
            notes say what else is wrong.
    """
    return CaseFile(name=name, cases=accepted(*_read(text, name, find)))


def check_cases(text: str, *, name: str, find: Find) -> tuple[Problem, ...]:
    """Everything that is wrong with a case file, facts included that cannot be taken.

    Args:
        text: the text of the document.
        name: its name, for messages.
        find: gives the pack and the agency that the document names.
    """
    cases, problems = _read(text, name, find)
    if problems or cases is None:
        return problems
    return tuple(
        problem
        for case in cases
        if "error" not in case.expected
        for problem in case.given.problems()
    )


def _read(text: str, name: str, find: Find) -> tuple[tuple[Case, ...] | None, tuple[Problem, ...]]:
    return read_document(
        text, name=name, written=CASES_FORMAT, read=lambda root: _cases(root, find)
    )


def _cases(root: Table, find: Find) -> tuple[Case, ...] | None:
    found = found_law(root, find)
    if found is None:
        return None
    cases: dict[str, Case] = {}
    for table in root.tables("cases"):
        case = _case(table, found)
        if case.id in cases:
            table.problem(ErrorKind.FIELD_INVALID, "another case has this id", "id")
        cases.setdefault(case.id, case)
    if not cases:
        root.problem(ErrorKind.FIELD_MISSING, "a table is missing: [[cases]]")
    root.close()
    return tuple(cases.values())


def _case(table: Table, found: tuple[Pack, Agency]) -> Case:
    name = table.slug("id")
    table.about = f"case {name or '?'}: "
    as_of = table.day("as_of")
    given = read_given(table, found, as_of)
    case = Case(
        id=name,
        title=table.text("title"),
        cite=table.cite(),
        note=table.text_or_none("note"),
        as_of=as_of,
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
            ErrorKind.FIELD_INVALID,
            "error: where there is an error, there is nothing else",
            "error",
        )
    for key in sorted(found.keys() & _OF_ACCESS) if given.question is None else ():
        table.problem(ErrorKind.FIELD_INVALID, f"{key}: the case asks no question", key)
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
