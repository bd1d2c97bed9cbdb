"""Which law a store is kept under, and the agency's own rules."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import attrs
import pytest

from bwcstore import _layout
from bwcstore._session._law import Adopted, law_of, require_law
from bwcstore._store import Store
from bwcstore._values import Digest, Instant
from bwcstore.custody._authority import Role
from bwcstore.custody._records import Policy
from bwcstore.errors import BwcStoreError, ErrorKind
from bwcstore.testing import World
from tests.unit.session.disclosure import AGENCY as SHIPPED_AGENCY
from tests.unit.session.disclosure import NOON, under_law
from tests.unit.session.purging import AGENCY, PACK
from tests.unit.session.world import chief, create, reopen, stream


def refusal(work: Callable[[], object]) -> BwcStoreError:
    """What it is refused with."""
    with pytest.raises(BwcStoreError) as caught:
        work()
    return caught.value


def law_in(store: Store) -> Adopted:
    """The law of a store."""
    return require_law(store._services, store._services.log.state)


@pytest.mark.spec("CUS-1", "CUS-2")
def test_a_law_is_adopted_with_its_text() -> None:
    """Both texts are annexes before the entry; the next process reads the law from them."""
    world = World()
    store = create(world)
    with chief(store) as session:
        adopted = session.adopt_law(PACK, AGENCY)
    names = [str(_layout.annex(digest)) for digest in (adopted.pack_annex, adopted.agency_annex)]
    found = law_in(reopen(world))

    assert [PACK.read_bytes(), AGENCY.read_bytes()] == [world.storage.read(name) for name in names]
    assert ("xx", "xx-town", "America/Chicago") == (adopted.pack, adopted.agency, adopted.zone)
    assert (adopted, found.pack.digest, found.agency.digest) == (
        found.entry,
        adopted.pack_sha256,
        adopted.agency_sha256,
    )


@pytest.mark.spec("CUS-2")
def test_the_last_law_that_was_adopted_counts() -> None:
    """Another pack replaces the one before."""
    world = World()
    world.clock.set(NOON)
    store = create(world)
    with chief(store) as session:
        session.adopt_law(PACK, AGENCY)
        session.adopt_law("us-mn", SHIPPED_AGENCY)

    assert "us-mn" == law_in(store).pack.id


@pytest.mark.spec("CUS-2")
@pytest.mark.parametrize("which", ["pack_annex", "agency_annex"])
def test_a_law_whose_text_is_gone_or_altered_decides_nothing(which: str) -> None:
    """Missing or altered is found out before anything is concluded."""
    kinds = []
    for change in ("gone", "altered"):
        world = World()
        store = create(world)
        with chief(store) as session:
            adopted: Digest = getattr(session.adopt_law(PACK, AGENCY), which)
        name = str(_layout.annex(adopted))
        world.storage.delete(name)
        if change == "altered":
            world.storage.create(name, b"format")
        kinds.append(refusal(lambda: law_in(reopen(world))).kind)  # noqa: B023 - called at once

    assert [ErrorKind.ANNEX_MISSING, ErrorKind.ANNEX_DIGEST] == kinds


@pytest.mark.spec("CUS-3")
def test_the_law_of_a_moment_is_that_of_the_local_day() -> None:
    """An hour after midnight in UTC is the day before in Chicago; no earlier than the ledger."""
    world = World()
    world.clock.set(Instant.parse("2026-03-02T18:00:00.000000Z"))
    store = create(world)
    with chief(store) as session:
        session.adopt_law(PACK, AGENCY)
    state, adopted = store._services.log.state, law_in(store)
    late = Instant.parse("2026-03-05T01:00:00.000000Z")
    behind = law_of(store._services, state, Instant.parse("2020-01-01T00:00:00.000000Z"))

    assert date(2026, 3, 4) == adopted.today(late)
    assert date(2026, 3, 4) == adopted.now(late).on
    assert adopted.now(late) is adopted.now(late)
    assert behind is not None
    assert date(2026, 3, 2) == behind.on


def test_laws_of_days_do_not_pile_up() -> None:
    """A store that is asked about many days keeps a few."""
    store = create(World())
    with chief(store) as session:
        session.adopt_law(PACK, AGENCY)
    adopted = law_in(store)
    for day in range(1, 29):
        adopted.on(date(2026, 2, day))

    assert 16 == len(adopted.days)


@pytest.mark.spec("CUS-3")
def test_a_pack_that_begins_later_is_not_adopted(tmp_path: Path) -> None:
    """It would leave every question of today without an answer."""
    later = tmp_path / "later.toml"
    text = PACK.read_text("utf-8").replace("2016-01-01", "2099-01-01")
    later.write_text(text.replace("2020-01-01", "2099-06-01"), "utf-8")
    store = create(World())
    with chief(store) as session:
        found = refusal(lambda: session.adopt_law(later, AGENCY))

    assert (ErrorKind.LAW_NOT_IN_FORCE, None) == (found.kind, store._services.log.state.store.law)


@pytest.mark.spec("CUS-4")
def test_without_a_law_a_written_authorization_alone_decides() -> None:
    """Any purpose may be authorized, and is read for."""
    store = create(World())
    with chief(store, purpose="curiosity") as session:
        clip = session.ingest(stream(9)).object_id
        session.authorize("chief", purposes=["curiosity"])
        with session.read(clip) as plain:
            found = plain.read()
        nothing = refusal(lambda: law_in(store))

    assert (9, ErrorKind.LAW_NOT_ADOPTED) == (len(found), nothing.kind)


def test_who_may_adopt_a_law_and_set_a_policy() -> None:
    """Neither is for records staff; nothing is stored for them and the refusal is logged."""
    world = World()
    store = create(world)
    with chief(store) as session:
        session.enrol("ann", roles=[Role.RECORDS])
        session.enrol("boss", roles=[Role.CHIEF])
    before = {stat.name for stat in world.storage.list("annex/")}
    with store.session(actor="ann", reason="trying") as clerk:
        kinds = [
            refusal(lambda: clerk.adopt_law(PACK, AGENCY)).kind,
            refusal(lambda: clerk.set_policy(Policy(approvals=2))).kind,
        ]
    after = {stat.name for stat in world.storage.list("annex/")}
    with store.session(actor="boss", reason="council") as boss:
        boss.adopt_law(PACK, AGENCY)

    assert ([ErrorKind.NOT_AUTHORIZED] * 2, before) == (kinds, after)
    assert "xx" == law_in(store).pack.id


@pytest.mark.spec("CUS-5")
def test_a_policy_replaces_the_one_before_as_a_whole() -> None:
    """What is not said again is as it was at the beginning."""
    store = create(World())
    narrowed = {"plan.approved": frozenset({"chief", "responsible-authority"})}
    first = Policy(approvals=3, dual_release=frozenset(), narrowed=narrowed)
    with chief(store) as session:
        session.set_policy(first)
        set_first = store._services.log.state.store.policy
        session.set_policy(Policy(waiting_hours=48))

    assert first == set_first
    assert Policy(waiting_hours=48) == store._services.log.state.store.policy
    assert Policy() == Policy(
        approvals=1,
        large_objects=100,
        brake_multiple=3,
        brake_objects=25,
        brake_days=14,
        waiting_hours=24,
        plan_days=30,
        clock_hours=744,
        dual_release=frozenset({"litigation"}),
        narrowed={},
    )


@pytest.mark.spec("CUS-5", "CUS-6")
@pytest.mark.parametrize(
    "wrong",
    [
        {"approvals": 0},
        {"approvals": True},
        {"approvals": 1_000_001},
        {"large_objects": 0},
        {"brake_multiple": 0},
        {"brake_objects": -1},
        {"brake_days": -1},
        {"waiting_hours": -1},
        {"plan_days": 0},
        {"clock_hours": 0},
        {"clock_hours": 1.5},
        {"dual_release": frozenset({"No Code"})},
        {"dual_release": frozenset(f"kind-{number}" for number in range(17))},
        {"narrowed": {"plan.ignored": frozenset({"chief"})}},
        {"narrowed": {"plan.approved": frozenset()}},
        {"narrowed": {"plan.approved": frozenset({"boss"})}},
        {"narrowed": {"policy.set": frozenset({"chief"})}},
    ],
)
def test_a_policy_that_no_agency_can_have(wrong: dict[str, object]) -> None:
    """Numbers beyond bounds, kinds and roles that there are not, and shutting oneself out."""
    store = create(World())
    with chief(store) as session:
        found = refusal(lambda: session.set_policy(attrs.evolve(Policy(), **wrong)))  # type: ignore[arg-type]  # the point

    assert ErrorKind.POLICY_INVALID == found.kind
    assert Policy() == store._services.log.state.store.policy


@pytest.mark.spec("CUS-6")
def test_a_policy_narrows_who_may_bring_about_what() -> None:
    """Records staff assert no facts any more; the chief, who could before, still does."""
    store = under_law(World())
    with chief(store) as session:
        clip = session.ingest(stream(9)).object_id
        session.enrol("ann", roles=[Role.RECORDS])
        left = frozenset({"responsible-authority", "reader"})
        session.set_policy(Policy(narrowed={"fact.asserted": left}))
        session.enrol("eve", roles=[Role.READER])
        session.assert_fact("source_kind", "worn", object_id=clip)
    kinds = []
    for login in ("ann", "eve"):
        with store.session(actor=login, reason="trying") as other:
            work = lambda: other.assert_fact("discharge", "none", object_id=clip)  # noqa: E731 - called at once
            kinds.append(refusal(work).kind)

    assert [ErrorKind.NOT_AUTHORIZED] * 2 == kinds
