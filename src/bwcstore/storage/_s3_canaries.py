"""Canaries in a bucket: stored, locked for seconds, attacked, and removed.

Rules kept here (spec chapter `storage-probe`):

- what counts is what is there afterwards, not what the service answered (PRB-2);
- an attempt that came too late to tell anything tells nothing (PRB-3);
- every canary is removed once its lock is over; one that another probe may still need is not
  touched (PRB-8).
"""

import threading
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from typing import Any, Final

import attrs

from bwcstore._layout import CANARIES
from bwcstore._values import Instant, LockMode
from bwcstore.errors import AlreadyExistsError, BwcStoreError, ErrorKind, StorageError
from bwcstore.storage._canaries import CANARY
from bwcstore.storage._s3 import S3Backend
from bwcstore.storage._s3_client import RefusedError
from bwcstore.storage._s3_upload import MARK
from bwcstore.storage._s3_versions import whole_second

AT_ONCE: Final = 4
# The storage tells its time in whole seconds.
_TICK_SECONDS: Final = 1.0
_POLL_SECONDS: Final = 0.2
_POLLS: Final = 20
_SECOND: Final = 1_000_000


class TooLateError(Exception):
    """The lock may have been over before what was tried could tell anything."""


@attrs.frozen(kw_only=True)
class Canary:
    """One stored version of a canary; `until` is when its lock ends."""

    name: str
    version: str
    until: Instant | None = None


class Canaries:
    """The canaries of one probe. Safe to use from several threads."""

    def __init__(self, backend: S3Backend) -> None:
        self.backend = backend
        self._ends: dict[str, Instant | None] = {}
        self._uploads: dict[str, str] = {}

    def now(self) -> Instant:
        """The storage's time, which lags behind by up to a second."""
        return self.backend.server_time() or self.backend.client.clock.now()

    def fresh(self) -> str:
        """A name for a canary."""
        return f"{CANARIES}{self.backend.fresh_mark()}"

    def call(self, operation: str, name: str, **arguments: Any) -> Mapping[str, Any]:
        """Ask the service for something about a canary.

        Raises:
            RefusedError: it was refused, or never answered.
        """
        key = self.backend.place.key(name)
        return self.backend.client.call(operation, Key=key, **arguments).fields

    # --- Storing ------------------------------------------------------------------------------

    def store(self, way: str, name: str, **asked: Any) -> Canary:
        """Store a canary under a free name: by `put`, or by `multipart`.

        Raises:
            AlreadyExistsError: the name is taken.
            RefusedError: it could not be stored.
            StorageError: nobody can tell whether it was stored.
        """
        lock = asked or self._shortest_lock()
        mark = self.backend.fresh_mark()
        self._ends[name] = lock.get("ObjectLockRetainUntilDate") and Instant.from_datetime(
            lock["ObjectLockRetainUntilDate"]
        )
        try:
            if way == "put":
                stored = self._put(name, IfNoneMatch="*", Metadata={MARK: mark}, **lock)
            else:
                stored = self._multipart(name, mark, lock)
        except RefusedError as exc:
            if not (exc.doubt or exc.refusal.taken):
                raise
            self.backend.settle(name, mark, exc, what=f"storing {name}")
            stored = {"VersionId": self.backend.versions(name)[0].version_id}
        return Canary(
            name=name, version=str(stored.get("VersionId", "null")), until=self._ends[name]
        )

    def store_on_top(self, name: str) -> Canary:
        """Store another version of a canary, whatever is there.

        Raises:
            RefusedError: it could not be stored.
        """
        return Canary(name=name, version=str(self._put(name).get("VersionId", "null")))

    def store_locked(self, way: str, *, mode: LockMode, seconds: int) -> Canary:
        """Store a canary that is locked for so long.

        Raises:
            RefusedError: it could not be stored.
            StorageError: nobody can tell whether it was stored.
        """
        until = whole_second(self.now().plus_seconds(seconds))
        return self.store(
            way, self.fresh(), ObjectLockMode=mode.value.upper(), ObjectLockRetainUntilDate=until
        )

    def _shortest_lock(self) -> Mapping[str, Any]:
        """What keeps a bucket that locks everything by itself from locking a canary for years."""
        if not self.backend.default_retention:
            return {}
        until = whole_second(self.now().plus_seconds(_TICK_SECONDS + 1.0))
        return {"ObjectLockMode": "GOVERNANCE", "ObjectLockRetainUntilDate": until}

    def _put(self, name: str, **arguments: Any) -> Mapping[str, Any]:
        arguments = arguments or dict(self._shortest_lock())
        return self.call("put_object", name, Body=CANARY, ChecksumAlgorithm="SHA256", **arguments)

    def _multipart(self, name: str, mark: str, lock: Mapping[str, Any]) -> Mapping[str, Any]:
        begun = self.call("create_multipart_upload", name, Metadata={MARK: mark}, **lock)
        upload = str(begun["UploadId"])
        self._uploads[upload] = name
        part = self.call("upload_part", name, PartNumber=1, Body=CANARY, UploadId=upload)
        parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
        fields = self.call(
            "complete_multipart_upload",
            name,
            UploadId=upload,
            MultipartUpload=parts,
            IfNoneMatch="*",
        )
        del self._uploads[upload]
        return fields

    def wins(self, way: str, name: str) -> bool:
        """Whether the name was free, and is this writer's now.

        Raises:
            RefusedError: it could not be tried.
            StorageError: nobody can tell.
        """
        try:
            self.store(way, name)
        except AlreadyExistsError:
            return False
        return True

    # --- Attacking ----------------------------------------------------------------------------

    def attempt(self, operation: str, canary: Canary, **arguments: Any) -> None:
        """Try something that may well be refused.

        Raises:
            RefusedError: there was no answer, or none that says that it was refused.
        """
        try:
            self.call(operation, canary.name, VersionId=canary.version, **arguments)
        except RefusedError as exc:
            if not 400 <= exc.refusal.status < 500 or exc.doubt:
                raise

    def is_there(self, canary: Canary) -> bool:
        """Whether the version can be looked at.

        Raises:
            RefusedError: that could not be asked.
        """
        try:
            self.call("head_object", canary.name, VersionId=canary.version)
        except RefusedError as exc:
            if exc.refusal.absent:
                return False
            raise
        return True

    def note_end(self, canary: Canary, until: datetime) -> None:
        """Remember that the lock of a canary was made longer."""
        self._ends[canary.name] = Instant.from_datetime(until)

    def check_in_time(self, canary: Canary, *, before_seconds: float = 0.0) -> None:
        """Check that the lock is not over, nor would be `before_seconds` earlier.

        Raises:
            TooLateError: it may be.
        """
        now = self.now().plus_seconds(_TICK_SECONDS + before_seconds)
        if canary.until is not None and now >= canary.until:
            raise TooLateError

    # --- Removing -----------------------------------------------------------------------------

    def remove(self, names: Iterable[str] | None = None) -> Mapping[str, str]:
        """Remove canaries, each once its lock is over; all of this probe, or those named.

        Returns:
            why each that is still there could not be removed.
        """
        wanted = sorted(self._ends if names is None else names)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            found = [*pool.map(self._removed, wanted)]
        return {name: why for name, why in zip(wanted, found, strict=True) if why}

    def _removed(self, name: str) -> str:
        end = self._ends.get(name)
        left = 0.0
        if end is not None:
            left = (end.microseconds - self.now().microseconds) / _SECOND
            threading.Event().wait(max(0.0, left))
        why = ""
        for _ in range(_POLLS if end is not None else 1):
            try:
                self.backend.delete(name)
            except BwcStoreError as exc:
                why = exc.message
                if exc.kind is not ErrorKind.WITHHELD_BY_STORAGE:
                    break
                threading.Event().wait(_POLL_SECONDS)
            else:
                self._ends.pop(name, None)
                return ""
        return why

    def abort_uploads(self) -> None:
        """Abort the uploads of this probe that did not end."""
        for upload, name in [*self._uploads.items()]:
            try:
                self.call("abort_multipart_upload", name, UploadId=upload)
            except RefusedError:
                # It is aborted as a leftover once it is old enough (BKT-6).
                continue
            self._uploads.pop(upload, None)

    def drop_at_once(self) -> None:
        """Remove what can be removed without waiting, of a probe that breaks off."""
        self.abort_uploads()
        with ThreadPoolExecutor(AT_ONCE) as pool:
            pool.map(partial(_deleted_quietly, self.backend), [*self._ends])

    def remove_leftovers(self, *, stale_seconds: float) -> int:
        """Remove canaries of probes that broke off; how many names there were.

        Raises:
            StorageError: the bucket cannot be listed.
        """
        before = self.now().plus_seconds(-stale_seconds)
        young = {
            stat.name
            for stat in self.backend.list(CANARIES)
            if stat.modified is None or stat.modified > before
        }
        names = {one.name for one in self.backend.all_versions(CANARIES)} - young
        return sum(_deleted_quietly(self.backend, name) for name in sorted(names))


def _deleted_quietly(backend: S3Backend, name: str) -> bool:
    try:
        backend.delete(name)
    except StorageError:
        # Still locked, or not allowed: the next probe tries again.
        return False
    return True
