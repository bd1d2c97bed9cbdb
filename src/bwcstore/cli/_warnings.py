"""What a custodian is told of a store whenever it is used, in words.

Of storage that was not seen to refuse an early deletion it is said why (PRB-10): never tried,
tried and found wanting, or made to do without.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from bwcstore._ports import Capability
from bwcstore._store import Store
from bwcstore._values import LockMode
from bwcstore.cli._output import time_text
from bwcstore.custody._proving import EVIDENCE
from bwcstore.custody._records import Probed
from bwcstore.errors import ErrorKind
from bwcstore.storage._probe_result import RACES, Outcome

_TEXTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        ErrorKind.ROLLED_BACK: "the store is older than the key vault remembers: entries are "
        "missing, and nothing can be added; keep both as they are, and ask for help",
        ErrorKind.FORKED: "the store is not the one that the key vault remembers: nothing can be "
        "added; keep both as they are, and ask for help",
        ErrorKind.STORE_OPAQUE: "the store holds entries of a newer version: this one only reads",
        ErrorKind.KEYS_SINGLE_COPY: "the keys are kept in one place only: losing it loses every "
        "recording; add a replica with `bwcstore key add-replica`",
        ErrorKind.LOCK_REFUSED: "the storage did not keep a lock that it was asked for: nothing "
        "more that is to be locked is stored; see `bwcstore doctor`, and try the bucket out with "
        "`bwcstore probe`",
        ErrorKind.CLOCK_BEHIND: "this machine's clock is behind the last entry of the ledger",
        ErrorKind.CLOCK_AHEAD: "this machine's clock is ahead of the storage's",
        ErrorKind.VAULT_REPLICA_DIFFERS: "the vault's replicas differ: see `bwcstore key health`",
        ErrorKind.VAULT_MISSING: "a vault replica is missing: see `bwcstore key health`",
    }
)
_OTHER: Final = "see `bwcstore doctor`, and the reference of error codes"
_NAMED_MAX: Final = 4
_GOVERNANCE: Final = (
    "a lock of mode governance never holds against whoever has the right to bypass it"
)


def warning_text(kind: ErrorKind, store: Store) -> str:
    """What one of the warnings of a store means, and what to do."""
    if kind is ErrorKind.UNPROVEN_WORM:
        return f"UNPROVEN-WORM: {'; '.join(_unproven(store))}"
    return _TEXTS.get(kind, _OTHER)


def _unproven(store: Store) -> Iterator[str]:
    locking = store.parameters.locking
    if locking is None or locking.mode is LockMode.NONE:
        yield "this store was created to do without locks: nothing refuses an early deletion"
        return
    if Capability.LOCK not in store.properties.capabilities:
        yield "the storage that this store lies in cannot lock: nothing refuses an early deletion"
        return
    probed = store.probed.get(EVIDENCE)
    if probed is None:
        yield "it was never recorded whether the storage refuses an early deletion"
    else:
        day = time_text(probed.at)[:10]
        yield f"the storage was not seen to refuse an early deletion when it was tried on {day}"
        yield from _unheld(probed)
    if locking.mode is LockMode.GOVERNANCE:
        yield _GOVERNANCE
    if probed is None:
        yield "try it out with `bwcstore probe --record`"
    else:
        yield "`bwcstore probe` says more, and `probe --record` records it when that was put right"


def _unheld(probed: Probed) -> Iterator[str]:
    for outcome, words in ((Outcome.FAILED, "failed"), (Outcome.REFUSED, "could not be tried")):
        names = [
            name for name, found in probed.unheld.items() if found == outcome and name not in RACES
        ]
        if names:
            more = len(names) - _NAMED_MAX
            rest = f" and {more} more" if more > 0 else ""
            yield f"{words}: {', '.join(names[:_NAMED_MAX])}{rest}"
