"""One process and its ledger: create, append, read, open again."""

import itertools

import pytest

from bwcstore._encoding import Json
from bwcstore._values import STORE_SCOPE, Instant
from bwcstore.errors import (
    AuthorizationError,
    BwcStoreError,
    ErrorKind,
    InvalidInputError,
    NotFoundError,
)
from bwcstore.ledger._auth import verify_auth
from bwcstore.ledger._draft import Decision, Draft
from bwcstore.ledger._log import Log
from bwcstore.ledger._scope import Heads
from bwcstore.testing._world import START, World
from tests.unit.ledger import books


@pytest.mark.spec("LED-40")
def test_a_new_ledger_begins_with_its_genesis() -> None:
    """The first entry is the store's creation, at index 0 of batch 0."""
    world = World()
    log = books.create(world)
    first = log.entry(0)

    assert (log.size, log.store_id, log.verifier_key) == (1, books.STORE, books.KEY)
    assert (first.kind, first.scope.seq, first.decided.store_seq) == ("store.created", 0, 0)
    assert ["ledger/0/batch/000000000000"] == books.batch_names(world)


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"protocol": "claimed"}, ErrorKind.STORAGE_UNFIT),
        ({"protocol": "dated"}, ErrorKind.STORAGE_UNFIT),
        ({"store": books.OTHER_STORE.text}, ErrorKind.GENESIS_INVALID),
        ({"origin": "elsewhere.example"}, ErrorKind.GENESIS_INVALID),
        ({"verifier_key": "no key"}, ErrorKind.GENESIS_INVALID),
        ({"chunk_bytes": -1}, ErrorKind.FIELD_INVALID),
    ],
)
@pytest.mark.spec("LED-30", "LED-40")
def test_a_store_that_cannot_be_is_not_created(changes: dict[str, Json], kind: ErrorKind) -> None:
    """A genesis that contradicts itself or asks for what is not known is refused."""
    draft = Draft(
        scope=STORE_SCOPE,
        kind="store.created",
        by=books.ACTOR,
        body=books.genesis_body(**changes),
    )
    world = World()
    with pytest.raises(BwcStoreError) as caught:
        Log.create(
            world.backend,
            world.environment,
            store_id=books.STORE,
            state=Heads(),
            genesis=books.write(draft),
        )

    assert caught.value.kind is kind


def test_a_store_is_created_once() -> None:
    """Where a ledger is, no other begins; where none is, none opens."""
    world = World()
    with pytest.raises(NotFoundError) as nothing:
        books.reopen(world)
    books.create(world)
    with pytest.raises(BwcStoreError) as twice:
        books.create(world)

    assert nothing.value.kind is ErrorKind.NOT_A_STORE
    assert twice.value.kind is ErrorKind.STORE_EXISTS


def test_nothing_else_can_come_first() -> None:
    """A ledger whose first entry would be another is not begun."""
    world = World()
    with pytest.raises(InvalidInputError) as caught:
        Log.create(
            world.backend,
            world.environment,
            store_id=books.STORE,
            state=Heads(),
            genesis=books.write(books.accessed(1)),
        )

    assert caught.value.kind is ErrorKind.GENESIS_INVALID
    assert {} == world.storage.contents


@pytest.mark.spec("LED-8", "LED-9", "LED-12")
def test_entries_are_linked() -> None:
    """Index, chain and scope chains go on from entry to entry."""
    world = World()
    log = books.filled(world, 9)
    entries = list(log.entries())
    for before, after in itertools.pairwise(entries):
        assert (after.index, after.after) == (before.index + 1, before.hash)
    second = [entry for entry in entries if entry.scope.id == books.object_scope(1)]

    assert [0, 1, 2] == [entry.scope.seq for entry in second]
    assert [2, 2, 5] == [entry.scope.prev_index for entry in second]
    assert second[1].hash == second[2].scope.prev
    assert {entries[0].hash} == {entry.decided.store_head for entry in entries[1:]}


def test_a_commit_says_what_it_did() -> None:
    """The caller learns the entries, their batch, and what its decider said."""
    log = books.create(World())

    def decide(state: Heads, now: Instant) -> Decision:
        assert state.head(STORE_SCOPE) is not None
        return Decision(drafts=(books.accessed(1), books.accessed(1)), outcome=("seen", now))

    found = log.append(decide)

    assert [1, 2] == [entry.index for entry in found.entries]
    assert (found.generation, found.batch, found.outcome) == (0, 1, ("seen", START))
    assert log.place(2) == (0, 1)


def test_a_decision_may_want_nothing() -> None:
    """Without drafts nothing is written, and the outcome comes back."""
    world = World()
    log = books.create(world)
    found = log.append(lambda _, __: Decision(outcome="as it should be"))

    assert (found.entries, found.outcome, log.size) == ((), "as it should be", 1)
    assert 1 == len(books.batch_names(world))


def test_a_refusal_is_the_callers_alone() -> None:
    """What the decider raises reaches its caller; nothing is written."""
    log = books.create(World())
    refusal = AuthorizationError(ErrorKind.NOT_AUTHORIZED, "no")
    with pytest.raises(AuthorizationError) as caught:
        log.append(books.refusing(refusal))

    assert refusal is caught.value
    assert 1 == log.size


@pytest.mark.parametrize(
    ("draft", "kind"),
    [
        ({"kind": "moon.landed"}, ErrorKind.ENTRY_KIND_UNKNOWN),
        ({"body": {"mode": "stream"}}, ErrorKind.FIELD_MISSING),
        ({"scope": STORE_SCOPE}, ErrorKind.ENTRY_INVALID),
        ({"private": {"reason": "no list"}}, ErrorKind.FIELD_INVALID),
        ({"private": {"reason": ["x"]}}, ErrorKind.ARGUMENT_INVALID),
        ({"private": {"reason": ["x"]}, "record_key_id": "NO KEY"}, ErrorKind.FIELD_INVALID),
        ({"kind": "generation.closed"}, ErrorKind.ARGUMENT_INVALID),
        ({"private": {"reason": ["\x00"]}, "record_key_id": "k"}, ErrorKind.TEXT_FORM),
    ],
)
def test_a_bad_draft_writes_nothing(draft: dict[str, object], kind: ErrorKind) -> None:
    """A draft that does not suit its kind is refused, and the drafts before it with it."""
    fields: dict[str, object] = {
        "scope": books.object_scope(1),
        "kind": "object.accessed",
        "by": books.ACTOR,
        "body": {"mode": "stream", "purpose": "records"},
    }
    log = books.create(World())
    bad = Draft(**(fields | draft))  # type: ignore[arg-type]
    with pytest.raises(InvalidInputError) as caught:
        log.append(books.write(books.accessed(1), bad))

    assert caught.value.kind is kind
    assert 1 == log.size
    assert None is log.state.head(books.object_scope(1))


@pytest.mark.spec("LED-23")
def test_too_much_at_once_is_refused() -> None:
    """More than a batch can hold is refused whole."""
    log = books.create(World())
    draft = books.accessed(1)
    with pytest.raises(InvalidInputError) as caught:
        log.append(books.write(*[draft] * 40_000))

    assert caught.value.kind is ErrorKind.TOO_LARGE
    assert 1 == log.size


def test_private_fields_come_back() -> None:
    """What was sealed is opened with the record key that the entry names."""
    world = World()
    log = books.create(world)
    log.append(books.write(books.accessed(1, sealed="Zoë asked"), books.accessed(2)))
    again = books.reopen(world)
    opened = again.open_payload(again.entry(1))

    assert opened is not None
    assert {"reason": ["Zoë asked"]} == opened.fields
    assert None is again.open_payload(again.entry(2))
    assert b"Zo" not in again.entry(1).raw


@pytest.mark.spec("LED-11")
def test_a_signed_act_verifies() -> None:
    """The actor's signature verifies, and stops to when the act is another."""
    world = World()
    log = books.create(world)
    scope = books.object_scope(1)
    draft = Draft(
        scope=scope,
        kind="object.accessed",
        by=books.ACTOR,
        body={"mode": "export", "purpose": "records"},
        private={"reason": ["court"]},
        record_key_id="record/x",
        signer=books.ACTOR_SIGNER,
    )
    entry = log.append(books.write(draft)).entries[0]
    verify_auth(entry, store=books.STORE)
    verify_auth(log.entry(0), store=books.STORE)
    with pytest.raises(BwcStoreError) as caught:
        verify_auth(entry, store=books.OTHER_STORE)

    assert caught.value.kind is ErrorKind.SIGNATURE_INVALID
    assert books.ACTOR_SIGNER.public_key == entry.auth.key


def test_a_scope_has_its_history() -> None:
    """One scope's chain is walked back and given forwards; a stranger's is empty."""
    log = books.filled(World(), 10)

    assert [2, 5, 8] == [entry.index for entry in log.scope_entries(books.object_scope(1))]
    assert () == log.scope_entries(books.object_scope(77))


def test_entries_come_in_order_from_anywhere() -> None:
    """Any stretch of entries is what a list would give, from bundles and from batches."""
    world = World()
    log = books.filled(world, 600)
    log.checkpoint()
    for again in (log, books.reopen(world)):
        whole = list(again.entries())
        for first, last in [(0, 0), (0, 1), (5, 300), (255, 257), (256, 512), (590, 601)]:
            assert whole[first:last] == list(again.entries(first, last))

    with pytest.raises(NotFoundError) as caught:
        list(log.entries(600, 602))

    assert caught.value.kind is ErrorKind.ENTRY_UNKNOWN


@pytest.mark.spec("LED-28", "LED-29")
def test_time_does_not_go_back() -> None:
    """A clock that steps back a little is ignored; one that steps back more is noted."""
    world = World()
    log = books.create(world)
    world.clock.set(START.plus_seconds(-2))
    near = log.append(books.write(books.accessed(1))).entries[0]
    behind = log.clock_behind
    world.clock.set(START.plus_seconds(-60))
    far = log.append(books.write(books.accessed(1))).entries[0]

    assert (near.at, near.clock, behind) == (START, None, False)
    assert (far.at, far.clock) == (START, START.plus_seconds(-60))
    assert far.decided.at == START.plus_seconds(-60)
    assert log.clock_behind
    assert 3 == books.reopen(world).size


def test_a_closed_log_writes_nothing() -> None:
    """After `close` nothing is appended; closing again does nothing."""
    world = World()
    log = books.create(world)
    log.close()
    log.close()
    with pytest.raises(InvalidInputError) as caught:
        log.append(books.write(books.accessed(1)))

    assert caught.value.kind is ErrorKind.CLOSED
    assert ["checkpoint/0/000000000001"] == [
        name for name in world.storage.contents if name.startswith("checkpoint/")
    ]


def test_without_keys_a_ledger_is_read_and_appended_to_in_the_open() -> None:
    """A process without vault and signing key reads, appends open entries, and signs nothing."""
    world = World()
    books.filled(world, 3).close()
    log = Log.open(world.backend, world.environment, state=Heads())
    log.append(books.write(books.accessed(1)))
    with pytest.raises(BwcStoreError) as sealing:
        log.append(books.write(books.accessed(1, sealed="x")))
    with pytest.raises(BwcStoreError) as signing:
        log.checkpoint()
    log.close()

    assert (ErrorKind.KEY_ABSENT, ErrorKind.KEY_ABSENT) == (
        sealing.value.kind,
        signing.value.kind,
    )
    assert 5 == log.size


def test_another_signing_key_is_refused() -> None:
    """A process with a key that is not the store's does not open the ledger."""
    world = World()
    books.create(world)
    with pytest.raises(BwcStoreError) as caught:
        Log.open(world.backend, world.environment, state=Heads(), signer=books.ACTOR_SIGNER)

    assert caught.value.kind is ErrorKind.KEY_WRONG


def test_a_view_is_of_the_state() -> None:
    """What `view` looks at is the state that all entries fold to."""
    log = books.filled(World(), 4)

    assert 3 == log.view(lambda state: len(list(state.heads()))) - 1
