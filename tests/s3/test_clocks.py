"""A machine whose clock differs from that of the real service."""

from datetime import timedelta
from pathlib import Path

import botocore.auth
import botocore.compat
import pytest

from bwcstore import Store
from bwcstore._ports import Environment
from bwcstore._session._begin import Settings
from bwcstore._system import SerialWorkers, SystemClock, SystemEntropy
from bwcstore._values import Locking
from bwcstore.custody._authority import Role
from bwcstore.errors import BwcStoreError, ConflictError, ErrorKind
from bwcstore.storage._keysource import KeyFile
from bwcstore.storage._s3 import S3Backend
from bwcstore.testing import SimClock
from tests.integration.s3_service import S3Service
from tests.s3.places import begin_store, options


def machine(*, ahead_seconds: float) -> Environment:
    """A machine with a clock that stands, off by so much."""
    now = SystemClock().now().plus_seconds(ahead_seconds)
    return Environment(clock=SimClock(now), entropy=SystemEntropy(), workers=SerialWorkers())


@pytest.mark.spec("ORD-17")
def test_a_clock_two_minutes_ahead_appends_nothing(
    s3_server: S3Service, locked_bucket: str, plain_bucket: str, tmp_path: Path
) -> None:
    """It is warned of at once, and refused by its code; half a minute is neither."""
    url = f"s3://{locked_bucket}/evidence"
    vaults = [f"s3://{plain_bucket}/keys"]
    key = KeyFile.generate(tmp_path / "root.key", SystemEntropy())
    reach = options(s3_server, s3_server.serial)
    begin_store(
        url, key=key, vaults=vaults, claims=None, s3=reach, settings=Settings(locking=Locking())
    )
    nearly = machine(ahead_seconds=30)
    with Store.open(url, key=key, vaults=vaults, s3=reach, environment=nearly) as store:
        right = store.warnings
    ahead = Store.open(
        url, key=key, vaults=vaults, s3=reach, environment=machine(ahead_seconds=120)
    )
    size = ahead.size
    with ahead, ahead.session(actor="chief", reason="a test") as session:
        warned = ahead.warnings
        with pytest.raises(ConflictError) as caught:
            session.enrol("ann", roles=[Role.RECORDS])

    assert (False, True) == (ErrorKind.CLOCK_AHEAD in right, ErrorKind.CLOCK_AHEAD in warned)
    assert ErrorKind.CLOCK_AHEAD is caught.value.kind
    assert size == ahead.size


@pytest.mark.spec("BKT-8")
@pytest.mark.parametrize(
    ("seconds", "kind"), [(3600, ErrorKind.CLOCK_AHEAD), (-3600, ErrorKind.CLOCK_BEHIND)]
)
def test_a_clock_that_the_service_refuses_is_named(
    s3_server: S3Service,
    plain_bucket: str,
    monkeypatch: pytest.MonkeyPatch,
    seconds: int,
    kind: ErrorKind,
) -> None:
    """A request dated an hour off is refused, and the error says by how many seconds."""
    right = botocore.compat.get_current_datetime
    monkeypatch.setattr(
        botocore.auth,
        "get_current_datetime",
        lambda *given, **named: right(*given, **named) + timedelta(seconds=seconds),
    )
    with pytest.raises(BwcStoreError) as caught:
        S3Backend(
            f"s3://{plain_bucket}/evidence",
            clock=machine(ahead_seconds=seconds).clock,
            entropy=SystemEntropy(),
            options=options(s3_server, s3_server.parallel),
        )
    told = int(caught.value.message.rpartition(" s ")[0].rpartition(" ")[2])

    assert kind is caught.value.kind
    assert caught.value.message.endswith("the storage's")
    assert abs(told - abs(seconds)) <= 60
