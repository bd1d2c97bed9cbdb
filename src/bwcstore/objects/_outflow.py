"""One segment on its way into storage: groups are sealed in any order and written in theirs.

Rules kept here:

- whoever has sealed the group that is next writes it, and then every later one that is sealed by
  then: no worker waits for another, and storage is never idle while something is sealed;
- only one worker at a time writes to an upload, as its port demands;
- after a failed write nothing more is written, and nobody waits for it.

Committing is left to the caller.
"""

import threading
from collections import deque

import attrs

from bwcstore._ports import Upload
from bwcstore.objects._buffers import Buffer
from bwcstore.objects._seal import CHUNK_OVERHEAD_BYTES, Cipher, Place
from bwcstore.objects._segment import Geometry, hash_chunks


@attrs.define(kw_only=True)
class Group:
    """Consecutive chunks of one segment that are sealed together.

    Attributes:
        buffer: where plaintext and sealed chunks lie; in use until `settled`.
        plain: the plaintext in it.
        sealed: the room for the sealed chunks in it.
        first: the first chunk's number in the object.
        place: whether the last of the chunks is the last of the object.
        ivs: one 12-byte IV for each chunk.
        leaves: the chunks' leaf hashes, once they are sealed.
        settled: set when the group was written or never will be.
    """

    buffer: Buffer
    plain: memoryview
    sealed: memoryview
    first: int
    place: Place
    ivs: tuple[bytes, ...]
    leaves: bytes | None = None
    settled: threading.Event = attrs.field(factory=threading.Event)

    def seal(self, cipher: Cipher, geometry: Geometry) -> None:
        """Seal the chunks and hash them."""
        last = len(self.ivs) - 1
        for number, iv in enumerate(self.ivs):
            plain_at = number * geometry.payload_bytes
            part = self.plain[plain_at : plain_at + geometry.payload_bytes]
            sealed_at = number * geometry.chunk_bytes
            cipher.seal_into(
                part,
                self.sealed[sealed_at : sealed_at + part.nbytes + CHUNK_OVERHEAD_BYTES],
                position=self.first + number,
                place=self.place if number == last else Place.INNER,
                iv=iv,
            )
        self.leaves = hash_chunks(self.sealed, chunk_bytes=geometry.chunk_bytes)


class Outflow:
    """The upload of one segment.

    Attributes:
        upload: for the caller to commit or abort, when nothing is under way any more.
    """

    def __init__(self, upload: Upload, cipher: Cipher, geometry: Geometry) -> None:
        self.upload = upload
        self._cipher = cipher
        self._geometry = geometry
        self._queue: deque[Group] = deque()
        self._lock = threading.Lock()
        self._is_writing = False
        self._failure: BaseException | None = None

    def announce(self, group: Group) -> None:
        """Give `group` its place in the order; before anybody processes it."""
        with self._lock:
            self._queue.append(group)

    def process(self, group: Group) -> None:
        """Seal `group`, then write what can be written. The work of a worker.

        Raises:
            StorageError: writing failed.
        """
        try:
            group.seal(self._cipher, self._geometry)
        except BaseException as exc:
            self._fail(exc)
            raise
        while (ready := self._next()) is not None:
            try:
                self.upload.write(ready.sealed)
            except BaseException as exc:
                self._fail(exc)
                ready.settled.set()
                raise
            finally:
                with self._lock:
                    self._is_writing = False
            ready.settled.set()

    def _next(self) -> Group | None:
        """The group to write now, if it is sealed and nobody writes; the caller then writes."""
        with self._lock:
            if self._failure is not None:
                self._give_up()
                return None
            if self._is_writing or not self._queue or self._queue[0].leaves is None:
                return None
            self._is_writing = True
            return self._queue.popleft()

    def _fail(self, exc: BaseException) -> None:
        with self._lock:
            self._failure = self._failure or exc
            self._give_up()

    def _give_up(self) -> None:
        while self._queue:
            self._queue.popleft().settled.set()

    def wait(self, group: Group) -> bytes:
        """Wait until `group` was written; return its leaf hashes.

        Raises:
            StorageError: it, or a group before it, could not be written.
        """
        group.settled.wait()
        if self._failure is not None:
            raise self._failure
        return group.leaves or b""
