"""Destroying record keys, and with them every copy of what they sealed.

Rule kept here (spec chapter `state`): the key of the catalog's private columns goes before them, so
that no copy of a private value outlives its record key, and after them, because somebody may have
made the columns anew in between (STA-15).
"""

from collections.abc import Iterable
from typing import Final

from bwcstore._vault_port import KeyVault

PRIVATE_KEY: Final = "catalog/private"


def destroy_record_keys(vault: KeyVault, key_ids: Iterable[str]) -> None:
    """Destroy keys, record keys among them.

    Raises:
        StorageError: a replica still has one; calling again finishes.
    """
    vault.destroy([PRIVATE_KEY])
    vault.destroy(key_ids)
    vault.destroy([PRIVATE_KEY])
