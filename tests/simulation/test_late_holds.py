"""A hold, a request or a correction at every single moment of a purge run."""

from collections.abc import Callable
from datetime import date
from itertools import count

import attrs
import pytest

from bwcstore import _layout
from bwcstore._ports import Environment
from bwcstore._session._session import Session
from bwcstore._store import Store
from bwcstore._values import ObjectId
from bwcstore.custody._selection import Selection
from bwcstore.errors import ErrorKind, RetentionError
from bwcstore.objects._manifest import content_key_id
from bwcstore.testing import (
    FailAt,
    FaultyBackend,
    FaultyVault,
    InlineWorkers,
    MemoryBackend,
    MemoryVault,
    World,
)
from bwcstore.testing._invariants import Told, find_broken
from tests.simulation.weather import Interlude
from tests.unit.session.purging import approved, due
from tests.unit.session.world import chief, reopen

Late = Callable[[Session, ObjectId], object]
TOO_LATE = {ErrorKind.PURGE_STARTED, ErrorKind.OBJECT_PURGED}
SAID = ("hold.placed", "request.bound", "fact.asserted")
CALLS_MAX = 300


def _hold(session: Session, object_id: ObjectId) -> object:
    return session.place_hold("litigation", objects=[object_id])


def _select(session: Session, _: ObjectId) -> object:
    selection = Selection.collected(date(2020, 1, 1), date(2030, 1, 1))
    return session.place_hold("litigation", selection=selection)


def _ask(session: Session, object_id: ObjectId) -> object:
    return session.receive_request("subject-view", requester="stranger", objects=[object_id])


def _label(session: Session, object_id: ObjectId) -> object:
    return session.label(object_id, ["evidence"])


@attrs.define(kw_only=True)
class Case:
    """A purge run, and somebody who comes in between.

    Attributes:
        world: the storage and keys of both.
        object_id: the recording that is due.
        late: what the other one does.
        in_time: whether it was done; None before it was tried.
    """

    world: World
    object_id: ObjectId
    late: Late
    in_time: bool | None = None

    def come_in(self) -> None:
        """Be another process over the same storage and keys."""
        store = self.open(FailAt(None))
        try:
            with chief(store) as session:
                self.late(session, self.object_id)
            self.in_time = True
        except RetentionError as refusal:
            if refusal.kind not in TOO_LATE:
                raise
            self.in_time = False
        finally:
            store.close()

    def open(self, plan: FailAt) -> Store:
        """The store as one of the processes opens it."""
        world = self.world
        workers = InlineWorkers()
        return Store.open_on(
            FaultyBackend(world.storage, plan),
            FaultyVault(world.keys, plan),
            environment=Environment(clock=world.clock, entropy=world.entropy, workers=workers),
        )

    def indices(self, *kinds: str) -> list[int]:
        """Where entries of these kinds are."""
        return [
            one.index for one in reopen(self.world)._services.log.entries() if one.kind in kinds
        ]

    def is_whole(self) -> bool:
        """Whether key and bytes of the recording are there."""
        keys = {one.key_id for one in self.world.keys.inventory()}
        name = _layout.segment(self.object_id, 0)
        return content_key_id(self.object_id) in keys and name in self.world.storage.contents


def _copy(former: World) -> World:
    assert isinstance(former.keys, MemoryVault)
    keys = MemoryVault()
    keys.living.update(former.keys.living)
    keys.remembered.update(former.keys.remembered)
    storage = MemoryBackend(dict(former.storage.contents))
    return World(seed=3, start=former.clock.now(), storage=storage, keys=keys)


@pytest.mark.spec("PRG-1", "PRG-3", "PRG-20", "HLD-4", "REQ-3")
@pytest.mark.parametrize("late", [_hold, _select, _ask, _label])
def test_what_comes_before_the_start_wins_and_nothing_after_it_does(late: Late) -> None:
    """At every call of the run: in time, and the recording stays whole; else it is destroyed."""
    former = World()
    store = due(former)
    plan = approved(store)
    (object_id,) = (one.object_id for one in store.objects())
    size = store.size
    store.close()
    won = lost = 0
    for number in count():
        case = Case(world=_copy(former), object_id=object_id, late=late)
        interlude = Interlude(number, case.come_in)
        running = case.open(interlude)
        with chief(running) as session:
            run = session.run_purge(plan)
        running.close()
        if not interlude.met:
            break
        where = f"at call {number}: {case.in_time}, {run}"
        started = case.indices("purge.started")
        said = [index for index in case.indices(*SAID) if index >= size]

        assert case.in_time is bool(said), where
        assert case.is_whole() is not bool(started), where
        if said and (not started or said[0] < started[0]):
            won += 1
            assert [] == started, where
            assert [object_id] == list(run.withheld), where
        else:
            lost += 1
            assert (object_id,) == run.completed, where
        assert () == find_broken(case.world.storage, case.world.keys, Told()), where

    assert min(won, lost) > 0
    assert number < CALLS_MAX
