"""The key vault on backends with a real delete: one file of keys per put, in every replica.

Responsible for the `KeyVault` port over one or more replicas; what the files are is spec chapter
`key-vault`. Rules kept here:

- one thread at a time uses the files; other processes are coped with, not waited for;
- after a failure the replicas are looked at anew before anything is decided from them.

Calling sequence: `create` once, then `open`; `put`, `get`, `destroy`; `rotate` after a purge.
"""

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Self

from bwcstore._ports import Backend, Clock, Entropy
from bwcstore._values import StoreId
from bwcstore._vault_port import KeyVault, WrappedKey
from bwcstore.errors import AlreadyExistsError, InvalidInputError, NotFoundError
from bwcstore.storage import _vault_health, _vault_keys, _vault_notes, _vault_rotation
from bwcstore.storage._keysource import KeySource
from bwcstore.storage._vault_files import VaultFiles
from bwcstore.storage._vault_health import DrillResult, VaultFinding
from bwcstore.storage._vault_opening import create_files, open_files


class DirectoryVault(KeyVault):
    """Keys in files, wrapped, in one or more replicas. Use `create` or `open`."""

    def __init__(self, files: VaultFiles) -> None:
        self._files = files
        self._stale = False

    def __repr__(self) -> str:
        return f"<DirectoryVault store={self.store_id} replicas={','.join(self.replicas)}>"

    @classmethod
    def create(
        cls,
        replicas: Sequence[Backend],
        *,
        store_id: StoreId,
        source: KeySource,
        entropy: Entropy,
        clock: Clock,
    ) -> Self:
        """Make a new vault in empty places and open it (VLT-7).

        Raises:
            AlreadyExistsError: one of the places holds a vault, or keys of one.
            InvalidInputError: there is no place.
            KeyVaultError: the source gives no root key.
            StorageError: a place failed; calling again begins anew.
        """
        create_files(replicas, store_id=store_id, source=source, entropy=entropy, clock=clock)
        return cls.open(replicas, source=source, entropy=entropy, clock=clock, store_id=store_id)

    @classmethod
    def open(
        cls,
        replicas: Sequence[Backend],
        *,
        source: KeySource,
        entropy: Entropy,
        clock: Clock,
        store_id: StoreId | None = None,
    ) -> Self:
        """Open a vault. One good replica is enough to read; a change needs them all.

        Raises:
            FormatError: every header is damaged, or written by a newer version.
            InvalidInputError: there is no place.
            KeyVaultError: there is no vault (`VAULT_MISSING`), it is of another store
                (`VAULT_INVALID`), or the root key is another (`KEY_WRONG`).
            StorageError: no replica can be read.
        """
        return cls(
            open_files(
                replicas,
                source=source,
                entropy=entropy,
                clock=clock,
                store_id=store_id,
            )
        )

    @property
    def store_id(self) -> StoreId:
        """The store whose keys are kept."""
        return self._files.store_id

    @property
    def locations(self) -> tuple[str, ...]:
        """Where the replicas are, in the order in which they were named."""
        return tuple(one.backend.properties.location for one in self._files.replicas)

    @property
    def replicas(self) -> tuple[str, ...]:
        """The replicas' ids; `unavailable` stands for one without a readable header."""
        return tuple(replica.replica_id for replica in self._files.replicas)

    @property
    def epoch(self) -> int:
        """The current key epoch, as of the last look."""
        return self._files.current

    @contextlib.contextmanager
    def _using(self) -> Iterator[VaultFiles]:
        with self._files.lock:
            if self._stale:
                self._files.refresh()
                self._stale = False
            try:
                yield self._files
            except (AlreadyExistsError, InvalidInputError, NotFoundError):
                raise
            except BaseException:
                self._stale = True
                raise

    def put(self, keys: dict[str, bytes]) -> None:
        """See `KeyVault.put`. After `AlreadyExistsError` for an id that another process may have
        put, `get` it and `put` what was got: only then every replica is known to have it.

        Raises:
            AlreadyExistsError: a key id is taken by another key.
            InvalidInputError: a key id is malformed, or a key does not have 32 bytes.
            StorageError: at least one replica failed; the keys must not be relied on.
        """
        with self._using() as files:
            _vault_keys.put(files, keys)

    def get(self, key_id: str) -> bytes:
        """See `KeyVault.get`. Unwrapped keys are not kept in memory.

        Raises:
            InvalidInputError: the key id is malformed.
            KeyVaultError: the key cannot be unwrapped (`KEY_WRONG`).
            NotFoundError: no replica has the key id (`KEY_ABSENT`).
            StorageError: no replica that has it is in good order, or one that could have it
                cannot be read.
        """
        with self._using() as files:
            return _vault_keys.get(files, key_id)

    def destroy(self, key_ids: Iterable[str]) -> None:
        """See `KeyVault.destroy`.

        Raises:
            InvalidInputError: a key id is malformed.
            StorageError: a replica still has one; calling again finishes.
        """
        with self._using() as files:
            _vault_keys.destroy(files, key_ids)

    def rotate(self) -> int:
        """See `KeyVault.rotate`. Epoch numbers may be skipped.

        Raises:
            ConflictError: other processes changed the vault again and again.
            KeyVaultError: a key cannot be unwrapped, or a change of the root key is unfinished.
            StorageError: a replica failed; calling again finishes.
        """
        with self._using() as files:
            return _vault_rotation.rotate(files)

    def rewrap_root(self, source: KeySource) -> None:
        """Replace the root key; afterwards the old one opens nothing that is in the replicas.

        Raises:
            KeyVaultError: the source gives no root key.
            StorageError: a replica failed; either root key may open the vault; calling again
                finishes.
        """
        with self._using() as files:
            _vault_rotation.change_root(files, source)

    def inventory(self) -> Iterator[WrappedKey]:
        """See `KeyVault.inventory`.

        Raises:
            StorageError: a group of keys cannot be read.
        """
        with self._using() as files:
            return iter(_vault_keys.inventory(files))

    def remember(self, name: str, data: bytes) -> None:
        """See `KeyVault.remember`. Notes are not encrypted.

        Raises:
            InvalidInputError: the name is malformed, or there are more than 16 MiB.
            StorageError: a replica failed.
        """
        with self._using() as files:
            _vault_notes.remember(files, name, data)

    def recall(self, name: str) -> tuple[bytes, ...]:
        """See `KeyVault.recall`. What differs between replicas comes newest first.

        Raises:
            InvalidInputError: the name is malformed.
            StorageError: no replica can be read.
        """
        with self._using() as files:
            return _vault_notes.recall(files, name)

    def forget(self, name: str) -> None:
        """See `KeyVault.forget`.

        Raises:
            InvalidInputError: the name is malformed.
            StorageError: a replica failed.
        """
        with self._using() as files:
            _vault_notes.forget(files, name)

    def notes(self, prefix: str) -> tuple[str, ...]:
        """See `KeyVault.notes`.

        Raises:
            StorageError: a replica failed.
        """
        with self._using() as files:
            return _vault_notes.notes(files, prefix)

    def health(self) -> tuple[VaultFinding, ...]:
        """Compare the replicas; reads every file of every replica.

        Raises:
            StorageError: no replica can be read.
        """
        with self._using() as files:
            return _vault_health.health(files)

    def repair(self) -> int:
        """Copy what replicas lack from those that have it; return how many files were written.

        Raises:
            KeyVaultError: a replica has no readable header; use `add_replica` for a new place.
            StorageError: a replica failed, or nobody has in good order what is needed.
        """
        with self._using() as files:
            return _vault_health.repair(files)

    def add_replica(self, backend: Backend) -> str:
        """Copy the vault to a further place and keep it there too; return the replica's id.

        Raises:
            AlreadyExistsError: the place holds a vault.
            StorageError: a place failed.
        """
        with self._using() as files:
            files.replicas.append(_vault_health.copy_to(files, backend))
            files.refresh()
            return files.replicas[-1].replica_id

    def export_backup(self, backend: Backend) -> str:
        """Copy the vault to a place that is kept elsewhere; return the copy's replica id.

        A backup is escrow: it opens what was living when it was made, until it is destroyed.

        Raises:
            AlreadyExistsError: the place holds a vault.
            StorageError: a place failed.
        """
        with self._using() as files:
            return _vault_health.copy_to(files, backend).replica_id

    def drill(self, backup: "DirectoryVault", *, sample: int | None = None) -> DrillResult:
        """Prove that a backup opens every living key, or `sample` keys of each group.

        Raises:
            KeyVaultError: the vault itself cannot unwrap a key.
            StorageError: a vault cannot be read.
        """
        with self._using() as files, backup._using() as other:  # noqa: SLF001 - same class
            return _vault_health.drill(files, other, sample=sample)
