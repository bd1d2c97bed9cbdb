"""A repair in which every single call of storage and vault fails in turn, in every way."""

import itertools
from typing import Final

import pytest

from bwcstore.audit._run import audit_store
from bwcstore.errors import BwcStoreError, ErrorKind
from bwcstore.testing import (
    FailAt,
    Fault,
    FaultyBackend,
    FaultyVault,
    SimulatedCrash,
    VersionedMemoryBackend,
    World,
)
from tests.unit.covers import garbage, marker
from tests.unit.session.covering import (
    copied,
    copied_keys,
    filled,
    names_of_all,
    one_of_each,
    repairs,
)
from tests.unit.session.world import chief, reopen

CALLS_MAX: Final = 200


def shadowed(bucket: VersionedMemoryBackend) -> list[str]:
    """The names that an audit calls covered."""
    report = audit_store(bucket)
    return [one.where for one in report.errors if one.code is ErrorKind.SHADOWED]


@pytest.mark.spec("SHD-11", "SHD-12")
@pytest.mark.parametrize("fault", Fault)
def test_every_failure_point_of_a_repair(fault: Fault) -> None:
    """Nothing goes that no entry names, nothing right ever goes, and the next run ends it."""
    former = World()
    bucket, store, _ = filled(former, grants=2)
    store.close()
    for kind in ("segment", "manifest", "last batch", "checkpoint"):
        name = one_of_each(bucket)[kind]
        garbage(bucket, name)
        marker(bucket, name)
    names = names_of_all(bucket)
    rights = {name: bucket.versions(name)[-1].version_id for name in names}
    listed = {(one.name, one.version_id) for one in bucket.all_versions("")}
    failure: BaseException | None = None
    for number in itertools.count():
        fail = FailAt(number, fault)
        world = World(seed=number + 1, start=former.clock.now(), keys=copied_keys(former))
        place = copied(bucket, world)
        world.backend = FaultyBackend(place, fail)
        world.vault = FaultyVault(world.keys, fail)
        failure = None
        try:
            _repair(world)
        except (BwcStoreError, SimulatedCrash) as exc:
            failure = exc
        where = f"call {number}, {fail.trace[-1:]}, {failure!r}"
        world.backend, world.vault = place.reopened(), world.keys
        store = reopen(world)
        said = {(one["name"], gone) for one in repairs(store) for gone in one["removed"]}
        left = {(one.name, one.version_id) for one in place.all_versions("")}
        assert listed - left <= said, where
        assert {(name, rights[name]) for name in names} <= left, where
        if not fail.fired:
            break
        _repair(world)
        assert [] == shadowed(place), where

    assert failure is None
    assert 0 < number < CALLS_MAX


def _repair(world: World) -> None:
    store = reopen(world)
    with chief(store) as session:
        session.repair_shadows()
    store.close()
