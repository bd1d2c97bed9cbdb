"""Simulated storage that keeps versions and locks them, as S3 does in a bucket with Object Lock.

Rules kept here:

- the clock given is the storage's own time, and the only one that ends a lock;
- reading by name takes the newest version that is no marker;
- creating is refused by a version on top, and not by a marker on top: S3 does the same;
- nothing that is locked or held goes, whoever asks, and no lock gets shorter.
"""

import threading
from collections.abc import Iterator, Sequence
from typing import Final

import attrs

from bwcstore._layout import check_name, check_prefix
from bwcstore._memory_source import MemorySource
from bwcstore._ports import Backend, Capability, Properties, Source, Stat, StoredVersion, Upload
from bwcstore._values import ByteRange, Instant, Locking, LockMode
from bwcstore.errors import AlreadyExistsError, ErrorKind, NotFoundError, StorageError
from bwcstore.testing._memory_upload import MemoryUpload
from bwcstore.testing._world import SimClock

_DAY_SECONDS: Final = 86_400
_CAPABILITIES: Final = frozenset(
    {
        Capability.CREATE_ONLY,
        Capability.VERSIONS,
        Capability.LOCK,
        Capability.LEGAL_HOLD,
        Capability.SERVER_TIME,
    }
)


@attrs.define(kw_only=True)
class _Version:
    """One stored version; `data` is None for a marker."""

    version_id: str
    data: bytes | None
    modified: Instant
    locked_until: Instant | None = None
    legal_hold: bool = False
    withheld: bool = False


@attrs.define
class _Bucket:
    """What outlives a process: the versions of every name, the oldest first."""

    versions: dict[str, list[_Version]] = attrs.field(factory=dict)
    foreign: set[str] = attrs.field(factory=set)
    made: int = 0


class VersionedMemoryBackend(Backend):
    """Storage in memory with versions, locks and legal holds, which nobody can go round.

    `shadow`, `mark`, `wall_up` and `litter` do what one may who can write to the bucket and break
    no lock.
    """

    def __init__(self, *, clock: SimClock | None = None) -> None:
        """Begin empty.

        Args:
            clock: the storage's own time; one of its own when None.
        """
        self.clock = clock or SimClock()
        self._bucket = _Bucket()
        self._locking: Locking | None = None
        self._lock = threading.RLock()
        self._uploads: set[MemoryUpload] = set()
        self._leftovers: tuple[str, ...] = ()

    def reopened(self) -> "VersionedMemoryBackend":
        """What a new process finds: the same versions and locks; uploads under way are leftovers,
        and nothing new is locked before `lock_new`.
        """
        found = VersionedMemoryBackend(clock=self.clock)
        found._bucket = self._bucket
        found._leftovers = (*self._leftovers, *(one.name for one in self._uploads))
        return found

    @property
    def properties(self) -> Properties:
        """A simulated place with everything that S3 can do."""
        return Properties(location="memory with versions", capabilities=_CAPABILITIES)

    def create(self, name: str, data: bytes | Sequence[bytes]) -> Stat:
        """See `Backend.create`. Succeeds over a marker on top."""
        check_name(name)
        joined = bytes(data) if isinstance(data, bytes | bytearray) else b"".join(data)
        with self._lock:
            until = None
            if self._locking is not None:
                seconds = self._locking.record_days * _DAY_SECONDS
                until = self.clock.now().plus_seconds(seconds)
            return self._keep(name, joined, until)

    def _keep(self, name: str, data: bytes, until: Instant | None) -> Stat:
        with self._lock:
            kept = self._bucket.versions.get(name)
            if kept and kept[-1].data is not None:
                raise AlreadyExistsError(ErrorKind.NAME_TAKEN, f"{name} exists")
            self._put(name, data, until)
            return self._stat(name)

    def _put(self, name: str, data: bytes | None, until: Instant | None = None) -> str:
        with self._lock:
            self._bucket.made += 1
            version = _Version(
                version_id=f"v{self._bucket.made}",
                data=data,
                modified=self.clock.now(),
                locked_until=until,
            )
            self._bucket.versions.setdefault(name, []).append(version)
            return version.version_id

    def create_large(self, name: str, *, keep_until: Instant | None = None) -> Upload:
        """See `Backend.create_large`. What is to be kept until now or before is not locked."""
        check_name(name)
        with self._lock:
            asked = keep_until if self._locking is not None else None
            if asked is not None and asked <= self.clock.now():
                asked = None
            upload = MemoryUpload(
                name,
                keep=lambda data: self._keep(name, data, asked),
                ended=self._uploads.discard,
            )
            self._uploads.add(upload)
        return upload

    def read(self, name: str, byte_range: ByteRange | None = None) -> bytes:
        """See `Backend.read`."""
        return _cut(self._newest(name)[1], byte_range)

    def open(self, name: str) -> Source:
        """See `Backend.open`."""
        return MemorySource(self._newest(name)[1])

    def stat(self, name: str) -> Stat:
        """See `Backend.stat`."""
        return self._stat(name)

    def _stat(self, name: str) -> Stat:
        version, data = self._newest(name)
        return Stat(name=name, length_bytes=len(data), modified=version.modified)

    def _newest(self, name: str) -> tuple[_Version, bytes]:
        check_name(name)
        with self._lock:
            kept = [one for one in self._bucket.versions.get(name, ()) if one.data is not None]
            for version in reversed(kept):
                if version.data is not None and not version.withheld:
                    return version, version.data
        if kept:
            raise _denied(name, kept[-1])
        raise NotFoundError(ErrorKind.NAME_ABSENT, f"{name} does not exist")

    def list(self, prefix: str) -> Iterator[Stat]:
        """See `Backend.list`. Shows what there was when it was called."""
        check_prefix(prefix)
        with self._lock:
            found = [
                self._stat(name)
                for name, kept in sorted(self._bucket.versions.items())
                if name.startswith(prefix) and any(one.data is not None for one in kept)
            ]
        return iter(found)

    def delete(self, name: str) -> None:
        """See `Backend.delete`. Destroys every version, markers included, or none.

        Raises:
            StorageError: one of them is locked or held (`WITHHELD_BY_STORAGE`).
        """
        check_name(name)
        with self._lock:
            for version in self._bucket.versions.get(name, ()):
                self._check_free(name, version)
            self._bucket.versions.pop(name, None)

    def _check_free(self, name: str, version: _Version) -> None:
        locked = version.locked_until
        if version.legal_hold or (locked is not None and locked > self.clock.now()):
            why = "under a legal hold" if version.legal_hold else f"locked until {locked}"
            raise StorageError(
                ErrorKind.WITHHELD_BY_STORAGE, f"{name}, version {version.version_id}, is {why}"
            )

    def versions(self, name: str) -> tuple[StoredVersion, ...]:
        """See `Backend.versions`."""
        check_name(name)
        with self._lock:
            kept = self._bucket.versions.get(name, ())
            return tuple(
                attrs.evolve(
                    _bare(name, one), locked_until=one.locked_until, legal_hold=one.legal_hold
                )
                for one in reversed(kept)
            )

    def delete_version(self, name: str, version_id: str) -> None:
        """See `Backend.delete_version`."""
        check_name(name)
        with self._lock:
            kept = self._bucket.versions.get(name, [])
            for version in kept:
                if version.version_id == version_id:
                    self._check_free(name, version)
                    kept.remove(version)
                    break
            if not kept:
                self._bucket.versions.pop(name, None)

    def discard_leftovers(self, prefix: str = "") -> int:
        """See `Backend.discard_leftovers`."""
        check_prefix(prefix)
        with self._lock:
            before = len(self._leftovers)
            self._leftovers = tuple(name for name in self._leftovers if not name.startswith(prefix))
            return before - len(self._leftovers)

    def lock_new(self, locking: Locking) -> None:
        """See `Backend.lock_new`. Both modes are simulated alike."""
        with self._lock:
            self._locking = None if locking.mode is LockMode.NONE else locking

    def read_version(
        self, name: str, version_id: str, byte_range: ByteRange | None = None
    ) -> bytes:
        """See `Backend.read_version`."""
        return _cut(self._find(name, version_id)[1], byte_range)

    def open_version(self, name: str, version_id: str) -> Source:
        """See `Backend.open_version`."""
        return MemorySource(self._find(name, version_id)[1])

    def _find(self, name: str, version_id: str, *, locking: bool = False) -> tuple[_Version, bytes]:
        check_name(name)
        with self._lock:
            for version in self._bucket.versions.get(name, ()):
                if version.version_id == version_id and version.data is not None:
                    if version.withheld and not locking:
                        raise _denied(name, version)
                    return version, version.data
        raise NotFoundError(ErrorKind.NAME_ABSENT, f"{name} has no version {version_id:.80}")

    def all_versions(self, prefix: str) -> Iterator[StoredVersion]:
        """See `Backend.all_versions`. Shows what there was when it was called."""
        check_prefix(prefix)
        with self._lock:
            found = [
                _bare(name, one)
                for name, kept in sorted(self._bucket.versions.items())
                if name.startswith(prefix)
                for one in reversed(kept)
            ]
        return iter(found)

    def foreign(self, prefix: str) -> Iterator[str]:
        """See `Backend.foreign`: what was put there by `litter`."""
        check_prefix(prefix)
        return iter(sorted(key for key in self._bucket.foreign if key.startswith(prefix)))

    def extend_lock(self, name: str, version_id: str, until: Instant) -> None:
        """See `Backend.extend_lock`. A marker cannot be locked."""
        with self._lock:
            version, _ = self._find(name, version_id, locking=True)
            if version.locked_until is None or version.locked_until < until:
                version.locked_until = until

    def place_legal_hold(self, name: str, version_id: str) -> None:
        """See `Backend.place_legal_hold`. A marker cannot be held."""
        with self._lock:
            self._find(name, version_id, locking=True)[0].legal_hold = True

    def lift_legal_hold(self, name: str, version_id: str) -> None:
        """See `Backend.lift_legal_hold`."""
        with self._lock:
            self._find(name, version_id, locking=True)[0].legal_hold = False

    def server_time(self) -> Instant | None:
        """What the clock says."""
        return self.clock.now()

    def shadow(self, name: str, data: bytes) -> str:
        """Put a newer version on top of whatever there is; return its version id."""
        check_name(name)
        return self._put(name, data)

    def wall_up(self, name: str) -> str:
        """Put a newer version on top that is given out to nobody, as one encrypted under a key of
        somebody's own; return its version id.
        """
        check_name(name)
        with self._lock:
            version_id = self._put(name, b"?")
            self._bucket.versions[name][-1].withheld = True
            return version_id

    def litter(self, key: str) -> None:
        """Put something under a key that is no stored name, as whoever shares the bucket may."""
        self._bucket.foreign.add(key)

    def mark(self, name: str) -> str:
        """Put a delete marker on top of whatever there is; return its version id."""
        check_name(name)
        return self._put(name, None)


def _denied(name: str, version: _Version) -> StorageError:
    return StorageError(
        ErrorKind.STORAGE_DENIED, f"{name}, version {version.version_id}, is given out to nobody"
    )


def _cut(data: bytes, byte_range: ByteRange | None) -> bytes:
    if byte_range is None:
        return data
    return data[byte_range.offset_bytes : byte_range.end_bytes]


def _bare(name: str, version: _Version) -> StoredVersion:
    return StoredVersion(
        name=name,
        version_id=version.version_id,
        length_bytes=len(version.data or b""),
        marker=version.data is None,
        modified=version.modified,
    )
