"""The seams: everything the library needs from the world, and nothing it has.

Each port says what an implementation must do and may do, and which errors it may raise. The real
ones are in `bwcstore._system` and `bwcstore.storage`; simulated ones in `bwcstore.testing`.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import StrEnum
from typing import Final, Protocol, TypeVar

import attrs

from bwcstore._values import ByteRange, Instant

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


@attrs.frozen(kw_only=True)
class Properties:
    """What a backend is, for reports and for the checks made at open.

    Attributes:
        location: where it is, for people; holds no credential.
        capabilities: what it can do.
        warnings: what a custodian should know, one sentence each.
    """

    location: str
    capabilities: frozenset[Capability]
    warnings: tuple[str, ...] = ()


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
        locked_until: when the storage lets it be deleted; None for at once.
        legal_hold: the storage refuses to delete it until this is taken off.
    """

    name: str
    version_id: str
    length_bytes: int
    marker: bool = False
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
        """Fill `buffer` from `offset_bytes`; return how many bytes there were, short only at
        the end.

        Raises:
            StorageError: reading failed.
        """

    @abstractmethod
    def close(self) -> None:
        """Release what is held. May be called twice."""


class Backend(ABC):
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
    def create_large(self, name: str) -> Upload:
        """Begin to store something too large for memory under `name`.

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
        """Everything whose name starts with `prefix` (empty, or ends with `/`), in ascending order
        of names. Never used to decide anything.

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
        """Every stored version of exactly this name, markers included; empty when there is none.

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


@attrs.frozen(kw_only=True)
class WrappedKey:
    """One key as a vault keeps it.

    Attributes:
        key_id: e.g. `content/<object uuid>`.
        check: 8 bytes that recognise the key: `HMAC-SHA-256(key, "bwcstore/v1 key check")[:8]`.
        epoch: the key epoch whose key-encryption key wraps it.
    """

    key_id: str
    check: bytes
    epoch: int


class KeyVault(ABC):
    """Keeps keys apart from the evidence, where destroying them is possible (spec: VLT).

    Keys are 32 bytes. A key id is put once and never changes its key. Replicas are separate
    places; a key counts as kept when every replica has it durably.
    """

    @property
    @abstractmethod
    def replicas(self) -> tuple[str, ...]:
        """The ids of the configured replicas, in order."""

    @property
    @abstractmethod
    def epoch(self) -> int:
        """The current key epoch, from 0."""

    @abstractmethod
    def put(self, keys: dict[str, bytes]) -> None:
        """Wrap the keys and keep them durably in every replica.

        Raises:
            AlreadyExistsError: a key id is taken by another key.
            StorageError: at least one replica failed; the keys must not be relied on.
        """

    @abstractmethod
    def get(self, key_id: str) -> bytes:
        """The 32-byte key.

        Raises:
            NotFoundError: no replica has the key id (`KEY_ABSENT`).
            KeyVaultError: the key cannot be unwrapped (`KEY_WRONG`).
        """

    @abstractmethod
    def destroy(self, key_ids: Iterable[str]) -> None:
        """Remove the keys from every replica. Absent ids are not an error.

        Raises:
            StorageError: a replica still has one.
        """

    @abstractmethod
    def rotate(self) -> int:
        """Open a new epoch, re-wrap every living key, destroy the old epoch; return its number.

        Raises:
            StorageError: a replica failed; the old epoch is then still good.
        """

    @abstractmethod
    def inventory(self) -> Iterator[WrappedKey]:
        """Every living key in ascending order of key ids, without its value."""

    @abstractmethod
    def remember(self, name: str, data: bytes) -> None:
        """Keep a small note under `name` in every replica, replacing the note before.

        Raises:
            StorageError: a replica failed.
        """

    @abstractmethod
    def recall(self, name: str) -> tuple[bytes, ...]:
        """The notes that the replicas hold under `name`, without repeats; empty when none."""

    @abstractmethod
    def forget(self, name: str) -> None:
        """Remove a note from every replica. Absent names are not an error."""

    @abstractmethod
    def notes(self, prefix: str) -> tuple[str, ...]:
        """The names of all notes that start with `prefix`, in ascending order."""


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
