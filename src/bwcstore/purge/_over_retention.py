"""What should be gone by now: past a ceiling of the law, or long past its day of disposal.

Rules kept here (spec chapter `purge`):

- a report destroys nothing, and a ceiling gives no authority to (PRG-18).
"""

from collections.abc import Iterable
from datetime import date, timedelta
from enum import StrEnum, unique

import attrs

from bwcstore._encoding import Json
from bwcstore._values import Instant, ObjectId
from bwcstore.custody._knowledge import recording_facts
from bwcstore.custody._object_records import ObjectState
from bwcstore.custody._records import StoreState
from bwcstore.errors import ErrorKind, InvalidInputError
from bwcstore.purge._proof import Proof, judge
from bwcstore.statute._civil import local_date
from bwcstore.statute._judgements import Retention
from bwcstore.statute._pack import Law
from bwcstore.statute._retention import retention


@unique
class Overdue(StrEnum):
    """Why a recording should be gone."""

    CEILING = "ceiling"
    """The law lets it be kept no longer."""
    DISPOSAL = "disposal"
    """The agency's own schedule has it destroyed, its days of grace included."""


@attrs.frozen(kw_only=True)
class OverRetained:
    """A recording that should be gone.

    Attributes:
        object_id: the recording.
        why: why it should be gone.
        since: the last day on which it should have been there.
        cites: the provisions that say so.
        withheld: the code of what withholds it; None where it is due.
        message: what withholds it, in words; empty where it is due.
    """

    object_id: ObjectId
    why: Overdue
    since: date
    cites: tuple[str, ...]
    withheld: ErrorKind | None
    message: str

    def to_json(self) -> dict[str, Json]:
        """It as a JSON object."""
        return {
            "cites": [*self.cites],
            "message": self.message,
            "object": str(self.object_id),
            "since": str(self.since),
            "why": self.why.value,
            "withheld": None if self.withheld is None else self.withheld.value,
        }


def find_over_retained(
    candidates: Iterable[ObjectState], store: StoreState, *, law: Law, at: Instant
) -> tuple[OverRetained, ...]:
    """The recordings that should be gone, those that are overdue longest first.

    Args:
        candidates: recordings as the law sees them (`bwcstore.custody._derived`).
        store: what is known of the store.
        law: the law of the day.
        at: the moment; its local date is the day of the report.
    """
    found = (_overdue(one, store, law=law, at=at) for one in candidates if one.purged is None)
    overdue = (one for one in found if one is not None)
    return tuple(sorted(overdue, key=lambda one: (one.since, one.object_id.text)))


def _overdue(
    state: ObjectState, store: StoreState, *, law: Law, at: Instant
) -> OverRetained | None:
    as_of = local_date(at, law.zone)
    try:
        facts = recording_facts(state, store, law=law, at=at)
        kept = retention(facts, law=law, as_of=as_of)
    except InvalidInputError:
        return None
    found = _past_ceiling(kept) or _past_disposal(kept, law)
    if found is None:
        return None
    why, since, cites = found
    judged = judge(state, store, law=law, at=at)
    return OverRetained(
        object_id=state.object_id,
        why=why,
        since=since,
        cites=cites,
        withheld=None if isinstance(judged, Proof) else judged.kind,
        message="" if isinstance(judged, Proof) else judged.message,
    )


def _past_ceiling(kept: Retention) -> tuple[Overdue, date, tuple[str, ...]] | None:
    if not kept.ceiling_passed or kept.ceiling is None:
        return None
    return Overdue.CEILING, kept.ceiling, tuple(one.cite for one in kept.ceilings)


def _past_disposal(kept: Retention, law: Law) -> tuple[Overdue, date, tuple[str, ...]] | None:
    if kept.disposal is None:
        return None
    grace = law.agency.grace_days
    if (kept.as_of - kept.disposal).days <= grace:
        return None
    since = kept.disposal + timedelta(days=grace)
    return Overdue.DISPOSAL, since, tuple(one.cite for one in kept.authority)
