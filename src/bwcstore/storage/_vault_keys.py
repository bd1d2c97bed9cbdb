"""Putting, finding and destroying keys in a vault (spec: VLT-10 to VLT-15).

Rules kept here:

- a key that `put` returned for is in every replica, under an epoch that no rotation has left;
- groups are replaced, never changed: the new one is in every replica before the old ones go,
  and if somebody else took one of these away meanwhile, the new one is withdrawn and the look
  begins anew. So two processes at work at once bring no destroyed key back and lose no living one.
"""

import hmac
import re
from collections.abc import Collection, Iterable, Mapping
from typing import Final

from bwcstore._vault_port import WrappedKey
from bwcstore.errors import (
    AlreadyExistsError,
    ErrorKind,
    InvalidInputError,
    NotFoundError,
    StorageError,
)
from bwcstore.storage._keywrap import KEY_BYTES, key_check
from bwcstore.storage._vault_files import VaultFiles
from bwcstore.storage._vault_format import GROUP_KEYS_MAX, Group, KeyRecord, check_key_id

_ATTEMPTS: Final = 8
_TOGETHER_ATTEMPTS: Final = 4
_DRAWN: Final = re.compile(r".*/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def put(files: VaultFiles, keys: Mapping[str, bytes]) -> None:
    """See `KeyVault.put`.

    Raises:
        AlreadyExistsError: a key id is taken by another key.
        InvalidInputError: a key id is malformed, or a key does not have 32 bytes.
        StorageError: a replica failed.
    """
    for key_id, key in keys.items():
        check_key_id(key_id)
        if len(key) != KEY_BYTES:
            raise InvalidInputError(
                ErrorKind.ARGUMENT_INVALID, f"{key_id}: {len(key)} bytes, {KEY_BYTES} are needed"
            )
    # An id that ends in a UUID was drawn by its caller; any other id another process may put too.
    shared = [key_id for key_id in keys if not _DRAWN.fullmatch(key_id)]
    if shared:
        files.refresh()
    files.require_all()
    missing = {key_id: key for key_id, key in keys.items() if not _is_kept(files, key_id, key)}
    if not missing:
        return
    stale: list[str] = []
    for _ in range(_ATTEMPTS):
        epoch = files.current
        try:
            names = files.write_groups(_wrap(files, missing, epoch), epoch=epoch)
        except NotFoundError:
            names = []  # The epoch was left before its key was read.
        if names and files.is_current(epoch):
            break
        stale += names
        files.refresh()
        files.require_all()
    else:
        raise StorageError(ErrorKind.RACE_LOST, "the key epoch changed again and again")
    for name in stale:
        files.remove_group(name)
    if shared:
        _check_alone(files, missing, shared, names)


def _wrap(files: VaultFiles, keys: Mapping[str, bytes], epoch: int) -> list[KeyRecord]:
    wrapper = files.epoch_wrapper(epoch)
    now = files.clock.now()
    return [
        KeyRecord(
            key_id=key_id,
            created=now,
            check=key_check(key),
            wrapped=wrapper.wrap(key, place=files.key_place(key_id, epoch)),
        )
        for key_id, key in sorted(keys.items())
    ]


def _is_kept(files: VaultFiles, key_id: str, key: bytes) -> bool:
    """Whether every replica has exactly this key; a replica that lacks its group is given it."""
    found = _open(files, key_id)
    if found is None:
        return False
    kept, name = found
    if not hmac.compare_digest(kept, key):
        raise AlreadyExistsError(ErrorKind.NAME_TAKEN, f"{key_id} is taken by another key")
    if files.index.epochs[name] != files.current:
        return False
    for replica in files.replicas:
        if name not in replica.groups:
            replica.create_same(name, files.read_group(name).encode())
            replica.groups.add(name)
    return True


def _check_alone(
    files: VaultFiles, keys: Mapping[str, bytes], shared: Iterable[str], names: Iterable[str]
) -> None:
    """Withdraw what was put if another process put another key under the same id.

    Each of two processes writes first and looks then, so at least one sees the other.
    """
    files.refresh()
    for key_id in shared:
        if key_id not in keys:
            continue
        for name in files.index.candidates(key_id):
            if files.index.epochs[name] not in files.readable:
                continue
            for record in files.read_group(name).keys:
                if record.key_id == key_id and record.check != key_check(keys[key_id]):
                    for own in names:
                        files.remove_group(own)
                    raise AlreadyExistsError(
                        ErrorKind.NAME_TAKEN, f"{key_id} is taken by another key"
                    )


def _open(files: VaultFiles, key_id: str) -> tuple[bytes, str] | None:
    """The newest value of a key and the group it is in; None if no group has it.

    Looks anew whenever another process has replaced a group or left an epoch meanwhile.
    """
    for _ in range(_ATTEMPTS):
        try:
            found = files.find(key_id)
            if found is None:
                return None
            record, name = found
            return files.unwrap(record, files.index.epochs[name]), name
        except NotFoundError:
            files.refresh()
    raise StorageError(ErrorKind.RACE_LOST, "the groups of keys changed again and again")


def get(files: VaultFiles, key_id: str) -> bytes:
    """See `KeyVault.get`.

    Raises:
        InvalidInputError: the key id is malformed.
        KeyVaultError: the key cannot be unwrapped.
        NotFoundError: no replica has the key id.
        StorageError: no replica has the key in good order, or a replica that could have it
            cannot be read.
    """
    check_key_id(key_id)
    found = _open(files, key_id)
    if found is None:
        # Another process may have put it since the last look.
        files.refresh()
        found = _open(files, key_id)
    if found is not None:
        return found[0]
    for replica in files.replicas:
        if not replica.usable:
            raise StorageError(
                ErrorKind.VAULT_MISSING,
                f"{key_id} is in no vault replica that can be read, and "
                f"{replica.backend.properties.location} cannot be read",
            ) from replica.failure
    raise NotFoundError(ErrorKind.KEY_ABSENT, f"the vault has no key {key_id}")


def destroy(files: VaultFiles, key_ids: Iterable[str]) -> None:
    """See `KeyVault.destroy`.

    Raises:
        InvalidInputError: a key id is malformed.
        StorageError: a replica still has one.
    """
    wanted = frozenset(check_key_id(key_id) for key_id in key_ids)
    if not wanted:
        return
    for attempt in range(_ATTEMPTS):
        files.refresh()
        files.require_all()
        touched = sorted({name for key_id in wanted for name in files.index.candidates(key_id)})
        # The more are replaced at once, the sooner another process has taken one of them away.
        most = 1 if attempt >= _TOGETHER_ATTEMPTS else GROUP_KEYS_MAX
        clean = True
        together: dict[str, Group] = {}
        for name in touched:
            try:
                group = files.read_group(name)
            except NotFoundError:
                clean = False
                continue
            if not any(record.key_id in wanted for record in group.keys):
                continue
            clean = False
            if together and not _fits(group, together.values(), most):
                _replace(files, together, wanted)
                together = {}
            together[name] = group
        if together:
            _replace(files, together, wanted)
        if clean:
            return
    raise StorageError(ErrorKind.RACE_LOST, "the groups of keys changed again and again")


def _fits(group: Group, others: Collection[Group], most: int) -> bool:
    count = sum(len(one.keys) for one in (group, *others))
    return count <= most and all(one.epoch == group.epoch for one in others)


def _replace(files: VaultFiles, old: Mapping[str, Group], without: frozenset[str]) -> None:
    """Store what is left of groups of one epoch as new ones, then remove the old ones."""
    living = {
        record.key_id: record
        for group in old.values()
        for record in group.keys
        if record.key_id not in without
    }
    (epoch,) = {group.epoch for group in old.values()}
    written = files.write_groups([living[key_id] for key_id in sorted(living)], epoch=epoch)
    if not all(files.exists(name) for name in old):
        for own in written:
            files.remove_group(own)
        return
    for name in old:
        files.remove_group(name)


def inventory(files: VaultFiles) -> list[WrappedKey]:
    """Every living key in ascending order of ids.

    Raises:
        StorageError: a group cannot be read, or they change too fast.
    """
    for _ in range(_ATTEMPTS):
        files.refresh()
        found: dict[str, WrappedKey] = {}
        try:
            for epoch in files.readable:
                for name in files.index.of_epoch(epoch):
                    for record in files.read_group(name).keys:
                        found.setdefault(
                            record.key_id,
                            WrappedKey(key_id=record.key_id, check=record.check, epoch=epoch),
                        )
        except NotFoundError:
            continue
        return [found[key_id] for key_id in sorted(found)]
    raise StorageError(ErrorKind.RACE_LOST, "the groups of keys changed again and again")
