"""Directories under one root, held open, and made so that they last.

Rules kept here:

- every step down is taken from an open directory and follows no symbolic link, so that no name
  leads out of the root (STO-3);
- before something is stored in a directory, its own entry, and those of all above it, are on the
  disk (STO-6): another process may have made it and died before that;
- the number of descriptors is bounded; one in use is never closed.
"""

import contextlib
import os
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from typing import Final

from bwcstore.errors import ErrorKind, StorageError

HELD_MAX: Final = 128
_CLOSED: Final = -1
_FLAGS: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class _Held:
    __slots__ = ("descriptor", "lasting", "users")

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.lasting = False
        self.users = 0


class _Need(Enum):
    PRESENT = 1
    LASTING = 2


class Directories:
    """The open directories of one root. Safe to use from several threads."""

    def __init__(self, root: int) -> None:
        """Take over `root`, an open descriptor of the root directory."""
        self._root = root
        self._held: OrderedDict[str, _Held] = OrderedDict()
        self._lock = threading.Lock()

    def __del__(self) -> None:
        self.close()

    @contextmanager
    def present(self, path: str) -> Iterator[int]:
        """The descriptor of a directory that must exist; the empty path is the root.

        Raises:
            OSError: it cannot be opened; `FileNotFoundError` when it does not exist.
        """
        with self._lease(path, _Need.PRESENT) as descriptor:
            yield descriptor

    @contextmanager
    def lasting(self, path: str) -> Iterator[int]:
        """The descriptor of a directory whose own existence is durable; made if it is missing.

        Raises:
            OSError: it cannot be opened, made or synced.
        """
        with self._lease(path, _Need.LASTING) as descriptor:
            yield descriptor

    @contextmanager
    def _lease(self, path: str, need: _Need) -> Iterator[int]:
        if self._root == _CLOSED:
            raise StorageError(ErrorKind.CLOSED, "the storage was closed")
        if not path:
            yield self._root
            return
        held = self._find(path, need) or self._enter(path, need)
        try:
            yield held.descriptor
        finally:
            with self._lock:
                held.users -= 1
                if not held.users and self._held.get(path) is not held:
                    os.close(held.descriptor)

    def _find(self, path: str, need: _Need) -> _Held | None:
        with self._lock:
            held = self._held.get(path)
            if held is None or (need is _Need.LASTING and not held.lasting):
                return None
            held.users += 1
            self._held.move_to_end(path)
            return held

    def _enter(self, path: str, need: _Need) -> _Held:
        above, _, part = path.rpartition("/")
        with self._lease(above, need) as parent:
            try:
                descriptor = os.open(part, _FLAGS, dir_fd=parent)
            except FileNotFoundError:
                if need is _Need.PRESENT:
                    raise
                with contextlib.suppress(FileExistsError):
                    os.mkdir(part, 0o700, dir_fd=parent)
                descriptor = os.open(part, _FLAGS, dir_fd=parent)
            new = _Held(descriptor)
            if need is _Need.LASTING:
                try:
                    os.fsync(parent)
                except OSError:
                    os.close(descriptor)
                    raise
                new.lasting = True
        new.users = 1
        with self._lock:
            self._drop(path)
            self._held[path] = new
            for old in list(self._held):
                if len(self._held) <= HELD_MAX:
                    break
                if not self._held[old].users:
                    self._drop(old)
        return new

    def _drop(self, path: str) -> None:
        old = self._held.pop(path, None)
        if old is not None and not old.users:
            os.close(old.descriptor)

    def forget(self) -> None:
        """Let go of everything below the root, because some of it turned out to be gone."""
        with self._lock:
            for path in list(self._held):
                self._drop(path)

    def close(self) -> None:
        """Close everything. May be called twice."""
        self.forget()
        with self._lock:
            if self._root != _CLOSED:
                os.close(self._root)
            self._root = _CLOSED
