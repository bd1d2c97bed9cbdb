"""Faults at the requests of whole stores: nothing lost, nothing half there, the next try works.

`BWC_FAULT_STRIDE=1` tries every request; by default it is one in so many.
"""

import io
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Final

import attrs
import pytest

from bwcstore import Ingested, SourceId
from bwcstore._session._begin import Settings
from bwcstore._store import Store
from bwcstore._system import SystemClock, SystemEntropy, system_environment
from bwcstore._values import Locking, LockMode, StoreId
from bwcstore.audit._findings import Severity
from bwcstore.custody._authority import Role
from bwcstore.errors import ErrorKind
from bwcstore.storage._s3 import S3Backend
from bwcstore.testing import World
from bwcstore.testing.backend_suite import pattern
from tests.integration.s3_service import S3Service
from tests.s3 import fault_proxy as faults
from tests.s3.fault_proxy import EVER, FaultProxy
from tests.s3.pairs import Pair, error_of, open_pair

STRIDE: Final = int(os.environ.get("BWC_FAULT_STRIDE", "4"))
FAULTS: Final = {
    "lost-answer": faults.lose_answer,
    "internal": faults.say(500, "InternalError"),
    "cut": faults.cut,
}
STORE: Final = StoreId("55555555-5555-4555-8555-555555555555")
BYTES: Final = 70_000


@attrs.define(kw_only=True)
class Shop:
    """A store in a bucket behind a proxy, and what was taken into it."""

    pair: Pair
    world: World
    store: Store
    taken: dict[int, Ingested] = attrs.field(factory=dict)

    def deed(self, what: str, number: int) -> None:
        """Ingest a recording, append about one, or sync locks."""
        who = "clerk" if what == "append" else "chief"
        with self.store.session(actor=who, reason="test", purpose="investigation") as session:
            if what == "ingest":
                source = SourceId(scope="test", text=str(number))
                clip = io.BytesIO(pattern(BYTES, seed=number))
                self.taken[number] = session.ingest(clip, source_id=source)
            elif what == "append":
                session.read(self.taken[0].object_id).close()
            else:
                session.sync_locks()

    def reopen(self) -> None:
        """Go on as the next process would."""
        self.store = Store.open_on(
            self.pair.faulty, self.world.vault, environment=self.store._services.environment
        )


@contextmanager
def _shop(service: S3Service, bucket: str, proxy: FaultProxy, deadline: float) -> Iterator[Shop]:
    pair = open_pair(service, bucket, proxy, deadline_seconds=deadline)
    world = World()
    store = Store.create_on(
        pair.direct,
        world.vault,
        store_id=STORE,
        actor="chief",
        environment=system_environment(),
        settings=Settings(
            signed_kinds=frozenset(), locking=Locking(mode=LockMode.GOVERNANCE, record_days=1)
        ),
    )
    store.close()
    shop = Shop(pair=pair, world=world, store=store)
    shop.reopen()
    shop.deed("ingest", 0)
    with shop.store.session(actor="chief", reason="test") as session:
        session.enrol("clerk", roles=[Role.READER])
        session.authorize("clerk", purposes=["investigation"])
    yield shop
    shop.store.close()
    pair.close()


@pytest.fixture
def proxy(s3_server: S3Service) -> Iterator[FaultProxy]:
    """A proxy before the endpoint that takes one request at a time."""
    with FaultProxy(s3_server.serial) as found:
        yield found


@pytest.mark.spec("BKT-5")
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("what", ["ingest", "append", "sync"])
def test_a_store_survives_a_fault_that_stays(
    s3_server: S3Service, locked_bucket: str, proxy: FaultProxy, what: str, fault: str
) -> None:
    """From some request on nothing works: then the next try works, and the audit finds nothing."""
    with _shop(s3_server, locked_bucket, proxy, 0.2) as shop:
        proxy.heal()
        shop.deed(what, 1)
        count = len(proxy.seen)

        for at in range(1, count + 1, STRIDE):
            proxy.heal()
            proxy.rule(FAULTS[fault], first=at, times=EVER)
            error_of(partial(shop.deed, what, 100 + at))
            proxy.heal()
            shop.reopen()
            shop.deed(what, 100 + at)
        with shop.store.session(actor="chief", reason="test") as session:
            report = session.audit()
        with shop.store.session(actor="clerk", reason="test", purpose="investigation") as session:
            found = {at: session.read(one.object_id).read() for at, one in shop.taken.items()}

    assert count >= 1
    assert [] == [one for one in report.findings if one.severity is Severity.ERROR]
    assert {number: pattern(BYTES, seed=number) for number in shop.taken} == found
    assert len(shop.taken) == len({one.object_id for one in shop.taken.values()})


def test_credentials_that_expire_during_an_ingest(
    s3_server: S3Service, locked_bucket: str, proxy: FaultProxy
) -> None:
    """They are a clear error at once; renewed, the same ingest is done, and once."""
    with _shop(s3_server, locked_bucket, proxy, 5.0) as shop:
        proxy.heal()
        proxy.rule(faults.say(400, "ExpiredToken"), first=2, times=EVER)
        error = error_of(lambda: shop.deed("ingest", 7))
        proxy.heal()
        shop.reopen()
        shop.deed("ingest", 7)
        objects = len([*shop.store.objects()])

    assert error is not None
    assert ErrorKind.CREDENTIALS_REFUSED is error.kind
    assert "renew the credentials" in error.message
    assert 2 == objects


@pytest.mark.spec("BKT-10")
def test_a_store_is_read_without_its_version_ids(
    s3_server: S3Service, locked_bucket: str, proxy: FaultProxy, tmp_path: Path
) -> None:
    """Copied to another bucket, where each version has another id, a store is read all the same."""
    other = open_pair(s3_server, s3_server.make_locked_bucket(), proxy)
    with _shop(s3_server, locked_bucket, proxy, 10.0) as shop:
        made = shop.taken[0]
        before = _ids(shop.pair)
        for stat in shop.pair.direct.list(""):
            other.direct.create(stat.name, shop.pair.direct.read(stat.name))
        with (
            Store.open_on(other.direct, shop.world.vault, environment=system_environment()) as copy,
            copy.session(actor="clerk", reason="t", purpose="investigation") as session,
        ):
            session.export(made.object_id, tmp_path / "clip")

    assert before.isdisjoint(_ids(other))
    assert pattern(BYTES, seed=0) == (tmp_path / "clip").read_bytes()
    other.close()


def _ids(pair: Pair) -> set[str]:
    return {one.version_id for one in pair.direct.all_versions("")}


@pytest.mark.spec("BKT-15")
def test_a_store_whose_batch_lost_its_lock_says_so(
    s3_server: S3Service, locked_bucket: str
) -> None:
    """What was stored without its lock is committed and counts; the warnings of the storage tell
    of the lock, and nothing more is written.
    """
    with (
        FaultProxy(s3_server.serial, key_id=s3_server.key_id, secret=s3_server.secret) as proxy,
        _shop(s3_server, locked_bucket, proxy, 5.0) as shop,
        closing(_anew(shop.pair.faulty)) as anew,
    ):
        store = Store.open_on(anew, shop.world.vault, environment=system_environment())
        proxy.heal()
        proxy.rule(faults.unlock, method="PUT", path="/batch/", times=EVER)
        before = store.size
        with store.session(actor="chief", reason="test") as session:
            session.authorize("clerk", purposes=["review"])
            said = store.size, store.properties.warnings
            codes = store.warnings
            proxy.heal()
            refused = error_of(lambda: session.authorize("clerk", purposes=["training"]))
            after = store.size

    assert before + 1 == said[0] == after
    assert "was stored, but not under the lock" in said[1][-1]
    assert ErrorKind.LOCK_REFUSED in codes
    assert refused is not None
    assert ErrorKind.LOCK_REFUSED is refused.kind


def _anew(backend: S3Backend) -> S3Backend:
    """The same place, as another process opens it."""
    return S3Backend(
        str(backend.place), clock=SystemClock(), entropy=SystemEntropy(), options=backend.options
    )
