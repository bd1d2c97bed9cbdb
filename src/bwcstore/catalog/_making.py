"""From values of state to rows of tables.

Rule kept here: a row depends on the state of its own scope alone, so that only the scopes that
have new entries need new rows (STA-10).
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import pyarrow as pa

from bwcstore._encoding import Json
from bwcstore._values import ActId, Instant, ScopeId
from bwcstore.catalog._schema import SCHEMAS
from bwcstore.catalog._tables import TAGS
from bwcstore.custody._act_records import PlanState, RequestState
from bwcstore.custody._assertion import INGEST_LABEL, LABELS, FactAssertion
from bwcstore.custody._knowledge import collected_at
from bwcstore.custody._object_records import ObjectState
from bwcstore.custody._records import StoreState
from bwcstore.custody._selection import labels_ever
from bwcstore.custody._state import State
from bwcstore.ledger._entry import ScopeHead

_OTHER: Final = "other"


def json_text(value: Json) -> str:
    """A JSON value as text: one text for each value."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def table(name: str, rows: Iterable[Sequence[Any]]) -> Any:
    """A table of rows, whose values stand in the order of its columns."""
    schema = SCHEMAS[name]
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    arrays = [
        pa.array(values, type=field.type) for values, field in zip(columns, schema, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=schema)


def object_row(found: ObjectState, head: ScopeHead) -> tuple[Any, ...]:
    """The row of an object in `objects`."""
    kept, activity = found.keeping, found.activity
    claims = [{"at": one.at.microseconds, "basis": one.basis} for one in found.collected]
    return (
        found.object_id.text,
        found.ingested_index,
        found.status,
        found.ingested_at.microseconds,
        found.ingested_by.text,
        collected_at(found).microseconds,
        claims,
        found.label,
        labels_now(found),
        sorted(labels_ever(found)),
        found.trigger,
        *([tag.text for tag in found.tags.get(kind, ())] for kind in TAGS),
        found.segment_count,
        activity.access_count,
        activity.refusal_count,
        activity.bytes_released,
        _moment(activity.last_accessed_at),
        len(kept.releases),
        kept.derived.parent.text if kept.derived else None,
        _moment(kept.changed_at),
        kept.purge.plan.text if kept.purge else None,
        found.purged,
        found.opaque,
        head.seq,
        head.hash.raw,
        head.index,
    )


def labels_now(found: ObjectState) -> list[str]:
    """The labels that nobody has replaced or taken back."""
    said = [one for one in found.keeping.facts if one.fact == LABELS]
    gone = {one.supersedes for one in said}
    labels = {found.label} if found.label is not None and INGEST_LABEL not in gone else set()
    for one in said:
        if one.assertion_id not in gone and isinstance(one.value, list):
            labels.update(str(word) for word in one.value)
    return sorted(labels)


def fact_rows(row: int, found: ObjectState) -> Iterator[tuple[Any, ...]]:
    """The assertions of an object, in order."""
    said = found.keeping.facts
    if not said:
        return
    replaced = _first(one for one in said if one.value is not None)
    taken_back = _first(one for one in said if one.value is None)
    for one in said:
        yield (
            row,
            one.assertion_id,
            one.fact,
            None if one.value is None else json_text(one.value),
            one.since,
            one.at.microseconds,
            one.by.text,
            one.basis,
            one.supersedes,
            one.index,
            replaced.get(one.assertion_id),
            taken_back.get(one.assertion_id),
        )


def _first(said: Iterable[FactAssertion]) -> Mapping[str, int]:
    """When each assertion that one of these supersedes was first superseded."""
    found: dict[str, int] = {}
    for one in said:
        if one.supersedes is not None:
            found.setdefault(one.supersedes, one.at.microseconds)
    return found


def hold_object_rows(row: int, found: ObjectState) -> Iterator[tuple[Any, ...]]:
    """The holds that bind an object, in order of ids."""
    for hold in sorted(found.keeping.holds):
        yield row, hold


def request_object_rows(row: int, found: ObjectState) -> Iterator[tuple[Any, ...]]:
    """The requests about an object, in the order in which they were bound to it."""
    for one in found.keeping.requests.values():
        yield (
            row,
            one.request.text,
            one.kind,
            one.received,
            one.days,
            one.outcome,
            one.answered_on,
            one.rule,
        )


def release_rows(row: int, found: ObjectState) -> Iterator[tuple[Any, ...]]:
    """The releases of an object, in order."""
    for one in found.keeping.releases:
        yield (
            row,
            one.release_id,
            one.right,
            one.recipient,
            one.mode,
            one.rule,
            one.request.text if one.request else None,
            one.acknowledged,
            one.at.microseconds,
            one.index,
        )


MAKERS: Final = {
    "facts": fact_rows,
    "hold_objects": hold_object_rows,
    "request_objects": request_object_rows,
    "releases": release_rows,
}


def store_tables(state: State) -> dict[str, Any]:
    """The tables that hold what scope `store` and the acts say: small, and made anew each time."""
    store = state.store
    requests = [one for one in state.acts() if isinstance(one, RequestState)]
    return {
        "holds": table("holds", _holds(store)),
        "requests": table("requests", (_request(state, one) for one in requests)),
        "authorizations": table("authorizations", _authorizations(store)),
        "actors": table("actors", _actors(store)),
        "acts": table("acts", _acts(state)),
    }


def _holds(store: StoreState) -> Iterator[tuple[Any, ...]]:
    for one in store.holds.values():
        yield (
            one.hold_id,
            one.kind,
            one.authority,
            None if one.query is None else json_text(dict(one.query)),
            one.objects_count,
            one.placed_at.microseconds,
            one.placed_by.text,
            one.review_on,
            one.proposed_by.text if one.proposed_by else None,
            _moment(one.released_at),
            one.index,
        )


def _request(state: State, one: RequestState) -> tuple[Any, ...]:
    return (
        one.act.text,
        one.kind,
        one.requester,
        one.received,
        one.received_at.microseconds,
        one.received_by.text,
        one.outcome,
        len(state.bound(one.act)),
        one.opaque,
    )


def _authorizations(store: StoreState) -> Iterator[tuple[Any, ...]]:
    for one in store.authorizations.values():
        yield (
            one.authorization_id,
            one.actor_id.text,
            one.object_id.text if one.object_id else None,
            sorted(one.purposes),
            one.start.microseconds,
            _moment(one.end),
            one.revoked,
        )


def _actors(store: StoreState) -> Iterator[tuple[Any, ...]]:
    for one in store.actors.values():
        yield one.actor_id.text, sorted(one.roles), one.public_key is not None, one.revoked


def _acts(state: State) -> Iterator[tuple[Any, ...]]:
    found = [(scope, head) for scope, head in state.heads() if scope.text.startswith("act/")]
    for scope, head in sorted(found, key=lambda one: one[0].text):
        kind, outcome, approvals = _act(state, scope)
        yield scope.text[4:], kind, outcome, approvals, head.seq, head.hash.raw, head.index


def _act(state: State, scope: ScopeId) -> tuple[str, str | None, int]:
    match state.act(ActId(scope.text[4:])):
        case RequestState(outcome=outcome):
            return "request", outcome, 0
        case PlanState(withdrawn=withdrawn, approvals=approvals):
            return "plan", "withdrawn" if withdrawn else None, len(approvals)
        case _:
            return _OTHER, None, 0


def _moment(moment: Instant | None) -> int | None:
    return None if moment is None else moment.microseconds
