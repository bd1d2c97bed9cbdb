"""What the law is asked with about a recording that was destroyed, derived a second time.

Rules kept here (spec: AUD-34; chapters `custody`, `holds`, `requests`): from the leaves alone, and
by no code of `bwcstore.custody`.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Final, cast
from zoneinfo import ZoneInfo

from bwcstore._encoding import Json
from bwcstore._values import Instant
from bwcstore.audit._lineage import Case
from bwcstore.audit._records import INGEST_LABEL, Bound, Placed
from bwcstore.errors import ErrorKind, InvalidInputError
from bwcstore.statute._civil import local_date
from bwcstore.statute._facts import Facts, FactSpec, FactType, Hold, RetentionRequest, Value
from bwcstore.statute._history import Assertion, FactHistory
from bwcstore.statute._pack import Law

_SECOND: Final = 1_000_000
_EARLIEST: Final = -31 * 86_400 * _SECOND
_LATEST: Final = 300 * _SECOND
_LABELS: Final = "labels"
_COLLECTED: Final = "collected_at"
_PENDING: Final = "data_request_pending"
_RETAIN: Final = "subject-retain"


def holding(case: Case, zone: ZoneInfo) -> list[str]:
    """The ids of everything that held the recording: holds, and requests without an answer."""
    found = [name for name, hold in _holds(case, zone) if hold.released_at is None]
    found += [name for name, bound in case.seen.requests.items() if bound.outcome is None]
    return sorted(found)


def facts(case: Case, law: Law, on: date) -> Facts:
    """The facts of the recording, as the entries before had them.

    Raises:
        InvalidInputError: an assertion is none that the pack can take.
    """
    pack, zone = law.pack, law.zone
    specs = {spec.name: spec for spec in pack.facts}
    history = FactHistory(tuple(_assertions(case, specs, zone)))
    found: dict[str, Value] = dict(history.known(pack, zone=zone, on=on, at=case.at).values)
    for spec in pack.facts:
        if spec.type is FactType.HOLDS:
            told = (one for one in _told(case, zone) if one.placed <= on)
            found[spec.name] = tuple(one for one in told if one.kind in spec.codes)
        elif spec.type is FactType.REQUESTS:
            wished = (one for one in _wished(case, spec.codes) if one.received <= on)
            found[spec.name] = spec.checked([*wished])
        elif (spec.type, spec.name) == (FactType.INSTANT, _COLLECTED):
            found[spec.name] = _collected_at(case)
        elif spec.type is FactType.DATE and spec.name not in found:
            given = (_day_of(spec.name, one) for one in case.seen.requests.values())
            if days := [day for day in given if day is not None and day <= on]:
                found[spec.name] = max(days)
    return Facts(found)


def _assertions(case: Case, specs: Mapping[str, FactSpec], zone: ZoneInfo) -> Iterator[Assertion]:
    gone = {
        one.supersedes
        for one in case.seen.facts
        if one.value is None or one.fact not in specs or specs[one.fact].several != "union"
    }
    if case.seen.label is not None and _LABELS in specs and INGEST_LABEL not in gone:
        yield Assertion(
            id=INGEST_LABEL,
            fact=_LABELS,
            value=specs[_LABELS].checked([case.seen.label]),
            since=local_date(case.seen.at, zone),
            recorded=case.seen.at,
            by=case.seen.by,
            basis="system",
        )
    for one in case.seen.facts:
        if one.value is None or one.id in gone:
            continue
        if one.fact not in specs:
            raise InvalidInputError(ErrorKind.FACT_UNKNOWN, f"the pack has no fact {one.fact}")
        yield Assertion(
            id=one.id,
            fact=one.fact,
            value=_value(specs[one.fact], one.value),
            since=date.fromisoformat(one.since),
            recorded=one.at,
            by=one.by,
            basis=one.basis,
        )


def _value(spec: FactSpec, value: Json) -> Value:
    if isinstance(value, str) and spec.type is FactType.DATE:
        try:
            return spec.checked(date.fromisoformat(value))
        except ValueError as exc:
            raise InvalidInputError(
                ErrorKind.FACT_TYPE, f"fact {spec.name}: {value!r:.60} is no date"
            ) from exc
    if isinstance(value, str) and spec.type is FactType.INSTANT:
        return spec.checked(Instant.parse(value))
    return spec.checked(value)


def _collected_at(case: Case) -> Instant:
    """The latest claim that can be true; the ingest where there is none (CUS-12)."""
    ingested = case.seen.at.microseconds
    plausible = []
    for text, basis in case.seen.claims:
        claim = Instant.parse(text)
        ahead = claim.microseconds - ingested
        early = ahead < _EARLIEST and basis != "correction"
        if basis != "ingest" and ahead <= _LATEST and not early:
            plausible.append(claim)
    return max(plausible, key=lambda one: one.microseconds, default=case.seen.at)


def _holds(case: Case, zone: ZoneInfo) -> Iterator[tuple[str, Placed]]:
    """The holds that bound or selected the recording, released ones included."""
    for name, hold in case.holds.items():
        query = hold.query
        if name in case.seen.holds or (query is not None and _selects(query, case, zone)):
            yield name, hold


def _selects(query: Mapping[str, Json], case: Case, zone: ZoneInfo) -> bool:
    ((name, inner),) = query.items()
    if name in ("all", "any"):
        terms = cast("list[Mapping[str, Json]]", inner)
        joined = all if name == "all" else any
        return joined(_selects(one, case, zone) for one in terms)
    if name == "label":
        return inner in _labels_ever(case)
    term = cast("dict[str, str | None]", inner)
    if name == "tag":
        return term["value"] in case.seen.tags.get(cast("str", term["kind"]), ())
    days = [str(local_date(Instant.parse(at), zone)) for at, _ in case.seen.claims]
    first, last = term["from"] or "0000", term["until"] or "9999-12-31"
    return any(first <= day <= last for day in days)


def _labels_ever(case: Case) -> set[str]:
    found = {case.seen.label} if case.seen.label else set()
    for one in case.seen.facts:
        if one.fact == _LABELS and isinstance(one.value, list):
            found.update(cast("list[str]", one.value))
    return found


def _told(case: Case, zone: ZoneInfo) -> Iterator[Hold]:
    for name, hold in _holds(case, zone):
        released = hold.released_at
        yield Hold(
            id=name,
            kind=hold.kind,
            placed=local_date(hold.at, zone),
            released=None if released is None else local_date(released, zone),
        )
    for name, bound in case.seen.requests.items():
        answered = bound.answered_on
        yield Hold(
            id=name,
            kind=_PENDING,
            placed=date.fromisoformat(bound.received),
            released=None if answered is None else date.fromisoformat(answered),
        )


def _wished(case: Case, flags: tuple[str, ...]) -> Iterator[RetentionRequest]:
    for name, bound in case.seen.requests.items():
        if bound.kind == _RETAIN and bound.outcome not in (None, "denied"):
            answered = bound.answered_on if bound.outcome == "withdrawn" else None
            yield RetentionRequest(
                id=name,
                received=date.fromisoformat(bound.received),
                days=bound.days or 1,
                withdrawn=None if answered is None else date.fromisoformat(answered),
                answers={flag: bound.answers.get(flag, False) for flag in flags},
            )


def _day_of(fact: str, bound: Bound) -> date | None:
    """The day that a request gives one of the facts that come from requests."""
    if (bound.kind, bound.outcome) != (_RETAIN, "granted"):
        return None
    days = {
        "retention_granted_on": bound.answered_on,
        "retention_grant_notice_on": bound.notices.get("grant"),
        "retention_end_notice_on": bound.notices.get("expiry"),
    }
    found = days.get(fact)
    return None if found is None else date.fromisoformat(found)
