"""Small notes in a vault, replaceable although nothing is ever overwritten (spec: VLT-20).

Rules kept here: the new version is in every replica before an older one goes, and when a note is
forgotten the oldest version goes first, so that no older one ever shows again.
"""

from bwcstore.errors import ErrorKind, InvalidInputError, NotFoundError, StorageError
from bwcstore.storage._vault_files import VaultFiles
from bwcstore.storage._vault_names import (
    COUNTER_MAX,
    NOTE_SIZE_MAX,
    NOTES,
    check_note_name,
    note_name,
    parse_note,
    short_digest,
)
from bwcstore.storage._vault_replica import Replica


def remember(files: VaultFiles, name: str, data: bytes) -> None:
    """See `KeyVault.remember`.

    Raises:
        InvalidInputError: the name is malformed, or there are more than 16 MiB.
        StorageError: a replica failed.
    """
    check_note_name(name)
    if len(data) > NOTE_SIZE_MAX:
        raise InvalidInputError(
            ErrorKind.TOO_LARGE, f"note {name}: {len(data)} bytes, at most {NOTE_SIZE_MAX}"
        )
    files.require_all()
    older = [(replica, _versions(replica, name)) for replica in files.replicas]
    counter = max((number for _, found in older for number, _ in found), default=-1) + 1
    if counter > COUNTER_MAX:
        raise StorageError(ErrorKind.STORAGE_FULL, f"note {name}: no number is left")
    stored = note_name(name, counter, data)
    for replica in files.replicas:
        replica.create_same(stored, data)
    for replica, found in older:
        for _, old in found:
            replica.backend.delete(old)


def _versions(replica: Replica, name: str) -> list[tuple[int, str]]:
    """Counter and stored name of every version of a note, the oldest first."""
    found = []
    for stat in replica.backend.list(f"{NOTES}{name}/"):
        parsed = parse_note(stat.name)
        if parsed is not None and parsed[0] == name:
            found.append((parsed[1], stat.name))
    return sorted(found)


def recall(files: VaultFiles, name: str) -> tuple[bytes, ...]:
    """See `KeyVault.recall`. What differs between replicas comes newest first.

    Raises:
        InvalidInputError: the name is malformed.
        StorageError: no replica can be read.
    """
    check_note_name(name)
    found: list[tuple[int, bytes]] = []
    failure: StorageError | None = None
    answered = 0
    for replica in files.replicas:
        if replica.header is None:
            continue
        try:
            newest = _newest(replica, name)
        except StorageError as exc:
            failure = exc
            continue
        answered += 1
        if newest is not None and newest[1] not in [data for _, data in found]:
            found.append(newest)
    if not answered:
        raise StorageError(ErrorKind.STORAGE_IO, f"note {name}: no replica answers") from failure
    return tuple(data for _, data in sorted(found, key=lambda item: -item[0]))


def _newest(replica: Replica, name: str) -> tuple[int, bytes] | None:
    for counter, stored in reversed(_versions(replica, name)):
        try:
            data = replica.read(stored)
        except NotFoundError:
            continue
        parsed = parse_note(stored)
        if parsed is not None and short_digest(data) == parsed[2]:
            return counter, data
    return None


def forget(files: VaultFiles, name: str) -> None:
    """See `KeyVault.forget`.

    Raises:
        InvalidInputError: the name is malformed.
        StorageError: a replica failed.
    """
    check_note_name(name)
    files.require_all()
    for replica in files.replicas:
        for _, stored in _versions(replica, name):
            replica.backend.delete(stored)


def notes(files: VaultFiles, prefix: str) -> tuple[str, ...]:
    """See `KeyVault.notes`.

    Raises:
        StorageError: a replica failed.
    """
    found: set[str] = set()
    for replica in files.replicas:
        if replica.header is None:
            continue
        for stat in replica.backend.list(NOTES):
            parsed = parse_note(stat.name)
            if parsed is not None and parsed[0].startswith(prefix):
                found.add(parsed[0])
    return tuple(sorted(found))
