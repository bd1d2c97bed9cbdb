"""Read a source once, from start to end: count it, hash it, notice when it is not as announced.

Rules kept here:

- every byte is hashed as plaintext exactly once, in order;
- whether a group of chunks is the last is known before it is sealed (SEG-11: the last chunk of an
  object is never empty unless the object is);
- whatever a source does wrong is the source's error, with a code that says which.
"""

import hashlib
from typing import Protocol

from bwcstore._values import Digest
from bwcstore.errors import ErrorKind, InvalidInputError
from bwcstore.objects._buffers import PAGE_BYTES, Buffer


class Readable(Protocol):
    """What is asked of a source: a binary file, opened for reading."""

    def readinto(self, buffer: memoryview, /) -> int | None:
        """Fill some of `buffer`; return how much, 0 at the end."""


class Intake:
    """One pass over a source.

    Attributes:
        count_bytes: how much was read and handed out.
        ended: whether that was all.
    """

    def __init__(
        self, source: Readable, *, announced_length: int | None, length_bytes_max: int
    ) -> None:
        self.count_bytes = 0
        self.ended = False
        self._source = source
        self._announced = announced_length
        self._length_bytes_max = length_bytes_max
        self._hash = hashlib.sha256()
        self._carried = b""

    def fill(self, buffer: Buffer, want_bytes: int) -> memoryview:
        """The next `want_bytes` of the source, or all that is left, in `buffer.plain`.

        One byte more is read and carried over: it tells whether this was all.

        Raises:
            InvalidInputError: reading failed (`SOURCE_UNREADABLE`), or the source is longer than
                announced (`SOURCE_LONG`), shorter (`SOURCE_SHORT`) or longer than an object may
                be (`TOO_LARGE`).
        """
        start = PAGE_BYTES - len(self._carried)
        buffer.plain[start:PAGE_BYTES] = self._carried
        end = start + want_bytes + 1
        filled = PAGE_BYTES
        while filled < end:
            count = self._read(buffer.plain[filled:end])
            if count == 0:
                self.ended = True
                break
            filled += count
        if not self.ended:
            filled -= 1
            self._carried = bytes(buffer.plain[filled : filled + 1])
        self.count_bytes += filled - start
        self._check_length()
        return buffer.plain[start:filled]

    def _read(self, room: memoryview) -> int:
        try:
            count = self._source.readinto(room)
        except (OSError, ValueError) as exc:
            reason = getattr(exc, "strerror", None) or type(exc).__name__
            raise InvalidInputError(
                ErrorKind.SOURCE_UNREADABLE,
                f"reading the source failed near byte {self.count_bytes}: {reason}",
            ) from exc
        if count is None or not 0 <= count <= room.nbytes:
            raise InvalidInputError(
                ErrorKind.SOURCE_UNREADABLE, "the source does not wait for data to read"
            )
        return count

    def _check_length(self) -> None:
        known = self.count_bytes + len(b"" if self.ended else self._carried)
        if known > self._length_bytes_max:
            raise InvalidInputError(
                ErrorKind.TOO_LARGE,
                f"the source has more than {self._length_bytes_max} bytes, the most one object "
                "may have at this chunk length",
            )
        if self._announced is None:
            return
        if known > self._announced:
            raise InvalidInputError(
                ErrorKind.SOURCE_LONG,
                f"the source is longer than the announced {self._announced} bytes",
            )
        if self.ended and known < self._announced:
            raise InvalidInputError(
                ErrorKind.SOURCE_SHORT,
                f"the source ended after {known} bytes, announced were {self._announced}",
            )

    def hash(self, plain: memoryview) -> None:
        """Hash what `fill` returned last."""
        self._hash.update(plain)

    def running_sha256(self) -> Digest:
        """SHA-256 of everything hashed so far."""
        return Digest(self._hash.copy().digest())

    def check_digest(self, expected: Digest | None) -> None:
        """Compare the digest of the whole with what was announced.

        Raises:
            InvalidInputError: they differ (`DIGEST_MISMATCH`).
        """
        found = self.running_sha256()
        if expected is not None and found != expected:
            raise InvalidInputError(
                ErrorKind.DIGEST_MISMATCH, f"the source hashes to {found}, announced was {expected}"
            )
