"""The ciphers that payloads are sealed with, kept for moments.

Rule kept here: a record key is asked for again after five seconds at most. Asking for each batch
would double the round trips of an append to distant storage; keeping it for long would seal what
is new under a key that another process has destroyed.
"""

from collections.abc import Callable
from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bwcstore._ports import Clock
from bwcstore.ledger._entry import check_key_id
from bwcstore.ledger._payload import payload_key

KEPT_SECONDS: Final = 5.0
_KEPT_MAX: Final = 256


class PayloadCiphers:
    """Used by one thread at a time.

    Args:
        record_key: gives the 32-byte record key of a key id.
        clock: tells how long one has been kept.
    """

    def __init__(self, record_key: Callable[[str], bytes], clock: Clock) -> None:
        self._record_key = record_key
        self._clock = clock
        self._kept: dict[str, tuple[AESGCM, float]] = {}

    def of(self, key_id: str) -> AESGCM:
        """The cipher of a record key.

        Raises:
            InvalidInputError: the key id is malformed.
            NotFoundError: there is no such record key.
            KeyVaultError: the record key cannot be had.
        """
        now = self._clock.monotonic()
        kept = self._kept.get(key_id)
        if kept is not None and now - kept[1] < KEPT_SECONDS:
            return kept[0]
        check_key_id(key_id)
        cipher = AESGCM(payload_key(self._record_key(key_id)))
        self._kept = {name: one for name, one in self._kept.items() if now - one[1] < KEPT_SECONDS}
        if len(self._kept) < _KEPT_MAX:
            self._kept[key_id] = (cipher, now)
        return cipher
