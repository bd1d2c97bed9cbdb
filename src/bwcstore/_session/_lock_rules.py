"""What the locks of a recording go by as it is written: the store's terms, the law, the time."""

from bwcstore._ports import Capability
from bwcstore._session._law import law_of
from bwcstore._session._services import Services
from bwcstore._values import Digest, Instant, Locking, LockMode, ObjectId
from bwcstore.custody._derived import as_law_sees
from bwcstore.custody._locking import first_lock
from bwcstore.custody._object_records import Claim, ObjectState
from bwcstore.custody._records import NOBODY
from bwcstore.custody._state import State
from bwcstore.errors import IntegrityError, InvalidInputError
from bwcstore.statute._pack import Law

_NOTHING = Digest(bytes(32))


def locking_of(services: Services) -> Locking | None:
    """The terms on which the storage is asked to lock; None where it is not asked (LCK-2)."""
    parameters = services.log.state.store.parameters
    locking = parameters.locking if parameters is not None else None
    if locking is None or locking.mode is LockMode.NONE:
        return None
    return locking if Capability.LOCK in services.backend.properties.capabilities else None


def storage_time(services: Services) -> Instant:
    """The storage's own time, which no clock of this machine can move; this machine's where the
    storage has none.
    """
    return services.backend.server_time() or services.environment.clock.now()


def lock_of_new(
    services: Services,
    *,
    object_id: ObjectId,
    claims: tuple[Claim, ...],
    label: str | None,
    parent: ObjectId | None,
) -> Instant | None:
    """Until when the storage is to keep what is about to be written (LCK-4 to LCK-6).

    Args:
        services: the store.
        object_id: what is about to be written.
        claims: when it was made, as far as anybody says.
        label: the label that it comes with.
        parent: the recording that it is made of.

    Raises:
        StorageError: the law could not be read.
    """
    locking = locking_of(services)
    if locking is None:
        return None
    ingested = storage_time(services)
    unwritten = ObjectState(
        object_id=object_id,
        manifest_digest=_NOTHING,
        header=b"",
        segment_count=0,
        ciphertext_root=_NOTHING,
        tags={},
        collected=claims,
        label=label,
        trigger=None,
        ingested_at=ingested,
        ingested_by=NOBODY,
        ingested_index=0,
    )

    def decide(state: State) -> Instant | None:
        made_of = state.object(parent) if parent is not None else None
        return first_lock(
            unwritten if made_of is None else as_law_sees(state, made_of),
            state.store,
            locking=locking,
            law=law_for_locks(services, state),
            ingested=ingested,
        )

    return services.log.view(decide)


def law_for_locks(services: Services, state: State) -> Law | None:
    """The law of the day, or None where there is none to go by.

    Raises:
        StorageError: it could not be read.
    """
    try:
        return law_of(services, state, storage_time(services))
    except (InvalidInputError, IntegrityError):
        # A recording is taken in whatever became of the law; its lock is made longer later on.
        return None
