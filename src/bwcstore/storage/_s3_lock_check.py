"""Whether a bucket keeps the locks that it is asked for, seen on the first of each kind (BKT-15).

A service that does not know a lock may store what it was to lock, and say nothing.
"""

import threading
from collections.abc import Mapping
from typing import Any

from bwcstore.errors import ErrorKind, NotFoundError, OutcomeUnknownError, StorageError
from bwcstore.storage._s3_versions import S3Versions


class LockCheck:
    """What one process knows of the locks that were asked for in storing."""

    def __init__(self, versions: S3Versions) -> None:
        self._versions = versions
        self._guard = threading.Lock()
        self._seen: set[str] = set()
        self._dropped = ""

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a custodian should know: the lock that was found missing, if one was."""
        return (self._dropped,) if self._dropped else ()

    @property
    def faults(self) -> frozenset[ErrorKind]:
        """The code of that warning."""
        return frozenset({ErrorKind.LOCK_REFUSED} if self._dropped else ())

    def check_trusted(self) -> None:
        """Check that no lock was found missing before.

        Raises:
            StorageError: one was (`LOCK_REFUSED`).
        """
        if self._dropped:
            raise StorageError(ErrorKind.LOCK_REFUSED, self._dropped)

    def check_first(self, kind: str, name: str, version_id: str, lock: Mapping[str, Any]) -> None:
        """Look at what was stored with a lock, where it is the first of its kind.

        Where it cannot be looked at nothing is concluded, and the next one is looked at.

        Raises:
            OutcomeUnknownError: it was stored without its lock, or with less (`LOCK_REFUSED`).
        """
        if not lock or kind in self._seen:
            return
        try:
            found = self._versions.retention(name, version_id)
        except NotFoundError:
            return
        except StorageError as exc:
            if exc.kind is not ErrorKind.LOCK_REFUSED:
                return
            found = {}
        mode, wanted = lock["ObjectLockMode"], lock["ObjectLockRetainUntilDate"]
        until = found.get("RetainUntilDate")
        if found.get("Mode") == mode and until is not None and until >= wanted:
            with self._guard:
                self._seen.add(kind)
            return
        self._dropped = (
            f"{name} was stored, but not under the lock in {mode.lower()} mode until {wanted} that "
            f"was asked for: the storage says {found or 'that it has none'}; nothing more is "
            "stored here; check the bucket with a probe"
        )
        # It is there, so that no caller may take it for not stored.
        raise OutcomeUnknownError(ErrorKind.LOCK_REFUSED, self._dropped)
