"""What is true: the state that the ledger implies, scope by scope.

Rules kept here:

- `State` only indexes: which scope has which head, which source tag names which object, which
  steps the clock made; what an entry means is folded in `_fold_store`, `_fold_object` and
  `_fold_act`, the only ways in which state changes;
- a kind this version does not know makes its scope opaque, never wrong (LED-4).
"""

from collections.abc import Iterator
from typing import Self

from bwcstore._values import ActId, Instant, ObjectId, ScopeId, Tag
from bwcstore.custody._act_records import ActState, Jump
from bwcstore.custody._fold_act import fold_act
from bwcstore.custody._fold_object import fold_object
from bwcstore.custody._fold_store import fold_store
from bwcstore.custody._object_records import ObjectState
from bwcstore.custody._records import StoreState
from bwcstore.ledger._entry import Entry, ScopeHead

_MICROSECONDS_PER_HOUR = 3_600_000_000


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
        self._acts: dict[ActId, ActState] = {}
        self._bound: dict[ActId, list[ObjectId]] = {}
        self.jumps: tuple[Jump, ...] = parent.jumps if parent else ()
        self.last_at: Instant | None = parent.last_at if parent else None
        self.store: StoreState = StoreState() if parent is None else parent.store

    def head(self, scope: ScopeId) -> ScopeHead | None:
        """The last entry of a scope, or None before its first."""
        found = self._heads.get(scope.text)
        return self._parent.head(scope) if found is None and self._parent else found

    def object(self, object_id: ObjectId) -> ObjectState | None:
        """What is true of an object, or None when there is none."""
        found = self._objects.get(object_id)
        return self._parent.object(object_id) if found is None and self._parent else found

    def act(self, act_id: ActId) -> ActState | None:
        """What is true of a request or a purge plan, or None when there is none."""
        found = self._acts.get(act_id)
        return self._parent.act(act_id) if found is None and self._parent else found

    def acts(self) -> Iterator[ActState]:
        """Every request and purge plan in the order in which they began."""
        if self._parent:
            for state in self._parent.acts():
                yield self._acts.get(state.act, state)
        known = self._parent.act if self._parent else lambda _: None
        yield from (state for key, state in self._acts.items() if known(key) is None)

    def bound(self, request: ActId) -> tuple[ObjectId, ...]:
        """The recordings that a request is about, in the order in which it was bound to them."""
        former = self._parent.bound(request) if self._parent else ()
        return (*former, *self._bound.get(request, ()))

    @property
    def unconfirmed(self) -> tuple[Jump, ...]:
        """Steps of the clock that two actors have not confirmed (PRG-8)."""
        confirmed = self.store.confirmed
        return tuple(jump for jump in self.jumps if len(confirmed.get(jump.index, ())) < 2)

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
        # Before the entry is taken in: a new policy must not hide the step that leads to it.
        self._note_time(entry)
        if scope.text == "store":
            self.store = fold_store(self.store, entry)
        elif (object_id := scope.object_id) is not None:
            state = fold_object(self.object(object_id), entry)
            self._objects[object_id] = state
            if entry.kind == "object.ingested":
                for source in state.tags.get("source", ()):
                    self._sources.setdefault(source, object_id)
            elif entry.kind == "request.bound":
                self._bound.setdefault(ActId(str(entry.body["request"])), []).append(object_id)
        elif (folded := fold_act(self.act(ActId(scope.text[4:])), entry)) is not None:
            self._acts[folded.act] = folded
        self._heads[scope.text] = entry.head

    def _note_time(self, entry: Entry) -> None:
        before, self.last_at = self.last_at, entry.at
        if before is None:
            return
        step = entry.at.microseconds - before.microseconds
        if step > self.store.policy.clock_hours * _MICROSECONDS_PER_HOUR:
            jump = Jump(index=entry.index, before=before, after=entry.at)
            self.jumps = (*self.jumps, jump)

    def branch(self) -> Self:
        """A state that starts as this one and can be thrown away."""
        return type(self)(self)

    def adopt(self, branch: Self) -> None:
        """Take over what a branch of this state has folded."""
        self._heads.update(branch._heads)
        self._objects.update(branch._objects)
        for source, object_id in branch._sources.items():
            self._sources.setdefault(source, object_id)
        self._acts.update(branch._acts)
        for request, objects in branch._bound.items():
            self._bound.setdefault(request, []).extend(objects)
        self.jumps, self.last_at = branch.jumps, branch.last_at
        self.store = branch.store
