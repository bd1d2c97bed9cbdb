"""Random access to one version of one object, by requests for ranges.

Rules kept here:

- what is read is the version that was looked at, however many come after it;
- a large read is many requests at once, a small one is one request for just those bytes;
- a read that failed over a plain connection is done again by the client library, within the same
  total deadline, and fails as that does.
"""

import threading
from collections.abc import Mapping
from typing import Final

from bwcstore._ports import Source
from bwcstore.errors import ErrorKind, StorageError
from bwcstore.storage._s3_client import RefusedError, S3Client
from bwcstore.storage._s3_ranges import PIECE_BYTES, Address, S3Ranges, pieces


class S3Source(Source):
    """An object that was looked at, and is read as the version that it was."""

    def __init__(
        self,
        client: S3Client,
        name: str,
        *,
        length_bytes: int,
        version: Mapping[str, str],
        ranges: S3Ranges,
    ) -> None:
        self._client = client
        self._ranges = ranges
        self._name: Final = name
        self._length = length_bytes
        self._version = version
        self._address: Address | None = None
        self._signing = threading.Lock()
        self._closed = False

    @property
    def length_bytes(self) -> int:
        """See `Source.length_bytes`."""
        return self._length

    def read_into(self, offset_bytes: int, buffer: memoryview) -> int:
        """See `Source.read_into`."""
        if self._closed:
            raise StorageError(ErrorKind.CLOSED, f"{self._name} was closed")
        there = min(buffer.nbytes, max(0, self._length - offset_bytes))
        if not there:
            return 0
        target = buffer.cast("B")[:there]
        try:
            if there <= PIECE_BYTES:
                return self._read_piece(offset_bytes, target)
            return sum(
                self._ranges.each(pieces(target, self._read_piece, offset_bytes=offset_bytes))
            )
        except RefusedError as exc:
            raise exc.refusal.error(f"reading {self._name}") from exc

    def _read_piece(self, offset_bytes: int, target: memoryview) -> int:
        begun = self._client.clock.monotonic()
        with self._signing:
            address = self._ranges.sign(
                self._client.place.key(self._name), self._version, self._address
            )
            self._address = address
        if address is not None and self._ranges.fill(address, target, offset_bytes=offset_bytes):
            return target.nbytes
        self._address = None
        return self._client.read_into(
            target,
            offset_bytes=offset_bytes,
            spent_seconds=self._client.clock.monotonic() - begun,
            Key=self._client.place.key(self._name),
            **self._version,
        )

    def close(self) -> None:
        """See `Source.close`. The connections are the backend's, and stay."""
        self._closed = True
        self._address = None
