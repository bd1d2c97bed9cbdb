"""What tests of the key vault share: a vault in two simulated places, and ways to look at it."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeVar

import attrs

from bwcstore._ports import Backend, Entropy
from bwcstore._values import StoreId
from bwcstore.errors import BwcStoreError
from bwcstore.storage._keysource import KeySource
from bwcstore.storage._vault import DirectoryVault
from bwcstore.storage._vault_format import RootAlg, RootRecord
from bwcstore.testing._faults import FailAt, FaultyBackend, SimulatedCrash
from bwcstore.testing._world import MemoryBackend, SimClock, SimEntropy

T = TypeVar("T")

STORE: Final = StoreId("0193a5b2-0000-7000-8000-000000000001")
OTHER_STORE: Final = StoreId("0193a5b2-0000-7000-8000-000000000002")


@attrs.frozen
class FixedSource:
    """A root key given outright."""

    root: bytes = attrs.field(repr=False, default=bytes(range(32)))

    def new_record(self, entropy: Entropy) -> RootRecord:
        """As for a key file."""
        del entropy
        return RootRecord(alg=RootAlg.KEY_FILE)

    def root_key(self, record: RootRecord) -> bytes:
        """The given key."""
        del record
        return self.root


def content(number: int) -> str:
    """The id of the `number`-th object's content key."""
    return f"content/0193a5b2-{number >> 16:04x}-7000-8000-{number:012x}"


def key(number: int) -> bytes:
    """A key that a reader of a failing test recognises."""
    return number.to_bytes(32, "big")


def keys(*numbers: int) -> dict[str, bytes]:
    """Content keys by id."""
    return {content(number): key(number) for number in numbers}


class Setting:
    """Two places and a vault in them.

    Attributes:
        places: the storage without faults.
        entropy: shared by everything that is opened, so that nothing is drawn twice.
        clock: likewise.
        source: the root key.
    """

    def __init__(self, *, count: int = 2, source: KeySource | None = None) -> None:
        self.places = [MemoryBackend() for _ in range(count)]
        self.entropy = SimEntropy(1)
        self.clock = SimClock()
        self.source: KeySource = source or FixedSource()

    def create(self) -> DirectoryVault:
        """Make the vault."""
        return DirectoryVault.create(
            self.places,
            store_id=STORE,
            source=self.source,
            entropy=self.entropy,
            clock=self.clock,
        )

    def open(
        self, places: Sequence[Backend] | None = None, *, source: KeySource | None = None
    ) -> DirectoryVault:
        """Open the vault as a new process would, in all places or in some."""
        return DirectoryVault.open(
            self.places if places is None else places,
            source=source or self.source,
            entropy=self.entropy,
            clock=self.clock,
        )

    def open_with(self, plan: FailAt) -> DirectoryVault:
        """Open the vault so that only what happens afterwards is counted by `plan`."""
        gates = [_Gate(place) for place in self.places]
        vault = self.open(gates)
        for gate, place in zip(gates, self.places, strict=True):
            gate.inner = FaultyBackend(place, plan)
        return vault

    def names(self) -> list[list[str]]:
        """What is stored in each place."""
        return [sorted(place.contents) for place in self.places]

    def readable(self, key_ids: Sequence[str], place: MemoryBackend | None = None) -> list[str]:
        """Which of the keys a new process can get, from all places or from one alone."""
        vault = self.open(None if place is None else [place])
        return [key_id for key_id in key_ids if _value(vault, key_id) is not None]


def _value(vault: DirectoryVault, key_id: str) -> bytes | None:
    try:
        return vault.get(key_id)
    except KeyError:
        return None


class _Gate(FaultyBackend):
    """A backend whose inside can be exchanged after the vault is open."""

    def __init__(self, inner: Backend) -> None:
        super().__init__(inner, FailAt(None))

    @property
    def inner(self) -> Backend:
        """What is behind the gate."""
        return self._inner

    @inner.setter
    def inner(self, backend: Backend) -> None:
        self._inner = backend


def attempt(work: Callable[[], T]) -> T | BwcStoreError | SimulatedCrash:
    """Do `work`; what it returned, or how it failed."""
    try:
        return work()
    except (BwcStoreError, SimulatedCrash) as exc:
        return exc


class Meanwhile(FailAt):
    """Instead of faults: at the calls with the given numbers other processes do something."""

    def __init__(self, others: Mapping[int, Callable[[], object]]) -> None:
        super().__init__(None)
        self._others = dict(others)

    @property
    def finished(self) -> bool:
        """Whether every one of the others has had its turn."""
        return not self._others

    def _call(self, nature: object, what: str, work: Callable[[], T]) -> T:
        other = self._others.pop(self.count, None)
        if other is not None:
            self.fired = True
            other()
        return super()._call(nature, what, work)  # type: ignore[arg-type] # passed on unseen


def key_file(path: Path, text: str = "00" * 31 + "01\n", *, mode: int = 0o600) -> Path:
    """A key file with a given text and mode."""
    path.write_text(text, "ascii")
    path.chmod(mode)
    return path
