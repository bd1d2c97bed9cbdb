"""Ranges over signed addresses: what a plain server answers, and when addresses are left alone.

The server is a loopback one of this module, and knows nothing of S3: what it gives over an address
is all that is looked at. What the client library does instead needs a real service.
"""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final
from urllib.parse import parse_qsl, urlsplit

import attrs
import pytest

from bwcstore.errors import StorageError
from bwcstore.storage._s3_client import S3Client
from bwcstore.storage._s3_options import S3Options, S3Place
from bwcstore.storage._s3_ranges import PIECE_BYTES, Address, S3Ranges, pieces
from bwcstore.storage._s3_source import S3Source
from bwcstore.testing import SimClock, SimEntropy

pytest.importorskip("s3fs")

DATA: Final = bytes(range(256)) * 40
KEY: Final = "objects/segment"


@attrs.define(kw_only=True)
class Behaviour:
    """What the server does with every request.

    Attributes:
        status: the status of its answers.
        shift: how far the range that it names lies from the one that was asked for.
        missing: how many bytes of it do not come.
        more: how many bytes come that nobody asked for.
    """

    status: int = 206
    shift: int = 0
    missing: int = 0
    more: int = 0


class HastyClock(SimClock):
    """A clock that an hour goes by on between any two looks at it."""

    def monotonic(self) -> float:
        """An hour later than the last time."""
        self.advance(3600.0)
        return super().monotonic()


class PlainServer(ThreadingHTTPServer):
    """Serves ranges of `DATA`, as well as it is told to."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.behaviour = Behaviour()
        self.asked: list[str] = []
        self.connections = 0

    @property
    def endpoint(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: PlainServer

    def setup(self) -> None:
        super().setup()
        self.server.connections += 1

    def do_GET(self) -> None:
        behaviour = self.server.behaviour
        self.server.asked.append(self.path)
        first, _, last = self.headers["Range"].removeprefix("bytes=").partition("-")
        end = int(last) + 1 + behaviour.more
        body = DATA[int(first) : end] if behaviour.status < 300 else b""
        named = f"bytes {int(first) + behaviour.shift}-{int(last) + behaviour.shift}/{len(DATA)}"
        self.send_response_only(behaviour.status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Range", named)
        self.end_headers()
        self.wfile.write(body[: len(body) - behaviour.missing])
        if behaviour.missing:
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(name="clock")
def _clock() -> SimClock:
    return SimClock()


@pytest.fixture(name="server")
def _server() -> Iterator[PlainServer]:
    with PlainServer() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def make_client(endpoint: str, clock: SimClock) -> S3Client:
    """A client of a service, with credentials that mean nothing, and little patience."""
    return S3Client(
        S3Place.parse("s3://becker"),
        S3Options(
            endpoint_url=endpoint,
            region="us-east-1",
            access_key_id="key-of-the-test",
            secret_access_key="secret-of-the-test",
            deadline_seconds=0.01,
            attempt_seconds=5.0,
        ),
        clock=clock,
        entropy=SimEntropy(),
    )


@pytest.fixture(name="client")
def _client(server: PlainServer, clock: SimClock) -> Iterator[S3Client]:
    with closing(make_client(server.endpoint, clock)) as client:
        yield client


@pytest.fixture(name="ranges")
def _ranges(client: S3Client) -> Iterator[S3Ranges]:
    with closing(S3Ranges(client)) as ranges:
        yield ranges


def signed(ranges: S3Ranges, old: Address | None = None) -> Address:
    """An address that can be used."""
    found = ranges.sign(KEY, {}, old)

    assert found is not None
    return found


def fill(ranges: S3Ranges, address: Address, *, offset: int = 100, length: int = 5000) -> bytes:
    """What a read gives; nothing where it does not work."""
    room = bytearray(length)
    return bytes(room) if ranges.fill(address, memoryview(room), offset_bytes=offset) else b""


def test_a_range_is_filled(ranges: S3Ranges) -> None:
    """A range is what lies there."""
    assert DATA[100:5100] == fill(ranges, signed(ranges))


def test_a_connection_is_used_again(ranges: S3Ranges, server: PlainServer) -> None:
    """One read after the other goes over one connection."""
    address = signed(ranges)
    read = [fill(ranges, address, offset=at, length=100) for at in range(0, 1000, 100)]

    assert DATA[:1000] == b"".join(read)
    assert 1 == server.connections


@pytest.mark.parametrize(
    "behaviour",
    [
        Behaviour(missing=1),
        Behaviour(missing=5000),
        Behaviour(more=2),
        Behaviour(more=4000),
        Behaviour(shift=1),
        Behaviour(shift=-100),
        Behaviour(status=200),
        Behaviour(status=307),
        Behaviour(status=403),
        Behaviour(status=503),
    ],
    ids=str,
)
def test_what_is_not_the_range(ranges: S3Ranges, server: PlainServer, behaviour: Behaviour) -> None:
    """An answer too short or too long, and one of another range or status, fill nothing; the next
    is taken, over another connection.
    """
    address = signed(ranges)
    server.behaviour = behaviour
    bad = fill(ranges, address)
    server.behaviour = Behaviour()

    assert (b"", DATA[100:5100]) == (bad, fill(ranges, address))
    assert 2 == server.connections


def test_an_answer_that_comes_too_late(server: PlainServer) -> None:
    """Bytes that take longer than one attempt may take are not waited for."""
    with (
        closing(make_client(server.endpoint, HastyClock())) as client,
        closing(S3Ranges(client)) as ranges,
    ):
        assert b"" == fill(ranges, signed(ranges))


def test_a_refused_connection(clock: SimClock) -> None:
    """Where nobody listens, nothing is filled, and nothing is raised."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{held.getsockname()[1]}"
        with closing(make_client(endpoint, clock)) as client, closing(S3Ranges(client)) as ranges:
            assert b"" == fill(ranges, signed(ranges))


@pytest.mark.parametrize("status", [400, 401, 403])
def test_refusals_switch_addresses_off(
    ranges: S3Ranges, server: PlainServer, clock: SimClock, status: int
) -> None:
    """After three refusals there is no address for five minutes; then it is tried again."""
    server.behaviour = Behaviour(status=status)
    for _ in range(3):
        fill(ranges, signed(ranges))
    server.behaviour = Behaviour()
    at_once = ranges.sign(KEY, {}, None)
    clock.advance(299.0)
    before = ranges.sign(KEY, {}, None)
    clock.advance(1.0)

    assert (None, None) == (at_once, before)
    assert DATA[100:5100] == fill(ranges, signed(ranges))


def test_other_answers_between_refusals(ranges: S3Ranges, server: PlainServer) -> None:
    """Refusals with other answers between them switch nothing off."""
    for status in (403, 403, 206, 403, 403, 503, 403, 403):
        server.behaviour = Behaviour(status=status)
        fill(ranges, signed(ranges))
    server.behaviour = Behaviour()

    assert DATA[100:5100] == fill(ranges, signed(ranges))


def test_an_address_is_used_again(ranges: S3Ranges, clock: SimClock) -> None:
    """An address is used for five minutes, a third of the time that it is good for."""
    first = signed(ranges)
    clock.advance(299.0)
    again = signed(ranges, first)
    clock.advance(1.0)
    after = signed(ranges, again)

    assert again is first
    assert (first.signed_at + 300.0) == after.signed_at
    assert "900" == dict(parse_qsl(urlsplit(after.url).query))["X-Amz-Expires"]


def test_a_version_is_in_its_address(ranges: S3Ranges, server: PlainServer) -> None:
    """What is asked for is the version that was looked at."""
    address = ranges.sign(KEY, {"VersionId": "v-1"}, None)

    assert address is not None
    assert DATA[100:5100] == fill(ranges, address)
    assert "v-1" == dict(parse_qsl(urlsplit(server.asked[0]).query))["versionId"]


def test_nothing_tells_an_address(server: PlainServer, capfd: pytest.CaptureFixture[str]) -> None:
    """Neither the error of a failed read nor a printed address gives access to what is stored."""
    server.behaviour = Behaviour(status=503)
    with (
        closing(make_client(server.endpoint, HastyClock())) as client,
        closing(S3Ranges(client)) as ranges,
        closing(S3Source(client, KEY, length_bytes=100, version={}, ranges=ranges)) as source,
    ):
        with pytest.raises(StorageError) as caught:
            source.read_into(0, memoryview(bytearray(100)))
        told = [repr(signed(ranges)), str(signed(ranges)), repr(source), repr(ranges)]
    error: BaseException | None = caught.value
    while error is not None:
        told += [repr(error), str(error), *getattr(error, "__notes__", [])]
        error = error.__cause__ or error.__context__
    told += [*capfd.readouterr()]

    assert any("X-Amz-Signature=" in path for path in server.asked)
    assert [] == [text for text in told if "X-Amz" in text or "Signature" in text]


def test_pieces_cover_a_buffer() -> None:
    """A large read is cut where it has to be, and every byte is in one piece."""
    room = bytearray(2 * PIECE_BYTES + 1)
    told: list[tuple[int, int]] = []

    def read(offset_bytes: int, target: memoryview) -> int:
        told.append((offset_bytes, target.nbytes))
        return target.nbytes

    works = pieces(memoryview(room), read, offset_bytes=7)

    assert len(room) == sum(work() for work in works)
    assert [(7, PIECE_BYTES), (7 + PIECE_BYTES, PIECE_BYTES), (7 + 2 * PIECE_BYTES, 1)] == told
