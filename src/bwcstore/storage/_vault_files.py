"""A key vault's files in all replicas: what is current, and which group holds which key.

Responsible for what `put`, `get`, `destroy`, `rotate` and the root's change have in common. Rules
kept here (spec chapter `key-vault`):

- the current epoch is the highest that is complete in any replica (VLT-9);
- keys are read from the current epoch, and from a lower one only while it is complete in every
  replica at hand, because its removal begins when nothing in it is needed any more (VLT-12);
- nothing is changed while a replica is missing, damaged or of another vault (VLT-13).
"""

import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import Final

from bwcstore._ports import Clock, Entropy
from bwcstore.errors import (
    ErrorKind,
    KeyVaultError,
    NotFoundError,
    StorageError,
)
from bwcstore.storage._keywrap import EPOCH_LABEL, ROOT_LABEL, KeyWrapper, key_check
from bwcstore.storage._vault_format import (
    GROUP_KEYS_MAX,
    EpochKey,
    Group,
    Header,
    KeyRecord,
    encode_completion,
)
from bwcstore.storage._vault_names import (
    GroupIndex,
    completion_name,
    cut,
    epoch_name,
    epoch_place,
    group_name,
    header_name,
)
from bwcstore.storage._vault_replica import Replica, first_good

_CACHED_GROUPS: Final = 16


class VaultFiles:
    """The files of one vault, with its root key in memory.

    Attributes:
        replicas: every configured replica, in order.
        store_id: the store whose keys are kept.
        version: the version of the header that the root key fits.
        current: the current epoch, as of the last look.
        readable: the epochs that keys are read from, the current one first.
        index: every group in any replica, as of the last look.
        lock: held by whoever uses any of this.
    """

    def __init__(
        self,
        replicas: list[Replica],
        *,
        root: bytes,
        header: Header,
        entropy: Entropy,
        clock: Clock,
    ) -> None:
        self.replicas = replicas
        self.store_id = header.store
        self.version = header.version
        self.entropy = entropy
        self.clock = clock
        self.lock = threading.RLock()
        self.current = 0
        self.readable: tuple[int, ...] = (0,)
        self.index = GroupIndex(())
        self._root = KeyWrapper(root, label=ROOT_LABEL)
        self._wrappers: dict[int, KeyWrapper] = {}
        self._cache: OrderedDict[str, dict[str, KeyRecord]] = OrderedDict()

    def __repr__(self) -> str:
        return f"<VaultFiles store={self.store_id} epoch={self.current}>"

    # What there is.

    @property
    def usable(self) -> list[Replica]:
        """The replicas that can be read."""
        return [replica for replica in self.replicas if replica.usable]

    def refresh(self) -> None:
        """Look at every replica again.

        Raises:
            StorageError: no replica can be read.
            KeyVaultError: no replica has a complete epoch.
        """
        for replica in self.replicas:
            replica.load()
        usable = self.usable
        if not usable:
            failed = next((r.failure for r in self.replicas if r.failure is not None), None)
            raise StorageError(ErrorKind.STORAGE_IO, "no vault replica can be read") from failed
        complete = {
            epoch for replica in usable for epoch, files in replica.epochs.items() if files.complete
        }
        if not complete:
            raise KeyVaultError(ErrorKind.VAULT_INVALID, "the vault has no complete epoch")
        self.current = max(complete)
        lower = sorted(
            epoch
            for epoch in complete - {self.current}
            if all(
                files is not None and files.complete and self.version in files.versions
                for files in (replica.epochs.get(epoch) for replica in usable)
            )
        )
        self.readable = (self.current, *reversed(lower))
        self.index = GroupIndex(sorted(name for r in usable for name in r.groups))
        self._wrappers = {e: w for e, w in self._wrappers.items() if e in self.readable}

    def require_all(self) -> None:
        """Make sure that every replica can take a change; finish what a crash left half done.

        Raises:
            StorageError: a replica is missing, damaged, or lacks what the others have.
        """
        for replica in self.replicas:
            if replica.failure is not None:
                raise StorageError(
                    ErrorKind.STORAGE_IO, f"{replica.where('the vault')} cannot be read"
                ) from replica.failure
            if replica.header is None:
                raise StorageError(
                    ErrorKind.VAULT_MISSING,
                    f"{replica.backend.properties.location} is no replica of this vault",
                )
            files = replica.epochs.get(self.current)
            if files is None or self.version not in files.versions:
                raise StorageError(
                    ErrorKind.VAULT_REPLICA_DIFFERS,
                    f"{replica.where(epoch_name(self.current, self.version))} is missing; repair",
                )
            if not files.complete:
                self._finish_epoch(replica)
            if replica.header.version != self.version:
                self._finish_header(replica)

    def _finish_epoch(self, replica: Replica) -> None:
        missing = set(self.index.of_epoch(self.current)) - replica.groups
        if missing:
            raise StorageError(
                ErrorKind.VAULT_REPLICA_DIFFERS,
                f"{replica.where(min(missing))} is missing; repair",
            )
        self.complete_epoch(replica, self.current)

    def _finish_header(self, replica: Replica) -> None:
        pattern = next(h for r in self.replicas if (h := r.headers.get(self.version)) is not None)
        header = Header(
            store=self.store_id,
            replica=replica.replica_id,
            version=self.version,
            root=pattern.root,
            check=pattern.check,
        )
        replica.create_same(header_name(self.version), header.encode())
        replica.header = replica.headers[self.version] = header

    # Epochs.

    def epoch_wrapper(self, epoch: int) -> KeyWrapper:
        """What wraps and unwraps under an epoch's key.

        Raises:
            KeyVaultError: the epoch's key cannot be unwrapped.
            NotFoundError: no replica has it.
            StorageError: no replica has it in good order.
        """
        if epoch not in self._wrappers:
            kek = self.open_epoch(self.read_epoch(epoch))
            self._wrappers[epoch] = KeyWrapper(kek, label=EPOCH_LABEL)
        return self._wrappers[epoch]

    def read_epoch(self, epoch: int) -> EpochKey:
        """Read an epoch's wrapped key from the first replica that has it in good order.

        Raises:
            NotFoundError: no replica has it.
            StorageError: no replica has it in good order.
        """
        return first_good(
            self.usable,
            lambda replica: replica.read_epoch(epoch, self.version),
            what=epoch_name(epoch, self.version),
        )

    def open_epoch(self, record: EpochKey) -> bytes:
        """Unwrap an epoch's key.

        Raises:
            KeyVaultError: it cannot be unwrapped.
        """
        return self._root.unwrap(
            record.wrapped, check=record.check, place=self._epoch_place(record.epoch)
        )

    def wrap_epoch(self, epoch: int, kek: bytes) -> EpochKey:
        """Wrap an epoch's key under the root key."""
        return EpochKey(
            store=self.store_id,
            epoch=epoch,
            version=self.version,
            created=self.clock.now(),
            check=key_check(kek),
            wrapped=self._root.wrap(kek, place=self._epoch_place(epoch)),
        )

    def adopt_root(self, root: bytes, *, version: int) -> None:
        """Use another root key from now on."""
        self._root = KeyWrapper(root, label=ROOT_LABEL)
        self.version = version
        for replica in self.replicas:
            replica.header = replica.headers.get(version)

    def _epoch_place(self, epoch: int) -> tuple[str, str]:
        return self.store_id.text, epoch_place(epoch)

    def complete_epoch(self, replica: Replica, epoch: int) -> None:
        """Let an epoch count in a replica.

        Raises:
            StorageError: it could not be stored.
        """
        replica.create_same(completion_name(epoch), encode_completion(self.store_id, epoch))
        replica.epochs[epoch].complete = True

    def is_current(self, epoch: int) -> bool:
        """Whether the epoch is still the current one, asked of every replica anew.

        Raises:
            StorageError: a replica cannot be asked.
        """
        listings = [replica.list_epochs() for replica in self.replicas]
        if any(files.complete for found in listings for e, files in found.items() if e > epoch):
            return False
        # Asked after the listing: a later epoch that came and went during the listing took this
        # epoch with it before it went.
        for replica in self.replicas:
            try:
                replica.backend.stat(completion_name(epoch))
            except NotFoundError:
                continue
            return True
        return False

    # Keys.

    def key_place(self, key_id: str, epoch: int) -> tuple[str, str, str]:
        """What a wrapped key is bound to."""
        return self.store_id.text, key_id, epoch_place(epoch)

    def unwrap(self, record: KeyRecord, epoch: int) -> bytes:
        """Unwrap a key.

        Raises:
            KeyVaultError: it cannot be unwrapped.
            NotFoundError: the epoch is gone.
            StorageError: no replica has the epoch's key in good order.
        """
        return self.epoch_wrapper(epoch).unwrap(
            record.wrapped, check=record.check, place=self.key_place(record.key_id, epoch)
        )

    def read_group(self, name: str) -> Group:
        """Read a group from the first replica that has it in good order.

        Raises:
            NotFoundError: no replica has it.
            StorageError: no replica has it in good order.
        """
        holders = [replica for replica in self.usable if name in replica.groups]
        group, _ = first_good(holders, lambda replica: replica.read_group(name), what=name)
        return group

    def _cached(self, name: str) -> dict[str, KeyRecord]:
        if name in self._cache:
            # A group that another process has replaced must not be read from memory: what it
            # held may have been destroyed.
            holders = [replica for replica in self.usable if name in replica.groups]
            try:
                first_good(holders, lambda replica: replica.backend.stat(name), what=name)
            except NotFoundError:
                del self._cache[name]
                raise
            self._cache.move_to_end(name)
            return self._cache[name]
        records = {record.key_id: record for record in self.read_group(name).keys}
        self._cache[name] = records
        if len(self._cache) > _CACHED_GROUPS:
            self._cache.popitem(last=False)
        return records

    def find(
        self, key_id: str, *, epochs: Iterable[int] | None = None
    ) -> tuple[KeyRecord, str] | None:
        """The newest record of a key and the group it is in, by the last look; None if none.

        Raises:
            NotFoundError: a group is gone since the last look.
            StorageError: a group that may hold the key cannot be read.
        """
        wanted = tuple(self.readable if epochs is None else epochs)
        for name in self.index.candidates(key_id):
            if self.index.epochs[name] in wanted:
                record = self._cached(name).get(key_id)
                if record is not None:
                    return record, name
        return None

    def write_groups(self, records: Sequence[KeyRecord], *, epoch: int) -> list[str]:
        """Store wrapped keys, ascending by id, as new groups in every replica; their names.

        Raises:
            StorageError: a replica failed.
        """
        names: list[str] = []
        ids = [record.key_id for record in records]
        for start, end in cut(ids, count_max=GROUP_KEYS_MAX):
            group = Group(
                store=self.store_id,
                epoch=epoch,
                nonce=self.entropy.take(16),
                keys=tuple(records[start:end]),
            )
            data = group.encode()
            name = group_name(group, data)
            for replica in self.replicas:
                replica.create_same(name, data)
                replica.groups.add(name)
            self.index.add(name)
            names.append(name)
        return names

    def remove_group(self, name: str) -> None:
        """Destroy a group in every replica.

        Raises:
            StorageError: a replica failed; others may have lost it already.
        """
        self._cache.pop(name, None)
        for replica in self.replicas:
            replica.backend.delete(name)
            replica.groups.discard(name)
        self.index.remove(name)

    def exists(self, name: str) -> bool:
        """Whether any replica has a group now.

        Raises:
            StorageError: a replica cannot be asked.
        """
        for replica in self.replicas:
            try:
                replica.backend.stat(name)
            except NotFoundError:
                continue
            return True
        return False
