"""How long the storage should refuse the deletion of a recording, by what the ledger knows.

Pure. A lock is there against whoever holds the keys of the storage; it is never what keeps a
recording, and it is never longer than what is certain, for it cannot be taken back.

Rules kept here (spec chapter `locks`):

- the time runs from when the recording was made if that is plausible, else from its ingest, so
  that a wrong camera clock makes no lock that nobody can end (LCK-4);
- a recording is locked until its plain statutory floor has passed, no longer than the cap (LCK-5);
- a floor that facts do not tell is the one that the law has for what nothing is known of, and
  without a law the store's own number of days (LCK-6);
- a lock only grows; whatever holds a recording is a legal hold of the storage too (LCK-7).
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from bwcstore._values import Instant, Locking
from bwcstore.custody._knowledge import (
    COLLECTED,
    INGEST,
    LATEST_SECONDS,
    binding,
    collected_at,
    holdings,
    recording_facts,
)
from bwcstore.custody._object_records import Claim, Locked, ObjectState
from bwcstore.custody._records import StoreState
from bwcstore.errors import ErrorKind, InvalidInputError
from bwcstore.statute._civil import local_date
from bwcstore.statute._facts import Facts
from bwcstore.statute._pack import Law
from bwcstore.statute._retention import retention

_DAY_SECONDS: Final = 86_400
_SECOND: Final = 1_000_000
_EARLIEST_SECONDS: Final = -31 * _DAY_SECONDS
_DAYS_MAX: Final = 36_500
# Days differ by 23 hours at least; an upload and its entry by as long as the upload took.
_APART_SECONDS: Final = 12 * 3_600
_UNKNOWN_ZONE: Final = ZoneInfo("UTC")


def check_locking(locking: Locking) -> None:
    """Check the numbers of days that a store is to be created with (LCK-2).

    Raises:
        InvalidInputError: one of them is under 1 or over 36,500 (`argument-invalid`).
    """
    for name in ("record_days", "max_days", "unruled_days"):
        if not 1 <= (days := getattr(locking, name)) <= _DAYS_MAX:
            raise InvalidInputError(
                ErrorKind.ARGUMENT_INVALID, f"locking: {name} of {days}, 1 to {_DAYS_MAX} can be"
            )


def clock_start(claims: Iterable[Claim], ingested: Instant) -> Instant:
    """When the time of a lock begins: the latest plausible claim, or the ingest (LCK-4).

    Args:
        claims: the claims of when the recording was made.
        ingested: when it was ingested, by the storage's own time where there is one.
    """
    plausible = [
        claim.at.microseconds
        for claim in claims
        if claim.basis != INGEST
        and _EARLIEST_SECONDS * _SECOND
        <= claim.at.microseconds - ingested.microseconds
        <= LATEST_SECONDS * _SECOND
    ]
    return Instant(max(plausible, default=ingested.microseconds))


def keep_until(
    locking: Locking, floor: date | None, *, ingested: Instant, zone: ZoneInfo
) -> Instant | None:
    """Until when the storage is to refuse the deletion of a recording (LCK-5, LCK-6).

    Args:
        locking: what the store was created with.
        floor: the last day that the statute protects; None where no law says any.
        ingested: when it was ingested, by the storage's own time where there is one.
        zone: the agency's time zone.

    Returns:
        The first moment of the day after the floor, or the cap; None where that has passed.
    """
    # Whole seconds, so that a storage that keeps no fractions tells back what it was told.
    start = Instant(ingested.microseconds - ingested.microseconds % _SECOND)
    cap = start.plus_seconds(locking.max_days * _DAY_SECONDS)
    if floor is None:
        until = start.plus_seconds(min(locking.unruled_days, locking.max_days) * _DAY_SECONDS)
    elif floor < local_date(ingested, zone):
        return None
    elif floor >= local_date(cap, zone):
        until = cap
    else:
        until = _midnight(floor + timedelta(days=1), zone)
    return until if until > ingested else None


def _midnight(day: date, zone: ZoneInfo) -> Instant:
    """The first moment of a local day, also where the clocks change at midnight."""
    local = datetime(day.year, day.month, day.day, tzinfo=zone)
    return Instant.from_datetime(local.astimezone(UTC))


def floor_of(state: ObjectState, store: StoreState, *, law: Law, at: Instant) -> date | None:
    """The last day that the statute alone protects a recording, by what is certain (LCK-6).

    Args:
        state: what is known of the recording.
        store: what is known of the store.
        law: the law of the day.
        at: the moment whose knowledge counts.
    """
    # A plausible claim may be minutes ahead, and the next day may have begun there.
    at = max(at, state.ingested_at, collected_at(state))
    on = local_date(at, law.zone)
    try:
        known = retention(recording_facts(state, store, law=law, at=at), law=law, as_of=on)
    except InvalidInputError:
        # Facts that the pack cannot take make nothing certain.
        known = None
    if known is not None and known.statutory_floor is not None:
        return known.statutory_floor
    return _unknown_floor(clock_start(state.collected, state.ingested_at), law, on)


def _unknown_floor(collected: Instant, law: Law, on: date) -> date | None:
    """The floor of a recording of which nothing is known but when it was made."""
    known = {COLLECTED: collected} if COLLECTED in law.specs else {}
    try:
        return retention(Facts(known), law=law, as_of=on).statutory_floor
    except InvalidInputError:
        return None


def first_lock(
    seen: ObjectState,
    store: StoreState,
    *,
    locking: Locking,
    law: Law | None,
    ingested: Instant,
) -> Instant | None:
    """Until when a recording is locked as it is written (LCK-4 to LCK-6).

    Args:
        seen: what is known of it, or of the recording that it is made of.
        store: what is known of the store.
        locking: what the store was created with.
        law: the law of the day; None where none was adopted.
        ingested: now, by the storage's own time where there is one.
    """
    if law is None:
        return keep_until(locking, None, ingested=ingested, zone=_UNKNOWN_ZONE)
    floor = floor_of(seen, store, law=law, at=ingested)
    return keep_until(locking, floor, ingested=ingested, zone=law.zone)


def told(state: ObjectState) -> Locked:
    """What the storage was last told of a recording, as the ledger has it."""
    return state.keeping.locked or Locked(until=state.locked_until, legal_hold=False)


def wanted(
    found: ObjectState,
    seen: ObjectState,
    store: StoreState,
    *,
    locking: Locking,
    law: Law | None,
    at: Instant,
) -> Locked:
    """What the storage should be told of a recording (LCK-5 to LCK-7).

    Args:
        found: what is known of the recording.
        seen: the same as the law sees it, with what it was made of.
        store: what is known of the store.
        locking: what the store was created with.
        law: the law of the day; None where none was adopted.
        at: now, by the storage's own time where there is one.
    """
    former = told(found)
    zone = law.zone if law is not None else _UNKNOWN_ZONE
    held = bool(holdings(seen, store, zone=zone))
    if seen.opaque or store.opaque:
        # What an entry of an unknown kind means may be a hold: nothing is taken off.
        held = held or former.legal_hold
    until = former.until
    # An ingest that lies ahead of the storage's time is no ground for a longer lock.
    if found.ingested_at <= at.plus_seconds(LATEST_SECONDS):
        until = _longer(until, _due(found, seen, store, locking=locking, law=law, at=at))
    return Locked(until=until, legal_hold=held)


def was_held(seen: ObjectState, store: StoreState, *, law: Law | None) -> bool:
    """Whether anything of the ledger holds a recording, or did so once."""
    zone = law.zone if law is not None else _UNKNOWN_ZONE
    return bool(seen.keeping.requests) or any(True for _ in binding(seen, store, zone=zone))


def _due(
    found: ObjectState,
    seen: ObjectState,
    store: StoreState,
    *,
    locking: Locking,
    law: Law | None,
    at: Instant,
) -> Instant | None:
    ingested = found.ingested_at
    if law is None:
        until = keep_until(locking, None, ingested=ingested, zone=_UNKNOWN_ZONE)
    else:
        floor = floor_of(seen, store, law=law, at=at)
        until = keep_until(locking, floor, ingested=ingested, zone=law.zone)
    # What has passed locks nothing any more.
    return until if until is not None and until > at else None


def _longer(former: Instant | None, due: Instant | None) -> Instant | None:
    """The later one; the former where the other is later by less than floors can differ."""
    if former is None or due is None:
        return due if former is None else former
    return due if due >= former.plus_seconds(_APART_SECONDS) else former
