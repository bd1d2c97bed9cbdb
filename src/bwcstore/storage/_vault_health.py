"""Whether the replicas of a vault agree, making them agree, and proving a backup (VLT-13, VLT-24).

Rules kept here: looking changes nothing; a repair only copies what another replica has in good
order, only of the current epoch; a new replica becomes one by its header, which comes last.
"""

import attrs

from bwcstore._ports import Backend
from bwcstore.errors import (
    AlreadyExistsError,
    BwcStoreError,
    ErrorKind,
    FormatError,
    KeyVaultError,
    NotFoundError,
    StorageError,
)
from bwcstore.storage._vault_files import VaultFiles
from bwcstore.storage._vault_format import Header
from bwcstore.storage._vault_names import (
    HEADERS,
    NOTES,
    completion_name,
    epoch_name,
    header_name,
)
from bwcstore.storage._vault_replica import Replica


@attrs.frozen(kw_only=True)
class VaultFinding:
    """One thing about a vault that a custodian should know.

    Attributes:
        kind: `KEYS_SINGLE_COPY`, `VAULT_MISSING`, `STORAGE_IO`, `VAULT_REPLICA_DIFFERS` for what
            a replica lacks or has in excess, or `VAULT_INVALID` for what is damaged.
        replica: the replica's id, or `unavailable`.
        location: where the replica is.
        name: the stored name; empty when the whole replica is meant.
        message: one sentence.
    """

    kind: ErrorKind
    replica: str
    location: str
    name: str
    message: str


@attrs.frozen(kw_only=True)
class DrillResult:
    """What came of trying a backup of the keys.

    Attributes:
        key_count: living keys in the vault.
        opened_count: how many of them were unwrapped from the backup, with the same value.
        missing: ids of living keys that the backup has not.
        differing: ids of living keys that the backup has with another value, or cannot unwrap.
    """

    key_count: int
    opened_count: int
    missing: tuple[str, ...]
    differing: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether the backup opens everything that the vault opens."""
        return not self.missing and not self.differing


def health(files: VaultFiles) -> tuple[VaultFinding, ...]:
    """Look at every file of every replica; reads everything, changes nothing.

    Raises:
        StorageError: no replica can be read.
        KeyVaultError: no replica has a complete epoch.
    """
    files.refresh()
    found: list[VaultFinding] = []
    if len(files.replicas) == 1:
        found.append(
            _finding(
                files.replicas[0], ErrorKind.KEYS_SINGLE_COPY, "", "the keys are in one place only"
            )
        )
    for replica in files.replicas:
        if replica.failure is not None:
            found.append(
                _finding(replica, ErrorKind.STORAGE_IO, "", f"failed: {replica.failure.message}")
            )
        elif replica.header is None:
            found.append(
                _finding(replica, ErrorKind.VAULT_MISSING, "", "is no replica of this vault")
            )
        else:
            found += _replica_health(files, replica)
    return tuple(found)


def _finding(replica: Replica, kind: ErrorKind, name: str, message: str) -> VaultFinding:
    return VaultFinding(
        kind=kind,
        replica=replica.replica_id,
        location=replica.backend.properties.location,
        name=name,
        message=message,
    )


def _replica_health(files: VaultFiles, replica: Replica) -> list[VaultFinding]:
    differs = ErrorKind.VAULT_REPLICA_DIFFERS
    expected = set(files.index.of_epoch(files.current))
    found = [
        _finding(replica, differs, name, "is missing") for name in sorted(expected - replica.groups)
    ]
    found += [
        _finding(replica, differs, name, "is left over; the next rotation removes it")
        for name in sorted(replica.groups - expected)
    ]
    if files.version not in replica.headers:
        name = header_name(files.version)
        found.append(_finding(replica, differs, name, "is missing"))
    if damage := _epoch_damage(files, replica):
        name = epoch_name(files.current, files.version)
        found.append(_finding(replica, ErrorKind.VAULT_INVALID, name, damage))
    if not (own := replica.epochs.get(files.current)) or not own.complete:
        name = completion_name(files.current)
        found.append(_finding(replica, differs, name, "is missing"))
    for name in sorted(expected & replica.groups):
        try:
            replica.read_group(name)
        except (NotFoundError, FormatError, StorageError) as exc:
            found.append(_finding(replica, ErrorKind.VAULT_INVALID, name, exc.message))
    return found


def _epoch_damage(files: VaultFiles, replica: Replica) -> str:
    try:
        files.open_epoch(replica.read_epoch(files.current, files.version))
    except BwcStoreError as exc:
        return exc.message
    return ""


def repair(files: VaultFiles) -> int:
    """Copy what a replica lacks or has damaged from one that has it; how many files were written.

    Raises:
        StorageError: a replica failed, or nobody has in good order what is needed.
        KeyVaultError: a replica has no header; `add_replica` makes a place a replica.
    """
    files.refresh()
    for replica in files.replicas:
        if not replica.usable:
            raise KeyVaultError(
                ErrorKind.VAULT_MISSING,
                f"{replica.backend.properties.location} is no replica that can be repaired",
            ) from replica.failure
    count = 0
    record = files.read_epoch(files.current).encode()
    for replica in files.replicas:
        if _epoch_damage(files, replica):
            name = epoch_name(files.current, files.version)
            replica.backend.delete(name)
            replica.create_same(name, record)
            count += 1
        count += _repair_groups(files, replica)
    files.refresh()
    # What a crash left half done is finished only now that every group is everywhere.
    files.require_all()
    return count


def _repair_groups(files: VaultFiles, replica: Replica) -> int:
    count = 0
    for name in files.index.of_epoch(files.current):
        try:
            replica.read_group(name)
            continue
        except NotFoundError:
            pass
        except FormatError:
            # Read from elsewhere first: the last copy, however damaged, is not removed.
            data = files.read_group(name).encode()
            replica.backend.delete(name)
            replica.create_same(name, data)
            count += 1
            continue
        replica.create_same(name, files.read_group(name).encode())
        count += 1
    return count


def copy_to(files: VaultFiles, backend: Backend) -> Replica:
    """Make a place a replica: a further one, or a backup to be kept elsewhere.

    Raises:
        AlreadyExistsError: the place is a replica already.
        StorageError: the place failed, or no replica has in good order what is needed.
    """
    if next(iter(backend.list(HEADERS)), None) is not None:
        raise AlreadyExistsError(
            ErrorKind.STORE_EXISTS, f"{backend.properties.location} holds a key vault already"
        )
    files.refresh()
    replica = Replica(backend)
    pattern = next(h for r in files.replicas if (h := r.headers.get(files.version)) is not None)
    for epoch in files.readable:
        record = files.read_epoch(epoch)
        replica.create_same(epoch_name(epoch, files.version), record.encode())
        for name in files.index.of_epoch(epoch):
            replica.create_same(name, files.read_group(name).encode())
        source = next(r for r in files.usable if epoch in r.epochs and r.epochs[epoch].complete)
        name = completion_name(epoch)
        replica.create_same(name, source.read(name))
    for usable in files.usable:
        for stat in usable.backend.list(NOTES):
            replica.create_same(stat.name, usable.read(stat.name))
    header = Header(
        store=files.store_id,
        replica=files.entropy.take(8).hex(),
        version=files.version,
        root=pattern.root,
        check=pattern.check,
    )
    # The header makes it a replica: last, so that half a copy is none.
    replica.create_same(header_name(files.version), header.encode())
    replica.headers[files.version] = replica.header = header
    replica.load()
    return replica


def drill(files: VaultFiles, other: VaultFiles, *, sample: int | None = None) -> DrillResult:
    """Prove that a backup opens what the vault opens.

    The check value of every living key is compared; every key, or the first `sample` in each
    group, is unwrapped from both and compared.

    Raises:
        StorageError: a vault cannot be read.
        KeyVaultError: the vault itself cannot unwrap a key.
    """
    files.refresh()
    other.refresh()
    key_count = opened = 0
    missing: set[str] = set()
    differing: set[str] = set()
    seen: set[str] = set()
    for epoch in files.readable:
        for name in files.index.of_epoch(epoch):
            for number, record in enumerate(files.read_group(name).keys):
                if record.key_id in seen:
                    continue
                seen.add(record.key_id)
                key_count += 1
                found = other.find(record.key_id)
                if found is None:
                    missing.add(record.key_id)
                    continue
                copy, group = found
                if copy.check != record.check:
                    differing.add(record.key_id)
                elif sample is None or number < sample:
                    try:
                        same = other.unwrap(copy, other.index.epochs[group]) == files.unwrap(
                            record, epoch
                        )
                    except KeyVaultError:
                        same = False
                    opened += same
                    if not same:
                        differing.add(record.key_id)
    return DrillResult(
        key_count=key_count,
        opened_count=opened,
        missing=tuple(sorted(missing)),
        differing=tuple(sorted(differing)),
    )
