"""Opening a new key epoch and destroying the old; changing the root key (spec: VLT-16 to VLT-19).

Rules kept here:

- an epoch without its completion file does not count: nothing is read from it;
- an epoch is completed only after every living key was read back from every replica and opened
  under it;
- nothing of an old epoch goes before everything in it is in the new one, in every replica;
- what another process puts or destroys meanwhile is found by looking again, never by waiting.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final

import attrs

from bwcstore.errors import (
    ConflictError,
    ErrorKind,
    FormatError,
    KeyVaultError,
    NotFoundError,
    StorageError,
)
from bwcstore.storage._keysource import KeySource
from bwcstore.storage._keywrap import EPOCH_LABEL, KEY_BYTES, ROOT_LABEL, KeyWrapper, key_check
from bwcstore.storage._vault_files import VaultFiles
from bwcstore.storage._vault_format import (
    EPOCH_MAX,
    VERSION_MAX,
    EpochKey,
    Group,
    Header,
    KeyRecord,
)
from bwcstore.storage._vault_names import (
    completion_name,
    epoch_name,
    epoch_place,
    header_name,
)
from bwcstore.storage._vault_replica import EpochFiles, Replica

_ATTEMPTS: Final = 8
_SMALL_GROUP: Final = 256
_EPOCH_OF_GROUP: Final = re.compile(r"keys/([0-9]{8})/.+")


@attrs.frozen(kw_only=True)
class _Opened:
    """An epoch that is being filled."""

    epoch: int
    wrapper: KeyWrapper


def rotate(files: VaultFiles) -> int:
    """See `KeyVault.rotate`. What an earlier rotation left behind is removed too.

    Raises:
        ConflictError: other processes changed the vault again and again; the old epoch is good.
        KeyVaultError: a key cannot be unwrapped, or a change of the root key is unfinished.
        StorageError: a replica failed.
    """
    for _ in range(_ATTEMPTS):
        files.refresh()
        files.require_all()
        _refuse_unfinished_root(files)
        opened = _open_epoch(files)
        try:
            sources, written = _copy_living(files, opened)
            if not _is_unchanged(files, sources):
                continue
            _verify(files, opened, written)
        except NotFoundError:
            continue  # A group went away while it was being copied.
        break
    else:
        raise ConflictError(ErrorKind.RACE_LOST, "the vault was changed again and again")
    for replica in files.replicas:
        files.complete_epoch(replica, opened.epoch)
    _carry_late(files, opened, sources)
    _remove_older(files, opened.epoch)
    files.refresh()
    return files.current


def _refuse_unfinished_root(files: VaultFiles) -> None:
    for replica in files.replicas:
        if any(version > files.version for version in replica.headers):
            raise KeyVaultError(
                ErrorKind.KEY_WRONG,
                "a change of the root key is unfinished: use the new root key, or change it again",
            )


def _open_epoch(files: VaultFiles) -> _Opened:
    """Create the key of an epoch with a number that nothing in any replica has."""
    taken = {epoch for replica in files.replicas for epoch in replica.epochs}
    taken |= set(files.index.epochs.values())
    for epoch in range(max(taken) + 1, EPOCH_MAX + 1):
        kek = files.entropy.take(KEY_BYTES)
        record = files.wrap_epoch(epoch, kek)
        try:
            for replica in files.replicas:
                replica.create_same(epoch_name(epoch, files.version), record.encode())
                replica.epochs.setdefault(epoch, EpochFiles()).versions.add(files.version)
        except StorageError as exc:
            if exc.kind is not ErrorKind.VAULT_REPLICA_DIFFERS:
                raise
            continue  # Another process took the number.
        return _Opened(epoch=epoch, wrapper=KeyWrapper(kek, label=EPOCH_LABEL))
    raise StorageError(ErrorKind.STORAGE_FULL, "no number is left for a key epoch")


def _rewrap(
    files: VaultFiles, opened: _Opened, records: Iterable[KeyRecord], epoch: int
) -> list[KeyRecord]:
    return [
        attrs.evolve(
            record,
            wrapped=opened.wrapper.wrap(
                files.unwrap(record, epoch), place=files.key_place(record.key_id, opened.epoch)
            ),
        )
        for record in records
    ]


def _copy_living(files: VaultFiles, opened: _Opened) -> tuple[set[str], list[str]]:
    """Wrap every living key anew; the groups they came from, and the new ones.

    A large group becomes one new group, so that memory is bounded by the keys that came since the
    last rotation; the small ones are gathered.
    """
    written: list[str] = []
    sources: set[str] = set()
    small: dict[str, KeyRecord] = {}
    for epoch in files.readable:
        for name in files.index.of_epoch(epoch):
            records: Sequence[KeyRecord] = files.read_group(name).keys
            sources.add(name)
            if epoch != files.current:
                records = _not_in(files, records, files.current)
            renewed = _rewrap(files, opened, records, epoch)
            if len(renewed) >= _SMALL_GROUP:
                written += files.write_groups(renewed, epoch=opened.epoch)
            else:
                small |= {record.key_id: record for record in renewed}
    written += files.write_groups([small[key] for key in sorted(small)], epoch=opened.epoch)
    return sources, written


def _not_in(files: VaultFiles, records: Iterable[KeyRecord], epoch: int) -> list[KeyRecord]:
    return [r for r in records if files.find(r.key_id, epochs=(epoch,)) is None]


def _verify(files: VaultFiles, opened: _Opened, written: Iterable[str]) -> None:
    """Read everything back from every replica; open every key with what was read back.

    Raises:
        NotFoundError: a group is gone from every replica.
        StorageError: a replica does not give back what it was given.
    """
    wrappers = []
    for replica in files.replicas:
        try:
            kept = replica.read_epoch(opened.epoch, files.version)
        except NotFoundError as exc:
            raise StorageError(ErrorKind.VAULT_REPLICA_DIFFERS, str(exc)) from exc
        wrappers.append(KeyWrapper(files.open_epoch(kept), label=EPOCH_LABEL))
    for name in written:
        groups = [_read_back(files, replica, name) for replica in files.replicas]
        for record in groups[0].keys:
            # The groups are the same bytes, or they would not have the same name; but each
            # replica's own epoch key must open them.
            for wrapper in wrappers:
                wrapper.unwrap(
                    record.wrapped,
                    check=record.check,
                    place=files.key_place(record.key_id, opened.epoch),
                )


def _read_back(files: VaultFiles, replica: Replica, name: str) -> Group:
    try:
        return replica.read_group(name)[0]
    except (NotFoundError, FormatError) as exc:
        if not files.exists(name):
            # Somebody destroyed a key in it and replaced it, which is no failure of storage.
            raise NotFoundError(ErrorKind.NAME_ABSENT, f"{name} was replaced") from exc
        raise StorageError(
            ErrorKind.VAULT_REPLICA_DIFFERS, f"{replica.where(name)} cannot be read back"
        ) from exc


def _is_unchanged(files: VaultFiles, sources: set[str]) -> bool:
    """Whether what was copied is still what is living, but for keys that were added."""
    before = files.current
    files.refresh()
    files.require_all()
    return files.current == before and sources <= files.index.epochs.keys()


def _carry_late(files: VaultFiles, opened: _Opened, sources: set[str]) -> None:
    """Bring over what was put under the old epochs after they were copied.

    Whoever puts looks at the epochs after writing: either that look shows the new epoch, or the
    look made here shows what was written.
    """
    carried = set(sources)
    for _ in range(_ATTEMPTS):
        files.refresh()
        files.require_all()
        late = [
            (epoch, name)
            for epoch in files.readable
            if epoch < opened.epoch
            for name in files.index.of_epoch(epoch)
            if name not in carried
        ]
        if not late:
            return
        for epoch, name in late:
            try:
                records = files.read_group(name).keys
                missing = _not_in(files, records, opened.epoch)
                written = files.write_groups(
                    _rewrap(files, opened, missing, epoch), epoch=opened.epoch
                )
                if not files.exists(name):
                    # Whoever took it away may have looked before all of the new one was there.
                    for own in written:
                        files.remove_group(own)
                    continue
                _verify(files, opened, written)
            except NotFoundError:
                continue
            carried.add(name)
    raise ConflictError(ErrorKind.RACE_LOST, "keys were put under the old epoch again and again")


def _remove_older(files: VaultFiles, epoch: int) -> None:
    """Destroy every group, completion file and key of lower epochs, in this order."""
    for replica in files.replicas:
        for name in sorted(replica.groups):
            found = _EPOCH_OF_GROUP.fullmatch(name)
            if found is not None and int(found[1]) < epoch:
                replica.backend.delete(name)
    older = [
        (replica, number, replica.epochs[number])
        for replica in files.replicas
        for number in sorted(replica.epochs)
        if number < epoch
    ]
    for replica, number, _ in older:
        replica.backend.delete(completion_name(number))
    for replica, number, found_files in older:
        for version in sorted(found_files.versions):
            replica.backend.delete(epoch_name(number, version))


def change_root(files: VaultFiles, source: KeySource) -> None:
    """Wrap the epochs' keys under another root key, then destroy what the old one opens.

    Until this returns, either root key may be the one that opens the vault.

    Raises:
        KeyVaultError: the source does not give a root key, or an epoch's key cannot be unwrapped.
        StorageError: a replica failed; calling again finishes.
    """
    files.refresh()
    files.require_all()
    seen = {v for r in files.replicas for e in r.epochs.values() for v in e.versions}
    seen |= {v for replica in files.replicas for v in replica.headers}
    version = max(seen) + 1
    if version > VERSION_MAX:
        raise StorageError(ErrorKind.STORAGE_FULL, "no number is left for a header")
    record = source.new_record(files.entropy)
    root = source.root_key(record)
    wrapper = KeyWrapper(root, label=ROOT_LABEL)
    for epoch in files.readable:
        _wrap_anew(files, epoch, version, wrapper)
    for replica in files.replicas:
        header = Header(
            store=files.store_id,
            replica=replica.replica_id,
            version=version,
            root=record,
            check=key_check(root),
        )
        replica.create_same(header_name(version), header.encode())
        replica.headers[version] = header
    files.adopt_root(root, version=version)
    for replica in files.replicas:
        for old in sorted(number for number in replica.headers if number < version):
            replica.backend.delete(header_name(old))
            del replica.headers[old]
    for replica in files.replicas:
        for epoch, found in sorted(replica.epochs.items()):
            for old in sorted(number for number in found.versions if number < version):
                replica.backend.delete(epoch_name(epoch, old))
    files.refresh()


def _wrap_anew(files: VaultFiles, epoch: int, version: int, wrapper: KeyWrapper) -> None:
    place = (files.store_id.text, epoch_place(epoch))
    old = files.read_epoch(epoch)
    kek = files.open_epoch(old)
    record: EpochKey = attrs.evolve(old, version=version, wrapped=wrapper.wrap(kek, place=place))
    for replica in files.replicas:
        replica.create_same(epoch_name(epoch, version), record.encode())
        again = replica.read_epoch(epoch, version)
        wrapper.unwrap(again.wrapped, check=old.check, place=place)
