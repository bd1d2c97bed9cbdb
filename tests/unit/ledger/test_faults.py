"""Every storage call of a scenario fails once, in every way; nothing is lost or doubled."""

import contextlib

import pytest

from bwcstore.errors import BwcStoreError, ErrorKind, NotFoundError, StorageError
from bwcstore.testing._faults import FailAt, Fault, SimulatedCrash
from bwcstore.testing._world import World
from tests.unit.ledger import books


def scenario(world: World, told: list[int]) -> None:
    """Create or open, append, checkpoint, roll, close; note each entry that was promised."""
    try:
        log = books.reopen(world)
    except NotFoundError:
        log = books.create(world)
    for number in range(3):
        found = log.append(books.write(books.accessed(number, sealed="x"), books.accessed(9)))
        told.extend(entry.index for entry in found.entries)
    log.checkpoint()
    log.roll(books.ACTOR)
    found = log.append(books.write(books.accessed(4)))
    told.extend(entry.index for entry in found.entries)
    log.close()


@pytest.mark.spec("LED-30", "LED-34", "CHK-9", "LED-43")
@pytest.mark.parametrize("fault", list(Fault))
@pytest.mark.parametrize("lost_as", [None, StorageError])
def test_every_failure_point(fault: Fault, lost_as: type[StorageError] | None) -> None:
    """Whatever fails, everything promised is there, once, and the ledger goes on."""
    number = 0
    while True:
        plan = FailAt(number, fault) if lost_as is None else FailAt(number, fault, lost_as=lost_as)
        world = World(plan=plan)
        told: list[int] = []
        with contextlib.suppress(BwcStoreError, SimulatedCrash):
            scenario(world, told)
        after = world.reopen()
        more: list[int] = []
        scenario(after, more)
        log = books.reopen(after)

        assert log.read_only is None, plan.trace
        assert sorted({*told, *more}) == told + more, plan.trace
        assert {log.entry(index).kind for index in told + more} == {"object.accessed"}
        if not plan.fired:
            break
        number += 1

    assert number > 10


def test_a_doubtful_creation_is_told() -> None:
    """Where nobody can tell whether the first batch was stored, the caller is told so."""
    world = World(plan=FailAt(0, Fault.BEFORE))
    with pytest.raises(StorageError) as caught:
        books.create(world)

    assert caught.value.kind is ErrorKind.STORAGE_IO
