"""Which recordings a query selects: cases, devices, officers, labels, days.

Rules kept here (spec chapter `custody`):

- what a query has selected it selects for ever: it sees every tag and every label that a
  recording ever had, and every claim of when it was made; there is no negation (CUS-21);
- it is decided from open fields alone (LED-1).
"""

from collections.abc import Mapping
from datetime import date
from typing import cast
from zoneinfo import ZoneInfo

from bwcstore._encoding import Json
from bwcstore._values import Tag
from bwcstore.custody._object_records import ObjectState
from bwcstore.statute._civil import local_date
from bwcstore.statute._facts import LABELS


def selects(query: Mapping[str, Json], state: ObjectState, *, zone: ZoneInfo) -> bool:
    """Whether a query in the form of CUS-20 selects a recording.

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
