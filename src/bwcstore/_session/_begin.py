"""How a store begins and how it is taken up again, whatever the storage and the vault are."""

from collections.abc import Sequence
from functools import partial
from typing import Final

import attrs

from bwcstore._encoding import Json, tag
from bwcstore._ports import Backend, Capability, Environment
from bwcstore._session._actors import Enrolment, random_id
from bwcstore._session._services import (
    SIGNING_KEY,
    TAG_KEY,
    Services,
    ensure_key,
    year_key_id,
)
from bwcstore._values import STORE_SCOPE, ActorId, Instant, Locking, LockMode, StoreId, check_text
from bwcstore._vault_port import KeyVault
from bwcstore.custody._locking import check_locking
from bwcstore.custody._records import Parameters
from bwcstore.custody._state import State
from bwcstore.errors import (
    AlreadyExistsError,
    ErrorKind,
    FormatError,
    IntegrityError,
    InvalidInputError,
    KeyVaultError,
    NotFoundError,
)
from bwcstore.ledger._checkpoint import read_checkpoint
from bwcstore.ledger._draft import Decision, Draft
from bwcstore.ledger._genesis import CLAIMED, NUMBERED, check_found, check_place
from bwcstore.ledger._log import Log
from bwcstore.ledger._note import VerifierKey
from bwcstore.objects._segment import Geometry
from bwcstore.storage._keysource import KeySource
from bwcstore.storage._signer import StoredSigner
from bwcstore.storage._vault import DirectoryVault
from bwcstore.storage._vault_names import HEADERS

FORMAT: Final = "1.0"
REMEMBERED: Final = "head"
SIGNED_KINDS_DEFAULT: Final = frozenset(
    {
        "authorization.granted",
        "authorization.revoked",
        "clock.confirmed",
        "hold.release_proposed",
        "hold.released",
        "law.adopted",
        "plan.approved",
        "policy.set",
    }
)


@attrs.frozen(kw_only=True)
class Settings:
    """What is fixed when a store is created.

    Attributes:
        origin: the log's name in checkpoints, a URL without a scheme; None makes one up.
        geometry: chunk and segment lengths of every object.
        signed_kinds: the kinds of entry that their actor must sign once two actors can act.
        protocol: how batches are committed: `numbered`, or `claimed` where the storage has a
            place for claims (CLM-1).
        locking: how long the storage is asked to refuse deletion; None not to ask (LCK-2).
    """

    origin: str | None = None
    geometry: Geometry = attrs.field(factory=Geometry)
    signed_kinds: frozenset[str] = SIGNED_KINDS_DEFAULT
    protocol: str = NUMBERED
    locking: Locking | None = None


def make_vault(
    places: Sequence[Backend], key: KeySource, environment: Environment
) -> DirectoryVault:
    """Make the vault of a new store, or finish the one that a broken creation left (ORD-1).

    Raises:
        AlreadyExistsError: it is the vault of a store that has begun.
        KeyVaultError: the root key is not that of the vault that is there.
        StorageError: a place failed; calling again finishes.
    """
    store_id = StoreId(random_id(environment.entropy.take(16)))
    try:
        return DirectoryVault.create(
            places,
            store_id=store_id,
            source=key,
            entropy=environment.entropy,
            clock=environment.clock,
        )
    except AlreadyExistsError:
        # A header is what makes a place a replica, and comes last.
        begun = [place for place in places if next(place.list(HEADERS), None) is not None]
    vault = DirectoryVault.open(
        begun or places, source=key, entropy=environment.entropy, clock=environment.clock
    )
    _check_unused(vault)
    for place in places:
        if begun and place not in begun:
            vault.add_replica(place)
    return vault


def _check_unused(vault: KeyVault) -> None:
    """Check that no store has begun with these keys: a second one would have its identity.

    Raises:
        AlreadyExistsError: the vault remembers a ledger.
    """
    if vault.recall(REMEMBERED):
        raise AlreadyExistsError(
            ErrorKind.STORE_EXISTS,
            "the key vault remembers the ledger of a store: bring that store back, or choose "
            "another place for the keys",
        )


def _remember(vault: KeyVault, note: bytes) -> None:
    """Let the vault remember a checkpoint, unless it has seen a later one: a process that is
    behind must not make it forget.
    """
    found = read_checkpoint(note)
    for raw in vault.recall(REMEMBERED):
        try:
            known = read_checkpoint(raw)
        except FormatError:
            continue
        if (known.generation, known.size) > (found.generation, found.size):
            return
    vault.remember(REMEMBERED, note)


def create_services(
    backend: Backend,
    vault: KeyVault,
    environment: Environment,
    *,
    store_id: StoreId,
    settings: Settings,
    first: Enrolment,
) -> Services:
    """Begin a store in empty storage (spec: ORD-1, ORD-2).

    Raises:
        AlreadyExistsError: there is a ledger already, or the vault is that of another.
        InvalidInputError: the storage cannot lock, or not for so long (`argument-invalid`).
        StorageError: storage or a vault replica failed, and calling again finishes; or the
            storage does not fit the protocol (`storage-unfit`).
    """
    _check_unused(vault)
    check_place(settings.protocol, backend)
    check_found(backend)
    _lock_new(backend, settings)
    now = environment.clock.now()
    tag_key = ensure_key(vault, environment, TAG_KEY)
    signer = StoredSigner(ensure_key(vault, environment, SIGNING_KEY))
    year_key = year_key_id(now)
    ensure_key(vault, environment, year_key)
    origin = settings.origin or f"bwcstore.invalid/{store_id}"
    check_text(origin, "origin", length_max=256)
    verifier = VerifierKey(name=origin, public_key=signer.public_key)
    actor_id = ActorId(random_id(environment.entropy.take(16)))
    created: dict[str, Json] = {
        "format": FORMAT,
        "store": str(store_id),
        "protocol": settings.protocol,
        "chunk_bytes": settings.geometry.chunk_bytes,
        "segment_chunks": settings.geometry.segment_chunks,
        "origin": origin,
        "verifier_key": str(verifier),
        "signed_kinds": [*sorted(settings.signed_kinds)],
        "storage": [word.value for word in sorted(backend.properties.capabilities)],
        **_locking_body(settings.locking),
    }

    def genesis(_: State, __: Instant) -> Decision:
        return Decision(
            drafts=(
                Draft(scope=STORE_SCOPE, kind="store.created", by=actor_id, body=created),
                Draft(
                    scope=STORE_SCOPE,
                    kind="actor.enrolled",
                    by=actor_id,
                    body=first.body(actor_id, tag(tag_key, "actor", first.login)),
                    private=first.private(),
                    record_key_id=year_key,
                ),
            )
        )

    log = Log.create(
        backend,
        environment,
        store_id=store_id,
        state=State(),
        genesis=genesis,
        record_key=vault.get,
        signer=signer,
        remember=partial(_remember, vault),
    )
    log.checkpoint()
    return _services(log, backend, vault, environment, tag_key=tag_key, signer=signer)


def _lock_new(backend: Backend, settings: Settings) -> None:
    """Let the storage lock what is written from the first entry on (LCK-3).

    Raises:
        InvalidInputError: it cannot, or not for so long.
    """
    locking = settings.locking
    if locking is None:
        return
    check_locking(locking)
    can = Capability.LOCK in backend.properties.capabilities
    if locking.mode is not LockMode.NONE and not can:
        raise InvalidInputError(
            ErrorKind.ARGUMENT_INVALID,
            f"{backend.properties.location} cannot lock: ask for no locks, or choose another place",
        )
    backend.lock_new(locking)


def _locking_body(locking: Locking | None) -> dict[str, Json]:
    if locking is None:
        return {}
    return {
        "locking": {
            "mode": locking.mode.value,
            "record_days": locking.record_days,
            "max_days": locking.max_days,
            "unruled_days": locking.unruled_days,
        }
    }


def open_services(backend: Backend, vault: KeyVault, environment: Environment) -> Services:
    """Read a store's ledger and take its keys up.

    Raises:
        FormatError: the store is malformed or of a newer format.
        IntegrityError: the ledger does not verify.
        KeyVaultError: the vault lacks a key, or is another store's.
        StorageError: reading failed, or the storage does not fit the store's protocol.
    """
    signer = StoredSigner(vault.get(SIGNING_KEY))
    try:
        log = Log.open(
            backend,
            environment,
            state=State(),
            record_key=vault.get,
            signer=signer,
            remembered=vault.recall(REMEMBERED),
            remember=partial(_remember, vault),
        )
    except NotFoundError:
        check_found(backend)
        raise
    if parameters_of(log.state).protocol == CLAIMED:
        check_place(CLAIMED, backend)
    return _services(log, backend, vault, environment, tag_key=vault.get(TAG_KEY), signer=signer)


def _services(
    log: Log[State],
    backend: Backend,
    vault: KeyVault,
    environment: Environment,
    *,
    tag_key: bytes,
    signer: StoredSigner,
) -> Services:
    parameters = parameters_of(log.state)
    if parameters.verifier_key != str(
        VerifierKey(name=parameters.origin, public_key=signer.public_key)
    ):
        raise KeyVaultError(
            ErrorKind.VAULT_INVALID, f"the vault is not that of store {parameters.store}"
        )
    if parameters.locking is not None:
        backend.lock_new(parameters.locking)
    return Services(
        store_id=StoreId(parameters.store),
        backend=backend,
        vault=vault,
        environment=environment,
        log=log,
        geometry=Geometry(
            chunk_bytes=parameters.chunk_bytes, segment_chunks=parameters.segment_chunks
        ),
        signer=signer,
        signer_name=parameters.origin,
        tag_key=tag_key,
    )


def parameters_of(state: State) -> Parameters:
    """What the store was created with.

    Raises:
        IntegrityError: the ledger does not begin with `store.created`.
    """
    if state.store.parameters is None:
        raise IntegrityError(ErrorKind.GENESIS_INVALID, "the ledger has no first entry")
    return state.store.parameters
