"""What a store says that it is kept under: law, policy, backups, steps of the clock."""

from typing import Final

import attrs

from bwcstore._store import Store
from bwcstore._values import ActorId
from bwcstore.custody._records import Policy
from bwcstore.testing import World
from tests.unit.session.purging import POLICY, as_, town
from tests.unit.session.world import SETTINGS, STORE, chief

DAY_SECONDS: Final = 86_400.0


def test_a_new_store_has_defaults() -> None:
    """Before anything was said there is no law, and the policy is that of the library."""
    world = World(seed=1)
    with Store.create_on(
        world.backend,
        world.vault,
        store_id=STORE,
        actor="chief",
        environment=world.environment,
        settings=SETTINGS,
    ) as store:
        assert (None, Policy()) == (store.law, store.policy)
        assert ((), {}, ()) == (store.facts, dict(store.backups), store.clock_steps)


def test_what_was_said_is_told() -> None:
    """Law, policy, the agency's facts and backups are those of the last entries."""
    with town(World(seed=2)) as store, chief(store) as session:
        session.declare_backups({"tape": "both"})
        law = store.law

        assert law is not None
        assert ("xx", POLICY) == (law.pack, store.policy)
        assert {"tape": "both"} == dict(store.backups)


def test_steps_of_the_clock_are_told_until_two_confirm() -> None:
    """A step beyond the policy's hours is listed with who has confirmed it."""
    world = World(seed=3)
    with town(world, policy=attrs.evolve(POLICY, clock_hours=24)) as store:
        world.clock.advance(3 * DAY_SECONDS)
        with chief(store) as session:
            session.declare_backups({})
            (step,) = store.clock_steps
            session.confirm_clock(step.index)
        with as_(store, "ann") as session:
            session.confirm_clock(step.index)
        (confirmed,) = store.clock_steps

        assert step.index == store.size - 3
        assert 3 * DAY_SECONDS <= (step.after.microseconds - step.before.microseconds) / 1e6
        assert (0, 2) == (len(step.confirmed_by), len(confirmed.confirmed_by))
        assert all(isinstance(one, ActorId) for one in confirmed.confirmed_by)
