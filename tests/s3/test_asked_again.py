"""What an answer leaves open, or says wrongly, is found out by asking again."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from bwcstore._values import Locking, LockMode
from bwcstore.errors import AlreadyExistsError, ErrorKind
from bwcstore.testing.backend_suite import upload
from tests.integration.s3_service import S3Service
from tests.s3 import fault_proxy as faults
from tests.s3.fault_proxy import EVER, Exchange, FaultProxy, Reply
from tests.s3.operations import MANY_PARTS, SMALL, soon
from tests.s3.pairs import Pair, error_of, open_pair


@pytest.fixture
def pair(s3_server: S3Service, locked_bucket: str) -> Iterator[Pair]:
    """A prefix behind a proxy before the endpoint that takes one request at a time."""
    with (
        FaultProxy(s3_server.serial) as proxy,
        closing(open_pair(s3_server, locked_bucket, proxy)) as found,
    ):
        yield found


@pytest.mark.spec("BKT-4")
@pytest.mark.parametrize(
    ("status", "code"), [(404, "NoSuchUpload"), (412, "PreconditionFailed"), (403, "AccessDenied")]
)
def test_parts_that_were_put_together_unheard(pair: Pair, status: int, code: str) -> None:
    """Parts are put together and the answer is lost; whatever the second request is told, the
    object is found by its mark, and is there once.
    """
    pair.proxy.rule(faults.lose_answer, method="POST", query="uploadId")
    pair.proxy.rule(faults.say(status, code), method="POST", query="uploadId", first=2, times=EVER)

    stat = upload(pair.faulty, "one", MANY_PARTS, step=1 << 22).commit()

    assert 2 == sum("POST uploadId" == seen.what for seen in pair.proxy.seen)
    assert len(MANY_PARTS) == stat.length_bytes
    assert MANY_PARTS == pair.direct.read("one")
    assert 1 == len(pair.direct.versions("one"))


@pytest.mark.spec("BKT-2", "BKT-4")
def test_parts_under_a_name_that_another_took(pair: Pair) -> None:
    """A name that is taken while parts travel is another's, though an answer was lost."""
    under_way = upload(pair.faulty, "one", MANY_PARTS, step=1 << 22)
    pair.direct.create("one", SMALL)
    pair.proxy.rule(faults.lose_answer, method="POST", query="uploadId")

    error = error_of(under_way.commit)

    assert isinstance(error, AlreadyExistsError)
    assert SMALL == pair.direct.read("one")
    assert 1 == len(pair.direct.versions("one"))


def _pretend(exchange: Exchange) -> None:
    """Success, and nothing done."""
    _ = exchange.body
    exchange.answer(Reply(status=200, headers=[], body=b""))


@pytest.mark.spec("LCK-9")
@pytest.mark.parametrize("before", [False, True])
def test_a_lock_is_read_back(pair: Pair, *, before: bool) -> None:
    """A service that says that it made a lock, or made one longer, and did not, is found out."""
    pair.faulty.lock_new(Locking(mode=LockMode.GOVERNANCE))
    pair.direct.lock_new(Locking(mode=LockMode.GOVERNANCE))
    pair.direct.create_large("one", keep_until=soon(pair.direct) if before else None).commit()
    (version,) = pair.direct.versions("one")
    pair.proxy.rule(_pretend, method="PUT", query="retention", times=EVER)

    error = error_of(
        lambda: pair.faulty.extend_lock(
            "one", version.version_id, soon(pair.direct).plus_seconds(600)
        )
    )

    assert error is not None
    assert ErrorKind.LOCK_REFUSED is error.kind
    assert (version,) == pair.direct.versions("one")
    assert before is (version.locked_until is not None)
