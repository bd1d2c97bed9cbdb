"""Reading at random places: what is asked for, of the version that was opened, over any way."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial

import pytest

from bwcstore._values import ByteRange
from bwcstore.errors import ErrorKind, StorageError
from bwcstore.storage._s3 import S3Backend
from bwcstore.storage._s3_ranges import PIECE_BYTES
from bwcstore.testing.backend_suite import pattern
from tests.integration.s3_service import S3Service
from tests.s3 import fault_proxy as faults
from tests.s3.fault_proxy import EVER, Exchange, FaultProxy, Reply
from tests.s3.pairs import error_of
from tests.s3.places import open_bucket

LENGTH = 2 * PIECE_BYTES + 12345
DATA = pattern(LENGTH)
NAME = "objects/segment"


@pytest.fixture(name="backend", scope="module")
def _backend(s3_server: S3Service) -> Iterator[S3Backend]:
    """One large stored thing, which no test here changes."""
    bucket = s3_server.make_locked_bucket()
    with closing(open_bucket(s3_server, bucket, s3_server.parallel)) as backend:
        backend.create(NAME, DATA)
        yield backend


@pytest.mark.parametrize("offset", [0, 1, PIECE_BYTES - 1, PIECE_BYTES, LENGTH - 1, LENGTH])
@pytest.mark.parametrize("length", [1, 64 * 1024, PIECE_BYTES, PIECE_BYTES + 1, LENGTH + 1])
def test_ranges(backend: S3Backend, offset: int, length: int) -> None:
    """Every range is what is stored there, short only at the end."""
    room = bytearray(length)
    with closing(backend.open(NAME)) as source:
        count = source.read_into(offset, memoryview(room))

    assert DATA[offset : offset + length] == bytes(room[:count])


def test_a_version_stays(backend: S3Backend, s3_server: S3Service) -> None:
    """What is open stays the version that it was, whatever is stored over it."""
    room = bytearray(100)
    backend.create("objects/other", DATA[:1000])
    with closing(backend.open("objects/other")) as source, closing(s3_server.client()) as client:
        client.put_object(
            Bucket=backend.place.bucket, Key=backend.place.key("objects/other"), Body=bytes(1000)
        )
        source.read_into(500, memoryview(room))

    assert DATA[500:600] == bytes(room)
    assert bytes(1000) == backend.read("objects/other")


def test_threads(backend: S3Backend) -> None:
    """Several threads read one source at once, and each gets its own."""
    step = 300_000
    offsets = range(0, LENGTH, step)
    with closing(backend.open(NAME)) as source, ThreadPoolExecutor(6) as pool:
        rooms = [bytearray(step) for _ in offsets]
        works = [
            partial(source.read_into, offset, memoryview(room))
            for offset, room in zip(offsets, rooms, strict=True)
        ]
        counts = list(pool.map(lambda work: work(), works))

    assert b"".join(room[:n] for room, n in zip(rooms, counts, strict=True)) == DATA


def test_a_closed_source(backend: S3Backend) -> None:
    """A source that was closed is not read."""
    source = backend.open(NAME)
    source.close()
    with pytest.raises(StorageError) as caught:
        source.read_into(0, memoryview(bytearray(1)))

    assert ErrorKind.CLOSED is caught.value.kind


@pytest.mark.parametrize("broken", [1, 3])
def test_a_connection_that_breaks(s3_server: S3Service, plain_bucket: str, broken: int) -> None:
    """Pieces whose connection breaks while they stream are read again, by the client library."""
    with (
        FaultProxy(s3_server.parallel) as proxy,
        closing(open_bucket(s3_server, plain_bucket, proxy.endpoint)) as backend,
    ):
        backend.create(NAME, DATA)
        proxy.heal()
        proxy.rule(faults.truncate, method="GET", query="X-Amz-Signature", times=broken)
        room = bytearray(LENGTH)
        with closing(backend.open(NAME)) as source:
            count = source.read_into(0, memoryview(room))
        asked = ["X-Amz-Signature" in seen.query for seen in proxy.seen if seen.method == "GET"]

    assert DATA == bytes(room[:count])
    assert (3, broken) == (asked.count(True), asked.count(False))


class _Flood:
    """An answer to every read that is not the one that was asked for, and far too long.

    Attributes:
        begun: how many reads were answered.
        broken: how many of the answers somebody hung up on.
    """

    def __init__(self, *headers: tuple[str, str]) -> None:
        body = bytes(64 << 20)
        self._reply = Reply(status=200, headers=[*headers], body=body)
        self.begun = 0
        self.broken = 0

    def __call__(self, exchange: Exchange) -> None:
        self.begun += 1
        try:
            exchange.answer(self._reply)
        except OSError:
            self.broken += 1
            raise


@pytest.mark.spec("BKT-16")
@pytest.mark.parametrize("headers", [(), (("ETag", '"1"'),)])
@pytest.mark.parametrize("way", ["read", "read_into"])
def test_an_answer_that_is_not_believed_is_hung_up_on(
    s3_server: S3Service, plain_bucket: str, way: str, headers: tuple[tuple[str, str], ...]
) -> None:
    """Bytes that nobody will read hold no connection, even while the error is looked at."""
    flood = _Flood(*headers)
    with (
        FaultProxy(s3_server.parallel) as proxy,
        closing(
            open_bucket(s3_server, plain_bucket, proxy.endpoint, deadline_seconds=0.1)
        ) as backend,
    ):
        backend.create(NAME, b"short")
        source = backend.open(NAME)
        proxy.rule(flood, method="GET", times=EVER)
        deeds: dict[str, Callable[[], object]] = {
            "read": lambda: backend.read(NAME, ByteRange(0, 3)),
            "read_into": lambda: source.read_into(0, memoryview(bytearray(3))),
        }
        error = error_of(deeds[way])
        limit = time.monotonic() + 3.0
        while flood.broken < flood.begun and time.monotonic() < limit:
            time.sleep(0.02)
        hung_up = flood.broken

    assert error is not None
    assert ErrorKind.STORAGE_UNREACHABLE is error.kind
    assert "does not speak S3" in error.message
    assert flood.begun == hung_up > 0
