"""Large uploads: past the page cache where the filesystem allows, and out of it soon where not.

Evidence is written once and rarely read, and copying it into the page cache costs more than
sealing it. Rules kept here:

- any length may be written at any time; whole pages from a page-aligned buffer are fastest;
- missing direct I/O is never an error, only slower;
- after an error the upload is good for `abort` alone.
"""

import errno
import fcntl
import mmap
import os
from typing import Final

from bwcstore._ports import Stat, Upload
from bwcstore.errors import ErrorKind, StorageError
from bwcstore.storage._errno import translated
from bwcstore.storage._reading import stat_of
from bwcstore.storage._staging import Publication, Staged

ALIGNMENT_BYTES: Final = 4096
_BOUNCE_BYTES: Final = 1 << 20
_WINDOW_BYTES: Final = 8 << 20
_NOT_OPEN: Final = -1


def bypass_cache(descriptor: int) -> bool:
    """Let writes through `descriptor` go past the page cache; return whether they will."""
    flags = fcntl.fcntl(descriptor, fcntl.F_GETFL)
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETFL, flags | os.O_DIRECT)
    except OSError:
        return False
    return True


def use_cache(descriptor: int) -> None:
    """Let writes through `descriptor` go through the page cache.

    Raises:
        OSError: the descriptor is not open.
    """
    flags = fcntl.fcntl(descriptor, fcntl.F_GETFL)
    fcntl.fcntl(descriptor, fcntl.F_SETFL, flags & ~os.O_DIRECT)


def write_all(descriptor: int, data: memoryview) -> None:
    """Write all of `data`, however many calls that takes.

    Raises:
        OSError: writing failed.
    """
    while data:
        data = data[os.write(descriptor, data) :]


class LocalUpload(Upload):
    """One large file on its way into a local store. For one thread at a time."""

    def __init__(
        self, name: str, directory: int, staged: Staged, publication: Publication, *, direct: bool
    ) -> None:
        """Take over `directory`, an open descriptor, and `staged` in it."""
        self._name = name
        self._directory = directory
        self._staged = staged
        self._publication = publication
        self._direct = direct and bypass_cache(staged.descriptor)
        self._bounce: mmap.mmap | None = None
        self._length_bytes = 0
        self._flushed_bytes = 0
        self._is_failed = False

    def __del__(self) -> None:
        self.abort()

    def _check_open(self) -> None:
        if self._directory == _NOT_OPEN or self._is_failed:
            raise StorageError(ErrorKind.CLOSED, f"the upload of {self._name} has ended")

    def write(self, data: memoryview) -> None:
        """See `Upload.write`."""
        self._check_open()
        view = memoryview(data).cast("B")
        self._is_failed = True
        with translated(f"writing {self._name}"):
            if self._direct:
                whole = len(view) - len(view) % ALIGNMENT_BYTES
                self._write_direct(view[:whole])
                view = view[whole:]
            if view:
                self._write_buffered(view)
        self._is_failed = False

    def _write_direct(self, view: memoryview) -> None:
        descriptor = self._staged.descriptor
        while view and self._direct:
            try:
                written = os.write(descriptor, view)
            except OSError as exc:
                if exc.errno != errno.EINVAL:
                    raise
                written = self._write_bounced(view)
            self._length_bytes += written
            view = view[written:]
        if view:
            self._write_buffered(view)

    def _write_bounced(self, view: memoryview) -> int:
        # Writes some of `view`, which direct I/O refused, from a buffer that is page-aligned.
        if self._bounce is None:
            self._bounce = mmap.mmap(-1, _BOUNCE_BYTES)
        count = min(len(view), _BOUNCE_BYTES)
        self._bounce[:count] = view[:count]
        with memoryview(self._bounce) as bounce, bounce[:count] as aligned:
            try:
                return os.write(self._staged.descriptor, aligned)
            except OSError as exc:
                if exc.errno != errno.EINVAL:
                    raise
        # The alignment was right, so direct I/O is not to be had here at all.
        self._stop_direct()
        return 0

    def _stop_direct(self) -> None:
        self._direct = False
        self._flushed_bytes = self._length_bytes
        use_cache(self._staged.descriptor)

    def _write_buffered(self, view: memoryview) -> None:
        if self._direct:
            self._stop_direct()
        while view:
            written = os.write(self._staged.descriptor, view[:_WINDOW_BYTES])
            self._length_bytes += written
            view = view[written:]
            if self._length_bytes - self._flushed_bytes >= _WINDOW_BYTES:
                self._flush_window()

    def _flush_window(self) -> None:
        """Start writing what is new back, and drop what was started before and is clean by now.

        Otherwise gigabytes of dirty pages would wait for `commit`, and push out of memory what
        is needed there.
        """
        start = max(0, self._flushed_bytes - 2 * _WINDOW_BYTES)
        count = self._length_bytes - start
        os.posix_fadvise(self._staged.descriptor, start, count, os.POSIX_FADV_DONTNEED)
        self._flushed_bytes = self._length_bytes

    def commit(self) -> Stat:
        """See `Upload.commit`."""
        self._check_open()
        try:
            with translated(f"committing {self._name}"):
                os.fsync(self._staged.descriptor)
                found = os.fstat(self._staged.descriptor)
                leaf = self._name.rpartition("/")[2]
                self._staged.publish(leaf, self._name, self._publication)
        finally:
            self.abort()
        return stat_of(self._name, found)

    def abort(self) -> None:
        """See `Upload.abort`."""
        directory, self._directory = self._directory, _NOT_OPEN
        if directory == _NOT_OPEN:
            return
        self._staged.discard()
        os.close(directory)
        if self._bounce is not None:
            self._bounce.close()
            self._bounce = None
