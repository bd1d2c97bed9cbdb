"""Which recordings a query selects: cases, devices, officers, labels, days.

Rules kept here (spec chapter `holds`):

- what a query has selected it selects for ever: it sees every tag and every label that a
  recording ever had, and every claim of when it was made; there is no negation (HLD-3);
- it is decided from open fields alone (LED-1).
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Self, cast
from zoneinfo import ZoneInfo

import attrs

from bwcstore._encoding import Json
from bwcstore._values import Tag, check_text
from bwcstore.custody._object_records import ObjectState
from bwcstore.errors import ErrorKind, InvalidInputError
from bwcstore.ledger._kind import code, query
from bwcstore.statute._civil import local_date
from bwcstore.statute._facts import LABELS


@attrs.frozen
class Selection:
    """Recordings by what they belong to: the names themselves, before they become tags.

    Join selections with `&` and `|`; there is no negation (HLD-3).

    Attributes:
        terms: the form of HLD-2, with raw values in place of tags.
    """

    terms: Mapping[str, Json] = attrs.field(hash=False)

    @classmethod
    def case(cls, number: str) -> Self:
        """Everything that belongs to a case.

        Raises:
            InvalidInputError: it is blank or malformed (`text-form`).
        """
        return cls._tagged("case", number)

    @classmethod
    def officer(cls, name: str) -> Self:
        """Everything that an officer recorded.

        Raises:
            InvalidInputError: the name is blank or malformed (`text-form`).
        """
        return cls._tagged("officer", name)

    @classmethod
    def device(cls, name: str) -> Self:
        """Everything that a camera recorded.

        Raises:
            InvalidInputError: the name is blank or malformed (`text-form`).
        """
        return cls._tagged("device", name)

    @classmethod
    def _tagged(cls, kind: str, value: str) -> Self:
        return cls({"tag": {"kind": kind, "value": check_text(value, kind, length_max=1024)}})

    @classmethod
    def label(cls, label: str) -> Self:
        """Everything that ever had a label.

        Raises:
            InvalidInputError: it is no code (`query-invalid`).
        """
        if not code(label):
            raise InvalidInputError(ErrorKind.QUERY_INVALID, f"no label: {label!r:.60}")
        return cls({"label": label})

    @classmethod
    def collected(cls, first: date | None = None, last: date | None = None) -> Self:
        """Everything of which a claim says that it was made on or between these days.

        Raises:
            InvalidInputError: no day is given, one is no civil date, or the last is before the
                first (`query-invalid`).
        """
        if first is None and last is None:
            raise InvalidInputError(ErrorKind.QUERY_INVALID, "a first or last day is needed")
        for day in (first, last):
            if day is not None and (not isinstance(day, date) or isinstance(day, datetime)):
                raise InvalidInputError(ErrorKind.QUERY_INVALID, f"no civil date: {day!r:.60}")
        if first is not None and last is not None and last < first:
            raise InvalidInputError(ErrorKind.QUERY_INVALID, f"{last} is before {first}")
        days: dict[str, Json] = {
            "from": first.isoformat() if first else None,
            "until": last.isoformat() if last else None,
        }
        return cls({"collected": days})

    def __and__(self, other: "Selection") -> "Selection":
        return Selection({"all": [*self._joined("all"), *other._joined("all")]})

    def __or__(self, other: "Selection") -> "Selection":
        return Selection({"any": [*self._joined("any"), *other._joined("any")]})

    def _joined(self, how: str) -> list[Json]:
        """The terms that are joined so; else the one that it is. Keeps `a | b | c` flat."""
        inner = self.terms.get(how)
        return inner if isinstance(inner, list) else [dict(self.terms)]

    def query(self, tag: Callable[[str, str], Tag]) -> dict[str, Json]:
        """The form of HLD-2, with tags in place of raw values.

        Raises:
            InvalidInputError: it has too many terms, or too deep (`query-invalid`).
        """
        made = _with_tags(self.terms, tag)
        if not query(made):
            raise InvalidInputError(
                ErrorKind.QUERY_INVALID, "a selection has at most 64 terms, joined 4 deep"
            )
        return made

    def values(self) -> tuple[str, ...]:
        """What the tags stand for, as lines."""
        return tuple(_values(self.terms))


def _with_tags(terms: Mapping[str, Json], tag: Callable[[str, str], Tag]) -> dict[str, Json]:
    ((name, inner),) = terms.items()
    if name in ("all", "any"):
        return {name: [_with_tags(one, tag) for one in _terms(inner)]}
    if name == "tag":
        raw = cast("dict[str, str]", inner)
        return {name: {"kind": raw["kind"], "value": str(tag(raw["kind"], raw["value"]))}}
    return {name: inner}


def _values(terms: Mapping[str, Json]) -> list[str]:
    ((name, inner),) = terms.items()
    if name in ("all", "any"):
        return [line for one in _terms(inner) for line in _values(one)]
    if name == "tag":
        raw = cast("dict[str, str]", inner)
        return [f"{raw['kind']}: {raw['value']}"]
    return []


def selects(query: Mapping[str, Json], state: ObjectState, *, zone: ZoneInfo) -> bool:
    """Whether a query in the form of HLD-2 selects a recording.

    Args:
        query: it, checked against its kind.
        state: what is known of the recording.
        zone: the zone in which days are counted.
    """
    ((name, inner),) = query.items()
    match name:
        case "all":
            return all(selects(one, state, zone=zone) for one in _terms(inner))
        case "any":
            return any(selects(one, state, zone=zone) for one in _terms(inner))
        case "tag":
            term = cast("dict[str, str]", inner)
            return Tag(term["value"]) in state.tags.get(term["kind"], ())
        case "label":
            return inner in labels_ever(state)
        case _:
            bounds = cast("dict[str, str | None]", inner)
            first, last = bounds["from"], bounds["until"]
            return any(
                (first is None or date.fromisoformat(first) <= day)
                and (last is None or day <= date.fromisoformat(last))
                for day in (local_date(claim.at, zone) for claim in state.collected)
            )


def labels_ever(state: ObjectState) -> frozenset[str]:
    """Every label that a recording was ever given, those taken back included."""
    found = set() if state.label is None else {state.label}
    for one in state.keeping.facts:
        if one.fact == LABELS and isinstance(one.value, list):
            found.update(cast("list[str]", one.value))
    return frozenset(found)


def _terms(inner: Json) -> list[Mapping[str, Json]]:
    return cast("list[Mapping[str, Json]]", inner)
