"""A simulated world: time, entropy, workers, storage and keys that do only what they are told.

Responsible for the simulated ports and for `World`, which bundles them. Rules kept here:

- the same seed and the same calls give the same bytes, on every machine and in every version;
- time moves only when told;
- what is stored survives `World.reopen`, what was under way does not.

Users may embed everything here in their own tests.
"""

import hashlib
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Final, TypeVar

from bwcstore._layout import check_name, check_prefix
from bwcstore._memory_source import MemorySource
from bwcstore._ports import (
    ONLY_VERSION,
    Backend,
    Capability,
    Environment,
    Pending,
    Properties,
    Source,
    Stat,
    StoredVersion,
    Upload,
)
from bwcstore._values import ByteRange, Instant
from bwcstore._vault_port import KeyVault
from bwcstore.errors import (
    AlreadyExistsError,
    BwcStoreError,
    ErrorKind,
    InternalError,
    InvalidInputError,
    NotFoundError,
    StorageError,
)
from bwcstore.testing._faults import FailAt, FaultyBackend, FaultyVault, SimulatedCrash
from bwcstore.testing._memory_upload import MemoryUpload
from bwcstore.testing._vault import MemoryVault

T = TypeVar("T")

START: Final = Instant.parse("2026-01-02T03:04:05.000000Z")


class SimClock:
    """A clock that stands still until it is told otherwise."""

    def __init__(self, start: Instant = START) -> None:
        self._now = start
        self._monotonic_seconds = 0.0

    def now(self) -> Instant:
        """The simulated instant."""
        return self._now

    def monotonic(self) -> float:
        """Seconds that `advance` has added since the start."""
        return self._monotonic_seconds

    def advance(self, seconds: float) -> Instant:
        """Let `seconds`, at least 0, go by; return the new instant.

        Raises:
            InvalidInputError: `seconds` is negative; use `set` to step the clock back.
        """
        if seconds < 0:
            raise InvalidInputError(
                ErrorKind.ARGUMENT_INVALID, f"time passes forwards, not by {seconds} seconds"
            )
        self._monotonic_seconds += seconds
        self._now = self._now.plus_seconds(seconds)
        return self._now

    def set(self, now: Instant) -> None:
        """Step the clock, forwards or back; no time goes by."""
        self._now = now


class SimEntropy:
    """Bytes that look random and follow from the seed alone. Never for real keys."""

    def __init__(self, seed: int = 0) -> None:
        self._seed = seed.to_bytes(16, "big", signed=True)
        self._taken = 0
        self._lock = threading.Lock()

    def take(self, count_bytes: int) -> bytes:
        """The next `count_bytes` bytes: SHA-256 of seed and a counter, cut to length."""
        blocks = -(-count_bytes // 32)
        with self._lock:
            first = self._taken
            self._taken += blocks
        stream = b"".join(
            hashlib.sha256(b"bwcstore simulated entropy\x00" + self._seed + _u64(number)).digest()
            for number in range(first, first + blocks)
        )
        return stream[:count_bytes]


def _u64(number: int) -> bytes:
    return number.to_bytes(8, "big")


class InlineWorkers:
    """Does the work at once, in the caller's thread, and keeps what came of it."""

    def __init__(self, count: int = 1) -> None:
        self._count = count
        self._thread = threading.local()

    @property
    def count(self) -> int:
        """How many workers there seem to be."""
        return self._count

    def submit(self, work: Callable[[], T]) -> Pending[T]:
        """Do `work` now; what it raises is raised by `result`.

        Raises:
            InternalError: called from within work, which a bounded pool could never finish.
        """
        if getattr(self._thread, "busy", False):
            raise InternalError(ErrorKind.DEFECT, "work submitted from within work")
        self._thread.busy = True
        try:
            return _Done(work())
        except (Exception, SimulatedCrash) as exc:  # noqa: BLE001 - raised by `result`
            return _Failed(exc)
        finally:
            self._thread.busy = False


class _Done(Pending[T]):
    def __init__(self, value: T) -> None:
        self._value = value

    def result(self) -> T:
        return self._value


class _Failed(Pending[T]):
    def __init__(self, reason: BaseException) -> None:
        self._reason = reason

    def result(self) -> T:
        raise self._reason


class MemoryBackend(Backend):
    """Storage in memory that keeps the whole contract of `Backend`.

    Attributes:
        contents: every name and its bytes. Tests may change it, as one may who holds the medium.
        locks: names that cannot be deleted as versions: until an instant, or by legal hold (None).
    """

    def __init__(
        self, contents: dict[str, bytes] | None = None, *, clock: SimClock | None = None
    ) -> None:
        self.contents: dict[str, bytes] = {} if contents is None else contents
        self.locks: dict[str, Instant | None] = {}
        self._modified: dict[str, Instant] = {}
        self._clock = clock
        self._lock = threading.RLock()
        self._uploads: set[MemoryUpload] = set()
        self._leftovers: tuple[str, ...] = ()

    def reopened(self) -> "MemoryBackend":
        """What a new process finds: the same contents; uploads under way are leftovers."""
        found = MemoryBackend(self.contents, clock=self._clock)
        found._modified = self._modified
        found.locks = self.locks
        found._leftovers = (*self._leftovers, *(one.name for one in self._uploads))
        return found

    @property
    def properties(self) -> Properties:
        """A simulated place that creates only."""
        return Properties(location="memory", capabilities=frozenset({Capability.CREATE_ONLY}))

    def create(self, name: str, data: bytes | Sequence[bytes]) -> Stat:
        """See `Backend.create`."""
        check_name(name)
        joined = bytes(data) if isinstance(data, bytes | bytearray) else b"".join(data)
        return self._keep(name, joined)

    def _keep(self, name: str, data: bytes) -> Stat:
        with self._lock:
            if name in self.contents:
                raise AlreadyExistsError(ErrorKind.NAME_TAKEN, f"{name} exists")
            self.contents[name] = data
            if self._clock is not None:
                self._modified[name] = self._clock.now()
            return self._stat(name)

    def _stat(self, name: str) -> Stat:
        length = len(self.contents[name])
        return Stat(name=name, length_bytes=length, modified=self._modified.get(name))

    def create_large(self, name: str, *, keep_until: Instant | None = None) -> Upload:  # noqa: ARG002 - nothing is locked here
        """See `Backend.create_large`."""
        check_name(name)
        upload = MemoryUpload(name, keep=partial(self._commit, name), ended=self._forget)
        with self._lock:
            self._uploads.add(upload)
        return upload

    def read(self, name: str, byte_range: ByteRange | None = None) -> bytes:
        """See `Backend.read`."""
        data = self._find(name)
        if byte_range is None:
            return data
        return data[byte_range.offset_bytes : byte_range.end_bytes]

    def _find(self, name: str) -> bytes:
        check_name(name)
        with self._lock:
            if name not in self.contents:
                raise NotFoundError(ErrorKind.NAME_ABSENT, f"{name} does not exist")
            return self.contents[name]

    def open(self, name: str) -> Source:
        """See `Backend.open`."""
        return MemorySource(self._find(name))

    def stat(self, name: str) -> Stat:
        """See `Backend.stat`."""
        with self._lock:
            self._find(name)
            return self._stat(name)

    def list(self, prefix: str) -> Iterator[Stat]:
        """See `Backend.list`. Shows what there was when it was called."""
        check_prefix(prefix)
        with self._lock:
            found = [self._stat(name) for name in self.contents if name.startswith(prefix)]
        return iter(sorted(found, key=lambda stat: stat.name))

    def delete(self, name: str) -> None:
        """See `Backend.delete`."""
        check_name(name)
        with self._lock:
            self.contents.pop(name, None)
            self._modified.pop(name, None)

    def versions(self, name: str) -> tuple[StoredVersion, ...]:
        """See `Backend.versions`. What is in `locks` is locked."""
        check_name(name)
        with self._lock:
            found = self.contents.get(name)
            if found is None:
                return ()
            return (
                StoredVersion(
                    name=name,
                    version_id=ONLY_VERSION,
                    length_bytes=len(found),
                    locked_until=self.locks.get(name),
                    legal_hold=name in self.locks and self.locks[name] is None,
                ),
            )

    def delete_version(self, name: str, version_id: str) -> None:
        """See `Backend.delete_version`."""
        if name in self.locks:
            raise StorageError(ErrorKind.WITHHELD_BY_STORAGE, f"{name} is locked")
        if version_id == ONLY_VERSION:
            self.delete(name)

    def discard_leftovers(self, prefix: str = "") -> int:
        """See `Backend.discard_leftovers`."""
        check_prefix(prefix)
        with self._lock:
            before = len(self._leftovers)
            self._leftovers = tuple(name for name in self._leftovers if not name.startswith(prefix))
            return before - len(self._leftovers)

    def _commit(self, name: str, data: bytes) -> Stat:
        with self._lock:
            return self._keep(name, data)

    def _forget(self, upload: MemoryUpload) -> None:
        with self._lock:
            self._uploads.discard(upload)


class World:
    """Clock, entropy, workers, storage and keys that belong together.

    Attributes:
        clock: the simulated clock.
        entropy: the simulated entropy.
        workers: workers that work inline.
        storage: the storage without faults, for looking at and tampering with.
        keys: the key vault without faults.
        backend: the storage to hand to the code under test; it fails as `plan` says.
        vault: the key vault to hand to the code under test; it fails as `plan` says.
        plan: the fault, counted over `backend` and `vault` together.
    """

    def __init__(
        self,
        *,
        seed: int = 0,
        start: Instant = START,
        plan: FailAt | None = None,
        storage: MemoryBackend | None = None,
        keys: KeyVault | None = None,
    ) -> None:
        self.clock = SimClock(start)
        self.entropy = SimEntropy(seed)
        self.workers = InlineWorkers()
        self.storage = storage or MemoryBackend(clock=self.clock)
        self.keys: KeyVault = keys or MemoryVault()
        self.plan = plan or FailAt(None)
        self.backend: Backend = FaultyBackend(self.storage, self.plan)
        self.vault: KeyVault = FaultyVault(self.keys, self.plan)

    @property
    def environment(self) -> Environment:
        """Clock, entropy and workers as the one value that is handed down."""
        return Environment(clock=self.clock, entropy=self.entropy, workers=self.workers)

    def attempt(self, scenario: Callable[["World"], T]) -> T | BwcStoreError | SimulatedCrash:
        """Run `scenario`; return what it returned or how it failed. Other errors are raised."""
        try:
            return scenario(self)
        except (BwcStoreError, SimulatedCrash) as exc:
            return exc

    def reopen(self, plan: FailAt | None = None) -> "World":
        """The world that a new process finds: everything durable, no fault unless `plan` has one.

        Time and entropy go on where they stood.
        """
        found = World(plan=plan, storage=self.storage.reopened(), keys=self.keys)
        found.clock = self.clock
        found.entropy = self.entropy
        return found
