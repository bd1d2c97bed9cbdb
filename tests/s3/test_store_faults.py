"""Faults at the requests of whole stores: nothing lost, nothing half there, the next try works.

`BWC_FAULT_STRIDE=1` tries every request; by default it is one in so many.
"""

import io
import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

import attrs
import pytest

from bwcstore import Ingested, Session, SourceId
from bwcstore._session._begin import Settings
from bwcstore._store import Store
from bwcstore._system import SystemClock, SystemEntropy, system_environment
from bwcstore._values import Locking, LockMode, StoreId
from bwcstore.audit._findings import Severity
from bwcstore.custody._authority import Role
from bwcstore.errors import ErrorKind, OutcomeUnknownError
from bwcstore.storage._s3 import S3Backend
from bwcstore.testing import World
from bwcstore.testing.backend_suite import pattern
from tests.integration.s3_service import S3Service
from tests.s3 import fault_proxy as faults
from tests.s3.fault_proxy import EVER, FaultProxy
from tests.s3.ground import Ground
from tests.s3.pairs import Pair, error_of, open_pair

STRIDE: Final = int(os.environ.get("BWC_FAULT_STRIDE", "4"))
FAULTS: Final = {
    "lost-answer": faults.lose_answer,
    "internal": faults.say(500, "InternalError"),
    "cut": faults.cut,
}
STORE: Final = StoreId("55555555-5555-4555-8555-555555555555")
BYTES: Final = 70_000
PARTS_BYTES: Final = 6 << 20


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

    @contextmanager
    def hurried(self) -> Iterator[None]:
        """Meanwhile nothing is tried for long, so that what fails has failed soon."""
        backend = self.pair.faulty
        patient = backend.options
        backend.options = backend.client.options = attrs.evolve(patient, deadline_seconds=0.2)
        try:
            yield
        finally:
            backend.options = backend.client.options = patient

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
    with _shop(s3_server, locked_bucket, proxy, 10.0) as shop:
        proxy.heal()
        shop.deed(what, 1)
        count = len(proxy.seen)
        errors = []

        for at in range(1, count + 1, STRIDE):
            proxy.heal()
            proxy.rule(FAULTS[fault], first=at, times=EVER)
            with shop.hurried():
                errors.append(error_of(partial(shop.deed, what, 100 + at)))
            proxy.heal()
            shop.reopen()
            shop.deed(what, 100 + at)
        with shop.store.session(actor="chief", reason="test") as session:
            report = session.audit()
        with shop.store.session(actor="clerk", reason="test", purpose="investigation") as session:
            found = {at: session.read(one.object_id).read() for at, one in shop.taken.items()}

    assert errors[0] is not None
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


def _anew(backend: S3Backend, *, upload_seconds_max: float = 86_400.0) -> S3Backend:
    """The same place, as another process opens it."""
    return S3Backend(
        str(backend.place),
        clock=SystemClock(),
        entropy=SystemEntropy(),
        options=attrs.evolve(backend.options, upload_seconds_max=upload_seconds_max),
    )


def _uploads(client: Any, bucket: str) -> int:
    return len(client.list_multipart_uploads(Bucket=bucket).get("Uploads", []))


@pytest.mark.spec("BKT-5", "BKT-6")
def test_an_upload_whose_beginning_nobody_heard_of(
    s3_server: S3Service, s3_client: Any, locked_bucket: str, proxy: FaultProxy
) -> None:
    """The service begins an upload and its answer is lost: the recording is stored by another
    upload; the first is left alone while it is young, then aborted, and the recording stays.
    """
    clip = pattern(PARTS_BYTES, seed=9)
    with _shop(s3_server, locked_bucket, proxy, 5.0) as shop:
        proxy.heal()
        proxy.rule(faults.lose_answer, method="POST", query="uploads")
        with shop.store.session(actor="chief", reason="test") as session:
            made = session.ingest(io.BytesIO(clip))
            session.discard_leftovers()
        begun = [seen.query for seen in proxy.seen if seen.what == "POST uploads"]
        young = _uploads(s3_client, locked_bucket)
        with closing(_anew(shop.pair.direct, upload_seconds_max=-60.0)) as later:
            store = Store.open_on(later, shop.world.vault, environment=system_environment())
            with store.session(actor="chief", reason="test") as session:
                session.discard_leftovers()
                report = session.audit()
            with store.session(actor="clerk", reason="t", purpose="investigation") as session:
                found = session.read(made.object_id).read()
        old = _uploads(s3_client, locked_bucket)

    assert (2, 1, 0) == (len(begun), young, old)
    assert clip == found
    assert [] == [one for one in report.findings if one.severity is Severity.ERROR]


def _enrol(session: Session) -> None:
    session.enrol("bob", roles=[Role.READER])


def _ingest(session: Session) -> None:
    session.ingest(io.BytesIO(pattern(BYTES)), source_id=SourceId(scope="test", text="one"))


def _ingest_in_parts(session: Session) -> None:
    session.ingest(io.BytesIO(pattern(PARTS_BYTES)), source_id=SourceId(scope="test", text="one"))


DEEDS: Final[dict[str, Callable[[Session], None]]] = {
    "append": _enrol,
    "ingest": _ingest,
    "ingest-in-parts": _ingest_in_parts,
}


@pytest.mark.spec("BKT-15", "CLM-14")
@pytest.mark.parametrize("what", DEEDS)
def test_a_store_with_claims_whose_locks_are_dropped(
    s3_server: S3Service, tmp_path: Path, what: str
) -> None:
    """What was stored without its lock is not claimed by that process, is an error, and told by its
    code; nothing more is sent that would be locked. The next one, whose locks are kept, goes on.
    """
    ground = Ground.lay(s3_server, tmp_path, "claimed")
    ground.begin()
    with FaultProxy(s3_server.parallel, key_id=s3_server.key_id, secret=s3_server.secret) as proxy:
        behind = attrs.evolve(ground, endpoint=proxy.endpoint)
        with behind.open() as store, store.session(actor="chief", reason="test") as session:
            before = _claims(ground)
            proxy.rule(faults.unlock, method="PUT|POST", path=ground.locked, times=EVER)
            first = error_of(lambda: DEEDS[what](session))
            codes, after = store.warnings, _claims(ground)
            proxy.heal()
            second = error_of(lambda: DEEDS[what](session))
            sent = [one for one in proxy.seen if ground.locked in one.path and one.method != "GET"]
    with ground.open() as store:
        with store.session(actor="chief", reason="test") as session:
            session.enrol("carol", roles=[Role.READER])
            if what != "append":
                DEEDS[what](session)
            session.sync_locks()
        people = len(store._services.log.state.store.actors)
        recordings = [state.locked_until is not None for state in store.objects()]

    assert isinstance(first, OutcomeUnknownError)
    # Somebody else may claim an unlocked batch; nobody else knows of an unlocked recording.
    kind = ErrorKind.OUTCOME_UNKNOWN if what == "append" else ErrorKind.LOCK_REFUSED
    assert (kind, ErrorKind.LOCK_REFUSED) == (first.kind, second and second.kind)
    assert ("/00000000 was stored" in first.message) is (what != "append")
    assert ErrorKind.LOCK_REFUSED in codes
    assert ([], before) == (sent, after)
    assert (3 if what == "append" else 2) == people
    assert ([] if what == "append" else [True]) == recordings
    ground.check()


def _claims(ground: Ground) -> list[str]:
    with closing(ground.bucket("claims")) as bucket:
        return [one.name for one in bucket.list("")]
