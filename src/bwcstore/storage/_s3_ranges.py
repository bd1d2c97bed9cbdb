"""Ranges of stored objects over plain connections, for reading much.

The client library runs every request on one event loop and copies every byte there. Its signed
addresses are good for any HTTP client, so what is read in bulk is fetched from those, by threads.

Rules kept here (spec chapter `buckets`):

- addresses are signed by the client library, with its credentials, for its endpoint;
- nothing is decided here: what an address does not give, the client library is asked for, and its
  answer, its retries and its errors count;
- an address gives access, so it stands in no error and in nothing that is printed;
- a service that refuses addresses is not asked by them again for some minutes.
"""

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from functools import partial
from typing import Any, Final, Protocol, cast

import attrs

from bwcstore.storage._s3_client import RefusedError, S3Client

PIECE_BYTES: Final = 8 * 1024 * 1024
PIECES_AT_ONCE: Final = 4
_STEP_BYTES: Final = 1024 * 1024
_SIGNED_SECONDS: Final = 900
_USED_SECONDS: Final = 300
_REFUSALS_MAX: Final = 3
_UNUSED_SECONDS: Final = 300
_REFUSED: Final = frozenset({400, 401, 403})
_CONNECTIONS: Final = 32


class _Raw(Protocol):
    """The part of a streamed answer that is used."""

    # What waits for the whole amount could be kept waiting, byte by byte, beyond any deadline.
    def read1(self, amount: int) -> bytes:
        """What has come, at most `amount` bytes; none at the end, which frees the connection."""

    def close(self) -> None:
        """Give the connection up."""


@attrs.frozen(kw_only=True)
class Address:
    """A signed address of one version of one object."""

    url: str = attrs.field(repr=False)
    signed_at: float


class S3Ranges:
    """What all sources of one backend share. Safe to use from several threads."""

    def __init__(self, client: S3Client) -> None:
        """Connect lazily: nothing is sent before the first read."""
        self._client = client
        self._lock = threading.Lock()
        self._session: Any = None
        self._pool: ThreadPoolExecutor | None = None
        self._refusals = 0
        self._unused_until = 0.0

    def sign(self, key: str, version: Mapping[str, str], old: Address | None) -> Address | None:
        """An address that can be used now: the old one while it lasts; None if there is none."""
        now = self._client.clock.monotonic()
        if now < self._unused_until:
            return None
        if old is not None and now - old.signed_at < _USED_SECONDS:
            return old
        try:
            url = self._client.signed_url("get_object", seconds=_SIGNED_SECONDS, Key=key, **version)
        except RefusedError:
            return None
        return Address(url=url, signed_at=now)

    def fill(self, address: Address, target: memoryview, *, offset_bytes: int) -> bool:
        """Fill a buffer with the bytes from an offset; False if that did not work."""
        last = offset_bytes + target.nbytes - 1
        try:
            answer = self._get(address, f"bytes={offset_bytes}-{last}")
            status = int(answer.status_code)
            self._note_status(status)
            raw = cast("_Raw", answer.raw)
            found = str(answer.headers.get("content-range", ""))
            right = status == 206 and found.startswith(f"bytes {offset_bytes}-{last}/")
            if not (right and self._drain(raw, target)):
                raw.close()
                return False
            self._client.note_date(str(answer.headers.get("date", "")))
        except Exception:  # noqa: BLE001 - the client library finds out, and says what it is
            return False
        return True

    def _note_status(self, status: int) -> None:
        with self._lock:
            if status not in _REFUSED:
                self._refusals = 0
                return
            self._refusals += 1
            # A policy would refuse every address; credentials that ran out are soon replaced.
            if self._refusals >= _REFUSALS_MAX:
                self._refusals = 0
                self._unused_until = self._client.clock.monotonic() + _UNUSED_SECONDS

    def _get(self, address: Address, byte_range: str) -> Any:
        from botocore.awsrequest import AWSRequest  # noqa: PLC0415 - an extra

        request = AWSRequest(
            method="GET",
            url=address.url,
            headers={"Range": byte_range, "Accept-Encoding": "identity"},
            stream_output=True,
        )
        return self._connections(address).send(request.prepare())

    def _connections(self, address: Address) -> Any:
        with self._lock:
            if self._session is None:
                self._session = self._make_session(address)
            return self._session

    def _make_session(self, address: Address) -> Any:
        from botocore.httpsession import URLLib3Session  # noqa: PLC0415 - an extra
        from botocore.utils import get_environ_proxies  # noqa: PLC0415 - an extra

        seconds = self._client.options.attempt_seconds
        return URLLib3Session(
            verify=self._client.certificates(),
            proxies=get_environ_proxies(address.url),
            timeout=(min(5.0, seconds), seconds),
            max_pool_connections=_CONNECTIONS,
        )

    def _drain(self, raw: _Raw, target: memoryview) -> bool:
        """Fill a buffer from an answer; False if it ends early or late, or takes too long."""
        clock = self._client.clock
        limit = clock.monotonic() + self._client.attempt_seconds(target.nbytes)
        filled = 0
        while filled < target.nbytes:
            piece = raw.read1(min(_STEP_BYTES, target.nbytes - filled))
            if not piece or clock.monotonic() > limit:
                return False
            target[filled : filled + len(piece)] = piece
            filled += len(piece)
        # An answer that was read to its end gives its connection back, and no other does.
        return not raw.read1(1)

    def each(self, works: list[Callable[[], int]]) -> list[int]:
        """Do several reads at once; all have ended when this returns, or raises the first error."""
        with self._lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(
                    PIECES_AT_ONCE, thread_name_prefix="bwcstore-s3-read"
                )
            pool = self._pool
        pending = [pool.submit(work) for work in works]
        wait(pending)
        return [one.result() for one in pending]

    def close(self) -> None:
        """Give the connections up. May be called twice, and be used again after."""
        with self._lock:
            session, self._session = self._session, None
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown()
        if session is not None:
            session.close()


def pieces(
    target: memoryview, read: Callable[[int, memoryview], int], *, offset_bytes: int
) -> list[Callable[[], int]]:
    """One read for each piece of a buffer."""
    return [
        partial(read, offset_bytes + at, target[at : at + PIECE_BYTES])
        for at in range(0, target.nbytes, PIECE_BYTES)
    ]
