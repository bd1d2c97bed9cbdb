"""Faults between the library and a real bucket: at every request, of every kind that networks have.

Whatever happens, the outcome is one of: done, exactly once; a coded error, and nothing visible; or
"unknown", which a later try settles. None takes longer than its deadline.

`BWC_FAULT_STRIDE=1` tries every request; by default of long operations it is one in so many.
"""

import os
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

import pytest

from bwcstore._values import Instant, Locking, LockMode
from bwcstore.errors import (
    AlreadyExistsError,
    ErrorKind,
    InternalError,
    OutcomeUnknownError,
    StorageError,
)
from bwcstore.storage._s3 import S3Backend
from bwcstore.storage._s3_client import RefusedError
from bwcstore.testing.backend_suite import upload
from tests.integration.s3_service import S3Service
from tests.s3 import fault_proxy as faults
from tests.s3.fault_proxy import EVER, FaultProxy
from tests.s3.operations import MANY_PARTS, OPERATIONS, SMALL, Operation, soon
from tests.s3.pairs import Pair, error_of, open_pair

FAULTS: Final = {
    "lost-request": faults.lose_request,
    "lost-answer": faults.lose_answer,
    "slow-down": faults.say(503, "SlowDown"),
    "internal": faults.say(500, "InternalError"),
    "cut": faults.cut,
    "truncated": faults.truncate,
}
STRIDE: Final = int(os.environ.get("BWC_FAULT_STRIDE", "2"))
SLACK_SECONDS: Final = 4.0
# A part is given a second for each of its mebibytes besides.
PARTS_SECONDS: Final = {"large-in-three": 5.0}


@pytest.fixture
def proxy(s3_server: S3Service) -> Iterator[FaultProxy]:
    """A proxy before the endpoint that takes one request at a time."""
    with FaultProxy(s3_server.serial, key_id=s3_server.key_id, secret=s3_server.secret) as found:
        yield found


@pytest.fixture(scope="module")
def bucket(s3_server: S3Service) -> str:
    """One bucket with locks for all of these tests."""
    return s3_server.make_locked_bucket()


Opener = Callable[..., Pair]


@pytest.fixture
def opened(s3_server: S3Service, bucket: str, proxy: FaultProxy) -> Iterator[Opener]:
    """Open a fresh prefix, with a deadline and a time for each attempt."""
    held: list[Pair] = []

    def make(deadline_seconds: float = 10.0, attempt_seconds: float = 5.0) -> Pair:
        held.append(
            open_pair(
                s3_server,
                bucket,
                proxy,
                deadline_seconds=deadline_seconds,
                attempt_seconds=attempt_seconds,
            )
        )
        return held[-1]

    yield make
    for pair in held:
        pair.close()


# --- One operation ----------------------------------------------------------------------------


def _requests(operation: Operation, pair: Pair, name: str) -> int:
    version = operation.prepare(pair.direct, name)
    pair.proxy.heal()
    operation.act(pair.faulty, name, version)
    return len(pair.proxy.seen)


@pytest.mark.spec("BKT-5", "BKT-4")
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("what", OPERATIONS)
def test_one_fault_is_overcome(opened: Opener, what: str, fault: str) -> None:
    """Whichever request of an operation goes wrong once, the operation is done, exactly once."""
    operation, pair = OPERATIONS[what], opened()
    count = _requests(operation, pair, "a-0")

    for at in range(1, count + 1, STRIDE if count > STRIDE else 1):
        name = f"a-{at}"
        version = operation.prepare(pair.direct, name)
        pair.proxy.heal()
        rule = pair.proxy.rule(FAULTS[fault], first=at)
        operation.act(pair.faulty, name, version)

        assert rule.matched >= at
        assert operation.done(pair.direct, name)


@pytest.mark.spec("BKT-5", "BKT-4")
@pytest.mark.parametrize("fault", ["lost-answer", "cut"])
@pytest.mark.parametrize("what", OPERATIONS)
def test_a_fault_that_stays_ends_at_the_deadline(opened: Opener, what: str, fault: str) -> None:
    """From a request on nothing works any more: a coded error in time, and what it says is so."""
    operation, pair = OPERATIONS[what], opened(0.4)
    count = _requests(operation, pair, "a-0")

    for at in range(1, count + 1, 4 if 1 < STRIDE < count / 2 else STRIDE):
        name = f"a-{at}"
        version = operation.prepare(pair.direct, name)
        pair.proxy.heal()
        pair.proxy.rule(FAULTS[fault], first=at, times=EVER)
        since = time.monotonic()
        deed = partial(operation.act, pair.faulty, name, version)
        error = error_of(deed)
        took = time.monotonic() - since
        done = operation.done(pair.direct, name)
        clean = done or operation.clean(pair.direct, name)
        pair.proxy.heal()
        again = error_of(deed)

        assert took < 0.4 * 3 + SLACK_SECONDS + PARTS_SECONDS.get(what, 0.0)
        assert error is not None or done
        assert done or clean
        assert again is None or (isinstance(again, AlreadyExistsError) and done)
        assert operation.done(pair.direct, name)


@pytest.mark.spec("BKT-4")
def test_a_name_taken_by_oneself(opened: Opener) -> None:
    """The client library repeats a request on its own: "taken" may then be one's own doing."""
    pair = opened()
    pair.faulty.create("first", b"1")
    pair.proxy.heal()
    pair.proxy.rule(faults.lose_answer, method="PUT")

    pair.faulty.create("second", b"2")

    assert ["PUT", "PUT", "HEAD"] == [seen.method for seen in pair.proxy.seen]
    assert b"2" == pair.direct.read("second")


@pytest.mark.spec("BKT-4")
def test_a_request_that_takes_effect_late(opened: Opener) -> None:
    """What was given up may land afterwards: it is never said to be absent, and is found later."""
    pair = opened(0.3)
    pair.proxy.rule(faults.land_late(3.0), method="PUT", times=EVER)

    error = error_of(lambda: pair.faulty.create("late", SMALL))
    before = pair.direct.versions("late")
    _wait_until(lambda: bool(pair.direct.versions("late")))
    pair.proxy.heal()
    again = error_of(lambda: pair.faulty.create("late", SMALL))

    assert isinstance(error, OutcomeUnknownError)
    assert () == before
    assert isinstance(again, AlreadyExistsError)
    assert SMALL == pair.direct.read("late")


def _wait_until(found: Callable[[], bool]) -> None:
    limit = time.monotonic() + 10.0
    while not found():
        assert time.monotonic() < limit
        time.sleep(0.1)


@pytest.mark.spec("BKT-4")
def test_every_creation_has_a_mark_of_its_own(opened: Opener) -> None:
    """Sixteen random bytes go with each creation, whether in one request or in parts."""
    pair = opened()
    pair.faulty.create("one", SMALL)
    upload(pair.faulty, "two", SMALL, step=1000).commit()
    upload(pair.faulty, "three", MANY_PARTS, step=1 << 22).commit()

    marks = [
        seen.headers["x-amz-meta-bwc-write"]
        for seen in pair.proxy.seen
        if "x-amz-meta-bwc-write" in seen.headers
    ]

    assert 3 == len(set(marks)) == len(marks)
    assert {16} == {len(bytes.fromhex(mark)) for mark in marks}


@pytest.mark.spec("BKT-3")
def test_stored_bytes_travel_with_their_digest(opened: Opener) -> None:
    """Each request with stored bytes names their SHA-256, and the storage refuses others."""
    pair = opened()
    pair.faulty.create("one", SMALL)
    upload(pair.faulty, "big", MANY_PARTS, step=1 << 22).commit()

    carrying = [seen for seen in pair.proxy.seen if seen.method == "PUT"]
    with pytest.raises(StorageError) as caught:
        _put_other_bytes(pair)

    assert 4 == len(carrying)
    for seen in carrying:
        assert 44 == len(seen.headers["x-amz-checksum-sha256"])
        assert "SHA256" == seen.headers["x-amz-sdk-checksum-algorithm"]
    assert ErrorKind.CHECKSUM_MISMATCH is caught.value.kind
    assert () == pair.direct.versions("other")


def _put_other_bytes(pair: Pair) -> None:
    client = pair.direct.client
    try:
        client.call(
            "put_object",
            within_seconds=0.1,
            Key=client.place.key("other"),
            Body=b"other",
            ChecksumAlgorithm="SHA256",
            ChecksumSHA256="A" * 43 + "=",
        )
    except RefusedError as exc:
        raise exc.refusal.error("storing other") from exc


@pytest.mark.spec("BKT-7")
def test_a_misspelt_argument_is_never_sent(opened: Opener) -> None:
    """The client library would drop it, and the lock with it."""
    pair = opened()

    with pytest.raises(InternalError) as caught:
        pair.faulty.client.call("put_object", Key="k", Body=b"", ObjectLockmode="COMPLIANCE")

    assert "ObjectLockmode" in caught.value.message
    assert [] == pair.proxy.seen


@pytest.mark.spec("BKT-8")
def test_the_time_is_the_storages(opened: Opener) -> None:
    """The storage's time is what its answers say, and goes on; what is no date changes nothing."""
    pair = opened()
    pair.faulty.create("one", SMALL)
    pair.proxy.rule(faults.rewrite(date="Fri, 02 Jan 2026 03:04:05 GMT"))
    pair.proxy.rule(faults.rewrite(date="yesterday, at noon"), first=2)

    pair.faulty.stat("one")
    first = pair.faulty.server_time()
    pair.faulty.stat("one")
    time.sleep(0.02)
    second = pair.faulty.server_time()

    assert first is not None
    assert second is not None
    assert 0 <= first.microseconds - Instant.parse("2026-01-02T03:04:05.000000Z").microseconds < 5e6
    assert 0 < second.microseconds - first.microseconds < 20e6


@pytest.mark.spec("BKT-11")
def test_random_access_stays_with_its_version(opened: Opener) -> None:
    """What is put on top of an open name changes nothing of what is read from it."""
    pair = opened()
    pair.direct.create("one", SMALL)
    source = pair.faulty.open("one")
    client = pair.direct.client
    client.call("put_object", Key=client.place.key("one"), Body=bytes(len(SMALL)))
    buffer = bytearray(len(SMALL))

    source.read_into(0, memoryview(buffer))

    assert bytes(len(SMALL)) == pair.direct.read("one")
    assert SMALL == bytes(buffer)


def test_a_slow_answer_ends_at_the_deadline(opened: Opener) -> None:
    """Bytes that trickle in are waited for until the deadline, and no longer."""
    pair = opened(1.0, 1.0)
    pair.direct.create("one", bytes(200_000))
    pair.proxy.rule(faults.slowly(10_000), method="GET", times=EVER)
    since = time.monotonic()

    error = error_of(lambda: pair.faulty.read("one"))

    assert error is not None
    assert ErrorKind.STORAGE_UNREACHABLE is error.kind
    assert time.monotonic() - since < 1.0 + SLACK_SECONDS


def test_conflicts_are_tried_again(opened: Opener) -> None:
    """A conflict of two writers is no refusal; a name that is taken is one at once."""
    pair = opened()
    pair.proxy.rule(faults.say(409, "ConditionalRequestConflict"), method="PUT")
    pair.proxy.rule(faults.say(409, "OperationAborted"), method="PUT", first=2)

    pair.faulty.create("one", SMALL)
    conflicting = len(pair.proxy.seen)
    pair.proxy.heal()
    error = error_of(lambda: pair.faulty.create("one", b"other"))

    assert 3 == conflicting
    assert isinstance(error, AlreadyExistsError)
    assert ["PUT", "HEAD"] == [seen.method for seen in pair.proxy.seen]


# --- Locks that are dropped -------------------------------------------------------------------


def _segment(backend: S3Backend, name: str, data: bytes) -> None:
    until = soon(backend).plus_seconds(3600)
    under_way = backend.create_large(name, keep_until=until)
    under_way.write(memoryview(data))
    under_way.commit()


LOCKED: Final[dict[str, Callable[[S3Backend, str], object]]] = {
    "record": lambda backend, name: backend.create(name, SMALL),
    "evidence": lambda backend, name: _segment(backend, name, SMALL),
    "evidence-in-parts": lambda backend, name: _segment(backend, name, MANY_PARTS),
}


@pytest.mark.spec("BKT-15")
@pytest.mark.parametrize("kind", LOCKED)
def test_a_lock_that_is_dropped_is_found_out(opened: Opener, kind: str) -> None:
    """The first of each kind is looked at: without its lock it is an error, and so is all after."""
    pair = opened()
    pair.faulty.lock_new(Locking(mode=LockMode.GOVERNANCE, record_days=1))
    pair.proxy.rule(faults.unlock, method="PUT|POST", times=EVER)

    first = error_of(lambda: LOCKED[kind](pair.faulty, "one"))
    pair.proxy.heal()
    second = error_of(lambda: LOCKED[kind](pair.faulty, "two"))

    assert isinstance(first, OutcomeUnknownError)
    assert ErrorKind.LOCK_REFUSED is first.kind
    assert second is not None
    assert ErrorKind.LOCK_REFUSED is second.kind
    assert [] == pair.proxy.seen
    assert () == pair.direct.versions("two")


@pytest.mark.spec("BKT-15")
@pytest.mark.parametrize("kind", LOCKED)
def test_a_lock_that_is_kept_is_looked_at_once(opened: Opener, kind: str) -> None:
    """The look costs one request for each kind, not one for each object."""
    pair = opened()
    pair.faulty.lock_new(Locking(mode=LockMode.GOVERNANCE, record_days=1))

    LOCKED[kind](pair.faulty, "one")
    LOCKED[kind](pair.faulty, "two")

    assert 1 == sum("retention" in seen.query for seen in pair.proxy.seen)
    assert OPERATIONS["extend-lock"].done(pair.direct, "two")


@pytest.mark.spec("BKT-4", "BKT-5")
def test_no_request_is_repeated_behind_our_back(opened: Opener) -> None:
    """A connection that was used before breaks once a record is stored, and another try is denied:
    it is known that there was a first, and the record is found by its mark.
    """
    pair = opened()
    pair.faulty.create("one", b"one")
    pair.proxy.heal()
    pair.proxy.rule(faults.lose_answer, method="PUT")
    pair.proxy.rule(faults.say(403, "AccessDenied"), method="PUT", first=2)
    pair.faulty.create("two", b"two")

    assert ["PUT", "PUT", "HEAD"] == [seen.method for seen in pair.proxy.seen]
    assert b"two" == pair.direct.read("two")
