"""On the real service: versions that are longer than they may be cost whoever reads no more."""

import time
import tracemalloc
from contextlib import closing
from typing import Any, Final

import pytest

from bwcstore import _layout
from bwcstore._limits import BATCH_SIZE_MAX, size_max, whole
from bwcstore._ports import Environment
from bwcstore._store import Store
from bwcstore._system import SerialWorkers, SystemClock, SystemEntropy
from bwcstore.audit._run import audit_store
from bwcstore.errors import ErrorKind, StorageError
from bwcstore.storage._s3 import S3Backend
from bwcstore.testing import MemoryVault
from tests.integration.s3_service import S3Service
from tests.s3 import fault_proxy as faults
from tests.s3.fault_proxy import EVER, FaultProxy
from tests.s3.places import open_bucket, options
from tests.unit.counting import Counting
from tests.unit.session.world import SETTINGS, STORE, chief, recording, stream

HUGE: Final = bytes(40 << 20)
LENGTH: Final = 100_000


class CountingS3(Counting, S3Backend):
    """A prefix of a bucket that notes what is read."""


def opened(service: S3Service, bucket: str) -> CountingS3:
    """The place of the store."""
    return CountingS3(
        f"s3://{bucket}/evidence",
        clock=SystemClock(),
        entropy=SystemEntropy(),
        options=options(service, service.serial),
    )


@pytest.mark.spec("NAM-14", "SHD-2", "SHD-8")
def test_batches_under_40_mib(s3_server: S3Service, s3_client: Any, locked_bucket: str) -> None:
    """First and last batch: the store opens, an audit names both, and each reading ends one byte
    beyond what a batch may have; memory too is that of a batch.
    """
    world = Environment(clock=SystemClock(), entropy=SystemEntropy(), workers=SerialWorkers())
    vault = MemoryVault()
    with closing(opened(s3_server, locked_bucket)) as backend:
        store = Store.create_on(
            backend, vault, store_id=STORE, actor="chief", environment=world, settings=SETTINGS
        )
        with chief(store) as session:
            object_id = session.ingest(stream(LENGTH)).object_id
            session.authorize("chief", purposes=["investigation"])
        store.close()
        batches = [one.name for one in backend.list("ledger/") if _layout.parse_batch(one.name)]
    for name in (batches[0], batches[-1]):
        s3_client.put_object(Bucket=locked_bucket, Key=f"evidence/{name}", Body=HUGE)
    with closing(opened(s3_server, locked_bucket)) as backend:
        tracemalloc.start()
        try:
            peeked = len(backend.read(batches[0], whole(batches[0])))
            _, peak_bytes = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        store = Store.open_on(backend, vault, environment=world)
        with chief(store) as session, session.read(object_id) as found:
            data = found.read()
        report = audit_store(backend)

    assert recording(LENGTH) == data
    assert {ErrorKind.SHADOWED} == {one.code for one in report.errors}
    assert {batches[0], batches[-1]} == {one.where for one in report.errors}
    assert BATCH_SIZE_MAX + 1 == peeked
    assert peak_bytes < len(HUGE)
    assert {batches[0], batches[-1]} == {
        name for name, most in backend.longest().items() if most == size_max(name) + 1
    }
    assert BATCH_SIZE_MAX + 1 == max(backend.longest().values())


@pytest.mark.spec("BKT-5", "NAM-14")
def test_a_limit_gives_no_time(s3_server: S3Service, plain_bucket: str) -> None:
    """What may be long and is not, is waited for no longer than anything else: a service that
    does not answer is given up after the deadline.
    """
    with (
        FaultProxy(s3_server.parallel, key_id=s3_server.key_id, secret=s3_server.secret) as proxy,
        closing(
            open_bucket(s3_server, plain_bucket, proxy.endpoint, deadline_seconds=0.5)
        ) as backend,
    ):
        name = _layout.batch(0, 0)
        backend.create(name, b"short")
        proxy.rule(faults.say(503, "SlowDown"), first=1, times=EVER)
        before = time.monotonic()
        with pytest.raises(StorageError):
            backend.read(name, whole(name))
        took_seconds = time.monotonic() - before
        proxy.heal()
        found = backend.read(name, whole(name))

    assert b"short" == found
    assert took_seconds < BATCH_SIZE_MAX / (1 << 20) / 2
