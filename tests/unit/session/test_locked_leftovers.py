"""What broken ingests leave where the storage locks what it is given."""

import pytest

from bwcstore import _layout
from bwcstore._values import ObjectId
from bwcstore.errors import NotFoundError
from bwcstore.objects._manifest import content_key_id
from tests.unit.session.purging import DAY
from tests.unit.session.test_locks import LOCKED, bucketed
from tests.unit.session.world import chief, create

LOCK_DAYS = 20


@pytest.mark.spec("ORD-13", "STO-25")
def test_a_locked_leftover_keeps_no_other() -> None:
    """What the storage keeps is told and loses its keys, the rest goes; on its day it goes too."""
    world, bucket = bucketed()
    store = create(world, LOCKED)
    now = world.clock.now()
    locked, free = (ObjectId.from_time(now, bytes([seed] * 10)) for seed in (1, 2))
    for object_id, keep_until in ((locked, now.plus_seconds(LOCK_DAYS * DAY)), (free, None)):
        store.vault.put({content_key_id(object_id): b"c" * 32})
        upload = bucket.create_large(_layout.segment(object_id, 0), keep_until=keep_until)
        upload.write(memoryview(b"sealed"))
        upload.commit()
    world.clock.advance(10 * DAY)
    with chief(store) as session:
        early = session.discard_leftovers()
    left = [one.name for one in bucket.list(_layout.OBJECTS)]
    world.clock.advance(LOCK_DAYS * DAY)
    with chief(store) as session:
        late = session.discard_leftovers()

    assert ({locked, free}, {locked}) == tuple(
        {one.object_id for one in found.leftovers} for found in (early, late)
    )
    assert [_layout.segment(locked, 0)] == left == list(early.withheld)
    assert () == late.withheld
    assert [] == list(bucket.list(_layout.OBJECTS))
    with pytest.raises(NotFoundError):
        store.vault.get(content_key_id(locked))
