"""Page-aligned memory that is used again.

Rules kept here:

- the sealed side of a buffer starts on a page, so that storage may write it past the page cache;
- memory that was paid for once (pages are zeroed on first touch) is kept for the next object, up
  to a bound.
"""

import mmap
import threading
from typing import Final

PAGE_BYTES: Final = mmap.PAGESIZE


def aligned(length_bytes: int) -> memoryview:
    """Fresh zeroed memory that starts on a page."""
    return memoryview(mmap.mmap(-1, max(1, length_bytes)))[:length_bytes]


class Buffer:
    """Room for one group of chunks: plaintext and sealed.

    Attributes:
        plain: one page more than the plaintext needs, so that a byte carried over from the
            group before can lie in front of a page boundary.
        sealed: the sealed chunks; starts on a page.
    """

    def __init__(self, *, plain_bytes: int, sealed_bytes: int) -> None:
        self.plain = aligned(PAGE_BYTES + plain_bytes)
        self.sealed = aligned(sealed_bytes)


class BufferPool:
    """Buffers of one size. Safe to use from several threads."""

    def __init__(self, *, plain_bytes: int, sealed_bytes: int, kept_max: int) -> None:
        self._plain_bytes = plain_bytes
        self._sealed_bytes = sealed_bytes
        self._kept_max = kept_max
        self._free: list[Buffer] = []
        self._lock = threading.Lock()

    def take(self) -> Buffer:
        """A buffer with anything in it."""
        with self._lock:
            if self._free:
                return self._free.pop()
        return Buffer(plain_bytes=self._plain_bytes, sealed_bytes=self._sealed_bytes)

    def give(self, buffer: Buffer) -> None:
        """Give back a buffer that nobody looks at any more."""
        with self._lock:
            if len(self._free) < self._kept_max:
                self._free.append(buffer)
