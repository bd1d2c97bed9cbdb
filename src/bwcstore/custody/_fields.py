"""Reading the open fields of entries that were checked against their kinds."""

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import TypeVar, cast

from bwcstore._encoding import Json
from bwcstore.custody._assertion import FactAssertion
from bwcstore.errors import ErrorKind, IntegrityError
from bwcstore.ledger._entry import Entry

_K = TypeVar("_K")
_V = TypeVar("_V")


def text(body: Mapping[str, Json], field: str) -> str:
    """A field that holds text."""
    return cast("str", body[field])


def texts(body: Mapping[str, Json], field: str) -> tuple[str, ...]:
    """A field that holds a list of texts."""
    return tuple(cast("list[str]", body[field]))


def number(body: Mapping[str, Json], field: str) -> int:
    """A field that holds a number."""
    return cast("int", body[field])


def day(body: Mapping[str, Json], field: str) -> date:
    """A field that holds a civil date."""
    return date.fromisoformat(cast("str", body[field]))


def day_or_none(body: Mapping[str, Json], field: str) -> date | None:
    """A field that holds a civil date, where it is there."""
    return day(body, field) if field in body else None


def including(mapping: Mapping[_K, _V], key: _K, value: _V) -> Mapping[_K, _V]:
    """The mapping with one more value, or another one under its key."""
    return MappingProxyType({**mapping, key: value})


def assertion(entry: Entry, former: tuple[FactAssertion, ...]) -> FactAssertion:
    """The assertion that a `fact.asserted` adds to those of its scope.

    Raises:
        IntegrityError: it repeats an id, or stands in place of nothing (`STATE_INVALID`).
    """
    body = entry.body
    made = FactAssertion(
        assertion_id=text(body, "assertion"),
        fact=text(body, "fact"),
        value=body.get("value"),
        since=day(body, "since"),
        at=entry.at,
        by=entry.by,
        basis=text(body, "basis"),
        index=entry.index,
        supersedes=cast("str | None", body.get("supersedes")),
    )
    by_id = {one.assertion_id: one for one in former}
    if made.assertion_id in by_id:
        raise impossible(entry, "the assertion was made before")
    if made.supersedes is None:
        if made.value is None:
            raise impossible(entry, "an assertion without a value takes nothing back")
    elif made.supersedes not in by_id or by_id[made.supersedes].fact != made.fact:
        raise impossible(entry, "what it stands in place of is no assertion of this fact")
    return made


def impossible(entry: Entry, why: str) -> IntegrityError:
    """An entry cannot follow those before it."""
    return IntegrityError(
        ErrorKind.STATE_INVALID, f"entry {entry.index} ({entry.kind}, {entry.scope.id}): {why}"
    )
