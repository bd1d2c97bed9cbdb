"""What is true: the state that the ledger implies, scope by scope.

Rules kept here:

- `fold_store` and `fold_object` are pure, and the only way state changes (LED-1: from open
  fields alone);
- `State` only indexes: which scope has which head, which source tag names which object;
- a kind this version does not know makes its scope opaque, never wrong (LED-4).
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Self, TypeVar, cast

import attrs

from bwcstore._encoding import Json
from bwcstore._values import ActorId, Digest, Instant, ObjectId, ScopeId, Tag
from bwcstore.custody._records import (
    Actor,
    Authorization,
    Claim,
    ObjectState,
    Parameters,
    StoreState,
)
from bwcstore.errors import ErrorKind, IntegrityError
from bwcstore.ledger._entry import Entry, ScopeHead

_K = TypeVar("_K")
_V = TypeVar("_V")


def _text(body: Mapping[str, Json], field: str) -> str:
    return cast("str", body[field])


def _texts(body: Mapping[str, Json], field: str) -> tuple[str, ...]:
    return tuple(cast("list[str]", body[field]))


def _number(body: Mapping[str, Json], field: str) -> int:
    return cast("int", body[field])


def _with(mapping: Mapping[_K, _V], key: _K, value: _V) -> Mapping[_K, _V]:
    return MappingProxyType({**mapping, key: value})


def fold_store(state: StoreState, entry: Entry) -> StoreState:
    """The state of the store after one more entry of its scope.

    Raises:
        IntegrityError: the entry cannot follow (`STATE_INVALID`).
    """
    if not entry.known:
        return attrs.evolve(state, opaque=True)
    if (state.parameters is None) != (entry.kind == "store.created"):
        raise _impossible(entry, "a store is created once, and first")
    match entry.kind:
        case "store.created":
            return attrs.evolve(state, parameters=_parameters(entry.body))
        case "actor.enrolled":
            actor = _actor(entry.body)
            return attrs.evolve(state, actors=_with(state.actors, actor.actor_id, actor))
        case "actor.revoked":
            actor_id = ActorId(_text(entry.body, "actor"))
            if (known := state.actors.get(actor_id)) is None:
                raise _impossible(entry, "no such actor is enrolled")
            revoked = attrs.evolve(known, revoked=True)
            return attrs.evolve(state, actors=_with(state.actors, actor_id, revoked))
        case "authorization.granted":
            granted = _authorization(entry.body)
            if granted.authorization_id in state.authorizations:
                raise _impossible(entry, "the authorization was granted before")
            after = _with(state.authorizations, granted.authorization_id, granted)
            return attrs.evolve(state, authorizations=after)
        case "authorization.revoked":
            name = _text(entry.body, "authorization")
            if (former := state.authorizations.get(name)) is None:
                raise _impossible(entry, "no such authorization was granted")
            ended = attrs.evolve(former, revoked=True)
            return attrs.evolve(state, authorizations=_with(state.authorizations, name, ended))
        case "leftovers.discarded":
            gone = frozenset(ObjectId(text) for text in _texts(entry.body, "objects"))
            return attrs.evolve(state, discarded=state.discarded | gone)
        case _:
            return state


def _parameters(body: Mapping[str, Json]) -> Parameters:
    return Parameters(
        format=_text(body, "format"),
        store=_text(body, "store"),
        protocol=_text(body, "protocol"),
        chunk_bytes=_number(body, "chunk_bytes"),
        segment_chunks=_number(body, "segment_chunks"),
        origin=_text(body, "origin"),
        verifier_key=_text(body, "verifier_key"),
        signed_kinds=frozenset(_texts(body, "signed_kinds")),
    )


def _actor(body: Mapping[str, Json]) -> Actor:
    key = cast("str | None", body.get("public_key"))
    return Actor(
        actor_id=ActorId(_text(body, "actor")),
        roles=frozenset(_texts(body, "roles")),
        tag=Tag(_text(body, "tag")),
        public_key=None if key is None else bytes.fromhex(key),
    )


def _authorization(body: Mapping[str, Json]) -> Authorization:
    object_id = cast("str | None", body.get("object"))
    until = cast("str | None", body.get("until"))
    return Authorization(
        authorization_id=_text(body, "authorization"),
        actor_id=ActorId(_text(body, "actor")),
        object_id=None if object_id is None else ObjectId(object_id),
        purposes=frozenset(_texts(body, "purposes")),
        start=Instant.parse(_text(body, "from")),
        end=None if until is None else Instant.parse(until),
    )


def fold_object(state: ObjectState | None, entry: Entry) -> ObjectState:
    """The state of an object after one more entry of its scope; None before the first.

    Raises:
        IntegrityError: the entry cannot follow (`STATE_INVALID`).
    """
    if state is None:
        if entry.kind != "object.ingested":
            raise _impossible(entry, "an object begins with its ingest")
        return _ingested(entry)
    if not entry.known:
        return attrs.evolve(state, opaque=True)
    match entry.kind:
        case "object.ingested":
            raise _impossible(entry, "the object exists already")
        case "object.accessed":
            done = attrs.evolve(
                state.activity,
                access_count=state.activity.access_count + 1,
                last_accessed_at=entry.at,
                open_accesses=state.activity.open_accesses | {entry.scope.seq},
            )
            return state.after(done)
        case "access.ended":
            access = _number(entry.body, "accessed_seq")
            if access not in state.activity.open_accesses:
                raise _impossible(entry, f"no access with number {access} is open")
            released = state.activity.bytes_released + _number(entry.body, "bytes_released")
            done = attrs.evolve(
                state.activity,
                open_accesses=state.activity.open_accesses - {access},
                bytes_released=released,
            )
            return state.after(done)
        case "access.refused":
            count = state.activity.refusal_count + _number(entry.body, "count")
            return state.after(attrs.evolve(state.activity, refusal_count=count))
        case _:
            return state


def _ingested(entry: Entry) -> ObjectState:
    body = entry.body
    object_id = entry.scope.id.object_id
    if object_id is None:
        raise _impossible(entry, "only an object can be ingested")
    tags = cast("dict[str, list[str]]", body["tags"])
    collected = cast("list[dict[str, str]]", body["collected"])
    return ObjectState(
        object_id=object_id,
        manifest_digest=Digest.parse(_text(body, "manifest_sha256")),
        header=bytes.fromhex(_text(body, "header")),
        segment_count=_number(body, "segment_count"),
        ciphertext_root=Digest.parse(_text(body, "ciphertext_root")),
        tags=MappingProxyType(
            {kind: tuple(Tag(text) for text in texts) for kind, texts in tags.items()}
        ),
        collected=tuple(
            Claim(at=Instant.parse(claim["at"]), basis=claim["basis"]) for claim in collected
        ),
        label=cast("str | None", body.get("label")),
        trigger=cast("str | None", body.get("trigger")),
        ingested_at=entry.at,
        ingested_by=entry.by,
        ingested_index=entry.index,
    )


def _impossible(entry: Entry, why: str) -> IntegrityError:
    return IntegrityError(
        ErrorKind.STATE_INVALID, f"entry {entry.index} ({entry.kind}, {entry.scope.id}): {why}"
    )


class State:
    """An index of everything folded so far, with branches for entries not yet committed.

    A branch sees its parent and keeps its own changes; `adopt` takes a branch's changes over.
    The parent must not change while a branch is in use.
    """

    def __init__(self, parent: "State | None" = None) -> None:
        self._parent = parent
        self._heads: dict[str, ScopeHead] = {}
        self._objects: dict[ObjectId, ObjectState] = {}
        self._sources: dict[Tag, ObjectId] = {}
        self.store: StoreState = StoreState() if parent is None else parent.store

    def head(self, scope: ScopeId) -> ScopeHead | None:
        """The last entry of a scope, or None before its first."""
        found = self._heads.get(scope.text)
        return self._parent.head(scope) if found is None and self._parent else found

    def object(self, object_id: ObjectId) -> ObjectState | None:
        """What is true of an object, or None when there is none."""
        found = self._objects.get(object_id)
        return self._parent.object(object_id) if found is None and self._parent else found

    def sourced(self, source: Tag) -> ObjectId | None:
        """The object that was ingested under a source tag; the first, if there were several."""
        found = self._parent.sourced(source) if self._parent else None
        return self._sources.get(source) if found is None else found

    def objects(self) -> Iterator[ObjectState]:
        """Every object in the order of ingest."""
        if self._parent:
            for state in self._parent.objects():
                yield self._objects.get(state.object_id, state)
        known = self._parent.object if self._parent else lambda _: None
        yield from (state for key, state in self._objects.items() if known(key) is None)

    def heads(self) -> Iterator[tuple[ScopeId, ScopeHead]]:
        """The last entry of every scope, in no particular order."""
        if self._parent:
            for scope, head in self._parent.heads():
                if scope.text not in self._heads:
                    yield scope, head
        for text, head in self._heads.items():
            yield ScopeId(text), head

    def fold(self, entry: Entry) -> None:
        """Take one more entry in.

        Raises:
            IntegrityError: the entry cannot follow (`STATE_INVALID`).
        """
        scope = entry.scope.id
        if scope.text == "store":
            self.store = fold_store(self.store, entry)
        elif (object_id := scope.object_id) is not None:
            state = fold_object(self.object(object_id), entry)
            self._objects[object_id] = state
            if entry.kind == "object.ingested":
                for source in state.tags.get("source", ()):
                    self._sources.setdefault(source, object_id)
        self._heads[scope.text] = entry.head

    def branch(self) -> Self:
        """A state that starts as this one and can be thrown away."""
        return type(self)(self)

    def adopt(self, branch: Self) -> None:
        """Take over what a branch of this state has folded."""
        self._heads.update(branch._heads)
        self._objects.update(branch._objects)
        for source, object_id in branch._sources.items():
            self._sources.setdefault(source, object_id)
        self.store = branch.store
