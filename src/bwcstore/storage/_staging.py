"""Files on their way into the store: hidden and locked, then published under their name, or gone.

Rules kept here:

- a name appears at once with all its bytes, and only after they are on the disk (STO-5);
- publishing never replaces anything (STO-4);
- a staged file is locked for as long as its writer lives, so that what a dead writer left behind
  can be told from what a living one still needs (STO-17).

Calling sequence: `begin`, write to `descriptor`, `os.fsync`, `publish`; `discard` in any other
case. Both end the staging.
"""

import contextlib
import ctypes
import errno
import fcntl
import os
from collections.abc import Iterator
from enum import Enum, unique
from typing import Final

from bwcstore.errors import AlreadyExistsError, ErrorKind, OutcomeUnknownError

TEMPORARY_PREFIX: Final = ".tmp-"
_MODE: Final = 0o444
_RENAME_NOREPLACE: Final = 1
_FLAGS: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@unique
class Publication(Enum):
    """How a staged file gets its name without replacing another."""

    LINK = "link"
    """A hard link, then the temporary name is removed."""
    RENAME = "rename"
    """Linux `renameat2` with `RENAME_NOREPLACE`; for filesystems without hard links."""


def rename_exclusive(directory: int, old: str, new: str) -> None:
    """Rename within a directory unless `new` exists.

    Raises:
        OSError: it exists, or the system or filesystem cannot do this.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "renameat2"):
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS), new)
    if libc.renameat2(directory, old.encode(), directory, new.encode(), _RENAME_NOREPLACE):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), new)


class Staged:
    """One file that is not in the store yet.

    Attributes:
        descriptor: open for writing.
        temporary: the hidden name, in the directory where the file will be published.
    """

    def __init__(self, directory: int, temporary: str, descriptor: int) -> None:
        self.descriptor = descriptor
        self._directory = directory
        self.temporary = temporary

    @classmethod
    def begin(cls, directory: int, numbers: Iterator[int]) -> "Staged":
        """Stage a new empty file in `directory`, a descriptor that must outlive the staging.

        Args:
            directory: where the file will be published.
            numbers: numbers that this process has not used yet, for temporary names.

        Raises:
            OSError: it cannot be created or locked.
        """
        while True:
            temporary = f"{TEMPORARY_PREFIX}{os.getpid()}-{next(numbers)}"
            try:
                # The mode forbids writing to everybody but this descriptor; the umask of the
                # process decides who may read.
                descriptor = os.open(temporary, _FLAGS, _MODE, dir_fd=directory)
            except FileExistsError:
                continue
            staged = cls(directory, temporary, descriptor)
            try:
                # Before the lock was there, somebody may have taken the file for a leftover.
                if _lock(descriptor) and os.fstat(descriptor).st_nlink == 1:
                    return staged
            except OSError:
                staged.discard()
                raise
            staged.discard()

    def publish(self, leaf: str, name: str, publication: Publication) -> None:
        """Give the file, whose bytes are on the disk, its name; make that durable.

        Args:
            leaf: the last part of the name.
            name: the whole name, for messages.
            publication: how to do it.

        Raises:
            AlreadyExistsError: the name is taken, durably; nothing was changed.
            OutcomeUnknownError: the file may or may not be there after a power failure.
            OSError: it was not published.
        """
        try:
            if publication is Publication.LINK:
                os.link(
                    self.temporary,
                    leaf,
                    src_dir_fd=self._directory,
                    dst_dir_fd=self._directory,
                    follow_symlinks=False,
                )
            else:
                rename_exclusive(self._directory, self.temporary, leaf)
        except OSError as exc:
            if not self._has_landed(leaf, name, exc):
                self.discard()
                if isinstance(exc, FileExistsError):
                    # Whoever acts on "taken" relies on it: it must not vanish with the power.
                    os.fsync(self._directory)
                    raise AlreadyExistsError(ErrorKind.NAME_TAKEN, f"{name} exists") from exc
                raise
        try:
            self._remove()
            os.fsync(self._directory)
        except OSError as exc:
            # The name is visible, but a failed sync tells nothing about the disk, and neither
            # does reading back, which would be answered from memory.
            raise OutcomeUnknownError(
                ErrorKind.OUTCOME_UNKNOWN, f"{name}: syncing its directory failed: {exc.strerror}"
            ) from exc

    def _has_landed(self, leaf: str, name: str, failure: OSError) -> bool:
        # The name may be this very file although naming it seemed to fail: on a network
        # filesystem the answer to a first try may get lost, and the second is told that the
        # name is taken.
        try:
            mine = os.fstat(self.descriptor)
            there = os.stat(leaf, dir_fd=self._directory, follow_symlinks=False)
        except FileNotFoundError:
            return False
        except OSError:
            self.discard()
            raise OutcomeUnknownError(
                ErrorKind.OUTCOME_UNKNOWN,
                f"{name}: publishing failed ({failure.strerror}) and it cannot be looked at",
            ) from failure
        return os.path.samestat(mine, there)

    def discard(self) -> None:
        """Forget the file. Never raises; may be called twice."""
        with contextlib.suppress(OSError):
            self._remove()

    def _remove(self) -> None:
        """Remove the temporary name, where there still is one, and unlock."""
        temporary, self.temporary = self.temporary, ""
        descriptor, self.descriptor = self.descriptor, -1
        try:
            if temporary:
                with contextlib.suppress(OSError):
                    os.unlink(temporary, dir_fd=self._directory)
        finally:
            if descriptor >= 0:
                os.close(descriptor)


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def discard_abandoned(directory: int, temporary: str) -> bool:
    """Remove a staged file whose writer is gone; return whether it was removed.

    Raises:
        OSError: it cannot be looked at or removed.
    """
    try:
        descriptor = os.open(
            temporary, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory
        )
    except FileNotFoundError:
        return False
    try:
        if not _lock(descriptor):
            return False
        os.unlink(temporary, dir_fd=directory)
    except FileNotFoundError:
        return False
    finally:
        os.close(descriptor)
    return True
