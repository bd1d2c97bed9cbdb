"""What a bucket holds of a name beyond its newest bytes: versions, markers, locks, broken uploads.

Rules kept here:

- a version is addressed by its id, and only versions are ever deleted (BKT-12);
- a refused deletion is told apart: kept by a lock or hold, or not allowed (STO-25);
- a lock is never shortened, and what was asked is read back (LCK-9).
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final, cast
from urllib.parse import unquote_plus

import attrs

from bwcstore._ports import ONLY_VERSION, StoredVersion
from bwcstore._values import Instant, LockMode
from bwcstore.errors import ErrorKind, NotFoundError, StorageError
from bwcstore.storage._s3_client import RefusedError, S3Client

_ODD_VERSION: Final = frozenset({"InvalidArgument", "NoSuchVersion", "InvalidRequest"})
_NO_LOCK: Final = frozenset(
    {"NoSuchObjectLockConfiguration", "ObjectLockConfigurationNotFoundError"}
)


def whole_second(at: Instant) -> datetime:
    """The first whole second that is not before an instant, as the service takes it."""
    seconds = -(-at.microseconds // 1_000_000)
    return datetime.fromtimestamp(seconds, tz=UTC)


def instant_of(moment: datetime) -> Instant:
    """An instant as the service gives it."""
    return Instant.from_datetime(moment.astimezone(UTC))


@attrs.frozen(kw_only=True)
class Listed:
    """One line of a listing of versions."""

    key: str
    version_id: str
    length_bytes: int
    modified: Instant
    marker: bool


class S3Versions:
    """The versions below one prefix of one bucket."""

    def __init__(self, client: S3Client, *, lockable: bool) -> None:
        self._client = client
        self._place = client.place
        self._lockable = lockable

    def listed(self, prefix: str, *, only: str | None = None) -> Iterator[Listed]:
        """Every version and marker below a prefix of names, in order of keys, the newest of each
        first; of the key of one name alone where `only` is given.

        Raises:
            StorageError: listing failed.
        """
        arguments: dict[str, Any] = {"Prefix": self._place.key(prefix if only is None else only)}
        wanted = None if only is None else self._place.key(only)
        while True:
            try:
                fields = self._client.call("list_object_versions", **arguments).fields
            except RefusedError as exc:
                raise exc.refusal.error(f"listing {self._place}") from exc
            # The service lists versions and markers apart; one sort puts a name's together.
            page = [_listed(one, marker=False) for one in fields.get("Versions", ())]
            page += [_listed(one, marker=True) for one in fields.get("DeleteMarkers", ())]
            latest = {
                (one["Key"], one["VersionId"])
                for one in (*fields.get("Versions", ()), *fields.get("DeleteMarkers", ()))
                if one.get("IsLatest")
            }
            page.sort(key=lambda one: one.modified, reverse=True)
            page.sort(key=lambda one: (one.key.encode(), (one.key, one.version_id) not in latest))
            for one in page:
                if wanted is not None and one.key != wanted:
                    return
                yield one
            if not self._advance(arguments, fields, "VersionIdMarker"):
                return

    def _advance(self, arguments: dict[str, Any], fields: Mapping[str, Any], second: str) -> bool:
        """Ask for the page after this one, if there is one.

        Raises:
            StorageError: the listing would never end.
        """
        if not fields["IsTruncated"]:
            return False
        before = arguments.get("KeyMarker"), arguments.get(second)
        after = fields.get("NextKeyMarker"), fields.get(f"Next{second}") or None
        if after[0] is None or after == before:
            raise StorageError(
                ErrorKind.STORAGE_IO,
                f"listing {self._place}: the storage says that there is more, but not from where",
            )
        arguments["KeyMarker"], arguments[second] = after
        if after[1] is None:
            del arguments[second]
        return True

    def of(self, name: str) -> tuple[StoredVersion, ...]:
        """Every version of a name, the newest first, with its locks.

        Raises:
            StorageError: asking failed.
        """
        return tuple(
            found
            for one in self.listed("", only=name)
            if (found := self._with_locks(name, one)) is not None
        )

    def _with_locks(self, name: str, one: Listed) -> StoredVersion | None:
        plain = StoredVersion(
            name=name,
            version_id=one.version_id,
            length_bytes=one.length_bytes,
            marker=one.marker,
            modified=one.modified,
        )
        if one.marker or not self._lockable:
            return plain
        try:
            head = self._client.call(
                "head_object", Key=self._place.key(name), VersionId=one.version_id
            ).fields
        except RefusedError as exc:
            if exc.refusal.absent:
                return None
            raise exc.refusal.error(f"looking at {name}, version {one.version_id}") from exc
        until = head.get("ObjectLockRetainUntilDate")
        return attrs.evolve(
            plain,
            locked_until=None if until is None else self._unless_over(instant_of(until)),
            legal_hold=head.get("ObjectLockLegalHoldStatus") == "ON",
        )

    def _unless_over(self, until: Instant) -> Instant | None:
        now = self._client.server_time()
        return None if now is not None and until <= now else until

    def delete(self, name: str, version_id: str) -> None:
        """Destroy one version; see `Backend.delete_version`.

        Raises:
            StorageError: it could not be destroyed.
        """
        what = f"deleting {name}, version {version_id}"
        try:
            self._client.call("delete_object", Key=self._place.key(name), VersionId=version_id)
        except RefusedError as exc:
            if exc.refusal.absent or exc.refusal.code in _ODD_VERSION:
                return
            if exc.refusal.denied and self._lockable:
                self._explain(name, version_id, exc)
            raise exc.refusal.error(what) from exc

    def _explain(self, name: str, version_id: str, refused: RefusedError) -> None:
        """Say that a lock or hold forbids it, where that is so.

        Raises:
            StorageError: it is so (`WITHHELD_BY_STORAGE`).
        """
        for one in self.of(name):
            if one.version_id != version_id or not (one.legal_hold or one.locked_until):
                continue
            why = "under legal hold" if one.legal_hold else f"locked until {one.locked_until}"
            raise StorageError(
                ErrorKind.WITHHELD_BY_STORAGE, f"{name}, version {version_id}, is {why}"
            ) from refused

    def extend(self, name: str, version_id: str, until: Instant, *, mode: LockMode) -> None:
        """Lock one version until an instant or longer; see `Backend.extend_lock`.

        Raises:
            NotFoundError: there is no such version.
            StorageError: it could not be done (`LOCK_REFUSED`), or did not hold.
        """
        what = f"locking {name}, version {version_id}, until {until}"
        key = self._place.key(name)
        wanted = whole_second(until)
        found = self._retention(name, version_id, what)
        if found is not None and found >= wanted:
            return
        try:
            self._client.call(
                "put_object_retention",
                Key=key,
                VersionId=version_id,
                Retention={"Mode": mode.value.upper(), "RetainUntilDate": wanted},
            )
        except RefusedError as exc:
            raise _lock_failure(exc, what) from exc
        found = self._retention(name, version_id, what)
        if found is None or found < wanted:
            raise StorageError(
                ErrorKind.LOCK_REFUSED, f"{what}: the storage keeps it until {found}"
            )

    def _retention(self, name: str, version_id: str, what: str) -> datetime | None:
        try:
            fields = self._client.call(
                "get_object_retention", Key=self._place.key(name), VersionId=version_id
            ).fields
        except RefusedError as exc:
            if exc.refusal.code in _NO_LOCK:
                return None
            raise _lock_failure(exc, what) from exc
        return cast("datetime | None", fields.get("Retention", {}).get("RetainUntilDate"))

    def retention(self, name: str, version_id: str) -> Mapping[str, Any]:
        """The lock of one version, `Mode` and `RetainUntilDate`; empty where there is none.

        Raises:
            NotFoundError: there is no such version.
            StorageError: it cannot be asked; `LOCK_REFUSED` where nothing can be locked.
        """
        what = f"looking at the lock of {name}"
        try:
            fields = self._client.call(
                "get_object_retention",
                within_seconds=self._client.options.afterwards_seconds,
                Key=self._place.key(name),
                VersionId=version_id,
            ).fields
        except RefusedError as exc:
            if exc.refusal.code in _NO_LOCK:
                return {}
            if exc.refusal.status == 400 and not exc.refusal.bare:
                raise _lock_failure(exc, what) from exc
            raise self.failure(exc, what, name) from exc
        return cast("Mapping[str, Any]", fields.get("Retention", {}))

    def failure(self, exc: RefusedError, what: str, name: str) -> NotFoundError | StorageError:
        """What to raise where a name or version could not be read or looked at."""
        if exc.refusal.absent or exc.refusal.code in _ODD_VERSION:
            return NotFoundError(ErrorKind.NAME_ABSENT, f"{name} does not exist")
        return exc.refusal.error(what)

    def set_hold(self, name: str, version_id: str, status: str) -> None:
        """Put the legal hold of one version `ON` or `OFF`.

        Raises:
            NotFoundError: there is no such version.
            StorageError: it could not be done (`LOCK_REFUSED`).
        """
        try:
            self._client.call(
                "put_object_legal_hold",
                Key=self._place.key(name),
                VersionId=version_id,
                LegalHold={"Status": status},
            )
        except RefusedError as exc:
            what = f"putting the legal hold of {name}, version {version_id}, {status.lower()}"
            raise _lock_failure(exc, what) from exc

    def abort_uploads(self, prefix: str, *, living: frozenset[str], before: Instant) -> int:
        """Abort uploads begun before an instant that nobody here has under way.

        Raises:
            StorageError: listing or aborting failed.
        """
        arguments: dict[str, Any] = {"Prefix": self._place.key(prefix), "EncodingType": "url"}
        count = 0
        while True:
            try:
                fields = self._client.call("list_multipart_uploads", **arguments).fields
                for one in fields.get("Uploads", ()):
                    if one["UploadId"] in living or instant_of(one["Initiated"]) >= before:
                        continue
                    self._abort(one["Key"], one["UploadId"])
                    count += 1
            except RefusedError as exc:
                raise exc.refusal.error(f"looking for broken uploads in {self._place}") from exc
            after = fields.get("NextKeyMarker")
            if after and fields.get("EncodingType") == "url":
                fields = {**fields, "NextKeyMarker": unquote_plus(after)}
            if not self._advance(arguments, fields, "UploadIdMarker"):
                return count

    def _abort(self, key: str, upload_id: str) -> None:
        # Some services encode keys and do not say so, others do not know how; the id tells.
        for each in dict.fromkeys((unquote_plus(key), key)):
            try:
                self._client.call("abort_multipart_upload", Key=each, UploadId=upload_id)
            except RefusedError as exc:
                if not exc.refusal.absent:
                    raise
            else:
                return


def _lock_failure(exc: RefusedError, what: str) -> NotFoundError | StorageError:
    refusal = exc.refusal
    if refusal.absent or refusal.code == "NoSuchVersion":
        return NotFoundError(ErrorKind.NAME_ABSENT, f"{what}: there is no such version")
    if refusal.denied or refusal.status == 400:
        return StorageError(ErrorKind.LOCK_REFUSED, refusal.error(what).message)
    return refusal.error(what)


def _listed(line: dict[str, Any], *, marker: bool) -> Listed:
    return Listed(
        key=line["Key"],
        version_id=line.get("VersionId") or ONLY_VERSION,
        length_bytes=0 if marker else int(line["Size"]),
        modified=instant_of(line["LastModified"]),
        marker=marker,
    )
