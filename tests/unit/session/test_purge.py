"""Destruction from plan to key epoch, and everything that stops it before it begins."""

from collections.abc import Callable
from datetime import date
from typing import cast

import attrs
import pytest

from bwcstore import _layout
from bwcstore._encoding import Json
from bwcstore._ports import ProgressEvent
from bwcstore._session._session import Session
from bwcstore._store import Store
from bwcstore._values import ActId, Digest, Instant, ObjectId, ScopeId
from bwcstore.custody._authority import Role
from bwcstore.custody._recording import SourceId
from bwcstore.errors import (
    AuthorizationError,
    BwcStoreError,
    ConflictError,
    ErrorKind,
    IntegrityError,
    InvalidInputError,
    NotFoundError,
    RetentionError,
)
from bwcstore.objects._manifest import content_key_id, record_key_id
from bwcstore.purge._approval import PlanPhase
from bwcstore.testing import MemoryVault, World
from tests.unit.session.purging import (
    DAY,
    POLICY,
    approve,
    approved,
    as_,
    assert_fact,
    clip,
    due,
    hold,
    propose,
    release,
    say,
    town,
)
from tests.unit.session.world import CHUNK, admit, chief, reopen, stream

NOWHERE = ActId("00000000-0000-7000-8000-000000000000")


def kinds(store: Store, prefix: str = "") -> list[str]:
    """The kinds of all entries that begin so."""
    return [one.kind for one in store._services.log.entries() if one.kind.startswith(prefix)]


def refusals(store: Store) -> list[tuple[object, object]]:
    """Verb and code of every refusal that is in the ledger."""
    return [
        (one.body["verb"], one.body["code"])
        for one in store._services.log.entries()
        if one.kind == "access.refused"
    ]


def ids(store: Store) -> list[ObjectId]:
    """Every object in order."""
    return [one.object_id for one in store.objects()]


def living(world: World) -> dict[str, bytes]:
    """The keys in the vault."""
    assert isinstance(world.keys, MemoryVault)
    return world.keys.living


def segments(world: World, object_id: ObjectId) -> list[str]:
    """The stored names of an object's segments."""
    prefix = _layout.object_prefix(object_id)
    return [name for name in world.storage.contents if name.startswith(prefix + "0")]


def refused(act: Callable[[], object], error: type[BwcStoreError]) -> ErrorKind:
    """The code with which something is refused."""
    with pytest.raises(error) as caught:
        act()
    return caught.value.kind


@pytest.mark.spec("PRG-12", "PRG-14", "PRG-15", "PRG-17")
def test_what_is_due_is_destroyed_and_nothing_else() -> None:
    """Bytes and content key are gone; manifest, record key and the other recording stay."""
    world = World()
    store = town(world, length_bytes=3 * CHUNK)
    (old,) = ids(store)
    world.clock.advance(100 * DAY)
    with chief(store) as session:
        young = clip(session)
    plan = approved(store)
    with chief(store) as session:
        run = session.run_purge(plan)

    assert ((old,), {}, {}, 0) == (run.completed, dict(run.withheld), dict(run.failed), run.epoch)
    assert [] == segments(world, old)
    assert [True] == [name in world.storage.contents for name in segments(world, young)]
    assert content_key_id(old) not in living(world)
    assert {record_key_id(old), content_key_id(young)} <= living(world).keys()
    assert ("purged", "present") == (store.object(old).status, store.object(young).status)
    assert 1 == world.vault.epoch
    assert [
        "purge.started",
        "purge.completed",
        "purge.run_ended",
    ] == kinds(store, "purge.")


@pytest.mark.spec("PRG-13", "PRG-14")
def test_the_entries_say_why_and_what() -> None:
    """Law, rules, dates, approvals; versions, bytes, replicas, epoch."""
    world = World()
    store = due(world, length_bytes=2 * CHUNK)
    plan = approved(store)
    with chief(store) as session:
        session.run_purge(plan)
    entries = list(store._services.log.entries())
    approval = next(one for one in entries if one.kind == "plan.approved")
    started = next(one for one in entries if one.kind == "purge.started")
    completed = next(one for one in entries if one.kind == "purge.completed")

    floors = cast("list[dict[str, str]]", started.body["floors"])
    outcomes = cast("list[dict[str, str]]", completed.body["outcomes"])

    assert ["basic", "standard"] == [one["rule"] for one in floors]
    assert [{"rule": "standard", "cite": "schedule, line 1"}] == started.body["authority"]
    assert [approval.index] == started.body["approvals"]
    assert ("2026-04-01", "2026-04-02", "2026-04-11") == (
        started.body["last_protected"],
        started.body["disposal"],
        started.body["as_of"],
    )
    assert (2, 0, ["memory-a", "memory-b"]) == (
        completed.body["versions"],
        completed.body["epoch"],
        completed.body["replicas"],
    )
    assert ["deleted"] * 2 == [one["outcome"] for one in outcomes]


@pytest.mark.spec("PRG-12")
def test_a_checkpoint_covers_the_start_before_the_first_key_goes() -> None:
    """When the first key is destroyed, a stored checkpoint covers every started destruction."""
    world = World()
    store = due(world, clips=2)
    plan = approved(store)
    seen: list[tuple[int, int]] = []

    class Watching(MemoryVault):
        def destroy(self, key_ids: object) -> None:
            sizes = [
                found[1]
                for name in world.storage.contents
                if (found := _layout.parse_checkpoint(name))
            ]
            started = [
                one.index for one in store._services.log.entries() if one.kind == "purge.started"
            ]
            seen.append((max(sizes), max(started)))
            super().destroy(key_ids)  # type: ignore[arg-type]

    keys = Watching()
    keys.living, keys.remembered = living(world), world.keys.remembered  # type: ignore[attr-defined]
    store._services.vault = keys
    with chief(store) as session:
        session.run_purge(plan)

    assert 1 == len(seen)
    assert seen[0][0] > seen[0][1]


@pytest.mark.spec("PRG-16")
def test_running_a_finished_plan_again_does_nothing() -> None:
    """The second run reports nothing and appends nothing."""
    store = due(World())
    plan = approved(store)
    with chief(store) as session:
        session.run_purge(plan)
        size = store.size
        again = session.run_purge(plan)
        status = session.purge_status(plan)

    assert size == store.size
    assert ((), {}, None) == (again.completed, dict(again.failed), again.epoch)
    assert (PlanPhase.DONE, 1) == (status.phase, status.runs)


@pytest.mark.spec("PRG-1", "PRG-3")
def test_a_hold_between_plan_and_run_wins() -> None:
    """The held one is passed over and logged, the other is destroyed; later the hold ends."""
    world = World()
    store = due(world, clips=2)
    held, free = ids(store)
    plan = approved(store)
    with as_(store, "ann") as session:
        hold(session, held)
    with chief(store) as session:
        run = session.run_purge(plan)

    assert {held: ErrorKind.OBJECT_HELD} == dict(run.withheld)
    assert (free,) == run.completed
    assert content_key_id(held) in living(world)
    assert [("purge", "object-held")] == refusals(store)
    with as_(store, "ann") as session:
        release(session)
    # The day of the release is protected too (LAW-63), a Saturday, and rolls.
    world.clock.advance(4 * DAY)
    with chief(store) as session:
        assert (held,) == session.run_purge(plan).completed


@pytest.mark.spec("PRG-20")
def test_a_hold_after_the_start_is_refused() -> None:
    """What is being destroyed, or is destroyed, takes no hold any more."""
    world = World()
    store = due(world)
    (gone,) = ids(store)
    plan = approved(store)
    with chief(store) as session:
        session.run_purge(plan)
        with pytest.raises(IntegrityError) as caught:
            hold(session, gone)

    assert ErrorKind.STATE_INVALID == caught.value.kind
    assert "hold.bound" not in kinds(store)


@pytest.mark.spec("PRG-1", "PRG-4")
def test_facts_that_change_after_the_approval_decide() -> None:
    """Force that becomes known after the approval protects for a year."""
    store = due(World())
    (object_id,) = ids(store)
    plan = approved(store)
    with as_(store, "ann") as session:
        first = store.object(object_id).keeping.facts[0]
        body = {
            "assertion": NOWHERE.text,
            "fact": "force",
            "value": "some",
            "since": str(first.since),
            "basis": "report",
            "supersedes": first.assertion_id,
        }
        say(session, "fact.asserted", body, scope=ScopeId.object(object_id))
    with chief(store) as session:
        run = session.run_purge(plan)

    assert {object_id: ErrorKind.OBJECT_PROTECTED} == dict(run.withheld)
    assert "purge.started" not in kinds(store)


@pytest.mark.spec("PRG-6", "PRG-7")
def test_who_may_not_approve() -> None:
    """Neither the proposer, nor twice, nor another digest; all three are logged."""
    store = due(World(), policy=attrs.evolve(POLICY, approvals=2))
    plan = propose(store)
    digest = store._services.log.state.act(plan).digest  # type: ignore[union-attr]
    other = Digest(bytes(32))
    with chief(store) as session:
        proposer = refused(
            lambda: session.approve_purge(plan, plan_sha256=digest), AuthorizationError
        )
    with as_(store, "ann") as session:
        altered = refused(lambda: session.approve_purge(plan, plan_sha256=other), RetentionError)
        session.approve_purge(plan, plan_sha256=digest)
        twice = refused(lambda: session.approve_purge(plan, plan_sha256=digest), AuthorizationError)
    with chief(store) as session:
        lacking = refused(lambda: session.run_purge(plan), RetentionError)
    expected = [
        ErrorKind.APPROVER_PROPOSED,
        ErrorKind.PLAN_ALTERED,
        ErrorKind.APPROVED_ALREADY,
        ErrorKind.PLAN_NOT_APPROVED,
    ]

    assert expected == [proposer, altered, twice, lacking]
    assert expected == [code for _, code in refusals(store)]
    approve(store, plan, "bob")
    with chief(store) as session:
        assert 1 == len(session.run_purge(plan).completed)


@pytest.mark.spec("PRG-6")
def test_approvals_are_signed_where_the_store_asks_for_it() -> None:
    """By default an approval without a signature is refused once two actors can act."""
    world = World()
    settings_store = Store.create_on(
        world.backend,
        world.vault,
        store_id=town(World()).store_id,
        actor="chief",
        environment=world.environment,
    )
    parameters = settings_store._services.log.state.store.parameters
    assert parameters is not None

    assert {
        "authorization.granted",
        "authorization.revoked",
        "clock.confirmed",
        "hold.release_proposed",
        "hold.released",
        "plan.approved",
    } == parameters.signed_kinds


@pytest.mark.spec("PRG-9", "PRG-10")
def test_brakes_ask_for_one_more_approval_and_wait() -> None:
    """A plan beyond the usual volume needs two approvals and a day."""
    world = World()
    store = due(world, clips=3, policy=attrs.evolve(POLICY, brake_objects=2))
    plan = propose(store)
    approve(store, plan)
    with chief(store) as session:
        first = refused(lambda: session.run_purge(plan), RetentionError)
        approve(store, plan, "bob")
        waiting = session.purge_status(plan)
        second = refused(lambda: session.run_purge(plan), RetentionError)
        world.clock.advance(DAY)
        run = session.run_purge(plan)

    assert [ErrorKind.PLAN_NOT_APPROVED, ErrorKind.PLAN_WAITING] == [first, second]
    assert (("volume",), PlanPhase.WAITING, 2) == (
        waiting.brakes,
        waiting.phase,
        waiting.conditions.approvals,
    )
    assert 3 == len(run.completed)


@pytest.mark.spec("PRG-9")
def test_what_changed_lately_pulls_the_brake() -> None:
    """A label given a week ago does."""
    world = World()
    store = due(world)
    (object_id,) = ids(store)
    with as_(store, "ann") as session:
        assert_fact(session, object_id, "labels", ["training"])
    world.clock.advance(7 * DAY)
    with chief(store) as session:
        plan = session.plan_purge()

    assert ("changed",) == plan.brakes


@pytest.mark.spec("PRG-11")
def test_a_stale_plan_is_not_run() -> None:
    """Too old, and made by other law."""
    world = World()
    store = due(world)
    plan = approved(store)
    world.clock.advance(31 * DAY)
    with chief(store) as session:
        old = refused(lambda: session.run_purge(plan), RetentionError)
        phase = session.purge_status(plan).phase
    other = approved(store)
    with chief(store) as session:
        law = store._services.log.state.store.law
        assert law is not None
        body = {
            "pack": law.pack,
            "pack_sha256": str(law.pack_sha256),
            "pack_annex": str(law.pack_annex),
            "agency": law.agency,
            "agency_sha256": "0" * 64,
            "agency_annex": str(law.agency_annex),
            "zone": law.zone,
        }
        say(session, "law.adopted", body)
        changed = refused(lambda: session.run_purge(other), RetentionError)

    assert [ErrorKind.PLAN_STALE, ErrorKind.PLAN_STALE, PlanPhase.STALE] == [old, changed, phase]
    assert "purge.started" not in kinds(store)


@pytest.mark.spec("PRG-5", "PRG-11")
def test_plans_that_cannot_be_proposed() -> None:
    """Empty ones, those of another store, and those for a day to come."""
    world = World()
    store = town(world)
    with chief(store) as session:
        plan = session.plan_purge()
        empty = refused(lambda: session.propose_purge(plan), InvalidInputError)
        today = session._acting.services.environment.clock.now()
        future = session.plan_purge(as_of=_day(today, 200))
        early = refused(lambda: session.propose_purge(future), InvalidInputError)
        foreign = attrs.evolve(future, store=type(future.store)(NOWHERE.text))
        other = refused(lambda: session.propose_purge(foreign), InvalidInputError)

    assert 1 == len(future.due)
    assert [ErrorKind.PLAN_STATE] * 3 == [empty, early, other]


def _day(now: Instant, days: int) -> date:
    return date.fromisoformat(str(now.plus_seconds(days * DAY))[:10])


@pytest.mark.spec("PRG-11")
def test_a_withdrawn_plan_is_dead() -> None:
    """It is neither approved, nor run, nor withdrawn again; an unknown one is unknown."""
    store = due(World())
    plan = approved(store)
    with chief(store) as session:
        session.withdraw_purge(plan)
        run = refused(lambda: session.run_purge(plan), InvalidInputError)
        again = refused(lambda: session.withdraw_purge(plan), InvalidInputError)
        unknown = refused(lambda: session.run_purge(NOWHERE), NotFoundError)
        phase = session.purge_status(plan).phase
    late = refused(lambda: approve(store, plan, "bob"), InvalidInputError)

    assert [ErrorKind.PLAN_STATE] * 3 == [run, again, late]
    assert (ErrorKind.PLAN_UNKNOWN, PlanPhase.WITHDRAWN) == (unknown, phase)


@pytest.mark.spec("PRG-5")
def test_an_altered_annex_stops_everything() -> None:
    """Other bytes under the digest of the plan are found before anything is decided."""
    world = World()
    store = due(world)
    plan = approved(store)
    state = store._services.log.state.act(plan)
    name = _layout.annex(state.annex)  # type: ignore[union-attr]
    world.storage.contents[name] = world.storage.contents[name].replace(b"2026", b"2025")
    with chief(store) as session:
        kind = refused(lambda: session.run_purge(plan), IntegrityError)

    assert ErrorKind.ANNEX_DIGEST == kind


@pytest.mark.spec("PRG-8")
def test_a_clock_that_is_behind_or_ahead_destroys_nothing() -> None:
    """Behind the ledger, far ahead of it, and after a step that two have not confirmed."""
    world = World()
    store = due(world, policy=attrs.evolve(POLICY, clock_hours=24 * 120))
    plan = approved(store)
    now = world.clock.now()
    with chief(store) as session:
        world.clock.set(now.plus_seconds(-3600))
        behind = refused(lambda: session.run_purge(plan), ConflictError)
        world.clock.set(now.plus_seconds(121 * DAY))
        ahead = refused(lambda: session.run_purge(plan), ConflictError)
        jump = say(session, "fact.asserted", _agency_fact())
        leapt = refused(lambda: session.propose_purge(session.plan_purge()), ConflictError)
        session.confirm_clock(jump)
        alone = refused(lambda: session.confirm_clock(jump), AuthorizationError)
        still = refused(lambda: session.propose_purge(session.plan_purge()), ConflictError)
        none = refused(lambda: session.confirm_clock(0), InvalidInputError)
    with as_(store, "ann") as session:
        session.confirm_clock(jump)
    plan = approved(store)
    with chief(store) as session:
        run = session.run_purge(plan)

    assert [ErrorKind.CLOCK_BEHIND, ErrorKind.CLOCK_AHEAD] == [behind, ahead]
    assert [ErrorKind.CLOCK_UNCONFIRMED] * 2 == [leapt, still]
    assert [ErrorKind.SECOND_ACTOR_REQUIRED, ErrorKind.ARGUMENT_INVALID] == [alone, none]
    assert 1 == len(run.completed)


def _agency_fact() -> dict[str, Json]:
    return {
        "assertion": NOWHERE.text,
        "fact": "last_audit_on",
        "value": "2026-01-02",
        "since": "2026-01-02",
        "basis": "report",
    }


@pytest.mark.spec("PRG-12")
@pytest.mark.parametrize("until", [None, Instant.parse("2030-01-01T00:00:00.000000Z")])
def test_what_the_storage_keeps_is_withheld_with_its_key(until: Instant | None) -> None:
    """A lock or legal hold of one segment withholds the recording; no key is touched."""
    world = World()
    store = due(world, clips=2, length_bytes=3 * CHUNK)
    locked, free = ids(store)
    world.storage.locks[segments(world, locked)[1]] = until
    plan = approved(store)
    with chief(store) as session:
        run = session.run_purge(plan)

    assert {locked: ErrorKind.WITHHELD_BY_STORAGE} == dict(run.withheld)
    assert (free,) == run.completed
    assert content_key_id(locked) in living(world)
    assert ("purge", "withheld-by-storage") in refusals(store)
    with admit(store) as reader, reader.read(locked) as plain:
        assert 3 * CHUNK == len(plain.read())
    world.storage.locks.clear()
    with chief(store) as session:
        assert (locked,) == session.run_purge(plan).completed


@pytest.mark.spec("PRG-14", "PRG-15")
def test_a_failure_is_logged_and_the_next_run_of_any_plan_finishes() -> None:
    """A lock that comes after the look fails one recording; another plan's run ends it."""
    world = World()
    store = due(world, clips=2)
    first, second = ids(store)
    plan = approved(store)
    name = segments(world, first)[0]
    vault = store._services.vault

    class Locking(MemoryVault):
        def destroy(self, key_ids: object) -> None:
            world.storage.locks[name] = None
            super().destroy(key_ids)  # type: ignore[arg-type]

    keys = Locking()
    keys.living = living(world)
    store._services.vault = keys
    with chief(store) as session:
        run = session.run_purge(plan)
        status = session.purge_status(plan)
    store._services.vault = vault

    assert {first: ErrorKind.WITHHELD_BY_STORAGE} == dict(run.failed)
    assert ((second,), (first,)) == (status.completed, status.begun)
    assert 1 == kinds(store).count("purge.failed")
    world.storage.locks.clear()
    with chief(store) as session:
        clip(session)
    world.clock.advance(100 * DAY)
    other = approved(store)
    with chief(store) as session:
        again = session.run_purge(other)

    assert first in again.completed
    assert [] == segments(world, first)


@pytest.mark.spec("PRG-16")
def test_two_runs_at_once_destroy_everything_once() -> None:
    """A second process that runs the same plan in the middle of the first one is harmless."""
    world = World()
    store = due(world, clips=70)
    plan = approved_large(store, world)
    other = reopen(world)
    told: list[int] = []

    def meanwhile(event: ProgressEvent) -> None:
        if not told:
            told.append(event.done_count)
            with chief(other) as session:
                session.run_purge(plan)

    with chief(store) as session:
        run = session.run_purge(plan, progress=meanwhile)
    store._services.log.refresh()

    assert 70 == kinds(store).count("purge.completed") == kinds(store).count("purge.started")
    assert {} == dict(run.failed)
    assert not any(key.startswith("content/") for key in living(world))


def approved_large(store: Store, world: World) -> ActId:
    """A plan beyond the usual volume that may be run."""
    plan = propose(store)
    approve(store, plan)
    approve(store, plan, "bob")
    world.clock.advance(DAY)
    return plan


@pytest.mark.spec("PRG-15")
def test_a_key_that_comes_back_is_destroyed_again() -> None:
    """A key that another process had put back is found in the inventory after the rotation."""
    world = World()
    store = due(world)
    (object_id,) = ids(store)
    plan = approved(store)
    key_id = content_key_id(object_id)

    class Stubborn(MemoryVault):
        def rotate(self) -> int:
            if self.epoch == 0:
                self.living[key_id] = bytes(32)
            return super().rotate()

    keys = Stubborn()
    keys.living = living(world)
    store._services.vault = keys
    with chief(store) as session:
        run = session.run_purge(plan)

    assert 1 == run.epoch
    assert key_id not in keys.living
    assert 2 == kinds(store).count("keys.epoch_destroyed")


@pytest.mark.spec("PRG-19")
def test_what_is_destroyed_is_neither_read_nor_taken_in_again() -> None:
    """Reading names the certificate; the same source id is refused; both are logged."""
    world = World()
    store = town(world, clips=0)
    source = SourceId(scope="camera-7", text="clip-1")
    with chief(store) as session:
        gone = session.ingest(stream(9), source_id=source).object_id
        assert_fact(session, gone, "force", "none")
        assert_fact(session, gone, "investigation", "none")
    world.clock.advance(100 * DAY)
    plan = approved(store)
    with chief(store) as session:
        session.run_purge(plan)
        again = refused(lambda: session.ingest(stream(9), source_id=source), RetentionError)
    with admit(store) as reader, pytest.raises(RetentionError) as caught:
        reader.read(gone)

    assert (ErrorKind.SOURCE_PURGED, ErrorKind.OBJECT_PURGED) == (again, caught.value.kind)
    assert f"certificate {store.object(gone).purged}" in caught.value.message
    assert [("ingest", "source-purged"), ("read", "object-purged")] == refusals(store)


def test_who_may_not_purge_and_who_may_look() -> None:
    """A reader may do nothing of it; an auditor sees plans and status."""
    store = due(World())
    plan = approved(store)
    with chief(store) as session:
        session.enrol("auditor", roles=[Role.AUDITOR])
        session.enrol("reader", roles=[Role.READER])
    verbs: tuple[Callable[[Session], object], ...] = (
        lambda one: one.plan_purge(),
        lambda one: one.plans(),
        lambda one: one.run_purge(plan),
        lambda one: one.withdraw_purge(plan),
        lambda one: one.declare_backups({}),
        lambda one: one.confirm_clock(0),
    )
    with as_(store, "reader") as session:
        found = [refused(lambda: verb(session), AuthorizationError) for verb in verbs]  # noqa: B023
    with as_(store, "auditor") as session:
        looked = session.plan_purge(), session.plans(), session.over_retained()

    assert [ErrorKind.NOT_AUTHORIZED] * len(verbs) == found
    assert (1, 1) == (len(looked[0].due), len(looked[1]))


@pytest.mark.spec("PRG-21")
def test_backups_and_attestations() -> None:
    """An attestation names an epoch that has ended and every declared backup."""
    store = due(World())
    plan = approved(store)
    with chief(store) as session:
        session.declare_backups({"tape": "both", "s3-copy": "evidence"}, statement="as agreed")
        early = refused(lambda: _attest(session, {}), InvalidInputError)
        session.run_purge(plan)
        lacking = refused(lambda: _attest(session, {"tape": "destroyed"}), InvalidInputError)
        wrong = refused(
            lambda: _attest(session, {"tape": "lost", "s3-copy": "kept"}), InvalidInputError
        )
        _attest(session, {"tape": "older-epoch-removed", "s3-copy": "kept"})
    state = store._services.log.state.store

    assert [ErrorKind.ARGUMENT_INVALID] * 2 == [early, lacking]
    assert ErrorKind.FIELD_INVALID == wrong
    assert {"tape": "both", "s3-copy": "evidence"} == dict(state.backups)
    assert "replaced" == state.attested[0].root


def _attest(session: Session, backups: dict[str, str]) -> None:
    session.attest_erasure(0, root="replaced", backups=backups, statement="seen to")


@pytest.mark.spec("PRG-14")
def test_many_outcomes_stand_in_an_annex() -> None:
    """More than 64 versions do not fit the entry."""
    world = World()
    store = due(world, length_bytes=130 * CHUNK)
    (object_id,) = ids(store)
    plan = approved(store)
    with chief(store) as session:
        session.run_purge(plan)
    entries = store._services.log.entries()
    completed = next(one for one in entries if one.kind == "purge.completed")
    annex = Digest.parse(str(completed.body["outcomes_annex"]))

    assert ([], 66) == (completed.body["outcomes"], completed.body["versions"])
    assert object_id.text.encode() in world.storage.contents[_layout.annex(annex)]
