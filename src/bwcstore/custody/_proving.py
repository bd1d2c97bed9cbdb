"""Whether the storage of a store was seen to refuse early deletion, by what the ledger says.

Pure. What was promised by the storage, and not tried out, counts for nothing (PRB-10).
"""

from typing import Final

from bwcstore._ports import Capability
from bwcstore._values import LockMode
from bwcstore.custody._records import StoreState

EVIDENCE: Final = "evidence"
PROVEN: Final = "proven"


def is_unproven(store: StoreState, capabilities: frozenset[Capability]) -> bool:
    """Whether a store that asks for locks, or lies in a bucket, was not seen to be write-once.

    Args:
        store: what the ledger says.
        capabilities: what the storage under it can do now.
    """
    locking = store.parameters.locking if store.parameters is not None else None
    if locking is None:
        return False
    if locking.mode is LockMode.NONE:
        # Only a bucket could have been asked to lock.
        return Capability.SERVER_TIME in capabilities
    probed = store.probed.get(EVIDENCE)
    return Capability.LOCK not in capabilities or probed is None or probed.verdict != PROVEN
