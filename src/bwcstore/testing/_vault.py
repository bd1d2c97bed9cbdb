"""A key vault in memory that keeps the whole contract of `KeyVault`."""

import hashlib
import hmac
import threading
from collections.abc import Iterable, Iterator

from bwcstore._vault_port import KeyVault, WrappedKey
from bwcstore.errors import AlreadyExistsError, ErrorKind, InvalidInputError, NotFoundError


class MemoryVault(KeyVault):
    """Keys in clear in memory. For tests only.

    Attributes:
        living: every key id and its key; tests may change it.
        remembered: every note; tests may change it.
    """

    def __init__(self, *, replicas: tuple[str, ...] = ("memory-a", "memory-b")) -> None:
        self.living: dict[str, bytes] = {}
        self.remembered: dict[str, bytes] = {}
        self._replicas = replicas
        self._epoch = 0
        self._lock = threading.RLock()

    @property
    def replicas(self) -> tuple[str, ...]:
        """The ids given at construction."""
        return self._replicas

    @property
    def epoch(self) -> int:
        """How often `rotate` was called."""
        return self._epoch

    def put(self, keys: dict[str, bytes]) -> None:
        """See `KeyVault.put`.

        Raises:
            AlreadyExistsError: a key id is taken by another key; nothing was changed.
            InvalidInputError: a key does not have 32 bytes.
        """
        with self._lock:
            for key_id, key in keys.items():
                if len(key) != 32:
                    raise InvalidInputError(
                        ErrorKind.ARGUMENT_INVALID, f"{key_id}: {len(key)} bytes, 32 are needed"
                    )
                if not hmac.compare_digest(self.living.get(key_id, key), key):
                    raise AlreadyExistsError(
                        ErrorKind.NAME_TAKEN, f"{key_id} is taken by another key"
                    )
            self.living.update(keys)

    def get(self, key_id: str) -> bytes:
        """See `KeyVault.get`.

        Raises:
            NotFoundError: there is no such key.
        """
        with self._lock:
            if key_id not in self.living:
                raise NotFoundError(ErrorKind.KEY_ABSENT, f"the vault has no key {key_id}")
            return self.living[key_id]

    def destroy(self, key_ids: Iterable[str]) -> None:
        """See `KeyVault.destroy`."""
        with self._lock:
            for key_id in key_ids:
                self.living.pop(key_id, None)

    def rotate(self) -> int:
        """See `KeyVault.rotate`."""
        with self._lock:
            self._epoch += 1
            return self._epoch

    def inventory(self) -> Iterator[WrappedKey]:
        """See `KeyVault.inventory`."""
        with self._lock:
            living = sorted(self.living.items())
        for key_id, key in living:
            check = hmac.new(key, b"bwcstore/v1 key check", hashlib.sha256).digest()[:8]
            yield WrappedKey(key_id=key_id, check=check, epoch=self._epoch)

    def remember(self, name: str, data: bytes) -> None:
        """See `KeyVault.remember`."""
        with self._lock:
            self.remembered[name] = data

    def recall(self, name: str) -> tuple[bytes, ...]:
        """See `KeyVault.recall`."""
        with self._lock:
            found = self.remembered.get(name)
        return () if found is None else (found,)

    def forget(self, name: str) -> None:
        """See `KeyVault.forget`."""
        with self._lock:
            self.remembered.pop(name, None)

    def notes(self, prefix: str) -> tuple[str, ...]:
        """See `KeyVault.notes`."""
        with self._lock:
            return tuple(sorted(name for name in self.remembered if name.startswith(prefix)))
