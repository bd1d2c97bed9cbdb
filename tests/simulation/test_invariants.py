"""The check of the invariants itself: each broken promise is seen, and a sound store has none."""

from collections.abc import Callable

import pytest

from bwcstore import _layout
from bwcstore._values import ObjectId
from bwcstore.errors import AuthorizationError, ErrorKind
from bwcstore.testing import World
from bwcstore.testing._invariants import Told, check_invariants, find_broken
from tests.unit.session.world import CHUNK, admit, chief, create, stream

Harm = Callable[[World, Told, ObjectId], None]


def _lose_last_batch(world: World, _: Told, __: ObjectId) -> None:
    last = max(name for name in world.storage.contents if _layout.parse_batch(name))
    del world.storage.contents[last]


def _lose_segment(world: World, _: Told, object_id: ObjectId) -> None:
    del world.storage.contents[_layout.segment(object_id, 0)]


def _lose_key(world: World, _: Told, object_id: ObjectId) -> None:
    world.keys.destroy([f"content/{object_id}"])


def _leak(world: World, told: Told, object_id: ObjectId) -> None:
    told.left(world.storage, object_id, 1, 5)
    told.left(world.storage, object_id, 2, 5)


def _say_less(_: World, told: Told, object_id: ObjectId) -> None:
    told.released[object_id] += 1_000_000


def _forget_refusal(_: World, told: Told, __: ObjectId) -> None:
    told.refused(1, "read", AuthorizationError(ErrorKind.NOT_AUTHORIZED, "no"))


def _invent(_: World, told: Told, __: ObjectId) -> None:
    told.fact("actor.enrolled", actor="nobody")


@pytest.mark.parametrize(
    ("harm", "promise"),
    [
        (_lose_last_batch, "I7"),
        (_lose_segment, "I2"),
        (_lose_key, "I2"),
        (_leak, "I3"),
        (_say_less, "I3"),
        (_forget_refusal, "I4"),
        (_invent, "I1"),
    ],
)
def test_a_broken_promise_is_seen(harm: Harm, promise: str) -> None:
    """Whatever was harmed, the promise is named; before, nothing was broken."""
    world, told = World(), Told()
    store = create(world)
    with chief(store) as session:
        made = session.ingest(stream(3 * CHUNK))
    told.receipts.append(made.receipt)
    with admit(store) as session, session.read(made.object_id) as reader:
        reader.read(10)
    told.released[made.object_id] += 10
    store.close()
    before = find_broken(world.storage, world.keys, told)
    harm(world, told, made.object_id)
    after = find_broken(world.storage, world.keys, told)

    assert () == before
    assert promise in {line.partition(":")[0] for line in after}
    with pytest.raises(AssertionError):
        check_invariants(world.storage, world.keys, told)
