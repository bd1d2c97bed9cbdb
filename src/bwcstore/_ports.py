"""The seams: everything the library needs from the world, and nothing it has.

Each port says what an implementation must do and may do, and which errors it may raise. The real
ones are in `bwcstore._system` and `bwcstore.storage`; simulated ones in `bwcstore.testing`.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from typing import Final, Protocol, TypeVar

import attrs

from bwcstore._foreign import ForeignKeys
from bwcstore._values import ByteRange, Instant, Locking
from bwcstore.errors import ErrorKind, NotFoundError, StorageError

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Clock(Protocol):
    """The time. Must be UTC; may stand still or step back: callers must cope."""

    def now(self) -> Instant:
        """The present instant."""

    def monotonic(self) -> float:
        """Seconds from an arbitrary start, never going back; for intervals only."""


class Entropy(Protocol):
    """Cryptographically secure random bytes. Must never return the same 32 bytes twice."""

    def take(self, count_bytes: int) -> bytes:
        """Exactly `count_bytes` fresh random bytes."""


class Pending(Protocol[T_co]):
    """Work under way."""

    def result(self) -> T_co:
        """Wait and return what the work returned, or raise what it raised."""


class Workers(Protocol):
    """A bounded pool for work that releases the interpreter lock."""

    @property
    def count(self) -> int:
        """How many pieces of work run at once; at least 1."""

    def submit(self, work: Callable[[], T]) -> Pending[T]:
        """Start `work`, or queue it. Work must not submit further work."""


class Signer(Protocol):
    """An Ed25519 private key, wherever it is kept."""

    @property
    def public_key(self) -> bytes:
        """The 32-byte public key."""

    def sign(self, message: bytes) -> bytes:
        """The 64-byte signature of `message`. Deterministic (RFC 8032)."""


class Capability(StrEnum):
    """What a backend can do beyond the contract's floor."""

    CREATE_ONLY = "create-only"
    DIRECT_IO = "direct-io"
    LOCK = "lock"
    LEGAL_HOLD = "legal-hold"
    VERSIONS = "versions"
    SERVER_TIME = "server-time"
    CLAIMS = "claims"


@attrs.frozen(kw_only=True)
class Properties:
    """What a backend is, for reports and for the checks made at open.

    Attributes:
        location: where it is, for people; holds no credential.
        capabilities: what it can do.
        warnings: what a custodian should know, one sentence each.
        faults: codes of those that every user of a store there must see.
        read_bytes: how much to ask for at once, where much is read.
    """

    location: str
    capabilities: frozenset[Capability]
    warnings: tuple[str, ...] = ()
    faults: frozenset[ErrorKind] = frozenset()
    read_bytes: int = 2 * 1024 * 1024


@attrs.frozen(kw_only=True)
class Stat:
    """One stored thing. `modified` is the storage's own time, where it has one."""

    name: str
    length_bytes: int
    modified: Instant | None = None


ONLY_VERSION: Final = "null"


@attrs.frozen(kw_only=True)
class StoredVersion:
    """One stored version of a name, as deletion sees it.

    Attributes:
        name: the stored name.
        version_id: tells versions of the name apart; `ONLY_VERSION` where there is only one.
        length_bytes: how long it is; 0 for a marker.
        marker: it is a delete marker.
        modified: the storage's own time, where it has one.
        locked_until: when the storage lets it be deleted; None for at once.
        legal_hold: the storage refuses to delete it until this is taken off.
    """

    name: str
    version_id: str
    length_bytes: int
    marker: bool = False
    modified: Instant | None = None
    locked_until: Instant | None = None
    legal_hold: bool = False


class Upload(ABC):
    """One large thing on its way to storage: nothing is visible before `commit` returns."""

    @abstractmethod
    def write(self, data: memoryview) -> None:
        """Append `data`. The buffer may be reused once this returns.

        Raises:
            StorageError: full, denied or failed; the upload is then only good for `abort`.
        """

    @abstractmethod
    def commit(self) -> Stat:
        """Make everything written durable and visible under the name, all or nothing.

        Raises:
            AlreadyExistsError: the name is taken; nothing was changed.
            OutcomeUnknownError: it may or may not have become visible.
            StorageError: it failed and is not visible.
        """

    @abstractmethod
    def abort(self) -> None:
        """Forget everything written. Never raises; does nothing after `commit`."""


class Source(ABC):
    """Random access to one stored thing, safe to use from several threads."""

    @property
    @abstractmethod
    def length_bytes(self) -> int:
        """The length of the stored thing."""

    @abstractmethod
    def read_into(self, offset_bytes: int, buffer: memoryview) -> int:
        """Fill `buffer` from an offset; return how many bytes there were, short only at the end.

        Raises:
            StorageError: reading failed.
        """

    @abstractmethod
    def close(self) -> None:
        """Release what is held. May be called twice."""


class Backend(ForeignKeys, ABC):
    """Write-once storage of named byte strings. Contract: spec chapter `storage-operations`.

    No verb overwrites. Names are relative, `/`-separated, `[a-z0-9.-]` per part. Only the errors
    named here may escape; implementations turn everything else into `StorageError`. All methods
    may be called from several threads at once.
    """

    @property
    @abstractmethod
    def properties(self) -> Properties:
        """What this backend is and can do."""

    @abstractmethod
    def create(self, name: str, data: bytes | Sequence[bytes]) -> Stat:
        """Store `data` (or its parts joined) under `name`, durably, if the name is free.

        Raises:
            AlreadyExistsError: the name is taken; nothing was changed.
            OutcomeUnknownError: it may or may not have been stored.
            StorageError: it was not stored: full, denied, read-only or failed.
        """

    @abstractmethod
    def create_large(self, name: str, *, keep_until: Instant | None = None) -> Upload:
        """Begin to store something too large for memory under `name`.

        Args:
            name: the name that it takes at its commit.
            keep_until: until when the storage is asked to refuse its deletion, where it can;
                nothing is asked when None, or before `lock_new`.

        Raises:
            StorageError: it could not be begun.
        """

    @abstractmethod
    def read(self, name: str, byte_range: ByteRange | None = None) -> bytes:
        """The bytes stored under `name`, or a range of them, short only at the end.

        Raises:
            NotFoundError: nothing has that name.
            StorageError: reading failed.
        """

    @abstractmethod
    def open(self, name: str) -> Source:
        """Open `name` for random access.

        Raises:
            NotFoundError: nothing has that name.
            StorageError: opening failed.
        """

    @abstractmethod
    def stat(self, name: str) -> Stat:
        """Length and storage time of `name`.

        Raises:
            NotFoundError: nothing has that name.
            StorageError: asking failed.
        """

    @abstractmethod
    def list(self, prefix: str) -> Iterator[Stat]:
        """Everything below `prefix` (empty, or ends with `/`) by name. Never decides anything.

        Raises:
            StorageError: listing failed.
        """

    @abstractmethod
    def delete(self, name: str) -> None:
        """Destroy what is stored under `name`, durably. Absent names are not an error.

        Raises:
            StorageError: it could not be destroyed.
        """

    @abstractmethod
    def versions(self, name: str) -> tuple[StoredVersion, ...]:
        """Every stored version of exactly this name with its locks, markers too, newest first.

        Raises:
            StorageError: asking failed.
        """

    @abstractmethod
    def delete_version(self, name: str, version_id: str) -> None:
        """Destroy one version, durably. An absent version is not an error.

        Raises:
            StorageError: it could not be destroyed; `WITHHELD_BY_STORAGE` where a lock or a
                legal hold forbids it.
        """

    @abstractmethod
    def discard_leftovers(self, prefix: str = "") -> int:
        """Remove what uploads that never committed left behind; return how many were removed.
        Must not touch an upload still under way in any process. `prefix` is empty or ends with
        `/`; more may go where the storage cannot tell.

        Raises:
            InvalidInputError: the prefix is malformed.
            StorageError: it could not be done.
        """

    def lock_new(self, locking: Locking) -> None:
        """From now on lock what `create` stores for `record_days`, and uploads as each asks."""

    def read_version(
        self, name: str, version_id: str, byte_range: ByteRange | None = None
    ) -> bytes:
        """The bytes of one version of `name`, or a range of them, short only at the end.

        Raises:
            NotFoundError: there is no such version, or it is a marker.
            StorageError: reading failed.
        """
        self._check_only(name, version_id)
        return self.read(name, byte_range)

    def open_version(self, name: str, version_id: str) -> Source:
        """Open one version of `name` for random access.

        Raises:
            NotFoundError: there is no such version, or it is a marker.
            StorageError: opening failed.
        """
        self._check_only(name, version_id)
        return self.open(name)

    def all_versions(self, prefix: str) -> Iterator[StoredVersion]:
        """Every version below a prefix, in ascending order of names, the newest of a name first.
        Locks are not asked for. Never used to decide anything.

        Raises:
            StorageError: listing failed.
        """
        for stat in self.list(prefix):
            yield StoredVersion(
                name=stat.name, version_id=ONLY_VERSION, length_bytes=stat.length_bytes
            )

    def extend_lock(self, name: str, version_id: str, until: Instant) -> None:
        """Let the storage refuse deletion of one version until then at least; never shortens.

        Raises:
            NotFoundError: there is no such version.
            StorageError: it could not be done, or there are no locks here (`STORAGE_UNFIT`).
        """
        raise self._no_locks(f"lock {name}, version {version_id}, until {until}")

    def place_legal_hold(self, name: str, version_id: str) -> None:
        """Let the storage refuse deletion of one version until its hold is lifted, once or again.

        Raises:
            NotFoundError: there is no such version.
            StorageError: it could not be done, or there are no locks here (`STORAGE_UNFIT`).
        """
        raise self._no_locks(f"hold {name}, version {version_id}")

    def lift_legal_hold(self, name: str, version_id: str) -> None:
        """Take the hold off one version. A hold that is not there is not an error.

        Raises:
            NotFoundError: there is no such version.
            StorageError: it could not be done, or there are no locks here (`STORAGE_UNFIT`).
        """
        raise self._no_locks(f"lift the hold of {name}, version {version_id}")

    def server_time(self) -> Instant | None:
        """The storage's own time, as it last told it, carried on; None where it did not."""
        return None

    def close(self) -> None:
        """Release what is held. May be called twice."""

    def _no_locks(self, what: str) -> StorageError:
        message = f"{self.properties.location} has no locks: cannot {what}"
        return StorageError(ErrorKind.STORAGE_UNFIT, message)

    def _check_only(self, name: str, version_id: str) -> None:
        if version_id != ONLY_VERSION:
            raise NotFoundError(ErrorKind.NAME_ABSENT, f"{name} has no version {version_id:.80}")


@attrs.frozen(kw_only=True)
class Environment:
    """The world as one value, handed down by the composition root."""

    clock: Clock
    entropy: Entropy
    workers: Workers


Progress = Callable[["ProgressEvent"], None]


@attrs.frozen(kw_only=True)
class ProgressEvent:
    """How far long work has come.

    Attributes:
        verb: what is being done: `ingest`, `export`, `verify`, `rotate`.
        item: what it is being done to, for people; may be empty.
        done_bytes: bytes finished; `total_bytes` may be None when unknown.
        done_count: things finished, `total_count` likewise.
    """

    verb: str
    item: str
    done_bytes: int
    total_bytes: int | None
    done_count: int = 0
    total_count: int | None = None


def no_progress(_: ProgressEvent) -> None:
    """Report to nobody."""
