"""A purge in which every single call of storage and vault fails in turn, in every way."""

import itertools

import pytest

from bwcstore import _layout
from bwcstore._session._begin import make_vault
from bwcstore._store import Store
from bwcstore._values import ActId
from bwcstore.errors import BwcStoreError, NotFoundError
from bwcstore.objects._manifest import content_key_id
from bwcstore.storage._vault import DirectoryVault
from bwcstore.testing import FailAt, Fault, MemoryBackend, MemoryVault, SimulatedCrash, World
from tests.simulation.stage import FixedKey
from tests.unit.session.purging import approved, clip, due
from tests.unit.session.world import CHUNK, chief, reopen

CALLS_MAX = 400


def _prepared() -> tuple[World, ActId]:
    world = World()
    store = due(world, clips=2, length_bytes=3 * CHUNK)
    plan = approved(store)
    store.close()
    return world, plan


def _copy(world: World, plan: FailAt, seed: int) -> World:
    """The world again, with a fault; nothing of it is shared."""
    assert isinstance(world.keys, MemoryVault)
    keys = MemoryVault()
    keys.living.update(world.keys.living)
    keys.remembered.update(world.keys.remembered)
    storage = MemoryBackend(dict(world.storage.contents))
    return World(seed=seed, start=world.clock.now(), plan=plan, storage=storage, keys=keys)


def _run(world: World, plan: ActId) -> None:
    store = reopen(world)
    with chief(store) as session:
        session.run_purge(plan)
    store.close()


def _content_keys(world: World) -> set[str]:
    return {one.key_id for one in world.keys.inventory() if one.key_id.startswith("content/")}


def _lawless(world: World) -> list[str]:
    """What is gone although no destruction of it was begun under a checkpoint (I8)."""
    clean = world.reopen()
    store = reopen(clean)
    covered = max(
        found[1]
        for name in world.storage.contents
        if (found := _layout.parse_checkpoint(name)) is not None
    )
    keys = _content_keys(world)
    broken = []
    for state in store.objects():
        names = [_layout.segment(state.object_id, n) for n in range(state.segment_count)]
        lost = content_key_id(state.object_id) not in keys
        lost = lost or any(name not in world.storage.contents for name in names)
        purge = state.keeping.purge
        if lost and (purge is None or purge.started_index >= covered):
            broken.append(f"{state.object_id}: gone without a start under a checkpoint")
        if state.purged is not None and content_key_id(state.object_id) in keys:
            broken.append(f"{state.object_id}: completed, and its key is there")
        if state.purged is not None and any(name in world.storage.contents for name in names):
            broken.append(f"{state.object_id}: completed, and bytes are there")
    return broken


def _ended(store: Store) -> tuple[int, int, int]:
    found = [one.kind for one in store._services.log.entries()]
    return (
        found.count("purge.started"),
        found.count("purge.completed"),
        min(1, found.count("purge.run_ended")),
    )


@pytest.mark.spec("PRG-12", "PRG-15", "PRG-16")
@pytest.mark.parametrize("fault", Fault)
def test_every_failure_point_of_a_run(fault: Fault) -> None:
    """Nothing goes before its entry; the next process brings every run to the same end."""
    former, plan = _prepared()
    for number in itertools.count():
        fail = FailAt(number, fault)
        world = _copy(former, fail, seed=number + 1)
        failure: BaseException | None = None
        try:
            _run(world, plan)
        except (BwcStoreError, SimulatedCrash) as exc:
            failure = exc
        where = f"call {number}, {fail.trace[-1:]}, {failure!r}"
        assert [] == _lawless(world), where
        if not fail.fired:
            break
        again = world.reopen()
        _run(again, plan)
        store = reopen(again.reopen())

        assert [] == _lawless(again), where
        assert set() == _content_keys(again), where
        assert (2, 2, 1) == _ended(store), where
        assert store._services.log.state.store.epochs, where

    assert failure is None
    assert 0 < number < CALLS_MAX


@pytest.mark.spec("PRG-12", "PRG-15")
def test_no_replica_of_a_real_vault_has_the_key_afterwards() -> None:
    """Each of two places alone, opened with the root key: neither key nor old epoch is there."""
    world = World()
    places = (MemoryBackend(), MemoryBackend())
    environment = world.environment
    made = make_vault(places, FixedKey(), environment)
    world.vault = made
    store = due(world, clips=2, store_id=made.store_id)
    kept = [one.object_id for one in store.objects()]
    with chief(store) as session:
        young = clip(session)
    before = {name for place in places for name in place.contents}
    plan = approved(store)
    with chief(store) as session:
        run = session.run_purge(plan)
    store.close()

    assert 2 == len(run.completed)
    for place in places:
        alone = DirectoryVault.open(
            [place], source=FixedKey(), entropy=world.entropy, clock=world.clock
        )
        for object_id in kept:
            with pytest.raises(NotFoundError):
                alone.get(content_key_id(object_id))
        assert 32 == len(alone.get(content_key_id(young)))
        assert [] == [name for name in place.contents if name in before and "epoch" in name]
