"""What the ledger implies: folding, indexing, branching."""

from collections.abc import Mapping

import pytest

from bwcstore._encoding import Json
from bwcstore._values import ScopeId, Tag
from bwcstore.custody._state import State
from bwcstore.errors import ErrorKind, IntegrityError
from tests.unit.custody.entries import (
    CHIEF,
    CLERK,
    CLIP,
    CREATED,
    ENROLLED,
    GRANT,
    GRANTED,
    INGESTED,
    OTHER,
    entry,
)

SCOPE = ScopeId.object(CLIP)


def created() -> State:
    """A state after the first two entries of every store."""
    state = State()
    state.fold(entry("store.created", CREATED))
    state.fold(entry("actor.enrolled", ENROLLED, seq=1, index=1))
    return state


def test_a_store_begins_with_its_creation() -> None:
    """Any other first entry, and a second creation, are impossible."""
    with pytest.raises(IntegrityError) as first:
        State().fold(entry("actor.enrolled", ENROLLED))
    with pytest.raises(IntegrityError) as second:
        created().fold(entry("store.created", CREATED, seq=2, index=2))

    assert [ErrorKind.STATE_INVALID] * 2 == [first.value.kind, second.value.kind]


def test_actors_are_found_by_tag_and_revoked() -> None:
    """The pseudonym of a login name is found through its tag."""
    state = created()
    state.fold(entry("actor.revoked", {"actor": CHIEF.text}, seq=2, index=2))
    found = state.store.actor_tagged(Tag(str(ENROLLED["tag"])))

    assert found is not None
    assert (CHIEF, True) == (found.actor_id, found.revoked)


def test_revoking_what_was_never_granted_is_impossible() -> None:
    """A ledger that revokes the unknown is not one that this library wrote."""
    kinds = []
    for kind, body in (
        ("actor.revoked", {"actor": CLERK.text}),
        ("authorization.revoked", {"authorization": GRANT}),
    ):
        with pytest.raises(IntegrityError) as caught:
            created().fold(entry(kind, body, seq=2, index=2))
        kinds.append(caught.value.kind)

    assert [ErrorKind.STATE_INVALID] * 2 == kinds


def test_an_authorization_is_granted_once_and_ends() -> None:
    """Granting the same id again is impossible; revoking ends it."""
    state = created()
    state.fold(entry("authorization.granted", GRANTED, seq=2, index=2))
    with pytest.raises(IntegrityError):
        state.fold(entry("authorization.granted", GRANTED, seq=3, index=3))
    state.fold(entry("authorization.revoked", {"authorization": GRANT}, seq=3, index=3))

    assert state.store.authorizations[GRANT].revoked is True


def test_accesses_open_and_end() -> None:
    """An access without an end stays open: all bytes may have left."""
    state = created()
    state.fold(entry("object.ingested", INGESTED, scope=SCOPE, index=2))
    access: Mapping[str, Json] = {"mode": "stream", "purpose": "investigation"}
    state.fold(entry("object.accessed", access, scope=SCOPE, seq=1, index=3))
    state.fold(entry("object.accessed", access, scope=SCOPE, seq=2, index=4))
    ended: Mapping[str, Json] = {"accessed_seq": 1, "bytes_released": 5, "outcome": "closed"}
    state.fold(entry("access.ended", ended, scope=SCOPE, seq=3, index=5))
    found = state.object(CLIP)

    assert found is not None
    assert (2, frozenset({2}), 5) == (
        found.activity.access_count,
        found.activity.open_accesses,
        found.activity.bytes_released,
    )


def test_what_cannot_follow_is_refused() -> None:
    """A second ingest, an end without an access, an access before the ingest."""
    state = created()
    ended: Mapping[str, Json] = {"accessed_seq": 9, "bytes_released": 5, "outcome": "closed"}
    kinds = []
    for early in (True, False):
        if not early:
            state.fold(entry("object.ingested", INGESTED, scope=SCOPE, index=2))
        for kind, body in (("access.ended", ended), ("object.ingested", INGESTED)):
            if early and kind == "object.ingested":
                continue
            with pytest.raises(IntegrityError) as caught:
                state.fold(entry(kind, body, scope=SCOPE, seq=1, index=3))
            kinds.append(caught.value.kind)

    assert [ErrorKind.STATE_INVALID] * 3 == kinds


@pytest.mark.spec("LED-4")
def test_an_unknown_kind_makes_its_scope_opaque() -> None:
    """Entries of a newer version are kept and close the scope to decisions."""
    state = created()
    state.fold(entry("object.ingested", INGESTED, scope=SCOPE, index=2))
    state.fold(entry("hold.moved", {"x": 1}, scope=SCOPE, seq=1, index=3))
    found = state.object(CLIP)

    assert found is not None
    assert (True, False) == (found.opaque, state.store.opaque)

    state.fold(entry("policy.changed", {"x": 1}, seq=2, index=4))

    assert state.store.opaque is True


def test_the_first_object_of_a_source_is_the_source() -> None:
    """A duplicate never replaces what was found before."""
    state = created()
    state.fold(entry("object.ingested", INGESTED, scope=SCOPE, index=2))
    state.fold(entry("object.ingested", INGESTED, scope=ScopeId.object(OTHER), index=3))

    assert state.sourced(Tag("c" * 32)) == CLIP


def test_a_branch_is_seen_only_once_it_is_adopted() -> None:
    """Entries not yet committed change nothing; adopting takes everything over."""
    state = created()
    branch = state.branch()
    branch.fold(entry("object.ingested", INGESTED, scope=SCOPE, index=2))
    before = (state.object(CLIP), state.head(SCOPE), list(state.objects()))
    inside = (branch.object(CLIP) is not None, branch.sourced(Tag("c" * 32)))
    state.adopt(branch)

    assert (None, None, []) == before
    assert (True, CLIP) == inside
    assert [CLIP] == [found.object_id for found in state.objects()]
    assert {"store", SCOPE.text} == {scope.text for scope, _ in state.heads()}
