"""`Store`: where real storage, keys and the world are put together. Create, open, prove, close.

The location is the write-once area and nothing else. Keys live in one or more vault directories
beside it, by default `<location>.vault`; where they lie is the opener's to say and is kept
nowhere in the store.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Self

from bwcstore._places import (
    PathLike,
    catalog_place,
    has_ledger,
    make_root,
    make_vaults,
    no_ledger,
    open_vaults,
    vault_places,
)
from bwcstore._ports import Backend, Environment, KeyVault, Properties, Signer
from bwcstore._session._acting import Acting, attribution
from bwcstore._session._actors import enrolment
from bwcstore._session._begin import (
    SIGNED_KINDS_DEFAULT,
    Settings,
    create_services,
    make_vault,
    open_services,
    parameters_of,
)
from bwcstore._session._duties import owed
from bwcstore._session._services import Services
from bwcstore._session._session import Session
from bwcstore._store_proofs import StoreProofs
from bwcstore._store_rules import StoreRules
from bwcstore._store_tables import StoreTables
from bwcstore._system import SystemWorkers, system_environment
from bwcstore._values import Instant, ObjectId, StoreId
from bwcstore.custody._authority import Role
from bwcstore.custody._duty import Duty
from bwcstore.custody._object_records import ObjectState
from bwcstore.custody._records import Parameters
from bwcstore.errors import (
    AlreadyExistsError,
    ErrorKind,
    FormatError,
    InvalidInputError,
    NotFoundError,
)
from bwcstore.objects._segment import (
    CHUNK_BYTES_DEFAULT,
    SEGMENT_CHUNKS_DEFAULT,
    Geometry,
)
from bwcstore.storage._keysource import KeySource
from bwcstore.storage._local import LocalBackend
from bwcstore.storage._vault import DirectoryVault


class Store(StoreProofs, StoreRules, StoreTables):
    """One store, open. Safe to use from several threads; several processes may open it at once."""

    def __init__(self, services: Services, *, owned: Environment | None) -> None:
        """For `create` and `open` only."""
        self._services = services
        self._owned = owned
        self._closed = False

    @classmethod
    def create(
        cls,
        location: PathLike,
        *,
        key: KeySource,
        actor: str,
        actor_name: str | None = None,
        actor_key: bytes | None = None,
        vaults: Sequence[PathLike] = (),
        origin: str | None = None,
        chunk_bytes: int = CHUNK_BYTES_DEFAULT,
        segment_chunks: int = SEGMENT_CHUNKS_DEFAULT,
        signed_kinds: Iterable[str] = SIGNED_KINDS_DEFAULT,
        environment: Environment | None = None,
    ) -> Self:
        """Create a store in an empty directory and open it.

        Appends `store.created` and `actor.enrolled`: the first actor is the responsible
        authority. A creation that broke off is finished by calling again with the same key.

        Args:
            location: the write-once area; made where it is absent.
            key: the root key's source; the store is lost with it.
            actor: the first actor's login name.
            actor_name: the person's name, sealed.
            actor_key: their 32-byte Ed25519 public key, for signed acts.
            vaults: directories that each keep every key; `<location>.vault` when empty.
            origin: the log's name in checkpoints, a URL without a scheme.
            chunk_bytes: length of a sealed chunk, a power of two from 64 KiB to 8 MiB.
            segment_chunks: chunks per segment, 1 to 4096.
            signed_kinds: kinds of entry that must be signed once two actors can act.
            environment: the world; the system's by default.

        Raises:
            AlreadyExistsError: there is a store already.
            InvalidInputError: a length, name or origin is out of bounds.
            KeyVaultError: the key cannot be had, or is not that of the vault that is there.
            StorageError: a directory cannot be made or written, or cannot hold a store.
        """
        settings = Settings(
            origin=origin,
            geometry=_geometry(chunk_bytes, segment_chunks),
            signed_kinds=frozenset(signed_kinds),
        )
        first = enrolment(
            actor, roles=[Role.RESPONSIBLE_AUTHORITY], name=actor_name, public_key=actor_key
        )
        root = Path(location)
        places = vault_places(root, vaults)
        world = environment or system_environment()
        backend = make_root(root)
        try:
            if has_ledger(backend):
                raise AlreadyExistsError(ErrorKind.STORE_EXISTS, f"{root} is a store already")
            vault = make_vault(make_vaults(places), key, world)
            services = create_services(
                backend,
                vault,
                world,
                store_id=vault.store_id,
                settings=settings,
                first=first,
            )
        except BaseException:
            backend.close()
            raise
        services.catalog.place = catalog_place(root, None)
        return cls(services, owned=None if environment else world)

    @classmethod
    def open(
        cls,
        location: PathLike,
        *,
        key: KeySource,
        vaults: Sequence[PathLike] = (),
        catalog: PathLike | None = None,
        environment: Environment | None = None,
    ) -> Self:
        """Open a store: read its ledger, check every link, compare with what is remembered.

        Opening reads the whole ledger; a store of many million entries takes minutes. `catalog`
        is where tables are kept once somebody asks for them, by default `<location>.catalog`.

        Raises:
            InvalidInputError: a vault or the catalog would lie inside the write-once area.
            StorageError: there is no store here (`NOT_A_STORE`), its creation broke off
                (`STORE_INCOMPLETE`), or it cannot be read.
            KeyVaultError: no vault, the wrong key, or a key file that others may read.
            FormatError: the store is of a newer format, or malformed.
            IntegrityError: the ledger does not verify.
        """
        root = Path(location)
        places, cache = vault_places(root, vaults), catalog_place(root, catalog)
        world = environment or system_environment()
        backend = LocalBackend(root)
        try:
            if not has_ledger(backend):
                raise no_ledger(root, places)
            vault = DirectoryVault.open(
                open_vaults(places), source=key, entropy=world.entropy, clock=world.clock
            )
            services = open_services(backend, vault, world)
        except BaseException:
            backend.close()
            raise
        services.catalog.place = cache
        return cls(services, owned=None if environment else world)

    @classmethod
    def create_on(
        cls,
        backend: Backend,
        vault: KeyVault,
        *,
        store_id: StoreId,
        actor: str,
        environment: Environment,
        actor_key: bytes | None = None,
        settings: Settings | None = None,
    ) -> Self:
        """Create a store on any implementation of the ports; as `create`, which see.

        Raises:
            AlreadyExistsError: there is a store already.
            StorageError: storage or a vault replica failed; calling again finishes.
        """
        first = enrolment(
            actor, roles=[Role.RESPONSIBLE_AUTHORITY], name=None, public_key=actor_key
        )
        services = create_services(
            backend,
            vault,
            environment,
            store_id=store_id,
            settings=settings or Settings(),
            first=first,
        )
        return cls(services, owned=None)

    @classmethod
    def open_on(cls, backend: Backend, vault: KeyVault, *, environment: Environment) -> Self:
        """Open a store on any implementation of the ports; as `open`, which see.

        Raises:
            NotFoundError: there is no store.
            KeyVaultError: the vault is another store's, or lacks a key.
            FormatError: the store is of a newer format, or malformed.
            IntegrityError: the ledger does not verify.
            StorageError: reading failed.
        """
        return cls(open_services(backend, vault, environment), owned=None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Sign a last checkpoint and release what is held. May be called twice.

        Raises:
            StorageError: the checkpoint could not be stored; no entry is lost by that.
        """
        if self._closed:
            return
        self._closed = True
        try:
            self._services.finish()
        finally:
            backend = self._services.backend
            if isinstance(backend, LocalBackend):
                backend.close()
            if self._owned is not None and isinstance(self._owned.workers, SystemWorkers):
                self._owned.workers.close()

    def session(
        self,
        *,
        actor: str,
        reason: str,
        purpose: str = "records",
        signer: Signer | None = None,
    ) -> Session:
        """Begin to act: every verb that touches evidence is on the session.

        Args:
            actor: the login name.
            reason: why, in words; sealed into every entry.
            purpose: a code; reading needs an authorization for it.
            signer: the actor's key; every entry is then signed.

        Raises:
            InvalidInputError: a name or reason is blank or malformed.
        """
        who = attribution(
            self._services, actor=actor, reason=reason, purpose=purpose, signer=signer
        )
        return Session(Acting(self._services, who))

    @property
    def store_id(self) -> StoreId:
        """The store's id."""
        return self._services.store_id

    @property
    def parameters(self) -> Parameters:
        """What the store was created with."""
        return parameters_of(self._services.log.state)

    @property
    def verifier_key(self) -> str:
        """The key that checks checkpoints and receipts, as C2SP signed-note writes it."""
        return self.parameters.verifier_key

    @property
    def size(self) -> int:
        """How many entries the ledger has."""
        return self._services.log.size

    @property
    def last_at(self) -> Instant:
        """The time of the last entry; a clock that is behind it is wrong."""
        return self._services.log.last_at

    @property
    def read_only(self) -> ErrorKind | None:
        """Why nothing can be appended: `ROLLED_BACK`, `FORKED` and the like; None when it can."""
        return self._services.log.read_only

    @property
    def warnings(self) -> tuple[ErrorKind, ...]:
        """What a custodian should see wherever the store is shown."""
        found = []
        if len(self._services.vault.replicas) == 1:
            found.append(ErrorKind.KEYS_SINGLE_COPY)
        if self.read_only is not None:
            found.append(self.read_only)
        if self._services.log.state.store.opaque:
            found.append(ErrorKind.STORE_OPAQUE)
        return tuple(found)

    @property
    def properties(self) -> Properties:
        """What the storage is and can do."""
        return self._services.backend.properties

    @property
    def vault(self) -> KeyVault:
        """The keys."""
        return self._services.vault

    def refresh(self) -> None:
        """Take in what other processes appended.

        Raises:
            StorageError: reading failed.
            IntegrityError: what was appended does not verify.
        """
        self._services.settle()
        self._services.log.refresh()

    def objects(self) -> Iterator[ObjectState]:
        """What the ledger says in the open of every object, in the order of ingest.

        Raises:
            StorageError: reading failed.
        """
        self.refresh()
        return iter(self._services.log.view(lambda state: tuple(state.objects())))

    def object(self, object_id: ObjectId) -> ObjectState:
        """What the ledger says in the open of one object.

        Raises:
            NotFoundError: there is no such object.
        """
        self.refresh()
        found = self._services.log.state.object(object_id)
        if found is None:
            raise NotFoundError(ErrorKind.OBJECT_UNKNOWN, f"no object {object_id}")
        return found

    def duties(self, as_of: date | None = None) -> tuple[Duty, ...]:
        """What the agency owes, the soonest first; see `Session.duties`.

        Raises:
            InvalidInputError: no law was adopted, or the day is past.
            StorageError: reading failed.
        """
        self._services.settle()
        return owed(self._services, as_of)


def _geometry(chunk_bytes: int, segment_chunks: int) -> Geometry:
    """The geometry that the caller asks for; that of a stored header is refused otherwise.

    Raises:
        InvalidInputError: a length is out of bounds.
    """
    try:
        return Geometry(chunk_bytes=chunk_bytes, segment_chunks=segment_chunks)
    except FormatError as exc:
        raise InvalidInputError(ErrorKind.ARGUMENT_INVALID, exc.message) from exc
