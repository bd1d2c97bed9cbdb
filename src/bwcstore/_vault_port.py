"""The seam behind which keys are kept; see `bwcstore._ports` for the others."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator

import attrs


@attrs.frozen(kw_only=True)
class WrappedKey:
    """One key as a vault keeps it.

    Attributes:
        key_id: e.g. `content/<object uuid>`.
        check: 8 bytes that recognise the key: `HMAC-SHA-256(key, "bwcstore/v1 key check")[:8]`.
        epoch: the key epoch whose key-encryption key wraps it.
    """

    key_id: str
    check: bytes
    epoch: int


class KeyVault(ABC):
    """Keeps keys apart from the evidence, where destroying them is possible (spec: VLT).

    Keys are 32 bytes. A key id is put once and never changes its key. Replicas are separate
    places; a key counts as kept when every replica has it durably.
    """

    @property
    @abstractmethod
    def replicas(self) -> tuple[str, ...]:
        """The ids of the configured replicas, in order."""

    @property
    @abstractmethod
    def epoch(self) -> int:
        """The current key epoch, from 0."""

    @abstractmethod
    def put(self, keys: dict[str, bytes]) -> None:
        """Wrap the keys and keep them durably in every replica.

        Raises:
            AlreadyExistsError: a key id is taken by another key.
            StorageError: at least one replica failed; the keys must not be relied on.
        """

    @abstractmethod
    def get(self, key_id: str) -> bytes:
        """The 32-byte key.

        Raises:
            NotFoundError: no replica has the key id (`KEY_ABSENT`).
            KeyVaultError: the key cannot be unwrapped (`KEY_WRONG`).
        """

    @abstractmethod
    def destroy(self, key_ids: Iterable[str]) -> None:
        """Remove the keys from every replica. Absent ids are not an error.

        Raises:
            StorageError: a replica still has one.
        """

    @abstractmethod
    def rotate(self) -> int:
        """Open a new epoch, re-wrap every living key, destroy the old epoch; return its number.

        Raises:
            StorageError: a replica failed; the old epoch is then still good.
        """

    @abstractmethod
    def inventory(self) -> Iterator[WrappedKey]:
        """Every living key in ascending order of key ids, without its value."""

    @abstractmethod
    def remember(self, name: str, data: bytes) -> None:
        """Keep a small note under `name` in every replica, replacing the note before.

        Raises:
            StorageError: a replica failed.
        """

    @abstractmethod
    def recall(self, name: str) -> tuple[bytes, ...]:
        """The notes that the replicas hold under `name`, without repeats; empty when none."""

    @abstractmethod
    def forget(self, name: str) -> None:
        """Remove a note from every replica. Absent names are not an error."""

    @abstractmethod
    def notes(self, prefix: str) -> tuple[str, ...]:
        """The names of all notes that start with `prefix`, in ascending order."""
