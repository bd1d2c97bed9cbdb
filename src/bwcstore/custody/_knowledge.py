"""What the law is asked with: the facts that the ledger has of a recording, at a moment.

Rules kept here (spec chapter `custody`):

- when a recording was made is the latest plausible claim: no later than five minutes after its
  ingest and no earlier than 31 days before it; a correction may lie further back; where there is
  none, the ingest (CUS-12);
- labels given at ingest are assertions like any others (CUS-10);
- holds and pending requests count as holds, also of kinds that the pack does not know (HLD-4,
  REQ-3);
- an assertion that the pack cannot take makes the facts unknown, never favourable (CUS-14).
"""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Final
from zoneinfo import ZoneInfo

import attrs

from bwcstore._encoding import Json
from bwcstore._values import Instant
from bwcstore.custody._assertion import INGEST_LABEL, FactAssertion
from bwcstore.custody._object_records import Claim, ObjectState, RequestBound
from bwcstore.custody._records import HoldPlaced, StoreState
from bwcstore.custody._selection import selects
from bwcstore.errors import ErrorKind, InvalidInputError
from bwcstore.statute._civil import local_date
from bwcstore.statute._facts import (
    LABELS,
    Facts,
    FactSpec,
    FactType,
    Hold,
    RetentionRequest,
    Several,
    Value,
)
from bwcstore.statute._history import Assertion, FactHistory
from bwcstore.statute._pack import Law, Pack

COLLECTED: Final = "collected_at"
PENDING: Final = "data_request_pending"
RETAIN: Final = "subject-retain"
GRANTED_ON: Final = "retention_granted_on"
NOTICED_ON: Final = "retention_grant_notice_on"
END_NOTICED_ON: Final = "retention_end_notice_on"
INGEST: Final = "ingest"
_CORRECTION: Final = "correction"
_EARLIEST_SECONDS: Final = -31 * 86_400
LATEST_SECONDS: Final = 300


@attrs.frozen(kw_only=True)
class Holding:
    """Something that keeps a recording, whatever its dates.

    Attributes:
        id: the hold, or the act of the request.
        kind: the kind of hold; `data_request_pending` for a request.
        since: the day from which it holds.
        request: it is a request that is not answered.
    """

    id: str
    kind: str
    since: date
    request: bool


def holdings(state: ObjectState, store: StoreState, *, zone: ZoneInfo) -> tuple[Holding, ...]:
    """Everything that holds a recording now, in order of ids (HLD-4, REQ-3)."""
    found = [
        Holding(
            id=hold.hold_id, kind=hold.kind, since=local_date(hold.placed_at, zone), request=False
        )
        for hold in binding(state, store, zone=zone)
        if hold.released_at is None
    ]
    found += [
        Holding(id=str(one.request), kind=PENDING, since=one.received, request=True)
        for one in state.keeping.requests.values()
        if one.outcome is None
    ]
    return tuple(sorted(found, key=lambda one: one.id))


def binding(state: ObjectState, store: StoreState, *, zone: ZoneInfo) -> Iterator[HoldPlaced]:
    """The holds that bind or select a recording, or did so until they were released."""
    for hold in store.holds.values():
        if hold.hold_id in state.keeping.holds or (
            hold.query is not None and selects(hold.query, state, zone=zone)
        ):
            yield hold


@attrs.frozen(kw_only=True)
class ClaimWeighed:
    """A claim of when a recording was made.

    Attributes:
        claim: it.
        plausible: it can be true, going by when the recording was ingested.
        chosen: it is the one that the law is asked with.
    """

    claim: Claim
    plausible: bool
    chosen: bool


def collected_at(state: ObjectState) -> Instant:
    """When a recording was made, as the law is asked with it (CUS-12)."""
    plausible = [claim.at for claim in state.collected if _plausible(claim, state.ingested_at)]
    return max(plausible, key=lambda at: at.microseconds, default=state.ingested_at)


def claims_weighed(state: ObjectState) -> tuple[ClaimWeighed, ...]:
    """Every claim of when it was made, and which of them counts (CUS-12)."""
    weighed = [(claim, _plausible(claim, state.ingested_at)) for claim in state.collected]
    best = collected_at(state)
    among = [index for index, (claim, can) in enumerate(weighed) if can and claim.at == best]
    # Where nothing is plausible the ingest counts, which is a claim of its own basis.
    among += [index for index, (claim, _) in enumerate(weighed) if claim.basis == INGEST]
    return tuple(
        ClaimWeighed(claim=claim, plausible=can, chosen=[index] == among[:1])
        for index, (claim, can) in enumerate(weighed)
    )


def _plausible(claim: Claim, ingested: Instant) -> bool:
    if claim.basis == INGEST:
        return False
    seconds = (claim.at.microseconds - ingested.microseconds) / 1_000_000
    early = seconds < _EARLIEST_SECONDS and claim.basis != _CORRECTION
    return seconds <= LATEST_SECONDS and not early


def recording_facts(state: ObjectState, store: StoreState, *, law: Law, at: Instant) -> Facts:
    """The facts of a recording, as the ledger has them at a moment (CUS-10 to CUS-14).

    Args:
        state: what is known of the recording.
        store: what is known of the store.
        law: the law of the day, whose pack says what facts there are.
        at: the moment; its local date is the day that the facts are of.

    Raises:
        InvalidInputError: an assertion is none that the pack can take (`fact-unknown`,
            `fact-type`, `label-unknown`), or two contradict each other (`fact-contradiction`).
    """
    pack, zone = law.pack, law.zone
    on = local_date(at, zone)
    known = asserted_facts(assertions_of(state, law), pack=pack, zone=zone, on=on, at=at)
    found: dict[str, Value] = dict(known.values)
    for spec in pack.facts:
        match spec.type:
            case FactType.HOLDS:
                found[spec.name] = _holds(spec, state, store, zone=zone, on=on)
            case FactType.REQUESTS:
                found[spec.name] = spec.checked(_requests(spec, state, on))
            case FactType.INSTANT if spec.name == COLLECTED:
                found[spec.name] = collected_at(state)
            case FactType.DATE if spec.name in _REQUEST_DAYS:
                given = (_REQUEST_DAYS[spec.name](one) for one in _granted(state))
                days = [day for day in given if day is not None and day <= on]
                if days and spec.name not in found:
                    found[spec.name] = max(days)
            case _:
                pass
    return Facts(found)


_REQUEST_DAYS: Final = {
    GRANTED_ON: lambda one: one.answered_on,
    NOTICED_ON: lambda one: one.notices.get("grant"),
    END_NOTICED_ON: lambda one: one.notices.get("expiry"),
}


def assertions_of(state: ObjectState, law: Law) -> tuple[FactAssertion, ...]:
    """Every assertion of a recording, the label of its ingest first where the pack has labels."""
    said = state.assertions(ingested_on=local_date(state.ingested_at, law.zone))
    labels = LABELS in law.specs
    return tuple(one for one in said if labels or one.assertion_id != INGEST_LABEL)


def asserted_facts(
    assertions: Iterable[FactAssertion], *, pack: Pack, zone: ZoneInfo, on: date, at: Instant
) -> Facts:
    """What assertions of one scope come to (CUS-10, LAW-35, LAW-36).

    What no longer counts is not looked at: so a value that the pack cannot take can be taken back.

    Raises:
        InvalidInputError: as `recording_facts` says.
    """
    live = counting(assertions, pack=pack, at=at)
    if not live:
        return Facts({})
    history = FactHistory(
        assertions=tuple(
            Assertion(
                id=one.assertion_id,
                fact=one.fact,
                value=fact_value(pack.fact(one.fact), one.value),
                since=one.since,
                recorded=one.at,
                by=str(one.by),
                basis=one.basis,
            )
            for one in live
        )
    )
    return history.known(pack, zone=zone, on=on, at=at)


def counting(
    assertions: Iterable[FactAssertion], *, pack: Pack, at: Instant
) -> tuple[FactAssertion, ...]:
    """The assertions that were recorded by a moment and that none has replaced or taken back.

    Of a fact whose assertions are joined, only one without a value takes one away (LAW-36).
    """
    recorded = [one for one in assertions if one.at.microseconds <= at.microseconds]
    joined = {spec.name for spec in pack.facts if spec.several is Several.UNION}
    gone = {one.supersedes for one in recorded if one.value is None or one.fact not in joined}
    return tuple(one for one in recorded if one.value is not None and one.assertion_id not in gone)


def fact_value(spec: FactSpec, value: Json) -> Value:
    """The value of a fact that an entry has as JSON.

    Raises:
        InvalidInputError: it is none of the declared type (`fact-type`), or an unknown label
            (`label-unknown`).
    """
    try:
        if spec.type is FactType.DATE and isinstance(value, str):
            return date.fromisoformat(value)
        if spec.type is FactType.INSTANT and isinstance(value, str):
            return Instant.parse(value)
    except ValueError as exc:
        raise InvalidInputError(
            ErrorKind.FACT_TYPE, f"fact {spec.name}: a {spec.type} is needed, not {value!r:.60}"
        ) from exc
    return spec.checked(value)


def _holds(
    spec: FactSpec, state: ObjectState, store: StoreState, *, zone: ZoneInfo, on: date
) -> tuple[Hold, ...]:
    # A kind that the pack does not know holds all the same: whoever destroys asks `holdings`.
    # Those that were released are told too: the day of the release is still protected.
    # Of a day that is past, what came later is not known.
    found = [
        Hold(
            id=hold.hold_id,
            kind=hold.kind,
            placed=local_date(hold.placed_at, zone),
            released=None if hold.released_at is None else local_date(hold.released_at, zone),
        )
        for hold in binding(state, store, zone=zone)
    ]
    found += [
        Hold(id=str(one.request), kind=PENDING, placed=one.received, released=one.answered_on)
        for one in state.keeping.requests.values()
    ]
    return tuple(one for one in found if one.kind in spec.codes and one.placed <= on)


def _requests(spec: FactSpec, state: ObjectState, on: date) -> tuple[RetentionRequest, ...]:
    return tuple(
        RetentionRequest(
            id=str(one.request),
            received=one.received,
            days=one.days or 1,
            withdrawn=one.answered_on if one.outcome == "withdrawn" else None,
            answers={code: one.answers.get(code, False) for code in spec.codes},
        )
        for one in state.keeping.requests.values()
        if one.kind == RETAIN and one.outcome not in (None, "denied") and one.received <= on
    )


def _granted(state: ObjectState) -> Iterator[RequestBound]:
    for one in state.keeping.requests.values():
        if one.kind == RETAIN and one.outcome == "granted":
            yield one
