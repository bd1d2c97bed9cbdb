"""Whoever may not ask a bucket for its Object Lock stores nothing unlocked by mistake."""

from collections.abc import Iterator

import pytest

from bwcstore._ports import Capability
from bwcstore._system import SystemClock, SystemEntropy
from bwcstore._values import Locking
from bwcstore.storage._s3 import S3Backend
from tests.integration.s3_service import S3Service
from tests.s3 import fault_proxy as faults
from tests.s3.fault_proxy import EVER, FaultProxy
from tests.s3.places import options


@pytest.fixture
def proxy(s3_server: S3Service) -> Iterator[FaultProxy]:
    """A proxy that refuses to say whether a bucket has Object Lock."""
    with FaultProxy(s3_server.serial, key_id=s3_server.key_id, secret=s3_server.secret) as found:
        found.rule(faults.say(403, "AccessDenied"), query="object-lock", times=EVER)
        yield found


@pytest.mark.spec("BKT-17")
@pytest.mark.parametrize("lockable", [True, False])
def test_records_are_locked_or_refused(
    s3_server: S3Service, proxy: FaultProxy, *, lockable: bool
) -> None:
    """A bucket with Object Lock locks the record; one without has no versions, and no lock is
    claimed for it.
    """
    bucket = s3_server.make_locked_bucket() if lockable else s3_server.make_plain_bucket()
    backend = S3Backend(
        f"s3://{bucket}/place",
        clock=SystemClock(),
        entropy=SystemEntropy(),
        options=options(s3_server, proxy.endpoint),
    )
    try:
        backend.lock_new(Locking(record_days=1))
        told = Capability.LOCK in backend.properties.capabilities
        if lockable:
            backend.create("ledger/x", b"record")
            (version,) = backend.versions("ledger/x")
            told = told and version.locked_until is not None
    finally:
        backend.close()

    assert lockable == told
