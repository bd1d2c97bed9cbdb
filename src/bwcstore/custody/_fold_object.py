"""How the entries of an object's scope change what is true of it.

Rule kept here: from open fields alone (LED-1); a kind that this version does not know makes the
object opaque, never wrong (LED-4).
"""

from datetime import date
from types import MappingProxyType
from typing import cast

import attrs

from bwcstore._values import Digest, Instant, Tag
from bwcstore.custody._fields import assertion, impossible, number, text
from bwcstore.custody._fold_keeping import fold_keeping
from bwcstore.custody._object_records import Claim, ObjectState
from bwcstore.ledger._entry import Entry


def fold_object(state: ObjectState | None, entry: Entry) -> ObjectState:
    """The state of an object after one more entry of its scope; None before the first.

    Raises:
        IntegrityError: the entry cannot follow (`STATE_INVALID`).
    """
    if state is None:
        if entry.kind != "object.ingested":
            raise impossible(entry, "an object begins with its ingest")
        return _ingested(entry)
    if not entry.known:
        return attrs.evolve(state, opaque=True)
    match entry.kind:
        case "object.ingested":
            raise impossible(entry, "the object exists already")
        case "object.accessed":
            done = attrs.evolve(
                state.activity,
                access_count=state.activity.access_count + 1,
                last_accessed_at=entry.at,
                open_accesses=state.activity.open_accesses | {entry.scope.seq},
            )
            return state.after(done)
        case "access.ended":
            access = number(entry.body, "accessed_seq")
            if access not in state.activity.open_accesses:
                raise impossible(entry, f"no access with number {access} is open")
            released = state.activity.bytes_released + number(entry.body, "bytes_released")
            done = attrs.evolve(
                state.activity,
                open_accesses=state.activity.open_accesses - {access},
                bytes_released=released,
            )
            return state.after(done)
        case "access.refused":
            count = state.activity.refusal_count + number(entry.body, "count")
            return state.after(attrs.evolve(state.activity, refusal_count=count))
        case "fact.asserted":
            # Which day the ingest was depends on the zone, and nothing here on the day.
            made = assertion(entry, state.assertions(ingested_on=date.min))
            keeping = attrs.evolve(
                state.keeping, facts=(*state.keeping.facts, made), changed_at=entry.at
            )
            return attrs.evolve(state, keeping=keeping)
        case "tags.added":
            return _tagged(state, entry)
        case "collected.claimed":
            at = Instant.parse(text(entry.body, "at"))
            claim = Claim(at=at, basis=text(entry.body, "basis"))
            return attrs.evolve(
                state,
                collected=(*state.collected, claim),
                keeping=attrs.evolve(state.keeping, changed_at=entry.at),
            )
        case _:
            return attrs.evolve(state, keeping=fold_keeping(state.keeping, entry))


def _tagged(state: ObjectState, entry: Entry) -> ObjectState:
    tags = dict(state.tags)
    added = cast("dict[str, list[str]]", entry.body["tags"])
    for kind, found in added.items():
        former = tags.get(kind, ())
        tags[kind] = (*former, *(one for one in map(Tag, found) if one not in former))
    keeping = attrs.evolve(state.keeping, changed_at=entry.at)
    return attrs.evolve(state, tags=MappingProxyType(tags), keeping=keeping)


def _ingested(entry: Entry) -> ObjectState:
    body = entry.body
    object_id = entry.scope.id.object_id
    if object_id is None:
        raise impossible(entry, "only an object can be ingested")
    tags = cast("dict[str, list[str]]", body["tags"])
    collected = cast("list[dict[str, str]]", body["collected"])
    return ObjectState(
        object_id=object_id,
        manifest_digest=Digest.parse(text(body, "manifest_sha256")),
        header=bytes.fromhex(text(body, "header")),
        segment_count=number(body, "segment_count"),
        ciphertext_root=Digest.parse(text(body, "ciphertext_root")),
        tags=MappingProxyType(
            {kind: tuple(Tag(text) for text in texts) for kind, texts in tags.items()}
        ),
        collected=tuple(
            Claim(at=Instant.parse(claim["at"]), basis=claim["basis"]) for claim in collected
        ),
        label=cast("str | None", body.get("label")),
        trigger=cast("str | None", body.get("trigger")),
        locked_until=Instant.parse(text(body, "locked_until")) if "locked_until" in body else None,
        ingested_at=entry.at,
        ingested_by=entry.by,
        ingested_index=entry.index,
    )
