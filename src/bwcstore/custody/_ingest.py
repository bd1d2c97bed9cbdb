"""decide: may this object come into being, or is its source an object already?"""

from bwcstore._values import ObjectId, Tag
from bwcstore.custody._object_records import ObjectState
from bwcstore.custody._state import State
from bwcstore.errors import ConflictError, ErrorKind, RetentionError


def ingest_reads(object_id: ObjectId, source: Tag | None) -> frozenset[str]:
    """The conflict keys that deciding an ingest reads (LED-31)."""
    keys = {"store", f"object/{object_id}"}
    if source is not None:
        keys.add(f"source/{source}")
    return frozenset(keys)


def check_fresh(state: State, *, object_id: ObjectId, source: Tag | None) -> ObjectId | None:
    """Decide whether the object may begin.

    Returns:
        None when it may; the object that the source already is, when there is one.

    Raises:
        ConflictError: the object exists, or was discarded as a leftover meanwhile (ORD-6).
    """
    if state.object(object_id) is not None:
        raise ConflictError(ErrorKind.RACE_LOST, f"object {object_id} exists already")
    if object_id in state.store.discarded:
        raise ConflictError(
            ErrorKind.RACE_LOST, f"object {object_id} was discarded as a leftover meanwhile"
        )
    return state.sourced(source) if source is not None else None


def source_purged(found: ObjectState) -> RetentionError | None:
    """The refusal to take in again what was destroyed, or is being destroyed (PRG-19)."""
    if found.keeping.purge is None:
        return None
    says = "is being destroyed" if found.purged is None else f"certificate {found.purged}"
    return RetentionError(
        ErrorKind.SOURCE_PURGED,
        f"the source id names object {found.object_id}, which was lawfully destroyed ({says})",
    )
