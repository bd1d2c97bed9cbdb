"""Reading stored files: ranges, random access, and what `stat` tells.

Rules kept here: reading never moves a shared file offset, so any number of threads may read
through one descriptor; a result is short only at the end of the file.
"""

import os
from typing import Final

from bwcstore._ports import Source, Stat
from bwcstore._values import ByteRange, Instant
from bwcstore.errors import ErrorKind, InvalidInputError, StorageError
from bwcstore.storage._errno import translated

_NOT_OPEN: Final = -1


def stat_of(name: str, found: os.stat_result) -> Stat:
    """What a system `stat` says about a stored thing."""
    try:
        modified = Instant(found.st_mtime_ns // 1000)
    except InvalidInputError:
        modified = None  # A file dated before 1970 has no time that could be told.
    return Stat(name=name, length_bytes=found.st_size, modified=modified)


def read_into(descriptor: int, offset_bytes: int, buffer: memoryview) -> int:
    """Fill `buffer` from `offset_bytes`; return how many bytes there were.

    Raises:
        OSError: reading failed.
    """
    filled = 0
    while filled < len(buffer):
        count = os.preadv(descriptor, [buffer[filled:]], offset_bytes + filled)
        if not count:
            break
        filled += count
    return filled


def read_range(descriptor: int, length_bytes: int, byte_range: ByteRange | None) -> bytes:
    """All bytes, or those of `byte_range`, short only at the end.

    Args:
        descriptor: an open file.
        length_bytes: its length.
        byte_range: what to read; None for everything.

    Raises:
        OSError: reading failed.
    """
    offset = byte_range.offset_bytes if byte_range else 0
    end = min(length_bytes, byte_range.end_bytes) if byte_range else length_bytes
    parts = []
    while offset < end:
        part = os.pread(descriptor, end - offset, offset)
        if not part:
            break
        parts.append(part)
        offset += len(part)
    return b"".join(parts) if len(parts) != 1 else parts[0]


class LocalSource(Source):
    """Random access to one file. Close it only when no thread reads any more."""

    def __init__(self, name: str, descriptor: int, length_bytes: int) -> None:
        """Take over `descriptor`, open for reading."""
        self._name = name
        self._descriptor = descriptor
        self._length_bytes = length_bytes

    def __del__(self) -> None:
        self.close()

    @property
    def length_bytes(self) -> int:
        """The length when it was opened, which a write-once thing keeps."""
        return self._length_bytes

    def read_into(self, offset_bytes: int, buffer: memoryview) -> int:
        """See `Source.read_into`.

        Raises:
            StorageError: reading failed, or the source was closed.
        """
        if self._descriptor == _NOT_OPEN:
            raise StorageError(ErrorKind.CLOSED, f"{self._name} was closed")
        with translated(f"reading {self._name}"):
            return read_into(self._descriptor, offset_bytes, memoryview(buffer).cast("B"))

    def close(self) -> None:
        """See `Source.close`."""
        descriptor, self._descriptor = self._descriptor, _NOT_OPEN
        if descriptor != _NOT_OPEN:
            os.close(descriptor)
