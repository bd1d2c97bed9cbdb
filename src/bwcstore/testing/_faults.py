"""Faults at chosen port calls: every step of a scenario can be made to fail, one at a time.

Rules kept here:

- one `FailAt` counts the calls of every port it is given to, so that the steps of a scenario
  form one sequence, whichever port they use;
- a fault obeys the contract of the port: callers must cope with each of them;
- after a simulated crash nothing happens any more, until the world is opened again.

Intended use: run a scenario with `FailAt(0, ...)`, `FailAt(1, ...)` and so on, each time look at
what a newly opened world finds, and stop when a run ends with `fired` still false.
"""

import contextlib
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import Enum, unique
from typing import TypeVar

from bwcstore._ports import Backend, Properties, Source, Stat, StoredVersion, Upload
from bwcstore._values import ByteRange, Instant, Locking
from bwcstore._vault_port import KeyVault, WrappedKey
from bwcstore.errors import BwcStoreError, ErrorKind, OutcomeUnknownError, StorageError

T = TypeVar("T")


class SimulatedCrash(BaseException):
    """The process died here. No `except Exception` may catch it."""


@unique
class Fault(Enum):
    """How a call fails."""

    BEFORE = "before"
    """Nothing happened, and `StorageError` says so."""
    LOST = "lost"
    """It happened, but the answer was lost."""
    CRASH = "crash"
    """The process died before anything happened."""


@unique
class Calls(Enum):
    """Which calls are counted."""

    ALL = "all"
    MUTATING = "mutating"


@unique
class _Nature(Enum):
    READS = 1
    CHANGES = 2
    CREATES = 3


class FailAt:
    """Lets one call fail.

    Attributes:
        count: how many calls were counted so far.
        fired: whether the fault has happened.
        trace: every counted call, in order, for messages.
    """

    def __init__(
        self,
        number: int | None,
        fault: Fault = Fault.BEFORE,
        *,
        calls: Calls = Calls.ALL,
        lost_as: type[StorageError] = OutcomeUnknownError,
    ) -> None:
        """Let call `number` fail, counted from 0; None lets none fail.

        Args:
            number: the number of the call that fails.
            fault: how it fails.
            calls: which calls are counted.
            lost_as: what `Fault.LOST` raises where something is created; every other port call
                can only raise `StorageError`.
        """
        self.count = 0
        self.fired = False
        self.trace: list[str] = []
        self._number = number
        self._fault = fault
        self._calls = calls
        self._lost_as = lost_as
        self._crashed = False
        self._lock = threading.Lock()

    def read(self, what: str, work: Callable[[], T]) -> T:
        """Do `work`, a call that changes nothing, unless it is its turn to fail.

        Raises:
            StorageError: the fault.
            SimulatedCrash: the fault, or a crash before.
        """
        return self._call(_Nature.READS, what, work)

    def change(self, what: str, work: Callable[[], T]) -> T:
        """Do `work`, a call that changes something, unless it is its turn to fail.

        Raises:
            StorageError: the fault.
            SimulatedCrash: the fault, or a crash before.
        """
        return self._call(_Nature.CHANGES, what, work)

    def create(self, what: str, work: Callable[[], T]) -> T:
        """Do `work`, a call that creates a name, unless it is its turn to fail.

        Raises:
            StorageError: the fault; `OutcomeUnknownError` when the answer was lost.
            SimulatedCrash: the fault, or a crash before.
        """
        return self._call(_Nature.CREATES, what, work)

    def _call(self, nature: _Nature, what: str, work: Callable[[], T]) -> T:
        with self._lock:
            if self._crashed:
                raise SimulatedCrash(what)
            if nature is _Nature.READS and self._calls is Calls.MUTATING:
                turn = False
            else:
                turn = self.count == self._number
                self.count += 1
                self.trace.append(what)
            self.fired = self.fired or turn
            self._crashed = turn and self._fault is Fault.CRASH
        if not turn:
            return work()
        match self._fault:
            case Fault.CRASH:
                raise SimulatedCrash(what)
            case Fault.BEFORE:
                raise StorageError(ErrorKind.STORAGE_IO, f"simulated fault before {what}")
            case Fault.LOST:
                # Whatever the answer was, a refusal included, it never arrived.
                with contextlib.suppress(BwcStoreError):
                    work()
                if nature is _Nature.CREATES and self._lost_as is OutcomeUnknownError:
                    raise OutcomeUnknownError(
                        ErrorKind.OUTCOME_UNKNOWN, f"simulated loss of the answer to {what}"
                    )
                raise StorageError(ErrorKind.STORAGE_IO, f"simulated fault after {what}")


class FaultyBackend(Backend):
    """Any backend, with a fault."""

    def __init__(self, inner: Backend, plan: FailAt) -> None:
        self._inner = inner
        self._plan = plan

    @property
    def properties(self) -> Properties:
        """What the backend inside is and can do."""
        return self._inner.properties

    def create(self, name: str, data: bytes | Sequence[bytes]) -> Stat:
        """See `Backend.create`."""
        return self._plan.create(f"create {name}", lambda: self._inner.create(name, data))

    def create_large(self, name: str, *, keep_until: Instant | None = None) -> Upload:
        """See `Backend.create_large`."""
        what = f"create_large {name}"
        upload = self._plan.change(
            what, lambda: self._inner.create_large(name, keep_until=keep_until)
        )
        return _FaultyUpload(upload, self._plan, name)

    def read(self, name: str, byte_range: ByteRange | None = None) -> bytes:
        """See `Backend.read`."""
        return self._plan.read(f"read {name}", lambda: self._inner.read(name, byte_range))

    def open(self, name: str) -> Source:
        """See `Backend.open`."""
        source = self._plan.read(f"open {name}", lambda: self._inner.open(name))
        return _FaultySource(source, self._plan, name)

    def stat(self, name: str) -> Stat:
        """See `Backend.stat`."""
        return self._plan.read(f"stat {name}", lambda: self._inner.stat(name))

    def list(self, prefix: str) -> Iterator[Stat]:
        """See `Backend.list`. The whole listing is one call."""
        return iter(self._plan.read(f"list {prefix}", lambda: tuple(self._inner.list(prefix))))

    def delete(self, name: str) -> None:
        """See `Backend.delete`."""
        self._plan.change(f"delete {name}", lambda: self._inner.delete(name))

    def lock_new(self, locking: Locking) -> None:
        """See `Backend.lock_new`."""
        self._inner.lock_new(locking)

    def read_version(
        self, name: str, version_id: str, byte_range: ByteRange | None = None
    ) -> bytes:
        """See `Backend.read_version`."""
        what = f"read_version {name}"
        return self._plan.read(what, lambda: self._inner.read_version(name, version_id, byte_range))

    def open_version(self, name: str, version_id: str) -> Source:
        """See `Backend.open_version`."""
        what = f"open_version {name}"
        source = self._plan.read(what, lambda: self._inner.open_version(name, version_id))
        return _FaultySource(source, self._plan, name)

    def all_versions(self, prefix: str) -> Iterator[StoredVersion]:
        """See `Backend.all_versions`. The whole listing is one call."""
        what = f"all_versions {prefix}"
        return iter(self._plan.read(what, lambda: tuple(self._inner.all_versions(prefix))))

    def foreign(self, prefix: str) -> Iterator[str]:
        """See `Backend.foreign`. The whole listing is one call."""
        what = f"foreign {prefix}"
        return iter(self._plan.read(what, lambda: tuple(self._inner.foreign(prefix))))

    def extend_lock(self, name: str, version_id: str, until: Instant) -> None:
        """See `Backend.extend_lock`."""
        what = f"extend_lock {name}"
        self._plan.change(what, lambda: self._inner.extend_lock(name, version_id, until))

    def place_legal_hold(self, name: str, version_id: str) -> None:
        """See `Backend.place_legal_hold`."""
        what = f"place_legal_hold {name}"
        self._plan.change(what, lambda: self._inner.place_legal_hold(name, version_id))

    def lift_legal_hold(self, name: str, version_id: str) -> None:
        """See `Backend.lift_legal_hold`."""
        what = f"lift_legal_hold {name}"
        self._plan.change(what, lambda: self._inner.lift_legal_hold(name, version_id))

    def server_time(self) -> Instant | None:
        """See `Backend.server_time`."""
        return self._inner.server_time()

    def versions(self, name: str) -> tuple[StoredVersion, ...]:
        """See `Backend.versions`."""
        return self._plan.read(f"versions {name}", lambda: self._inner.versions(name))

    def delete_version(self, name: str, version_id: str) -> None:
        """See `Backend.delete_version`."""
        self._plan.change(f"delete {name}", lambda: self._inner.delete_version(name, version_id))

    def discard_leftovers(self, prefix: str = "") -> int:
        """See `Backend.discard_leftovers`."""
        return self._plan.change(
            f"discard_leftovers {prefix}", lambda: self._inner.discard_leftovers(prefix)
        )


class _FaultyUpload(Upload):
    def __init__(self, inner: Upload, plan: FailAt, name: str) -> None:
        self._inner = inner
        self._plan = plan
        self._name = name

    def write(self, data: memoryview) -> None:
        self._plan.change(f"write {self._name}", lambda: self._inner.write(data))

    def commit(self) -> Stat:
        return self._plan.create(f"commit {self._name}", self._inner.commit)

    def abort(self) -> None:
        # The contract says that it never raises: a failed abort leaves something behind.
        with contextlib.suppress(StorageError):
            self._plan.change(f"abort {self._name}", self._inner.abort)


class _FaultySource(Source):
    def __init__(self, inner: Source, plan: FailAt, name: str) -> None:
        self._inner = inner
        self._plan = plan
        self._name = name

    @property
    def length_bytes(self) -> int:
        return self._inner.length_bytes

    def read_into(self, offset_bytes: int, buffer: memoryview) -> int:
        return self._plan.read(
            f"read_into {self._name}", lambda: self._inner.read_into(offset_bytes, buffer)
        )

    def close(self) -> None:
        self._inner.close()


class FaultyVault(KeyVault):
    """Any key vault, with a fault. Give it the plan of the backend to count both together."""

    def __init__(self, inner: KeyVault, plan: FailAt) -> None:
        self._inner = inner
        self._plan = plan

    @property
    def replicas(self) -> tuple[str, ...]:
        """The ids of the replicas of the vault inside."""
        return self._inner.replicas

    @property
    def epoch(self) -> int:
        """The key epoch of the vault inside."""
        return self._inner.epoch

    def put(self, keys: dict[str, bytes]) -> None:
        """See `KeyVault.put`."""
        what = f"put {', '.join(sorted(keys))}"
        self._plan.change(what, lambda: self._inner.put(keys))

    def get(self, key_id: str) -> bytes:
        """See `KeyVault.get`."""
        return self._plan.read(f"get {key_id}", lambda: self._inner.get(key_id))

    def destroy(self, key_ids: Iterable[str]) -> None:
        """See `KeyVault.destroy`."""
        ids = tuple(key_ids)
        self._plan.change(f"destroy {', '.join(ids)}", lambda: self._inner.destroy(ids))

    def rotate(self) -> int:
        """See `KeyVault.rotate`."""
        return self._plan.change("rotate", self._inner.rotate)

    def inventory(self) -> Iterator[WrappedKey]:
        """See `KeyVault.inventory`. The whole inventory is one call."""
        return iter(self._plan.read("inventory", lambda: tuple(self._inner.inventory())))

    def remember(self, name: str, data: bytes) -> None:
        """See `KeyVault.remember`."""
        self._plan.change(f"remember {name}", lambda: self._inner.remember(name, data))

    def recall(self, name: str) -> tuple[bytes, ...]:
        """See `KeyVault.recall`."""
        return self._plan.read(f"recall {name}", lambda: self._inner.recall(name))

    def forget(self, name: str) -> None:
        """See `KeyVault.forget`."""
        self._plan.change(f"forget {name}", lambda: self._inner.forget(name))

    def notes(self, prefix: str) -> tuple[str, ...]:
        """See `KeyVault.notes`."""
        return self._plan.read(f"notes {prefix}", lambda: self._inner.notes(prefix))
