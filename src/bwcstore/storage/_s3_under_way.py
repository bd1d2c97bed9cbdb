"""The uploads of one process that have not ended, and the memory their parts travel from.

Rules kept here:

- what is under way is never taken for abandoned;
- memory that was paid for once (pages are zeroed on first touch) serves the next part; none is kept
  while nothing is under way.
"""

import io
import threading
from typing import Final

_KEPT_MAX: Final = 8


class UnderWay:
    """Safe to use from several threads."""

    def __init__(self, *, part_bytes: int) -> None:
        self._part_bytes = part_bytes
        self._uploads: set[str] = set()
        self._free: list[io.BytesIO] = []
        self._lock = threading.Lock()

    def begin(self, upload_id: str) -> None:
        """Remember an upload."""
        with self._lock:
            self._uploads.add(upload_id)

    def end(self, upload_id: str) -> None:
        """Forget an upload; one that never began is none."""
        with self._lock:
            self._uploads.discard(upload_id)
            if not self._uploads:
                self._free.clear()

    def uploads(self) -> frozenset[str]:
        """The ids of those that have not ended."""
        with self._lock:
            return frozenset(self._uploads)

    def take_part(self) -> io.BytesIO:
        """Room for one part, at its start; may hold an earlier part, to be written over."""
        with self._lock:
            part = self._free.pop() if self._free else io.BytesIO()
        part.seek(0)
        return part

    def give_part(self, part: io.BytesIO) -> None:
        """Take back the room of a part that has arrived, and that nobody reads any more."""
        with self._lock:
            # Room for a last, shorter part is not worth keeping.
            full = part.getbuffer().nbytes == self._part_bytes
            if full and self._uploads and len(self._free) < _KEPT_MAX:
                self._free.append(part)
