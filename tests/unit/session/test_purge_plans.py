"""Which plans are proposed, approved and run, and who may."""

from collections.abc import Callable
from datetime import date

import attrs
import pytest

from bwcstore import _layout
from bwcstore._encoding import Json
from bwcstore._session._session import Session
from bwcstore._store import Store
from bwcstore._values import Digest, Instant
from bwcstore.custody._authority import Role
from bwcstore.errors import (
    AuthorizationError,
    ConflictError,
    ErrorKind,
    IntegrityError,
    InvalidInputError,
    NotFoundError,
    RetentionError,
)
from bwcstore.purge._approval import PlanPhase
from bwcstore.testing import World
from tests.unit.session.purging import (
    DAY,
    NOWHERE,
    POLICY,
    approve,
    approved,
    as_,
    assert_fact,
    due,
    ids,
    kinds,
    propose,
    refusals,
    refused,
    say,
    town,
)
from tests.unit.session.world import chief


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
        "law.adopted",
        "plan.approved",
        "policy.set",
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
