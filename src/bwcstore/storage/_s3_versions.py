"""What a bucket holds of a name beyond its newest bytes: versions, markers, locks, broken uploads.

Rules kept here:

- a version is addressed by its id, and only versions are ever deleted (BKT-12);
- a refused deletion is told apart: kept by a lock or hold, or not allowed (STO-25);
- a lock is never shortened, and what was asked is read back (LCK-9).
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final, TypeVar, cast
from urllib.parse import unquote_plus

import attrs

from bwcstore._ports import StoredVersion
from bwcstore._values import ByteRange, Instant, LockMode
from bwcstore.errors import ErrorKind, NotFoundError, StorageError
from bwcstore.storage._s3_client import RefusedError, S3Client
from bwcstore.storage._s3_listed import Listed, instant_of, page_of

_ODD_VERSION: Final = frozenset({"InvalidArgument", "NoSuchVersion", "InvalidRequest"})
_NO_LOCK: Final = frozenset(
    {"NoSuchObjectLockConfiguration", "ObjectLockConfigurationNotFoundError"}
)


T = TypeVar("T")


def whole_second(at: Instant) -> datetime:
    """The first whole second that is not before an instant, as the service takes it."""
    seconds = -(-at.microseconds // 1_000_000)
    return datetime.fromtimestamp(seconds, tz=UTC)


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
            for one in page_of(fields):
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

    def given(self, name: str, look: Callable[..., T], *, what: str, **version: str) -> T:
        """What a request says of one version of a name; where none is asked for, of the newest
        that is no marker and is given out.

        Raises:
            NotFoundError: there is no such version, or only markers.
            StorageError: asking failed, or nothing is given out (`STORAGE_DENIED`).
        """
        try:
            return look(**version)
        except RefusedError as exc:
            refused = self._reason(exc, name, version)
            if version or not (refused.refusal.marker or refused.refusal.withheld):
                raise self.failure(refused, what, name, **version) from exc
        for one in self._under(name, refused, what):
            try:
                return look(VersionId=one.version_id)
            except RefusedError as exc:
                if exc.refusal.withheld:
                    refused = exc
                elif not exc.refusal.absent:
                    raise self.failure(exc, what, name) from exc
        raise self.failure(refused, what, name) from refused

    def _under(self, name: str, refused: RefusedError, what: str) -> Iterator[Listed]:
        """The versions of a name that have bytes, where its newest was refused."""
        try:
            yield from (one for one in self.listed("", only=name) if not one.marker)
        except StorageError as exc:
            # Who may do nothing here is told what was asked for, not how others were looked for.
            if refused.refusal.withheld and exc.kind is ErrorKind.STORAGE_DENIED:
                raise self.failure(refused, what, name) from exc
            raise

    def _reason(self, refused: RefusedError, name: str, version: Mapping[str, str]) -> RefusedError:
        """Why a look was refused: its answer has no body that could say so, another's has."""
        if not (refused.refusal.bare and refused.refusal.status in (400, 403)):
            return refused
        enough = ByteRange(offset_bytes=0, length_bytes=1)
        try:
            self._client.read(self._place.key(name), enough, **version)
        except RefusedError as exc:
            return exc if exc.refusal.status else refused
        return refused

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
            if not exc.refusal.withheld:
                raise exc.refusal.error(f"looking at {name}, version {one.version_id}") from exc
            # Encrypted under a key of somebody's own: its bytes are told nobody, its locks are.
            head = {
                **self._told("get_object_retention", name, one, "Retention"),
                **self._told("get_object_legal_hold", name, one, "LegalHold"),
            }
        until = head.get("ObjectLockRetainUntilDate") or head.get("RetainUntilDate")
        held = head.get("ObjectLockLegalHoldStatus") or head.get("Status")
        return attrs.evolve(
            plain,
            locked_until=None if until is None else self._unless_over(instant_of(until)),
            legal_hold=held == "ON",
        )

    def _told(self, operation: str, name: str, one: Listed, field: str) -> Mapping[str, Any]:
        """A lock of one version, asked for by itself; nothing where there is none, or where these
        credentials may not ask.

        Raises:
            StorageError: there was no answer.
        """
        try:
            fields = self._client.call(
                operation, Key=self._place.key(name), VersionId=one.version_id
            ).fields
        except RefusedError as exc:
            refusal = exc.refusal
            if refusal.code in _NO_LOCK or refusal.absent or refusal.withheld:
                return {}
            raise refusal.error(f"asking for the locks of {name}, {one.version_id}") from exc
        return cast("Mapping[str, Any]", fields.get(field, {}))

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
            if exc.refusal.absent:
                return
            if exc.refusal.code in _ODD_VERSION and not self._has(name, version_id):
                return
            if exc.refusal.withheld and self._lockable:
                self._explain(name, version_id, exc)
            raise exc.refusal.error(what) from exc

    def _has(self, name: str, version_id: str) -> bool:
        """Whether a version is listed: some services refuse to delete what is locked in the words
        in which others say that there is no such version.
        """
        return any(one.version_id == version_id for one in self.listed("", only=name))

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
            raise self.failure(exc, what, name, VersionId=version_id) from exc
        return cast("Mapping[str, Any]", fields.get("Retention", {}))

    def failure(
        self, exc: RefusedError, what: str, name: str, **version: str
    ) -> NotFoundError | StorageError:
        """What to raise where a name or version could not be read or looked at."""
        if exc.refusal.absent or (version and exc.refusal.code in _ODD_VERSION):
            return NotFoundError(ErrorKind.NAME_ABSENT, f"{name} does not exist")
        found = exc.refusal.error(what)
        if exc.refusal.withheld:
            return StorageError(ErrorKind.STORAGE_DENIED, found.message)
        return found

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
