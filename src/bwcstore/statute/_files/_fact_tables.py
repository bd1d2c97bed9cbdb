"""From the tables of a document to what is no rule: facts, sources, the calendar.

Rules kept here (spec chapter `statute-pack`):

- a fact has codes where its type has them and nowhere else, and `absent` is a value of its type
  (LAW-30).
"""

from datetime import MAXYEAR
from typing import Final

from bwcstore.errors import BwcStoreError, ErrorKind
from bwcstore.statute._agency import Source
from bwcstore.statute._civil import Holiday, RestDays, weekday
from bwcstore.statute._facts import FactSpec, FactType, Several, Subject
from bwcstore.statute._files._fields import Table

NEVER: Final = "never"
_DATES: Final = (FactType.DATE, FactType.INSTANT)
_CODED: Final = (FactType.CODE, FactType.CODES, FactType.HOLDS)
_JOINED: Final = (FactType.CODES, FactType.REQUESTS, FactType.HOLDS)


def fact(table: Table) -> FactSpec:
    """A table of `[[facts]]`."""
    name = table.name("name")
    table.about = f"fact {name}: " if name else ""
    sort = table.member("type", FactType)
    found = FactSpec(
        name=name,
        type=sort,
        about=table.member("about", Subject),
        question=table.text("question"),
        codes=_codes(table, sort),
        absent=_absent(table, sort),
        several=_several(table, sort),
        ahead=table.boolean_or_no("ahead"),
        cite=table.text_or_none("cite"),
        note=table.text_or_none("note"),
        line=table.line,
    )
    if found.ahead and sort not in _DATES:
        table.problem(ErrorKind.FIELD_INVALID, f"ahead: a {sort} has no date", "ahead")
    table.close()
    return found


def _codes(table: Table, sort: FactType) -> tuple[str, ...]:
    found = table.names("codes")
    if sort in _CODED and not table.values.get("codes"):
        kind = ErrorKind.FIELD_INVALID if table.has("codes") else ErrorKind.FIELD_MISSING
        table.problem(kind, f"codes: a fact of type {sort} needs at least one")
    if table.has("codes") and sort not in (*_CODED, FactType.REQUESTS):
        table.problem(ErrorKind.FIELD_INVALID, f"codes: a {sort} has none", "codes")
    return found


def _absent(table: Table, sort: FactType) -> bool | str | frozenset[str] | None:
    if not table.has("absent"):
        return None
    codes = table.values.get("codes")
    known = codes if isinstance(codes, list) else []
    if sort is FactType.FLAG:
        return table.boolean("absent")
    if sort is FactType.CODES:
        return frozenset(table.references("absent", known, "code"))
    found = table.text("absent")
    if sort in _DATES and found != NEVER:
        table.invalid("absent", f"'{NEVER}'", found)
    elif sort is FactType.CODE and found and found not in known:
        message = f"absent: nothing declares the code {found!r:.60}"
        table.problem(ErrorKind.PACK_REFERENCE, message, "absent")
    elif sort in (FactType.REQUESTS, FactType.HOLDS):
        table.problem(ErrorKind.FIELD_INVALID, f"absent: {sort} not given are none", "absent")
    return found


def _several(table: Table, sort: FactType) -> Several:
    found = table.member_or("several", Several.ERROR)
    allowed = {Several.LATEST: _DATES, Several.UNION: _JOINED}.get(found)
    if allowed is not None and sort not in allowed:
        message = f"several: {found} is for facts of type {', '.join(allowed)}"
        table.problem(ErrorKind.FIELD_INVALID, message, "several")
    return found


def sources(root: Table) -> tuple[Source, ...]:
    """The tables of `[[sources]]`, each of which has its own id."""
    found: list[Source] = []
    for table in root.tables("sources"):
        source = Source(
            id=table.slug("id"),
            title=table.text("title"),
            url=table.text_or_none("url"),
            seen=table.day_or_none("seen"),
        )
        if source.id and source.id in {one.id for one in found}:
            table.problem(ErrorKind.PACK_OVERLAP, f"source {source.id} is declared twice", "id")
        table.close()
        found.append(source)
    return tuple(found)


def calendar(root: Table) -> RestDays:
    """The table `[calendar]`; without one, no day is a day of rest."""
    if not root.has("calendar"):
        return RestDays(country="", weekend=frozenset(), holidays=())
    table = root.table("calendar")
    days: set[int] = set()
    for name in table.texts("weekend"):
        try:
            days.add(weekday(name))
        except BwcStoreError as exc:
            table.problem(ErrorKind.FIELD_INVALID, f"weekend: {exc.message}", "weekend")
    if len(days) == 7:
        table.problem(ErrorKind.FIELD_INVALID, "weekend: one day must be left", "weekend")
    found: list[Holiday] = []
    for one in table.tables("holidays"):
        found.append(
            Holiday(
                name=one.text("name"),
                library=one.text("library"),
                since=one.integer("since", low=1, high=MAXYEAR),
                optional=one.boolean_or_no("optional"),
            )
        )
        one.close()
    country = table.text("country")
    table.close()
    return RestDays(country=country, weekend=frozenset(days), holidays=tuple(found))
