"""`Store`: where real storage, keys and the world are put together. Create, open, prove, close.

The location is the write-once area and nothing else. Keys live in one or more vault directories
beside it, by default `<location>.vault`; where they lie is the opener's to say and is kept
nowhere in the store.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Self

from bwcstore._places import (
    Access,
    PathLike,
    begin_store,
    catalog_place,
    has_ledger,
    make_root,
    no_ledger,
    open_root,
    open_vaults,
    place_of,
    vault_places,
)
from bwcstore._ports import Backend, Environment, Properties, Signer
from bwcstore._session._acting import Acting, attribution
from bwcstore._session._actors import enrolment
from bwcstore._session._begin import (
    SIGNED_KINDS_DEFAULT,
    Settings,
    create_services,
    open_services,
    parameters_of,
)
from bwcstore._session._services import Services
from bwcstore._session._session import Session
from bwcstore._store_locks import StoreLocks
from bwcstore._store_probes import StoreProbes
from bwcstore._store_proofs import StoreProofs
from bwcstore._store_rules import StoreRules
from bwcstore._store_tables import StoreTables
from bwcstore._system import SystemWorkers, system_environment
from bwcstore._values import Instant, Locking, ObjectId, StoreId
from bwcstore._vault_port import KeyVault
from bwcstore.custody._authority import Role
from bwcstore.custody._object_records import ObjectState
from bwcstore.custody._records import Parameters
from bwcstore.errors import (
    ErrorKind,
    FormatError,
    InvalidInputError,
    NotFoundError,
)
from bwcstore.ledger._present import ahead_microseconds
from bwcstore.objects._segment import (
    CHUNK_BYTES_DEFAULT,
    SEGMENT_CHUNKS_DEFAULT,
    Geometry,
)
from bwcstore.storage._keysource import KeySource
from bwcstore.storage._s3_options import S3Options
from bwcstore.storage._vault import DirectoryVault


class Store(StoreLocks, StoreProbes, StoreProofs, StoreRules, StoreTables):
    """One store, open. Safe to use from several threads; several processes may open it at once."""

    def __init__(
        self, services: Services, *, owned: Environment | None, held: Sequence[Backend] = ()
    ) -> None:
        """For `create` and `open` only."""
        self._services = services
        self._owned = owned
        self._held = tuple(held)
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
        locking: Locking | None = None,
        claims: PathLike | None = None,
        s3: S3Options | None = None,
        environment: Environment | None = None,
    ) -> Self:
        """Create a store in an empty directory, or under a prefix of a bucket, and open it.

        Appends `store.created` and `actor.enrolled`: the first actor is the responsible
        authority. A creation that broke off is finished by calling again with the same key.

        Args:
            location: the write-once area: a directory, made where it is absent, or
                `s3://bucket/prefix`; the bucket must exist.
            key: the root key's source; the store is lost with it.
            actor: the first actor's login name.
            actor_name: the person's name, sealed.
            actor_key: their 32-byte Ed25519 public key, for signed acts.
            vaults: directories or buckets that each keep every key; `<location>.vault` when
                empty, but for a store in a bucket one must be named.
            origin: the log's name in checkpoints, a URL without a scheme.
            chunk_bytes: length of a sealed chunk, a power of two from 64 KiB to 8 MiB.
            segment_chunks: chunks per segment, 1 to 4096.
            signed_kinds: kinds of entry that must be signed once two actors can act.
            locking: how a bucket is asked to refuse early deletion; in compliance mode by default.
            claims: `s3://bucket/prefix` without versions, needed where the bucket lets several
                writers create one name at once.
            s3: how object storage is reached.
            environment: the world; the system's by default.

        Raises:
            AlreadyExistsError: there is a store already.
            InvalidInputError: a length, name or origin is out of bounds.
            KeyVaultError: the key cannot be had, or is not that of the vault that is there.
            StorageError: a directory cannot be made or written, or cannot hold a store.
        """
        first = enrolment(
            actor, roles=[Role.RESPONSIBLE_AUTHORITY], name=actor_name, public_key=actor_key
        )
        geometry = _geometry(chunk_bytes, segment_chunks)
        root = place_of(location)
        places = vault_places(root, vaults)
        world = environment or system_environment()
        access = Access(environment=world, options=s3)
        held = [make_root(root, access, claims=claims)]
        try:
            settings = Settings(
                origin=origin,
                geometry=geometry,
                signed_kinds=frozenset(signed_kinds),
                locking=locking,
            )
            services = begin_store(held, places, access, key=key, settings=settings, first=first)
        except BaseException:
            _close(held)
            raise
        services.catalog.place = catalog_place(root, None)
        return cls(services, owned=None if environment else world, held=held)

    @classmethod
    def open(
        cls,
        location: PathLike,
        *,
        key: KeySource,
        vaults: Sequence[PathLike] = (),
        catalog: PathLike | None = None,
        claims: PathLike | None = None,
        s3: S3Options | None = None,
        environment: Environment | None = None,
    ) -> Self:
        """Open a store: read its ledger, check every link, compare with what is remembered.

        Opening reads the whole ledger; a store of many million entries takes minutes. `catalog`
        is where tables are kept once somebody asks for them, by default `<location>.catalog`, or a
        folder of the user's cache for a store in a bucket. `claims` and `s3` are as for `create`.

        Raises:
            InvalidInputError: a vault or the catalog would lie inside the write-once area.
            StorageError: there is no store here (`NOT_A_STORE`), its creation broke off
                (`STORE_INCOMPLETE`), or it cannot be read.
            KeyVaultError: no vault, the wrong key, or a key file that others may read.
            FormatError: the store is of a newer format, or malformed.
            IntegrityError: the ledger does not verify.
        """
        root = place_of(location)
        places, cache = vault_places(root, vaults), catalog_place(root, catalog)
        world = environment or system_environment()
        access = Access(environment=world, options=s3)
        held = [open_root(root, access, claims=claims)]
        try:
            if not has_ledger(held[0]):
                raise no_ledger(root, places)
            held += open_vaults(places, access)
            vault = DirectoryVault.open(
                held[1:], source=key, entropy=world.entropy, clock=world.clock
            )
            services = open_services(held[0], vault, world)
        except BaseException:
            _close(held)
            raise
        services.catalog.place = cache
        return cls(services, owned=None if environment else world, held=held)

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
            _close(self._held)
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
        if self._unproven:
            found.append(ErrorKind.UNPROVEN_WORM)
        if ahead_microseconds(self._services.backend, self._services.environment.clock):
            found.append(ErrorKind.CLOCK_AHEAD)
        return (*found, *sorted(self.properties.faults))

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


def _close(held: Iterable[Backend]) -> None:
    for backend in held:
        backend.close()


def _geometry(chunk_bytes: int, segment_chunks: int) -> Geometry:
    """The geometry that the caller asks for; that of a stored header is refused otherwise.

    Raises:
        InvalidInputError: a length is out of bounds.
    """
    try:
        return Geometry(chunk_bytes=chunk_bytes, segment_chunks=segment_chunks)
    except FormatError as exc:
        raise InvalidInputError(ErrorKind.ARGUMENT_INVALID, exc.message) from exc
