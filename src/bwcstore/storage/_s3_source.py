"""Random access to one version of one object, by requests for ranges."""

from collections.abc import Mapping
from typing import Final

from bwcstore._ports import Source
from bwcstore.errors import ErrorKind, StorageError
from bwcstore.storage._s3_client import RefusedError, S3Client


class S3Source(Source):
    """An object that was looked at, and is read as the version that it was."""

    def __init__(
        self, client: S3Client, name: str, *, length_bytes: int, version: Mapping[str, str]
    ) -> None:
        self._client = client
        self._name: Final = name
        self._length = length_bytes
        self._version = version
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
        try:
            return self._client.read_into(
                buffer.cast("B")[:there],
                offset_bytes=offset_bytes,
                Key=self._client.place.key(self._name),
                **self._version,
            )
        except RefusedError as exc:
            raise exc.refusal.error(f"reading {self._name}") from exc

    def close(self) -> None:
        """See `Source.close`."""
        self._closed = True
