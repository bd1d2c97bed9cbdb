"""S3-compatible object storage as a backend (spec chapters `storage-operations`, `buckets`).

Rules kept here:

- a name is created by one conditional request, and whose it is after a lost answer is told by a
  random mark that only its writer knows (BKT-4);
- what is evidential is locked in the request that stores it (LCK-1);
- a delete marker never means deletion, nor what is given to nobody: the newest version that is
  neither is read (BKT-9);
- whatever is deleted is deleted as versions, each by its id.
"""

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import groupby
from typing import Any, Final

from bwcstore._layout import check_name, check_prefix, is_name
from bwcstore._ports import (
    Backend,
    Capability,
    Clock,
    Entropy,
    Properties,
    Source,
    Stat,
    StoredVersion,
    Upload,
)
from bwcstore._values import ByteRange, Instant, Locking, LockMode
from bwcstore.errors import (
    AlreadyExistsError,
    ErrorKind,
    NotFoundError,
    OutcomeUnknownError,
    StorageError,
)
from bwcstore.storage._s3_bucket import look_at
from bwcstore.storage._s3_client import Answer, RefusedError, S3Client
from bwcstore.storage._s3_listed import Listed, instant_of
from bwcstore.storage._s3_lock_check import LockCheck
from bwcstore.storage._s3_options import S3Options, S3Place
from bwcstore.storage._s3_ranges import PIECE_BYTES, S3Ranges
from bwcstore.storage._s3_source import S3Source
from bwcstore.storage._s3_under_way import UnderWay
from bwcstore.storage._s3_upload import MARK, S3Upload, version_of
from bwcstore.storage._s3_versions import S3Versions, whole_second

_DAY_SECONDS: Final = 86_400
_PLAIN: Final = re.compile(r"[\x21-\x7e]{1,1024}")


class S3Backend(Backend):
    """One prefix of one bucket."""

    def __init__(
        self,
        url: str,
        *,
        clock: Clock,
        entropy: Entropy,
        options: S3Options | None = None,
    ) -> None:
        """Look at the bucket.

        Raises:
            InvalidInputError: the URL is malformed, or the client library is missing.
            StorageError: there is no such bucket, or it cannot be reached or looked at.
        """
        self.place = S3Place.parse(url)
        self.options = options or S3Options()
        self.client = S3Client(self.place, self.options, clock=clock, entropy=entropy)
        self._ranges = S3Ranges(self.client)
        self._clock = clock
        self._entropy = entropy
        self._locking: Locking | None = None
        self.under_way = UnderWay(part_bytes=self.options.part_bytes)
        self.bucket = look_at(self.client)
        self.versioned = self.bucket.versioned
        self.lockable = self.bucket.lockable
        self.default_retention = self.bucket.default_retention
        self._versions = S3Versions(self.client, lockable=self.lockable)
        self._lock_check = LockCheck(self._versions)
        self.check_lock = self._lock_check.check_first

    @property
    def properties(self) -> Properties:
        """See `Backend.properties`."""
        found = {Capability.CREATE_ONLY, Capability.SERVER_TIME}
        warnings = []
        if self.versioned:
            found.add(Capability.VERSIONS)
        if self.lockable:
            found |= {Capability.LOCK, Capability.LEGAL_HOLD}
        if self.default_retention:
            warnings.append(
                "The bucket locks whatever is stored in it for a time of its own: what a store "
                "may destroy earlier, this bucket will keep."
            )
        return Properties(
            location=str(self.place),
            capabilities=frozenset(found),
            warnings=(*warnings, *self._lock_check.warnings),
            faults=self._lock_check.faults,
            read_bytes=PIECE_BYTES,
        )

    def lock_new(self, locking: Locking) -> None:
        """See `Backend.lock_new`."""
        self._locking = locking

    def server_time(self) -> Instant | None:
        """See `Backend.server_time`."""
        return self.client.server_time()

    def close(self) -> None:
        """See `Backend.close`."""
        self._ranges.close()
        self.client.close()

    # --- Creating -----------------------------------------------------------------------------

    def create(self, name: str, data: bytes | Sequence[bytes]) -> Stat:
        """See `Backend.create`. What is created so is a record (LCK-3)."""
        check_name(name)
        joined = bytes(data) if isinstance(data, bytes | bytearray) else b"".join(data)
        return self.put(name, joined, lock=self.lock_arguments(self._records_until()))

    def _records_until(self) -> Instant | None:
        if self._locking is None:
            return None
        now = self.server_time() or self._clock.now()
        return now.plus_seconds(self._locking.record_days * _DAY_SECONDS)

    def lock_arguments(self, until: Instant | None) -> Mapping[str, Any]:
        """The arguments that lock what a request stores.

        Raises:
            StorageError: a lock that was asked for before was not kept (`LOCK_REFUSED`).
        """
        if until is None or self._locking is None or self._locking.mode is LockMode.NONE:
            return {}
        self._lock_check.check_trusted()
        return {
            "ObjectLockMode": self._locking.mode.value.upper(),
            "ObjectLockRetainUntilDate": whole_second(until),
        }

    def put(self, name: str, data: bytes, *, lock: Mapping[str, Any], kind: str = "record") -> Stat:
        """Store something in one request; the first lock of each kind is looked at (BKT-15).

        Raises:
            AlreadyExistsError: the name is taken.
            OutcomeUnknownError: it may or may not have been stored, or not under its lock.
            StorageError: it was not stored.
        """
        mark = self.fresh_mark()
        digest = base64.b64encode(hashlib.sha256(data).digest()).decode()
        try:
            answer = self.client.call(
                "put_object",
                length_bytes=len(data),
                Key=self.place.key(name),
                Body=data,
                IfNoneMatch="*",
                ChecksumAlgorithm="SHA256",
                ChecksumSHA256=digest,
                Metadata={MARK: mark},
                **lock,
            )
        except RefusedError as exc:
            answer = self.settle(name, mark, exc, what=f"storing {name}")
        self.check_lock(kind, name, version_of(answer), lock)
        return Stat(name=name, length_bytes=len(data))

    def settle(self, name: str, mark: str, refused: RefusedError, *, what: str) -> Answer:
        """Find out what became of a request to store; what a look at it says, where it was stored
        after all. What stands between may send a request twice on its own, so that even a name
        that is taken may be one's own (BKT-4).

        Raises:
            AlreadyExistsError: the name is another's.
            OutcomeUnknownError: nobody can tell.
            StorageError: it was not stored.
        """
        refusal = refused.refusal
        if not (refusal.taken or refused.doubt):
            raise refusal.error(what) from refused
        again = f"no certain answer ({refusal.code}); try again: what was stored is found then"
        try:
            found = self._head(name, within_seconds=self.options.afterwards_seconds)
        except NotFoundError as exc:
            # A request without an answer may take effect later: absence now proves nothing.
            raise OutcomeUnknownError(ErrorKind.OUTCOME_UNKNOWN, f"{what}: {again}") from exc
        except StorageError as exc:
            raise OutcomeUnknownError(
                ErrorKind.OUTCOME_UNKNOWN,
                f"{what}: {again}; it cannot be looked at: {exc.message}",
            ) from exc
        if found.fields.get("Metadata", {}).get(MARK) != mark:
            raise AlreadyExistsError(ErrorKind.NAME_TAKEN, f"{name} exists") from refused
        return found

    def create_large(self, name: str, *, keep_until: Instant | None = None) -> Upload:
        """See `Backend.create_large`."""
        check_name(name)
        return S3Upload(self, name, lock=self.lock_arguments(keep_until))

    def fresh_mark(self) -> str:
        """A random mark for one writer of one name."""
        return self._entropy.take(16).hex()

    # --- Reading ------------------------------------------------------------------------------

    def _head(self, name: str, *, within_seconds: float | None = None, **version: str) -> Answer:
        key = self.place.key(name)

        def look(**chosen: Any) -> Answer:
            return self.client.call("head_object", within_seconds=within_seconds, Key=key, **chosen)

        return self._versions.given(name, look, what=f"looking at {name}", **version)

    def read(self, name: str, byte_range: ByteRange | None = None) -> bytes:
        """See `Backend.read`."""
        check_name(name)
        return self._read(name, byte_range)

    def read_version(
        self, name: str, version_id: str, byte_range: ByteRange | None = None
    ) -> bytes:
        """See `Backend.read_version`."""
        check_name(name)
        return self._read(name, byte_range, VersionId=_check_version(name, version_id))

    def _read(self, name: str, byte_range: ByteRange | None, **version: str) -> bytes:
        read = partial(self.client.read, self.place.key(name), byte_range)
        return self._versions.given(name, read, what=f"reading {name}", **version)

    def open(self, name: str) -> Source:
        """See `Backend.open`. What is open stays the version that it was."""
        check_name(name)
        return self._source(name, self._head(name))

    def open_version(self, name: str, version_id: str) -> Source:
        """See `Backend.open_version`."""
        check_name(name)
        return self._source(name, self._head(name, VersionId=_check_version(name, version_id)))

    def _source(self, name: str, head: Answer) -> S3Source:
        version = head.fields.get("VersionId")
        return S3Source(
            self.client,
            name,
            length_bytes=int(head.fields["ContentLength"]),
            version={"VersionId": str(version)} if version else {},
            ranges=self._ranges,
        )

    def stat(self, name: str) -> Stat:
        """See `Backend.stat`."""
        check_name(name)
        head = self._head(name)
        return Stat(
            name=name,
            length_bytes=int(head.fields["ContentLength"]),
            modified=instant_of(head.fields["LastModified"]),
        )

    def list(self, prefix: str) -> Iterator[Stat]:
        """See `Backend.list`. What a marker covers is listed all the same."""
        check_prefix(prefix)
        for name, versions in self._named(prefix):
            found = next((one for one in versions if not one.marker), None)
            if found is not None:
                yield Stat(name=name, length_bytes=found.length_bytes, modified=found.modified)

    def _named(self, prefix: str) -> Iterator[tuple[str, Iterator[Listed]]]:
        """Versions by stored name; what others keep below the prefix is passed over."""
        return (one for one in self._keyed(prefix) if is_name(one[0]))

    def _keyed(self, prefix: str) -> Iterator[tuple[str, Iterator[Listed]]]:
        start = len(self.place.prefix)
        # Never gathered: of one name there may be more versions than fit into memory.
        for key, lines in groupby(self._versions.listed(prefix), key=lambda one: one.key):
            yield key[start:], lines

    def foreign(self, prefix: str) -> Iterator[str]:
        """See `Backend.foreign`. What only a marker is left of is not there."""
        check_prefix(prefix)
        for name, lines in self._keyed(prefix):
            if not (is_name(name) or all(one.marker for one in lines)):
                yield name

    # --- Versions, locks, removing ------------------------------------------------------------

    def versions(self, name: str) -> tuple[StoredVersion, ...]:
        """See `Backend.versions`. A lock that is over is none."""
        return self._versions.of(check_name(name))

    def all_versions(self, prefix: str) -> Iterator[StoredVersion]:
        """See `Backend.all_versions`."""
        check_prefix(prefix)
        for name, lines in self._named(prefix):
            for one in lines:
                yield StoredVersion(
                    name=name,
                    version_id=one.version_id,
                    length_bytes=one.length_bytes,
                    marker=one.marker,
                    modified=one.modified,
                )

    def delete(self, name: str) -> None:
        """See `Backend.delete`. Every version goes, and every marker."""
        check_name(name)
        for one in [*self._versions.listed("", only=name)]:
            self._versions.delete(name, one.version_id)

    def delete_version(self, name: str, version_id: str) -> None:
        """See `Backend.delete_version`."""
        check_name(name)
        if _PLAIN.fullmatch(version_id):
            self._versions.delete(name, version_id)

    def extend_lock(self, name: str, version_id: str, until: Instant) -> None:
        """See `Backend.extend_lock`."""
        mode = self._locking.mode if self._locking is not None else LockMode.NONE
        if mode is LockMode.NONE or not self.lockable:
            raise self._no_locks(f"lock {name}, version {version_id}, until {until}")
        version = _check_version(check_name(name), version_id)
        self._versions.extend(name, version, until, mode=mode)

    def place_legal_hold(self, name: str, version_id: str) -> None:
        """See `Backend.place_legal_hold`."""
        if not self.lockable:
            raise self._no_locks(f"hold {name}, version {version_id}")
        self._versions.set_hold(name, _check_version(check_name(name), version_id), "ON")

    def lift_legal_hold(self, name: str, version_id: str) -> None:
        """See `Backend.lift_legal_hold`."""
        if not self.lockable:
            raise self._no_locks(f"lift the hold of {name}, version {version_id}")
        self._versions.set_hold(name, _check_version(check_name(name), version_id), "OFF")

    def discard_leftovers(self, prefix: str = "") -> int:
        """See `Backend.discard_leftovers`. An upload of another process is under way until it is
        older than `S3Options.upload_seconds_max`: nothing tells whether its writer lives.
        """
        check_prefix(prefix)
        now = self.server_time() or self._clock.now()
        before = now.plus_seconds(-self.options.upload_seconds_max)
        return self._versions.abort_uploads(prefix, living=self.under_way.uploads(), before=before)


def _check_version(name: str, version_id: str) -> str:
    if not _PLAIN.fullmatch(version_id):
        raise NotFoundError(ErrorKind.NAME_ABSENT, f"{name} has no version {version_id!r:.80}")
    return version_id
