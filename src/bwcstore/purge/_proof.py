"""May this recording be destroyed? A proof that it may, or what withholds it.

Rules kept here (spec chapter `purge`):

- what is not known withholds: facts that are missing or contradict each other, an event that has
  not come, entries of a newer version (PRG-2);
- every hold and every request that is not answered withholds, of whatever kind (PRG-3);
- the law of the day decides, from facts and never from labels alone (PRG-4).
"""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final

import attrs

from bwcstore._encoding import Json
from bwcstore._values import Digest, Instant, ObjectId
from bwcstore.custody._knowledge import Holding, holdings, recording_facts
from bwcstore.custody._object_records import ObjectState
from bwcstore.custody._records import StoreState
from bwcstore.errors import ErrorKind, InvalidInputError, RetentionError
from bwcstore.statute._civil import local_date
from bwcstore.statute._facts import FactType
from bwcstore.statute._judgements import (
    FloorApplied,
    Ground,
    NoteKind,
    Retention,
    RetentionStatus,
)
from bwcstore.statute._pack import Law
from bwcstore.statute._retention import retention

_FLOORS_MAX: Final = 32
_AUTHORITY_MAX: Final = 16
_PASSED: Final = frozenset({ErrorKind.OBJECT_HELD, ErrorKind.RETENTION_UNKNOWN})


@attrs.frozen(kw_only=True)
class Proof:
    """Why a recording may be destroyed.

    Attributes:
        object_id: the recording.
        as_of: the day of the judgement.
        pack_sha256: the pack it was judged by.
        agency_sha256: the agency file it was judged by.
        last_protected: the last day on which it had to be kept.
        disposal: the day from which the agency destroys.
        floors: what kept it until then, the longest first.
        authority: what lets it be destroyed.
        segments: how many segments it has.
        changed_at: when something was last said of it.
    """

    object_id: ObjectId
    as_of: date
    pack_sha256: Digest
    agency_sha256: Digest
    last_protected: date
    disposal: date
    floors: tuple[FloorApplied, ...]
    authority: tuple[Ground, ...]
    segments: int
    changed_at: Instant | None

    def body(self) -> Mapping[str, Json]:
        """The open fields of `purge.started` that say why."""
        return {
            "as_of": str(self.as_of),
            "pack_sha256": str(self.pack_sha256),
            "agency_sha256": str(self.agency_sha256),
            "last_protected": str(self.last_protected),
            "disposal": str(self.disposal),
            "floors": [
                {
                    "rule": one.ground.rule,
                    "cite": one.ground.cite,
                    "end": None if one.end is None else str(one.end),
                    "period": one.period,
                }
                for one in self.floors[:_FLOORS_MAX]
            ],
            "authority": [
                {"rule": one.rule, "cite": one.cite} for one in self.authority[:_AUTHORITY_MAX]
            ],
            "segments": self.segments,
        }


@attrs.frozen(kw_only=True)
class Withheld:
    """Why a recording may not be destroyed.

    Attributes:
        object_id: the recording.
        kind: the code of what withholds it.
        message: what withholds it, with the provision where the law does.
        by: the holds and requests, the facts that are missing, or the rules.
        last_protected: the last day on which it has to be kept, where that is known.
        passed: its date is past, and something else withholds it.
    """

    object_id: ObjectId
    kind: ErrorKind
    message: str
    by: tuple[str, ...] = ()
    last_protected: date | None = None
    passed: bool = False

    @property
    def error(self) -> RetentionError:
        """The refusal to destroy it."""
        return RetentionError(self.kind, self.message)


def prove(state: ObjectState, store: StoreState, *, law: Law, at: Instant) -> Proof:
    """The proof that a recording may be destroyed now.

    Args:
        state: what is known of the recording.
        store: what is known of the store.
        law: the law of the day.
        at: the moment; its local date is the day of the judgement.

    Raises:
        RetentionError: it may not: `object-held`, `object-protected`, `retention-unknown`,
            `no-authority`, `not-due`, `purge-started` or `object-purged`.
    """
    found = judge(state, store, law=law, at=at)
    if isinstance(found, Withheld):
        raise found.error
    return found


def judge(state: ObjectState, store: StoreState, *, law: Law, at: Instant) -> Proof | Withheld:
    """The proof that a recording may be destroyed, or what withholds it; as `prove`."""
    gone = _already(state)
    if gone is not None:
        return gone
    if state.opaque or store.opaque:
        return _withheld(
            state,
            ErrorKind.RETENTION_UNKNOWN,
            "has entries of a newer version, or its store has: this version does not know what "
            "they keep",
            passed=True,
        )
    held = holdings(state, store, zone=law.zone)
    as_of = local_date(at, law.zone)
    try:
        facts = recording_facts(state, store, law=law, at=at)
        found = retention(facts, law=law, as_of=as_of)
    except InvalidInputError as exc:
        if held:
            return _held(state, held, law, None)
        return _withheld(
            state,
            ErrorKind.RETENTION_UNKNOWN,
            f"cannot be judged: {exc.message}",
            by=(exc.kind.value,),
            passed=True,
        )
    if held:
        return _held(state, held, law, found)
    return _judged(state, found, law)


def _already(state: ObjectState) -> Withheld | None:
    if state.purged is not None:
        return _withheld(
            state, ErrorKind.OBJECT_PURGED, f"was destroyed (certificate {state.purged})"
        )
    if state.keeping.purge is not None:
        plan = state.keeping.purge.plan
        return _withheld(
            state, ErrorKind.PURGE_STARTED, f"is being destroyed under plan {plan} already"
        )
    return None


def _held(
    state: ObjectState, held: Iterable[Holding], law: Law, found: Retention | None
) -> Withheld:
    by = tuple(held)
    named = ", ".join(f"{'request' if one.request else one.kind} {one.id}" for one in by)
    cite = next((spec.cite for spec in law.pack.facts if spec.type is FactType.HOLDS), None)
    return _withheld(
        state,
        ErrorKind.OBJECT_HELD,
        f"is held by {named}{f' ({cite})' if cite else ''}",
        by=tuple(one.id for one in by),
        found=found,
        passed=found is None or _is_past(found),
    )


def _judged(state: ObjectState, found: Retention, law: Law) -> Proof | Withheld:
    last, missing = found.last_protected, found.missing
    if found.status is RetentionStatus.DUE and not missing and last and found.disposal:
        return Proof(
            object_id=state.object_id,
            as_of=found.as_of,
            pack_sha256=law.pack.digest,
            agency_sha256=law.agency.digest,
            last_protected=last,
            disposal=found.disposal,
            floors=found.floors,
            authority=found.authority,
            segments=state.segment_count,
            changed_at=state.keeping.changed_at,
        )
    kind, says, by = _reason(found, law)
    past = kind in _PASSED and _is_past(found)
    return _withheld(state, kind, says, by=by, found=found, passed=past)


def _reason(found: Retention, law: Law) -> tuple[ErrorKind, str, tuple[str, ...]]:
    """The code of what withholds a recording, in words, and by what."""
    longest = [one for one in found.floors if one.end == found.floors[0].end]
    rules = tuple(one.ground.rule for one in longest)
    cites = _cited(one.ground for one in longest)
    match found.status:
        case RetentionStatus.INDEFINITE:
            return ErrorKind.OBJECT_PROTECTED, f"is kept without limit of time: {cites}", rules
        case RetentionStatus.PROTECTED:
            says = f"has to be kept until {found.last_protected}: {cites}"
            return ErrorKind.OBJECT_PROTECTED, says, rules
        case RetentionStatus.HELD:
            return ErrorKind.OBJECT_HELD, f"is held by {', '.join(found.holds)}", found.holds
        case RetentionStatus.AWAITING_EVENT:
            says = f"is kept until something that has not happened: {cites}"
            return ErrorKind.RETENTION_UNKNOWN, says, rules
        case RetentionStatus.WAITING:
            says = (
                f"had to be kept until {found.last_protected} ({cites}), and agency "
                f"{law.agency.id} destroys from {found.disposal} on"
            )
            return ErrorKind.NOT_DUE, says, rules
        case RetentionStatus.NO_AUTHORITY:
            return ErrorKind.NO_AUTHORITY, _no_authority(found, law), ()
        case _:
            wanting = ", ".join(found.missing) or "facts that nobody has stated"
            says = f"cannot be judged without {wanting}; what may apply: {cites or 'nothing'}"
            return ErrorKind.RETENTION_UNKNOWN, says, found.missing


def _no_authority(found: Retention, law: Law) -> str:
    unconfirmed = [one.about for one in found.notes if one.kind is NoteKind.ENTRY_NOT_CONFIRMED]
    hint = f"; not confirmed: {', '.join(unconfirmed)}" if unconfirmed else ""
    return (
        f"had to be kept until {found.last_protected} ("
        f"{_cited(one.ground for one in found.floors) or 'no rule'}), but no confirmed entry of "
        f"the records schedule of agency {law.agency.id} lets it be destroyed{hint}"
    )


def _cited(grounds: Iterable[Ground]) -> str:
    return ", ".join(dict.fromkeys(ground.cite for ground in grounds))


def _is_past(found: Retention) -> bool:
    """Whether the recording had to be kept no longer, as far as that is known."""
    last = found.last_protected or found.statutory_floor
    return last is not None and found.as_of > last


def _withheld(
    state: ObjectState,
    kind: ErrorKind,
    says: str,
    *,
    by: tuple[str, ...] = (),
    found: Retention | None = None,
    passed: bool = False,
) -> Withheld:
    return Withheld(
        object_id=state.object_id,
        kind=kind,
        message=f"object {state.object_id} {says}",
        by=by,
        last_protected=found.last_protected if found else None,
        passed=passed,
    )
