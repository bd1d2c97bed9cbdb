"""Stores and ledgers on storage whose creates race, without claims and with them."""

import contextlib
from collections.abc import Callable

import pytest

from bwcstore import _layout
from bwcstore._store import Store
from bwcstore._values import STORE_SCOPE
from bwcstore.audit._run import audit_store
from bwcstore.errors import (
    BwcStoreError,
    ErrorKind,
    NotFoundError,
    OutcomeUnknownError,
    StorageError,
)
from bwcstore.ledger._draft import Draft
from bwcstore.ledger._log import Log
from bwcstore.ledger._scope import Heads
from bwcstore.storage._claimed import ClaimedBackend
from bwcstore.testing import (
    FailAt,
    Fault,
    MemoryBackend,
    RacyBackend,
    SimulatedCrash,
    World,
)
from tests.unit.ledger import books
from tests.unit.storage.claimed_places import Places, count, create_store, enrol, open_store

BATCH = _layout.batch(0, 0)


@pytest.fixture
def places() -> Places:
    """Two empty places."""
    return Places()


@pytest.mark.spec("CLM-1")
def test_protocol_and_places_must_fit() -> None:
    """A store is neither created nor opened on places that its protocol does not fit."""
    claimed, numbered = Places(), World()
    claimed.create().close()
    create_store(numbered, numbered.storage, "numbered").close()
    other = World()
    joined = ClaimedBackend(numbered.storage, MemoryBackend())
    attempts: list[Callable[[], object]] = [
        lambda: create_store(other, RacyBackend(), "claimed"),
        lambda: create_store(other, Places().backend(), "numbered"),
        lambda: create_store(other, MemoryBackend(), "dated"),
        lambda: open_store(claimed.world, claimed.evidence),
        lambda: create_store(other, claimed.evidence, "numbered"),
        lambda: open_store(numbered, joined),
        lambda: create_store(other, joined, "claimed"),
    ]
    for attempt in attempts:
        with pytest.raises(StorageError) as caught:
            attempt()

        assert ErrorKind.STORAGE_UNFIT == caught.value.kind


@pytest.mark.spec("CLM-2")
@pytest.mark.parametrize(
    "name", [BATCH, "ledger/0/batch/000000000900", "ledger/7/batch/000000000000"]
)
def test_a_batch_among_the_evidence_is_passed_over(places: Places, name: str) -> None:
    """Whoever may store can put something under the name of a batch: the store opens and grows."""
    with places.create() as store:
        enrol(store, "alice")
    places.evidence.contents[name] = b"garbage\n"
    with places.open() as store:
        enrol(store, "bob")
        found = count(store)

    assert 3 == found
    assert () == audit_store(places.backend()).errors


@pytest.mark.spec("CLM-11")
def test_a_copy_under_the_batches_names_is_read_and_not_written(places: Places) -> None:
    """What was copied through claims verifies without them, but no store is opened on it."""
    with places.create() as store:
        enrol(store, "alice")
    backend = places.backend()
    copy = MemoryBackend({one.name: backend.read(one.name) for one in backend.list("")})
    log = Log.open(copy, places.world.environment, state=Heads())

    assert None is log.read_only
    assert BATCH in copy.contents
    with pytest.raises(StorageError) as caught:
        open_store(places.world, copy)
    assert ErrorKind.STORAGE_UNFIT == caught.value.kind


@pytest.mark.spec("AUD-6", "CLM-11")
def test_an_audit_knows_claims(places: Places) -> None:
    """A claimed store verifies, and all but its last batch verifies without the claims too."""
    with places.create() as store:
        enrol(store, "alice")
    whole = audit_store(places.backend())
    copy = audit_store(ClaimedBackend(places.evidence, MemoryBackend()))

    assert ([], True) == ([one.code for one in whole.errors], whole.ledger_complete)
    assert {ErrorKind.CHECKPOINT_BEYOND} == {one.code for one in copy.errors}


def _race(again: Callable[[], Store], evidence: RacyBackend, first: Store) -> None:
    """Two open stores append at once, and then the one that lost the race goes on."""
    second = again()
    evidence.between = lambda _: enrol(second, "bob")
    enrol(first, "alice")
    with contextlib.suppress(BwcStoreError):
        enrol(second, "carol")


def test_a_race_without_claims_loses_or_forks() -> None:
    """The simulation is what claims are for: an entry that was promised is lost, or a fork."""
    evidence, world = RacyBackend(), World()
    first = create_store(world, evidence, "numbered")
    _race(lambda: open_store(world, evidence), evidence, first)
    found = open_store(world, evidence)

    assert ErrorKind.FORKED == found._services.log.read_only
    assert 4 > count(found)


@pytest.mark.spec("CLM-5", "CLM-7", "LED-30")
def test_a_race_with_claims_loses_nothing(places: Places) -> None:
    """Both writers are told the truth: everything promised is there, once, in one line."""
    first = places.create()
    _race(places.open, places.evidence, first)
    found = places.open()

    assert None is found._services.log.read_only
    assert 4 == count(found)


@pytest.mark.spec("CLM-8", "CLM-10")
def test_a_store_outlives_its_claims(places: Places) -> None:
    """With every claim lost all but the last batch is read, and the last is missed aloud."""
    with places.create() as store:
        _race(places.open, places.evidence, store)
    with places.open() as last:
        enrol(last, "dave")
        before = last._services.log.size
    places.claims.contents.clear()
    found = places.open()

    assert found._services.log.read_only in {ErrorKind.BATCH_MISSING, ErrorKind.ROLLED_BACK}
    assert 4 == count(found)
    assert before > found._services.log.size


@pytest.mark.spec("CLM-10")
def test_of_the_last_batch_only_a_checkpoint_tells(places: Places) -> None:
    """Without its claim, and before any checkpoint, the last batch is as if it never was."""
    store = places.create()
    enrol(store, "alice")
    last = max(places.claims.contents)
    places.claims.delete(last)
    found = places.open()

    assert None is found._services.log.read_only
    assert store._services.log.size > found._services.log.size


def _ledger(places: Places, plan: FailAt | None, told: list[int]) -> Log[Heads]:
    """Open or begin a ledger, append, and note what was promised."""
    backend = places.backend(plan)
    try:
        log = Log.open(backend, places.world.environment, state=Heads())
    except NotFoundError:
        first = Draft(
            scope=STORE_SCOPE,
            kind="store.created",
            by=books.ACTOR,
            body=books.genesis_body(protocol="claimed"),
        )
        log = Log.create(
            backend,
            places.world.environment,
            store_id=books.STORE,
            state=Heads(),
            genesis=books.write(first),
        )
    for number in (1, 2, 3):
        found = log.append(books.write(books.accessed(number)))
        told.extend(entry.index for entry in found.entries)
    return log


@pytest.mark.spec("CLM-4", "CLM-5", "LED-34", "STO-8")
@pytest.mark.parametrize("fault", list(Fault))
@pytest.mark.parametrize("lost_as", [OutcomeUnknownError, StorageError])
def test_every_failure_point(fault: Fault, lost_as: type[StorageError]) -> None:
    """Whichever call to either place fails, what was promised is there, once."""
    number = 0
    while True:
        places, plan = Places(), FailAt(number, fault, lost_as=lost_as)
        told: list[int] = []
        with contextlib.suppress(BwcStoreError, SimulatedCrash):
            _ledger(places, plan, told)
        more: list[int] = []
        _ledger(places, None, more)
        log = Log.open(places.backend(), places.world.environment, state=Heads())

        assert None is log.read_only, plan.trace
        assert sorted({*told, *more}) == told + more, plan.trace
        assert {log.entry(index).kind for index in told + more} == {"object.accessed"}
        if not plan.fired:
            break
        number += 1

    assert number > 10
