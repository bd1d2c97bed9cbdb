"""How the entries of scope `store` change what is true of it.

Rule kept here: from open fields alone (LED-1); a kind that this version does not know makes the
store opaque, never wrong (LED-4).
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import cast

import attrs

from bwcstore._encoding import Json
from bwcstore._values import ActorId, Digest, Instant, Locking, LockMode, ObjectId, Tag
from bwcstore.custody._fields import (
    assertion,
    day,
    day_or_none,
    impossible,
    including,
    number,
    text,
    texts,
)
from bwcstore.custody._records import (
    Actor,
    Attested,
    Authorization,
    EpochEnded,
    HoldPlaced,
    LawAdopted,
    LocksSynced,
    Parameters,
    Policy,
    Probed,
    StoreState,
)
from bwcstore.ledger._entry import Entry


def fold_store(state: StoreState, entry: Entry) -> StoreState:
    """The state of the store after one more entry of its scope.

    Raises:
        IntegrityError: the entry cannot follow (`STATE_INVALID`).
    """
    if not entry.known:
        return attrs.evolve(state, opaque=True)
    if (state.parameters is None) != (entry.kind == "store.created"):
        raise impossible(entry, "a store is created once, and first")
    match entry.kind:
        case "store.created":
            return attrs.evolve(state, parameters=_parameters(entry.body))
        case "actor.enrolled":
            actor = _actor(entry.body)
            return attrs.evolve(state, actors=including(state.actors, actor.actor_id, actor))
        case "actor.revoked":
            actor_id = ActorId(text(entry.body, "actor"))
            if (known := state.actors.get(actor_id)) is None:
                raise impossible(entry, "no such actor is enrolled")
            revoked = attrs.evolve(known, revoked=True)
            return attrs.evolve(state, actors=including(state.actors, actor_id, revoked))
        case "authorization.granted":
            granted = _authorization(entry.body)
            if granted.authorization_id in state.authorizations:
                raise impossible(entry, "the authorization was granted before")
            after = including(state.authorizations, granted.authorization_id, granted)
            return attrs.evolve(state, authorizations=after)
        case "authorization.revoked":
            name = text(entry.body, "authorization")
            if (former := state.authorizations.get(name)) is None:
                raise impossible(entry, "no such authorization was granted")
            ended = attrs.evolve(former, revoked=True)
            return attrs.evolve(state, authorizations=including(state.authorizations, name, ended))
        case "law.adopted":
            return attrs.evolve(state, law=_law(entry), rules_at=entry.at)
        case "policy.set":
            return attrs.evolve(state, policy=_policy(entry.body), rules_at=entry.at)
        case "fact.asserted":
            return attrs.evolve(state, facts=(*state.facts, assertion(entry, state.facts)))
        case "hold.placed":
            hold = _hold(entry)
            if hold.hold_id in state.holds:
                raise impossible(entry, "the hold was placed before")
            return attrs.evolve(state, holds=including(state.holds, hold.hold_id, hold))
        case "hold.reviewed" | "hold.release_proposed" | "hold.released":
            changed = _changed_hold(state, entry)
            return attrs.evolve(state, holds=including(state.holds, changed.hold_id, changed))
        case "clock.confirmed":
            jump = number(entry.body, "jump")
            by = state.confirmed.get(jump, frozenset()) | {entry.by}
            return attrs.evolve(state, confirmed=including(state.confirmed, jump, by))
        case "state.committed":
            return attrs.evolve(state, committed_size=number(entry.body, "size"))
        case "backups.declared":
            return attrs.evolve(state, backups=_pairs(entry.body["backups"], "holds"))
        case "keys.epoch_destroyed":
            return attrs.evolve(state, epochs=(*state.epochs, _epoch(entry)))
        case "erasure.attested":
            return attrs.evolve(state, attested=_all_attested(state, entry))
        case "storage.probed":
            return attrs.evolve(state, probed=_probed(state, entry))
        case "locks.synced":
            return attrs.evolve(state, synced=_synced(state, entry))
        case "leftovers.discarded":
            gone = frozenset(ObjectId(text) for text in texts(entry.body, "objects"))
            return attrs.evolve(state, discarded=state.discarded | gone)
        case _:
            return state


def _parameters(body: Mapping[str, Json]) -> Parameters:
    return Parameters(
        format=text(body, "format"),
        store=text(body, "store"),
        protocol=text(body, "protocol"),
        chunk_bytes=number(body, "chunk_bytes"),
        segment_chunks=number(body, "segment_chunks"),
        origin=text(body, "origin"),
        verifier_key=text(body, "verifier_key"),
        signed_kinds=frozenset(texts(body, "signed_kinds")),
        locking=_locking(cast("dict[str, Json] | None", body.get("locking"))),
    )


def _locking(body: Mapping[str, Json] | None) -> Locking | None:
    if body is None:
        return None
    return Locking(
        mode=LockMode(text(body, "mode")),
        record_days=number(body, "record_days"),
        max_days=number(body, "max_days"),
        unruled_days=number(body, "unruled_days"),
    )


def _all_attested(state: StoreState, entry: Entry) -> Mapping[int, Attested]:
    attested = _attested(entry)
    return including(state.attested, attested.epoch, attested)


def _probed(state: StoreState, entry: Entry) -> Mapping[str, Probed]:
    probed = Probed(
        verdict=text(entry.body, "verdict"),
        protocol=text(entry.body, "protocol"),
        at=entry.at,
        unheld=MappingProxyType(_unheld(entry)),
    )
    return including(state.probed, text(entry.body, "place"), probed)


def _unheld(entry: Entry) -> dict[str, str]:
    checks = cast("Sequence[Mapping[str, str]]", entry.body["checks"])
    return {
        check["check"]: check["outcome"]
        for check in checks
        if check["outcome"] in ("failed", "refused")
    }


def _synced(state: StoreState, entry: Entry) -> LocksSynced:
    until = cast("str | None", entry.body.get("records_until"))
    former = state.synced.records_until if state.synced else None
    return LocksSynced(
        through=number(entry.body, "through"),
        records_until=former if until is None else Instant.parse(until),
        at=entry.at,
    )


def _actor(body: Mapping[str, Json]) -> Actor:
    key = cast("str | None", body.get("public_key"))
    return Actor(
        actor_id=ActorId(text(body, "actor")),
        roles=frozenset(texts(body, "roles")),
        tag=Tag(text(body, "tag")),
        public_key=None if key is None else bytes.fromhex(key),
    )


def _authorization(body: Mapping[str, Json]) -> Authorization:
    object_id = cast("str | None", body.get("object"))
    until = cast("str | None", body.get("until"))
    return Authorization(
        authorization_id=text(body, "authorization"),
        actor_id=ActorId(text(body, "actor")),
        object_id=None if object_id is None else ObjectId(object_id),
        purposes=frozenset(texts(body, "purposes")),
        start=Instant.parse(text(body, "from")),
        end=None if until is None else Instant.parse(until),
    )


def _law(entry: Entry) -> LawAdopted:
    body = entry.body
    return LawAdopted(
        pack=text(body, "pack"),
        pack_sha256=Digest.parse(text(body, "pack_sha256")),
        pack_annex=Digest.parse(text(body, "pack_annex")),
        agency=text(body, "agency"),
        agency_sha256=Digest.parse(text(body, "agency_sha256")),
        agency_annex=Digest.parse(text(body, "agency_annex")),
        zone=text(body, "zone"),
        index=entry.index,
    )


def _policy(body: Mapping[str, Json]) -> Policy:
    narrowed = cast("list[dict[str, Json]]", body["narrowed"])
    return Policy(
        approvals=number(body, "approvals"),
        large_objects=number(body, "large_objects"),
        brake_multiple=number(body, "brake_multiple"),
        brake_objects=number(body, "brake_objects"),
        brake_days=number(body, "brake_days"),
        waiting_hours=number(body, "waiting_hours"),
        plan_days=number(body, "plan_days"),
        clock_hours=number(body, "clock_hours"),
        dual_release=frozenset(texts(body, "dual_release")),
        narrowed=MappingProxyType(
            {text(one, "kind"): frozenset(texts(one, "roles")) for one in narrowed}
        ),
    )


def _hold(entry: Entry) -> HoldPlaced:
    body = entry.body
    return HoldPlaced(
        hold_id=text(body, "hold"),
        kind=text(body, "kind"),
        authority=text(body, "authority"),
        query=cast("dict[str, Json] | None", body.get("query")),
        objects_count=number(body, "objects_count"),
        placed_at=entry.at,
        placed_by=entry.by,
        index=entry.index,
        review_on=day_or_none(body, "review_on"),
    )


def _changed_hold(state: StoreState, entry: Entry) -> HoldPlaced:
    hold = state.holds.get(text(entry.body, "hold"))
    if hold is None:
        raise impossible(entry, "no such hold was placed")
    if hold.released_at is not None:
        raise impossible(entry, "the hold was released before")
    match entry.kind:
        case "hold.reviewed":
            return attrs.evolve(hold, review_on=day(entry.body, "review_on"))
        case "hold.release_proposed":
            return attrs.evolve(hold, proposed_by=entry.by)
        case _:
            return attrs.evolve(hold, released_at=entry.at)


def _pairs(items: Json, value: str) -> Mapping[str, str]:
    found = cast("list[dict[str, str]]", items)
    return MappingProxyType({one["id"]: one[value] for one in found})


def _epoch(entry: Entry) -> EpochEnded:
    return EpochEnded(
        epoch=number(entry.body, "epoch"),
        opened=number(entry.body, "opened"),
        replicas=texts(entry.body, "replicas"),
        index=entry.index,
        at=entry.at,
    )


def _attested(entry: Entry) -> Attested:
    return Attested(
        epoch=number(entry.body, "epoch"),
        root=text(entry.body, "root"),
        backups=_pairs(entry.body["backups"], "outcome"),
        index=entry.index,
    )
