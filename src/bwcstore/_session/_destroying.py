"""Destroying bytes: every stored version of a name, and a look that nothing is left.

Rules kept here (spec chapter `purge`):

- what the storage itself keeps is found before anything is destroyed (PRG-12);
- a name is gone only once its versions were asked for and there were none (PRG-14).
"""

from functools import partial
from typing import Final

import attrs

from bwcstore import _layout
from bwcstore._ports import ONLY_VERSION, Backend, Pending, Workers
from bwcstore._values import Instant, ObjectId
from bwcstore.custody._object_records import ObjectState
from bwcstore.errors import BwcStoreError, ErrorKind, StorageError
from bwcstore.purge._outcomes import VersionOutcome

NO_VERSION: Final = "-"


@attrs.frozen(kw_only=True)
class Destroyed:
    """What became of the stored versions of one recording: how many were deleted, and what
    they held.
    """

    outcomes: tuple[VersionOutcome, ...]
    versions: int
    length_bytes: int


def names_of(state: ObjectState) -> tuple[str, ...]:
    """The names of the segments of a recording."""
    return tuple(_layout.segment(state.object_id, n) for n in range(state.segment_count))


def locked_by_storage(
    states: list[ObjectState], *, backend: Backend, workers: Workers, now: Instant
) -> dict[ObjectId, str]:
    """Recordings of which the storage keeps a version, and why.

    Args:
        states: the recordings.
        backend: where they are.
        workers: ask for several at once.
        now: this machine's time, for a storage that has none of its own.

    Raises:
        StorageError: it could not be asked.
    """
    asked = [
        (state.object_id, workers.submit(partial(_lock_of, backend, name, now)))
        for state in states
        for name in names_of(state)
    ]
    found: dict[ObjectId, str] = {}
    for object_id, pending in asked:
        why = pending.result()
        if why is not None:
            found.setdefault(object_id, why)
    return found


def _lock_of(backend: Backend, name: str, now: Instant) -> str | None:
    versions = backend.versions(name)
    # Asked after the versions: that answer brought the storage's time.
    present = backend.server_time() or now
    for version in versions:
        if version.legal_hold:
            return f"{name}, version {version.version_id}, is under a legal hold of the storage"
        if version.locked_until is not None and version.locked_until > present:
            return f"{name}, version {version.version_id}, is locked until {version.locked_until}"
    return None


def destroy_bytes(
    states: list[ObjectState], *, backend: Backend, workers: Workers
) -> dict[ObjectId, Destroyed | BwcStoreError]:
    """Destroy every version of every segment of each recording, and look that none is left.

    What fails for one recording fails for it alone.
    """
    # What broke off may be a second name of the very bytes that are to go.
    tidying = [
        (state, workers.submit(partial(_tidy, backend, state.object_id))) for state in states
    ]
    found: dict[ObjectId, Destroyed | BwcStoreError] = {}
    pending: dict[ObjectId, list[Pending[Destroyed]]] = {}
    for state, tidied in tidying:
        try:
            tidied.result()
        except BwcStoreError as exc:
            found[state.object_id] = exc
            continue
        pending[state.object_id] = [
            workers.submit(partial(_destroy, backend, name)) for name in names_of(state)
        ]
    for object_id, works in pending.items():
        try:
            parts = [work.result() for work in works]
        except BwcStoreError as exc:
            found[object_id] = exc
            continue
        found[object_id] = Destroyed(
            outcomes=tuple(one for part in parts for one in part.outcomes),
            versions=sum(part.versions for part in parts),
            length_bytes=sum(part.length_bytes for part in parts),
        )
    return found


def _tidy(backend: Backend, object_id: ObjectId) -> int:
    return backend.discard_leftovers(_layout.object_prefix(object_id))


def _destroy(backend: Backend, name: str) -> Destroyed:
    versions = backend.versions(name)
    for version in versions:
        backend.delete_version(name, version.version_id)
    if not versions:
        # What an interrupted attempt deleted may not be durably gone; deleting again makes it so.
        backend.delete_version(name, ONLY_VERSION)
    if backend.versions(name):
        raise StorageError(ErrorKind.NOT_DESTROYED, f"{name} is still there after its deletion")
    outcomes = [
        VersionOutcome(name=name, version=version.version_id, outcome="deleted")
        for version in versions
    ]
    return Destroyed(
        outcomes=tuple(outcomes)
        or (VersionOutcome(name=name, version=NO_VERSION, outcome="absent"),),
        versions=len(versions),
        length_bytes=sum(version.length_bytes for version in versions),
    )
