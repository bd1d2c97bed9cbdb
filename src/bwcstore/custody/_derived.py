"""What a derivative is in the eyes of the law: the recording that it was made of, and its own.

Rules kept here (spec chapter `releases`):

- a derivative has the clock, the label and the trigger of its original, and the assertions, holds,
  requests and consents of everything that it was made of, besides its own (REL-7);
- destroying what it was made of changes none of that and does not destroy it (REL-8).
"""

from collections.abc import Iterator
from types import MappingProxyType

import attrs

from bwcstore._values import Tag
from bwcstore.custody._object_records import Claim, Keeping, ObjectState
from bwcstore.custody._state import State
from bwcstore.errors import ErrorKind, IntegrityError


def lineage(state: State, found: ObjectState) -> tuple[ObjectState, ...]:
    """An object and everything that it was made of, itself first and its original last.

    Raises:
        IntegrityError: something that it was made of is no object of the ledger, or was made
            after it (`state-invalid`).
    """
    line = [found]
    while (derived := line[-1].keeping.derived) is not None:
        parent = state.object(derived.parent)
        if parent is None or parent.ingested_index >= line[-1].ingested_index:
            raise IntegrityError(
                ErrorKind.STATE_INVALID,
                f"object {line[-1].object_id} cannot have been made of object {derived.parent}",
            )
        line.append(parent)
    return tuple(line)


def as_law_sees(state: State, found: ObjectState) -> ObjectState:
    """An object as the law is asked about it; itself, where it was not made of another one.

    Raises:
        IntegrityError: as `lineage` says.
    """
    if found.keeping.derived is None:
        return found
    *derived, original = lineage(state, found)
    seen = original
    for one in reversed(derived):
        seen = with_parent(one, seen)
    return seen


def with_parent(derivative: ObjectState, parent: ObjectState) -> ObjectState:
    """A derivative with what the law takes from the recording that it was made of (REL-7).

    When and by whom it was ingested is the parent's too: use the result to ask the law, not to
    tell people.
    """
    return attrs.evolve(
        derivative,
        tags=MappingProxyType(_tags(derivative, parent)),
        collected=(*parent.collected, *_corrections(derivative)),
        label=parent.label,
        trigger=parent.trigger,
        ingested_at=parent.ingested_at,
        ingested_by=parent.ingested_by,
        ingested_index=parent.ingested_index,
        keeping=_keeping(derivative.keeping, parent.keeping),
        opaque=derivative.opaque or parent.opaque,
    )


def redacted(state: State, found: ObjectState) -> frozenset[str]:
    """The redactions of the law that were carried out on the way from its original (REL-13).

    Raises:
        IntegrityError: as `lineage` says.
    """
    made = [one.keeping.derived for one in lineage(state, found)]
    return frozenset().union(*(one.redactions for one in made if one is not None))


def outliving(state: State) -> Iterator[ObjectState]:
    """Derivatives that are there while something that they were made of is not (REL-8)."""
    for one in state.objects():
        if one.keeping.derived is not None and one.purged is None:
            _, *older = lineage(state, one)
            if any(parent.purged is not None for parent in older):
                yield one


def _corrections(derivative: ObjectState) -> tuple[Claim, ...]:
    return tuple(claim for claim in derivative.collected if claim.basis == "correction")


def _tags(derivative: ObjectState, parent: ObjectState) -> dict[str, tuple[Tag, ...]]:
    tags = dict(derivative.tags)
    for kind in ("case", "device", "officer"):
        if found := tuple(dict.fromkeys((*parent.tags.get(kind, ()), *tags.get(kind, ())))):
            tags[kind] = found
    return tags


def _keeping(own: Keeping, parent: Keeping) -> Keeping:
    changes = [at for at in (own.changed_at, parent.changed_at) if at is not None]
    return attrs.evolve(
        own,
        facts=(*parent.facts, *own.facts),
        holds=parent.holds | own.holds,
        requests=MappingProxyType({**parent.requests, **own.requests}),
        consents=MappingProxyType({**parent.consents, **own.consents}),
        changed_at=max(changes, key=lambda at: at.microseconds, default=None),
    )
