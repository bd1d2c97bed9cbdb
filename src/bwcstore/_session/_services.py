"""What every verb works with: one open store's ledger, storage, keys and world, as one value."""

from collections.abc import Callable
from datetime import date
from typing import Final

import attrs

from bwcstore._encoding import tag
from bwcstore._ports import Backend, Environment, Signer
from bwcstore._session._cache import CatalogCache
from bwcstore._session._spool import set_aside
from bwcstore._values import Digest, Instant, StoreId, Tag
from bwcstore._vault_port import KeyVault
from bwcstore.custody._state import State
from bwcstore.errors import (
    AlreadyExistsError,
    ConflictError,
    ErrorKind,
    IntegrityError,
    NotFoundError,
)
from bwcstore.ledger._draft import Committed, Decide
from bwcstore.ledger._log import Log
from bwcstore.objects._segment import Geometry
from bwcstore.objects._writer import ObjectWriter
from bwcstore.statute._agency import Agency
from bwcstore.statute._pack import Law, Pack

TAG_KEY: Final = "tag"
SIGNING_KEY: Final = "sign/store"
KEY_BYTES: Final = 32
_ATTEMPTS: Final = 8


def year_key_id(now: Instant) -> str:
    """The vault's name of the key that opens the year's store and act records."""
    return f"record/store/{str(now)[:4]}"


@attrs.define(kw_only=True)
class Services:
    """An open store, as its sessions see it.

    Attributes:
        writer: writes one object at a time on all workers.
        catalog: its tables, and where they are kept.
        owing: what must be called before the ledger is closed.
        laws: packs and agency files that were read, by the digests of their annexes.
        days: what they come to on a day, by both digests and the day.
    """

    store_id: StoreId
    backend: Backend
    vault: KeyVault
    environment: Environment
    log: Log[State]
    geometry: Geometry
    signer: Signer
    signer_name: str
    tag_key: bytes = attrs.field(repr=False)
    writer: ObjectWriter = attrs.field(init=False)
    catalog: CatalogCache = attrs.field(factory=CatalogCache, init=False)
    owing: set[Callable[[], None]] = attrs.field(factory=set, init=False)
    laws: dict[tuple[Digest, Digest], tuple[Pack, Agency]] = attrs.field(factory=dict, init=False)
    days: dict[tuple[Digest, Digest, date], Law] = attrs.field(factory=dict, init=False)
    _years: set[str] = attrs.field(factory=set, init=False)

    @writer.default
    def _make_writer(self) -> ObjectWriter:
        return self.new_writer(self.environment)

    def new_writer(self, environment: Environment) -> ObjectWriter:
        """A writer of objects. One is kept, for its buffers: drawing them costs an ingest 10 %."""
        return ObjectWriter(
            backend=self.backend,
            environment=environment,
            store_id=self.store_id,
            geometry=self.geometry,
        )

    def append(self, decide: Decide[State]) -> Committed:
        """Append to the ledger; see `Log.append`. After a doubt the head is read again (ORD-15);
        in a read-only store, what reading needs is set aside in the vault (ORD-16).

        Raises:
            BwcStoreError: what the decider refuses with, or what the ledger cannot do.
        """
        self.settle()
        if (why := self.log.read_only) is not None:
            return set_aside(
                decide, why=why, log=self.log, vault=self.vault, environment=self.environment
            )
        return self.log.append(decide)

    def require_writable(self) -> None:
        """Check that entries can be appended, before work is done that would be for nothing.

        Raises:
            IntegrityError: the store is read-only; the kind says why.
        """
        if (why := self.log.read_only) is not None:
            raise IntegrityError(why, "the store is read-only until it is repaired")

    def settle(self) -> None:
        """Read the head again if a batch may or may not have been stored (ORD-15).

        Raises:
            IntegrityError: what was found does not continue what is known.
            StorageError: reading failed; the doubt stays.
        """
        if self.log.in_doubt:
            self.log.reload()

    def finish(self) -> None:
        """Write what sessions still owe, then close the ledger (ORD-11).

        Raises:
            StorageError: something could not be written.
        """
        try:
            for pay in tuple(self.owing):
                pay()
        finally:
            self.log.close()

    def tag(self, kind: str, value: str) -> Tag:
        """The keyed tag of a private value."""
        return tag(self.tag_key, kind, value)

    def year_key(self, now: Instant) -> str:
        """The id of the year's record key, which is made durable first where it is missing.

        Raises:
            StorageError: a vault replica failed.
        """
        key_id = year_key_id(now)
        if key_id not in self._years:
            ensure_key(self.vault, self.environment, key_id)
            self._years.add(key_id)
        return key_id


def ensure_key(vault: KeyVault, environment: Environment, key_id: str) -> bytes:
    """Return the vault's key of that id, drawing it first where there is none; every replica
    has it then.

    Raises:
        StorageError: a vault replica failed.
        KeyVaultError: the key is there and cannot be opened.
        ConflictError: other processes drew the same key again and again.
    """
    for _ in range(_ATTEMPTS):
        try:
            key = vault.get(key_id)
        except NotFoundError:
            key = environment.entropy.take(KEY_BYTES)
        try:
            # A key that was found is put too: whoever drew it may have reached one replica only.
            vault.put({key_id: key})
        except AlreadyExistsError:
            # Another process was at it too, and may have withdrawn its key as this one did.
            continue
        return key
    raise ConflictError(ErrorKind.RACE_LOST, f"key {key_id}: drawn by others again and again")
